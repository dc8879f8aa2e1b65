"""Records of events to chances of the days to come, scored against what anybody could have said."""

from sitewatch.forecast._aggregate import PLAIN, Pooling, learn_pooling, pool
from sitewatch.forecast._backtest import Backtest, HorizonScore, backtest
from sitewatch.forecast._base_rate import BaseRate, Form, fit_base_rate
from sitewatch.forecast._baselines import RECENT_DAYS, Baseline, baseline_chances
from sitewatch.forecast._case import (
    CaseForecast,
    CaseWindow,
    Factor,
    GoingOn,
    case_forecast_document,
    forecast_case,
)
from sitewatch.forecast._document import backtest_document, backtest_sentences, score_document
from sitewatch.forecast._issue import HORIZONS, BaseRateForecast, forecast_base_rate, issue_base_rates
from sitewatch.forecast._recalibrate import Recalibration, learn_recalibration
from sitewatch.forecast._record import EventRecord, make_record
from sitewatch.forecast._scores import LEVEL, LOG_FLOOR, Bin, Comparison, Score, block_length, compare, score

__all__ = [
    "HORIZONS",
    "LEVEL",
    "LOG_FLOOR",
    "PLAIN",
    "RECENT_DAYS",
    "Backtest",
    "BaseRate",
    "BaseRateForecast",
    "Baseline",
    "Bin",
    "CaseForecast",
    "CaseWindow",
    "Comparison",
    "EventRecord",
    "Factor",
    "Form",
    "GoingOn",
    "HorizonScore",
    "Pooling",
    "Recalibration",
    "Score",
    "backtest",
    "backtest_document",
    "backtest_sentences",
    "baseline_chances",
    "block_length",
    "case_forecast_document",
    "compare",
    "fit_base_rate",
    "forecast_base_rate",
    "forecast_case",
    "issue_base_rates",
    "learn_pooling",
    "learn_recalibration",
    "make_record",
    "pool",
    "score",
    "score_document",
]
