"""Judgements to pages, figures and files."""

from sitewatch.report._calendar import calendar_picture
from sitewatch.report._first_event import forecast_picture
from sitewatch.report._growth import expansion_chart, expansion_picture, year_rows
from sitewatch.report._judgement import write_judgement
from sitewatch.report._judgement_picture import judgement_picture
from sitewatch.report._news import catalog_sentences, difference_sentence, scene_sentences, structures_sentence
from sitewatch.report._page import write_report
from sitewatch.report._passes import passes_picture
from sitewatch.report._reliability import reliability_picture
from sitewatch.report._series import (
    around_sentences,
    length_words,
    occasion_words,
    series_picture,
    series_sentences,
)
from sitewatch.report._waits import waits_picture

__all__ = [
    "around_sentences",
    "calendar_picture",
    "catalog_sentences",
    "difference_sentence",
    "expansion_chart",
    "expansion_picture",
    "forecast_picture",
    "judgement_picture",
    "length_words",
    "occasion_words",
    "passes_picture",
    "reliability_picture",
    "scene_sentences",
    "series_picture",
    "series_sentences",
    "structures_sentence",
    "waits_picture",
    "write_judgement",
    "write_report",
    "year_rows",
]
