"""The ledger on the page: what is new since the last run, what the catalogs disagree on, and the calendar strip."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from plant_record import NOW, Case, cube_of, look, time

from sitewatch.archive import Notice, What
from sitewatch.cube import Asking, Outcome, find_gaps
from sitewatch.report import (
    calendar_picture,
    catalog_sentences,
    difference_sentence,
    scene_sentences,
    structures_sentence,
)
from sitewatch.structures import Difference, SinceLast, Turn

Write = Callable[..., Path]
RUN = NOW - dt.timedelta(days=7)
LATE = Notice(what=What.LATE, scene="scene-004", captured=time(4), days_late=40)
DIFFERENCE = Difference(
    turn=Turn.CHANGED, structure="hall", words=("erected after A and by B (before: C)",), probability=0.9,
    scenes=("scene-004",),
)  # fmt: skip
SINCE = SinceLast(run=RUN, added=2, notices=(LATE,), compared=RUN, differences=(DIFFERENCE,))


def page_of(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def test_the_section_stands_only_where_there_is_something_to_tell(written: Write) -> None:
    assert "Since the last run" not in page_of(written())
    nothing = SinceLast(run=RUN, added=0, notices=(), compared=RUN)
    assert "Since the last run" not in page_of(written(since_last=nothing))
    page = page_of(written(since_last=SINCE))
    assert "Since the last run Set beside the run of 2023-12-25 12:00 UTC" in page
    assert "2 new scenes. 1 scene came late" in page
    assert "scene-004 of 2021-04-11 , first seen 40 days after capture" in page
    assert "Structures: 1 with other brackets. Structure 1 has other brackets: erected after A" in page
    assert '<a href="#structure-1">1</a> has other brackets' in written(since_last=SINCE).read_text(encoding="utf-8")


def test_what_strangers_wrote_is_shown_and_never_run(written: Write) -> None:
    hostile = replace(LATE, scene="<script>alert(1)</script>")
    asking = Asking(run=NOW, catalogs=("a<b>", "c"), unanswered={"<i>d": "<b>silent"})
    told = {"since_last": replace(SINCE, notices=(hostile,)), "asking": asking}
    page = written(**told).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<b>silent" not in page


def test_each_kind_of_scene_has_its_sentence() -> None:
    notices = (
        LATE,
        Notice(what=What.REPLACED, scene="r1", captured=time(5), pixels_changed=True),
        Notice(what=What.REPLACED, scene="r2", captured=time(6), pixels_changed=False, before="old"),
        Notice(what=What.VANISHED, scene="v", captured=time(7)),
        Notice(what=What.BACK, scene="b", captured=time(8)),
    )
    sentences = scene_sentences(SinceLast(run=RUN, added=1, notices=notices, compared=None))
    assert sentences[0] == "1 new scene."
    assert sentences[2].endswith(
        "anew: r1 of 2021-04-21, its pixels changed; r2 of 2021-05-01, before old, its pixels are the same."
    )
    assert sentences[3].startswith("1 scene is no longer listed; what was read of it stays in the archive")
    assert sentences[4] == "1 scene is listed again: b of 2021-05-21."
    many = tuple(replace(LATE, scene=f"s{n}") for n in range(9))
    assert scene_sentences(SinceLast(run=RUN, added=0, notices=many, compared=None))[0].endswith("; and 4 more.")


def test_what_else_may_have_made_a_difference_is_said() -> None:
    assert "not compared" in structures_sentence(replace(SINCE, compared=None, differences=()))
    assert structures_sentence(replace(SINCE, differences=())) == "Structures: the same, with the same brackets."
    asked = structures_sentence(replace(SINCE, settings=("false alarms a year 1, now 10",)))
    assert asked.endswith("This run also asked otherwise: false alarms a year 1, now 10.")
    elsewhere = structures_sentence(replace(SINCE, differences=(DIFFERENCE, replace(DIFFERENCE, scenes=()))))
    assert "One of them has none of these scenes at the brackets that differ" in elsewhere
    assert "none of these" not in structures_sentence(SINCE)
    earlier = structures_sentence(replace(SINCE, compared=RUN - dt.timedelta(days=7)))
    assert "(compared with the run of 2023-12-18 12:00 UTC)" in earlier
    assert difference_sentence(replace(DIFFERENCE, turn=Turn.GONE, before=None, scenes=())) == (
        "is not found any more; it was told as: erected after A and by B (before: C), probability 0.90."
    )
    assert "(was shed)" in difference_sentence(replace(DIFFERENCE, before="shed"))


def test_what_one_catalog_lists_and_another_does_not() -> None:
    looks = [look(n, listed_by=("east", "west") if n > 3 else ("east",)) for n in range(8)]
    both = Asking(run=NOW, catalogs=("east", "west"))
    assert catalog_sentences(looks, both) == [
        "east lists 4 scenes that west does not: scene-000, scene-001, scene-002, scene-003."
    ]
    assert catalog_sentences(looks[4:], both) == ["east and west list the same scenes."]
    assert catalog_sentences(looks, Asking(run=NOW, catalogs=("east",))) == []
    silent = Asking(run=NOW, catalogs=("east",), unanswered={"west": "west: answered 500; try later"})
    (sentence,) = catalog_sentences(looks, silent)
    assert sentence == "west did not answer, so what only it lists is missing: west: answered 500; try later."


def test_a_page_without_scenes_still_tells_what_is_gone(written: Write) -> None:
    gone = look(3, outcome=Outcome.REJECTED, reason="no longer listed since 2023-12-25", unlisted_since=RUN)
    page = page_of(written(looks=[gone], cube=None, structures=[]))
    assert "No scene of the site is listed for the period" in page
    assert "Could not look" in page
    assert "no longer listed since 2023-12-25" in page


def test_the_calendar_has_a_row_for_each_year_and_a_mark_for_each_look(written: Write, case: Case) -> None:
    looks = [*case.looks, look(60), look(20, captured=None, outcome=Outcome.FAILED)]
    picture = calendar_picture(looks, find_gaps(looks), title="Looks of <The plant>")
    root = ET.fromstring(picture)  # noqa: S314 - our own file
    texts = ["".join(element.itertext()) for element in root.findall(".//{*}text")]
    assert texts[0] == "Looks of <The plant>"
    assert [text for text in texts if re.fullmatch(r"20\d\d", text)] == ["2021", "2022"]
    marks = [e for e in root.iter() if (e.get("class") or "").startswith("c-") and e.find("{*}title") is not None]
    assert len([e for e in marks if "c-gap" not in (e.get("class") or "")]) == len(looks) - 1
    assert any("no look is listed" in text for text in texts)
    assert "2021-09-08 to 2022-10-23, 410 days without a used look: no look is listed" in texts
    page = written(looks=looks, cube=cube_of(looks)).read_text(encoding="utf-8")
    assert page.count('class="plot calendar"') == 1
    assert '<div class="names years" aria-hidden="true">\n<div><b>2021</b></div>\n<div><b>2022</b></div>' in page


def test_the_taller_the_clearer() -> None:
    looks = [look(0, clear_share=1.0), look(1, clear_share=0.5), look(2, clear_share=None)]
    root = ET.fromstring(calendar_picture(looks, find_gaps(looks), title="x"))  # noqa: S314 - our own file
    bars = [e for e in root.findall(".//{*}rect") if e.get("class") == "c-used" and e.find("{*}title") is not None]
    assert [float(bar.get("height") or 0) for bar in bars] == [26, 13, 26]


def test_a_picture_without_dated_looks_says_so() -> None:
    picture = calendar_picture([], find_gaps([]), title="x")
    assert "No look has a capture time." in picture
    ET.fromstring(picture)  # noqa: S314 - our own file
