"""Elements in all their formats, and each way in which they are broken."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orbits import LANDSAT_9, S2A, S2A_LATER, S2B, elements, signed
from sgp4.exporter import export_omm

from sitewatch.errors import InputError
from sitewatch.planning import parse_elements, read_elements

TITLE, ONE, TWO = S2B.splitlines()


def test_two_and_three_line_sets_of_several_satellites_and_days(tmp_path: Path) -> None:
    path = tmp_path / "some.tle"
    path.write_text("# of today\n0 " + S2B + "\r\n" + S2A_LATER.replace("\n", "\r\n") + "\n".join(S2A.splitlines()[1:]))
    found = read_elements(path)
    assert [(e.name, e.number) for e in found] == [
        ("satellite 40697", 40697),
        ("SENTINEL-2A", 40697),
        ("SENTINEL-2B", 42063),
    ]
    assert found[2].epoch == dt.datetime(2026, 9, 20, 14, 12, 38, 558880, tzinfo=dt.UTC)
    assert found[0].epoch < found[1].epoch
    assert found[2].period_s == pytest.approx(86400 / 14.30816269, rel=1e-6)


def test_a_set_that_is_told_twice_counts_once() -> None:
    assert len(elements(S2A, S2B, S2A)) == 2


def _omm(text: str) -> dict[str, str]:
    made = elements(text)[0]
    fields = export_omm(made.satrec, made.name)
    return {key: str(value) for key, value in fields.items()}


def _json(sets: list[dict[str, str]]) -> str:
    """As CelesTrak writes it: numbers as numbers."""
    number = lambda v: float(v) if v.replace(".", "").replace("-", "").replace("e", "").isdigit() else v
    return json.dumps([{k: number(v) if k not in ("EPOCH", "OBJECT_ID") else v for k, v in s.items()} for s in sets])


def _csv(sets: list[dict[str, str]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(sets[0]))
    writer.writeheader()
    writer.writerows(sets)
    return file.getvalue()


def _kvn(sets: list[dict[str, str]]) -> str:
    head = "CCSDS_OMM_VERS = 2.0\nCOMMENT made for a test\nCREATION_DATE = 2026-09-20T00:00:00\n"
    return "".join(head + "".join(f"{k} = {v}\n" for k, v in s.items()) for s in sets).replace(
        "INCLINATION = 98.5709", "INCLINATION = 98.5709 [deg]"
    )


def _xml(sets: list[dict[str, str]]) -> str:
    segment = lambda s: (
        "<segment><metadata>"
        + "".join(f"<{k}>{s[k]}</{k}>" for k in ("OBJECT_NAME", "OBJECT_ID", "CENTER_NAME", "REF_FRAME", "TIME_SYSTEM"))
        + "</metadata><data><meanElements>"
        + "".join(f"<{k}>{v}</{k}>" for k, v in s.items() if not k.startswith("OBJECT"))
        + "</meanElements></data></segment>"
    )
    body = "".join(f"<omm><body>{segment(s)}</body></omm>" for s in sets)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ndm>{body}</ndm>'


@pytest.mark.parametrize("write", [_json, _csv, _kvn, _xml])
def test_omm_says_what_the_lines_say(write: object) -> None:
    text = write([_omm(S2B), _omm(LANDSAT_9)])  # type: ignore[operator]
    found = parse_elements(text.encode(), name="test")
    wanted = elements(S2B, LANDSAT_9)
    assert [(e.name, e.number) for e in found] == [("SENTINEL-2B", 42063), ("LANDSAT 9", 49260)]
    for one, other in zip(found, wanted, strict=True):
        assert abs(one.epoch - other.epoch) < dt.timedelta(milliseconds=1)
        assert one.mean == pytest.approx(other.mean, rel=1e-8)
        _, r1, _ = one.satrec.sgp4(2461310.5, 0.25)
        _, r2, _ = other.satrec.sgp4(2461310.5, 0.25)
        assert r1 == pytest.approx(r2, abs=0.05)


def test_numbers_of_nine_places_are_read_from_omm() -> None:
    made = parse_elements(json.dumps([{**_omm(S2B), "NORAD_CAT_ID": "799501234"}]).encode(), name="test")
    assert made[0].number == 799501234


def test_the_verification_vectors_of_sgp4() -> None:
    """Every vector of Vallado's set that comes with sgp4, read by our reader, to its last printed place or two."""
    lines = [line for line in (files("sgp4") / "SGP4-VER.TLE").read_text().splitlines() if line[:1] in "12"]
    told = (files("sgp4") / "tcppver.out").read_text().splitlines()
    blocks: list[tuple[int, list[list[float]]]] = []
    for line in told:
        if line.endswith("xx"):
            blocks.append((int(line.split()[0]), []))
        else:
            blocks[-1][1].append([float(v) for v in line.split()[:7]])
    compared = refused = 0
    for (number, vectors), one, two in zip(blocks, lines[::2], lines[1::2], strict=True):
        # The last sets are made up to fail, with checksums of others.
        try:
            made = parse_elements(f"{signed(one[:69])}\n{signed(two[:69])}\n".encode(), name="SGP4-VER.TLE")[0]
        except InputError:
            refused += 1
            continue
        assert made.number == number
        for minutes, *state in vectors:
            fault, position, velocity = made.satrec.sgp4_tsince(minutes)
            if fault:
                continue
            assert position == pytest.approx(state[:3], abs=2e-7)
            assert velocity == pytest.approx(state[3:6], abs=2e-9)
            compared += 1
    assert compared > 600
    assert refused <= 1


