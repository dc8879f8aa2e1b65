"""The image record of this example, which is SIMULATED: `python make_record.py` writes it into `record/`.

No picture was looked at. The looks are drawn (one every four days, two in five of them clear), and so is what they
would have shown if a shelter had stood at the times between which the public record puts it, and a hall had been built
in the summer of 2019. Everything lies at an invented place in the sea at 0 degrees north, 0 degrees east.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box

from sitewatch import __version__
from sitewatch.cube import Look, Outcome, looks_document
from sitewatch.site import Site, site_feature
from sitewatch.structures import Bracket, Kind, Presence, Reading, State, Structure, structures_document

START, END = dt.datetime(2017, 5, 31, 2, tzinfo=dt.UTC), dt.datetime(2019, 12, 19, 2, tzinfo=dt.UTC)
EVERY = dt.timedelta(days=4)
CLEAR = 0.4
METRE = 1 / 111_320
"""Degrees, on the equator."""
SENSOR = "simulated pictures"
SPELLS = (("2017-11-10", "2018-02-20"), ("2018-03-25", "2018-07-10"), ("2019-12-08", None))
"""Between 24 October and 21 November 2017 it was put up, between 30 June and 20 July 2018 it went for the last time
before December 2019; the break between is told without days."""


def ground(x: float, y: float, width: float, height: float) -> Polygon:
    """A rectangle, metres east and north of the invented place."""
    return box(x * METRE, y * METRE, (x + width) * METRE, (y + height) * METRE)


SITE = Site(
    id="march-16",
    name="March 16 factory (simulated record, invented place)",
    outline=ground(-300, -200, 600, 400),
    areas={"yard": ground(-60, -60, 120, 120)},
)


def looks() -> list[Look]:
    rng = np.random.default_rng(16)
    found = []
    time = START
    while time <= END:
        # Of the last one it is on record that it was clear.
        clear = rng.random() < CLEAR or time == END
        share = float(rng.uniform(0.85, 1.0)) if clear else float(rng.uniform(0.0, 0.2))
        found.append(
            Look(
                scene=f"simulated-{time:%Y%m%d}",
                sensor=SENSOR,
                captured=time,
                published=time + dt.timedelta(hours=12),
                published_is_recorded=False,
                outcome=Outcome.USED if clear else Outcome.COULD_NOT_SEE,
                reason="simulated" if clear else f"cloud covers {100 - 100 * share:.0f} % of the site (simulated)",
                clear_share=round(share, 3),
            )
        )
        time += EVERY
    return found


def bracket(day: str, used: list[Look]) -> Bracket:
    moment = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    times = [look.captured for look in used if look.captured is not None]
    return Bracket(after=max(t for t in times if t <= moment), by=min(t for t in times if t > moment))


def presence(erected: str, dismantled: str | None, used: list[Look], probability: float) -> Presence:
    up = bracket(erected, used)
    down = None if dismantled is None else bracket(dismantled, used)
    ends = [up.after, up.by, *([] if down is None else [down.after, down.by])]
    standing = sum(up.by <= look.captured and (down is None or look.captured <= down.after) for look in used)
    state = State.CONFIRMED if standing >= 4 else State.PROVISIONAL if standing >= 2 else State.FIRST
    return Presence(
        erected=up,
        dismantled=down,
        state=state,
        probability=probability,
        evidence=tuple(dict.fromkeys(f"simulated-{end:%Y%m%d}" for end in ends)),
    )


def structure(key: str, place: Polygon, area: float, presences: tuple[Presence, ...]) -> Structure:
    return Structure(
        id=key,
        kind=Kind.STRUCTURE,
        footprint=place,
        present=presences[-1].dismantled is None,
        probability=max(one.probability for one in presences),
        area_m2=area,
        area_m2_low=0.8 * area,
        area_m2_high=1.2 * area,
        presences=presences,
        sensors=(SENSOR,),
    )


def main() -> None:
    record = looks()
    used = [look for look in record if look.outcome is Outcome.USED]
    found = (
        structure(
            "simulated-shelter",
            ground(-20, -15, 36, 18),
            648.0,
            tuple(presence(up, down, used, 0.96) for up, down in SPELLS),
        ),
        structure("simulated-hall", ground(90, -40, 110, 36), 3960.0, (presence("2019-07-15", None, used, 0.98),)),
        structure("simulated-shed", ground(-180, 60, 18, 15), 270.0, (presence("2019-03-02", None, used, 0.7),)),
    )
    out = Path(__file__).parent / "record"
    out.mkdir(exist_ok=True)
    head = {
        "version": __version__,
        "site": SITE.id,
        "simulated": True,
        "looks": len(used),
        "first_look": f"{used[0].captured:%Y-%m-%dT%H:%M:%SZ}",
        "last_look": f"{used[-1].captured:%Y-%m-%dT%H:%M:%SZ}",
        "false_alarms_per_year": 1.0,
        "pixel_m": 3.0,
    }
    names = {"simulated-shelter": Reading(name="shelter"), "simulated-hall": Reading(name="new hall")}
    for name, document in (
        ("site", site_feature(SITE)),
        ("looks", looks_document(record, head={"simulated": True})),
        ("structures", structures_document(found, head=head, readings=names)),
    ):
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (out / f"{name}.geojson").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
