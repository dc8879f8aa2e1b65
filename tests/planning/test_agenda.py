"""Calendars of passes: what keeps its place in them, and what a calendar without a pass is."""

from __future__ import annotations

import dataclasses

from chances import NOW, day, look
from icalendar import Calendar
from orbits import site

from sitewatch.planning import Opportunity, agenda

POLE = site(20, 82.6)


def uids(*looks: Opportunity) -> list[str]:
    made = agenda(POLE, looks, chosen={}, now=NOW)
    return [str(event["UID"]) for event in Calendar.from_ical(made).walk("VEVENT")]


def test_an_event_keeps_its_place_whatever_the_window_begins_with() -> None:
    """Near the poles a satellite passes many times a day: a run at noon must not move the evening to the morning."""
    numbered = [look(1 + n * 0.07, relative_orbit=n + 1) for n in range(10)]
    bare = [look(1 + n * 0.07, relative_orbit=None) for n in range(10)]
    for turns in (numbered, bare):
        whole = uids(*turns)
        assert len(set(whole)) == 10
        assert uids(*turns[4:]) == whole[4:]


def test_a_calendar_without_a_pass_is_a_calendar() -> None:
    made = agenda(POLE, [], chosen={}, now=NOW)
    read = Calendar.from_ical(made)
    assert not read.walk("VEVENT")
    assert read.subcomponents
    assert "VTIMEZONE" not in agenda(POLE, [look(1)], chosen={}, now=NOW).decode()


def test_no_control_character_gets_into_a_calendar() -> None:
    place = dataclasses.replace(POLE, name="A\x1b[31m\rB\x7f")
    made = agenda(place, [look(1)], chosen={0: "One.\nTwo\x00."}, now=NOW)
    assert not {byte for byte in made.replace(b"\r\n", b"") if byte < 32 or byte == 127}
    event = Calendar.from_ical(made).walk("VEVENT")[0]
    assert "One.\nTwo ." in str(event["DESCRIPTION"])


def test_no_time_is_told_to_be_exact() -> None:
    made = Calendar.from_ical(agenda(POLE, [look(1, error_s=0.2)], chosen={}, now=day(0)))
    assert "may be off by 1 s" in str(made.walk("VEVENT")[0]["DESCRIPTION"])