def _pair(one: str = ONE, two: str = TWO) -> str:
    return f"{TITLE}\n{one}\n{two}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_pair(ONE[:68] + "5"), "line 2: its checksum is '5' and must be 4: a digit is wrong"),
        (_pair(two=TWO.replace("98.5709", "98.5799")), "line 3: its checksum is '0' and must be 9"),
        (_pair(TWO, ONE), "line 2: is line 2 of a set of elements without its line 1"),
        (_pair(ONE, ONE), "line 3: must be line 2 of the elements that begin in line 2"),
        (f"{TITLE}\n{TITLE}\n{ONE}\n{TWO}\n", "line 2: must be line 1 of the elements of 'SENTINEL-2B'"),
        (f"{TITLE}\n{ONE}\n", "ends within a set of elements"),
        (_pair(ONE[:-1]), "line 2: must have 69 characters, found 68"),
        (_pair(ONE.replace("U", "Ü")), "line 2: holds characters that elements never have"),
        (_pair(two=signed("2 42064" + TWO[7:])), "line 3: is of satellite 42064, line 1 of 42063"),
        (_pair(signed(ONE.replace("26263.59211295", "26366.00000000"))), "line 2: its epoch is '26366.00000000'"),
        (_pair(signed(ONE.replace("26263.59211295", "26000.50000000"))), "its epoch is '26000.50000000'"),
        (_pair(two=signed(TWO.replace(" 98.5709", "198.5709"))), "its inclination must be 0 to 180, found '198.5709'"),
        (_pair(two=signed(TWO.replace("14.30816269", " 0.00000000"))), "its mean motion must be 0.01 to 18"),
        (_pair(ONE.replace("A   2", "A  02")), "line 2: has '0' in column 18, where ' ' belongs"),
        ("", "holds no orbital elements"),
        ("<html></html>", "holds no orbital elements"),
        ("[1]", "set 1: must be an object of OMM fields"),
        ("[{", "is not whole JSON"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><ndm>&b;</ndm>', "declares a document type"),
        ("<ndm>", "is not whole XML"),
        ("CCSDS_OMM_VERS = 2.0\nwrong", 'line 2: must be "KEYWORD = value"'),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_elements(text.encode(), name="some.tle")
    assert said in str(caught.value)
    assert str(caught.value).startswith("some.tle")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"EPOCH": "2026-13-01T00:00:00"}, "its EPOCH is '2026-13-01T00:00:00'"),
        ({"EPOCH": "2015-12-31T23:59:60"}, "its EPOCH is '2015-12-31T23:59:60'"),
        ({"EPOCH": "0026-01-01T00:00:00"}, "when there were no satellites"),
        ({"MEAN_MOTION": "nan"}, "its MEAN_MOTION must be 0.01 to 18, found 'nan'"),
        ({"REF_FRAME": "ITRF"}, "its REF_FRAME is 'ITRF', and only TEME is read"),
        ({"MEAN_ELEMENT_THEORY": "SGP4-XP"}, "its MEAN_ELEMENT_THEORY is 'SGP4-XP'"),
        ({"NORAD_CAT_ID": "0"}, "its NORAD_CAT_ID must be"),
        ({"ECCENTRICITY": "0.9999"}, "SGP4 refuses the elements"),
    ],
)
def test_what_is_wrong_with_an_omm_is_said(change: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_elements(json.dumps([{**_omm(S2B), **change}]).encode(), name="some.json")
    assert said in str(caught.value)
    assert str(caught.value).startswith("some.json, set 1")


def test_epochs_at_the_end_of_a_year_and_in_a_leap_second() -> None:
    last = signed(ONE.replace("26263.59211295", "16366.99999999"))
    first = signed(ONE.replace("26263.59211295", "17001.00000000"))
    one, two = (elements(_pair(line))[0] for line in (last, first))
    assert one.epoch == dt.datetime(2016, 12, 31, 23, 59, 59, 999136, tzinfo=dt.UTC)
    assert two.epoch == dt.datetime(2017, 1, 1, tzinfo=dt.UTC)
    leap = parse_elements(json.dumps([{**_omm(S2B), "EPOCH": "2016-12-31T23:59:60.5"}]).encode(), name="x")[0]
    assert leap.epoch == dt.datetime(2017, 1, 1, tzinfo=dt.UTC)


def test_files_are_bounded_and_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_elements(tmp_path / "none.tle")
    path = tmp_path / "long.tle"
    path.write_bytes(b"#" * (16 * 1024 * 1024 + 1))
    with pytest.raises(InputError, match="has more than 16 MiB"):
        read_elements(path)


@given(st.binary(max_size=400))
def test_any_bytes_give_elements_or_a_sentence(content: bytes) -> None:
    try:
        found = parse_elements(content, name="any")
    except InputError:
        return
    assert found


@given(st.integers(0, 68), st.sampled_from("0123456789 .-X"), st.booleans())
def test_one_wrong_character_is_never_another_orbit(place: int, character: str, second: bool) -> None:
    """Nothing that one wrong character can do to the lines gives another orbit unnoticed."""
    line = TWO if second else ONE
    changed = line[:place] + character + line[place + 1 :]
    text = _pair(two=changed) if second else _pair(changed)
    try:
        found = elements(text)[0]
    except InputError:
        return
    # What is left are letters, points and blanks that say nothing, and zeros before or for blanks.
    wanted = elements(S2B)[0]
    assert found.number == 42063
    assert found.epoch == wanted.epoch
    assert found.mean == wanted.mean
