"""`sitewatch looks odds`: what the odds of a clear look were worth, against what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sitewatch.cli._asked import asked_of
from sitewatch.cli._orbits import AnySite, SensorsFile, sensors_of
from sitewatch.cli._sky import ForecastFiles, radar_names
from sitewatch.cli._text import say
from sitewatch.cli._values import parse_now
from sitewatch.cli._workspace import DEFAULT, AsJson, FromFolder, InWorkspace, Now, print_json, print_table

if TYPE_CHECKING:
    from sitewatch.forecast import Comparison, Score
    from sitewatch.planning import OddsScore

__all__ = ["ODDS_EXAMPLES", "odds"]

ODDS_EXAMPLES = """
Examples:

    sitewatch looks odds plant

    sitewatch looks odds plant.geojson --record OUT --json

    sitewatch looks odds plant --forecast clouds-1.json --forecast clouds-2.json
"""


def odds(
    site: AnySite,
    record: FromFolder = None,
    sensors: SensorsFile = None,
    forecast: ForecastFiles = None,
    as_json: AsJson = False,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Score what the odds of a clear look would have told of each pass, from the looks before it alone.

    With cloud forecasts that were kept (--forecast, any number), these are scored too, beside the ledger's own odds on
    the same passes.
    """
    from sitewatch.planning import read_forecasts, score_odds

    moment = parse_now(now)
    known = asked_of(site, record, None, workspace, None if now is None else moment)
    forecasts = read_forecasts(forecast or (), known.record.site)
    looks = known.looks(moment)
    found = score_odds(looks, forecasts=forecasts, radar_sensors=radar_names(sensors_of(sensors)))
    if as_json:
        document = {"site": known.record.site.id, "simulated": known.record.simulated, "looks": len(looks)}
        print_json({**document, **_document(found), "forecasts": len(forecasts)})
        return
    for sentence in known.caveats:
        say(sentence)
    if found is None:
        say(
            "There are not more than ten passes of which a look says whether it was clear: too few to score. Watch the "
            "site, or give its --record."
        )
        return
    _print(found)


def _document(found: OddsScore | None) -> dict[str, Any]:
    from sitewatch.forecast import score_document

    if found is None:
        return {"ledger": None, "clear_share_so_far": None, "forecast": None, "ledger_on_forecast_passes": None}
    return {
        "ledger": score_document(found.ledger),
        "clear_share_so_far": _beside(found.usual),
        "forecast": None if found.forecast is None else score_document(found.forecast),
        "ledger_on_forecast_passes": None if found.beside is None else _beside(found.beside),
    }


def _beside(told: Comparison) -> dict[str, Any]:
    return {
        "brier": round(told.brier, 4),
        "difference": round(told.difference, 4),
        "difference_ci": [round(one, 4) for one in told.difference_interval],
    }


def _print(found: OddsScore) -> None:
    rows = [_row("the ledger's odds", found.ledger), _plain("the clear share so far", found.ledger.n, found.usual)]
    if found.forecast is not None and found.beside is not None:
        rows.append(_row("with the forecasts", found.forecast))
        rows.append(_plain("the ledger's, same passes", found.forecast.n, found.beside))
    print_table(["told by", "passes>", "clear>", "Brier>", "reliability>", "slope>"], rows, none="")
    for name, score in (("ledger", found.ledger), ("forecast", found.forecast)):
        if score is not None:
            print_table(
                [f"P(clear) by {name}", "passes>", "mean told>", "were clear>"],
                (
                    (f"{b.low:.1f} to {b.high:.1f}", f"{b.n}", f"{b.chance:.2f}", f"{b.rate:.2f}")
                    for b in score.table
                ),
                none="",
            )  # fmt: skip
    say(_verdict("The ledger's odds", found.usual, "the share of passes so far that were clear"))
    if found.beside is not None:
        say(_verdict("The forecasts", found.beside, "the ledger's odds"))
    elif found.forecasts:
        say("No forecast tells of a pass that has a look after the first ten.")
    say(
        "Each pass was told from the looks of the days before it. Brier: the mean square of what was told less what "
        "came, 0 is perfect; reliability: the part of it by which tenths were off; slope: 1 is calibrated, below it "
        "chances were too bold."
    )


def _row(name: str, told: Score) -> tuple[str, ...]:
    slope = "" if told.slope is None else f"{told.slope:.2f}"
    return (name, f"{told.n}", f"{told.event_rate:.0%}", f"{told.brier:.3f}", f"{told.reliability:.3f}", slope)


def _plain(name: str, passes: int, told: Comparison) -> tuple[str, ...]:
    return (name, f"{passes}", "", f"{told.brier:.3f}", "", "")


def _verdict(who: str, told: Comparison, other: str) -> str:
    low, high = told.difference_interval
    span = f"(Brier {told.difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f})"
    if high < 0:
        return f"{who} told the passes better than {other} {span}."
    if low > 0:
        return f"{who} told the passes worse than {other} {span}."
    return f"{who} are not told apart from {other} by these passes {span}."
