"""Claims from BibTeX, CSL-JSON and CSV."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sitewatch.case import add_claims, grade, import_claims, read_case
from sitewatch.errors import InputError

BIB = r"""
@article{Mueller:2019,
  author = {M{\"u}ller, J{\"o}rg and {Ministry of Defence}},
  title = {A {\em big} test \& more},
  journal = {The Journal}, volume = 3, pages = {4--5},
  year = 2019, month = feb,
  url = {https://example.org/a_b~c},
}

@misc{said,
  organization = {Academy of Sciences},
  annote = {An engine was tested.}, title = {Statement},
  date = {2019-12-08}, eventdate = {2019-12-07}, howpublished = {KCNA},
  doi = {10.1/x}, reliability = {D}, credibility = 3, repeats = {statement}, supports = {programme; routine}
}
"""

CSL = [
    {
        "id": "Mueller:2019",
        "author": [{"given": "Jörg", "family": "Müller"}, {"literal": "Ministry of Defence"}],
        "title": "A big test",
        "container-title": "The Journal",
        "volume": 3,
        "page": "4-5",
        "issued": {"date-parts": [["2019", 2]]},
    },
    {"id": 7, "author": [{"literal": "X"}], "note": "Said.", "issued": {"raw": "2019-12-08"}, "DOI": "10.1/x"},
]

CSV = '''key,who,what,outlet,said,published,quote,link,reference,reliability,credibility,repeats,supports,contradicts
one,"Academy, of Sciences","Two
lines",KCNA,2019-12,2019-12-08,"a ""quote""",https://example.org/1,,D,3,,programme;routine,

,A daily,The same,,,2020,,,front page,,,one,,programme
'''


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_day_of_csl_is_taken_as_it_is_without_a_word(tmp_path: Path) -> None:
    item = {
        "id": "a",
        "author": [{"literal": "X"}],
        "note": "Said.",
        "issued": {"date-parts": [[2019, 2, 5]]},
        "DOI": "1",
    }
    imported = import_claims(write(tmp_path, "a.json", json.dumps([item])))
    assert (str(imported.claims["a"].published), imported.notes) == ("2019-02-05", ())


def test_bibtex(tmp_path: Path) -> None:
    imported = import_claims(write(tmp_path, "a.bib", BIB))
    first, second = imported.claims["mueller-2019"], imported.claims["said"]
    assert first.who == "Jörg Müller, Ministry of Defence"
    assert first.what == "A big test & more"
    assert (first.outlet, first.link) == ("The Journal", "https://example.org/a_b~c")
    assert first.reference == "A big test & more, The Journal 3, p. 4\N{EN DASH}5"
    assert first.published.isoformat() == "2019-02-28"
    assert (second.who, second.what, second.outlet) == ("Academy of Sciences", "An engine was tested.", "KCNA")
    assert (str(second.said), str(second.published)) == ("2019-12-07", "2019-12-08")
    assert (second.link, grade(second), second.repeats) == ("https://doi.org/10.1/x", "D3", "statement")
    assert second.supports == ("programme", "routine")
    assert imported.where == {
        "mueller-2019": f"{tmp_path / 'a.bib'}, line 2",
        "said": f"{tmp_path / 'a.bib'}, line 10",
    }
    assert imported.notes == (
        "mueller-2019: what is the publication's title; write what it says in your own words",
        'mueller-2019: published "2019-02" is taken as 2019-02-28',
    )


def test_csl(tmp_path: Path) -> None:
    imported = import_claims(write(tmp_path, "a.json", json.dumps(CSL)))
    first, second = imported.claims["mueller-2019"], imported.claims["7"]
    assert (first.who, first.what) == ("Jörg Müller, Ministry of Defence", "A big test")
    assert (first.published.isoformat(), first.reference) == ("2019-02-28", "A big test, The Journal 3, p. 4-5")
    assert (second.what, second.published.isoformat(), second.link) == ("Said.", "2019-12-08", "https://doi.org/10.1/x")
    assert imported.where["7"] == f"{tmp_path / 'a.json'}, entry 2"


def test_csv(tmp_path: Path) -> None:
    imported = import_claims(write(tmp_path, "a.csv", "\ufeff" + CSV))
    first, second = imported.claims.values()
    assert list(imported.claims) == ["one", "a-daily-2020-12-31"]
    assert (first.who, first.what, first.quote) == ("Academy, of Sciences", "Two\nlines", 'a "quote"')
    assert (str(first.said), str(first.published)) == ("2019-12-08", "2019-12-08")
    assert (first.supports, grade(first)) == (("programme", "routine"), "D3")
    assert (second.published.isoformat(), second.repeats, second.contradicts) == ("2020-12-31", "one", ("programme",))
    assert imported.where["a-daily-2020-12-31"].endswith("a.csv, line 5")
    taken = import_claims(tmp_path / "a.csv", taken=frozenset({"a-daily-2020-12-31"}))
    assert list(taken.claims) == ["one", "a-daily-2020-12-31-2"]


def test_what_is_imported_is_added_or_nothing_is(tmp_path: Path, plant: Path) -> None:
    imported = import_claims(write(tmp_path, "a.csv", CSV))
    add_claims(plant, imported.claims, where=imported.where)
    held = read_case(plant).claims
    assert list(held)[-2:] == list(imported.claims)
    bad = import_claims(
        write(tmp_path, "b.csv", CSV.replace("one", "two").replace("2020", "2021").replace("programme;routine", "x"))
    )
    with pytest.raises(InputError) as raised:
        add_claims(plant, bad.claims, where=bad.where)
    assert str(raised.value).startswith(
        f"{tmp_path / 'b.csv'}, line 2, field supports[0]: found the unknown hypothesis x"
    )
    assert read_case(plant).claims == held


@pytest.mark.parametrize(
    ("published", "day"),
    [("2019", "2019-12-31"), ("2020-02", "2020-02-29"), ("2019-2-3", "2019-02-03"), ("2019-01/2019-03", "2019-03-31"),
     ("2019~", "2019-12-31")],
)  # fmt: skip
def test_of_a_date_that_is_not_whole_the_last_day_is_taken(tmp_path: Path, published: str, day: str) -> None:
    imported = import_claims(write(tmp_path, "a.csv", f"key,who,what,published,reference\na,x,y,{published},z\n"))
    assert imported.claims["a"].published.isoformat() == day
    assert imported.notes == (f'a: published "{published}" is taken as {day}',)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "", "neither .bib, .json (CSL) nor .csv"),
        ("a.bib", "", "holds no entry"),
        (
            "a.bib",
            "@misc{a, title={x}, year=2019, url={https://a.b}}",
            "line 1, field a.who: found nothing; add an author",
        ),
        (
            "a.bib",
            "\n@misc{a, author={x}, year=2019, url={https://a.b}}",
            "line 2, field a.what: found nothing; add an annote",
        ),
        ("a.bib", "@misc{a, author={x}, title={y}, url={https://a.b}}", "field a.published: found nothing; add a date"),
        ("a.bib", "@misc{a, author={x}, title={y}, year=1066}", "field a.published: found '1066-12-31'"),
        ("a.bib", "@misc{a, author={x},\n title={y", "line 2: found no BibTeX (syntax error premature end of file)"),
        ("a.bib", "@misc{a, month=sept}", "line 1: found no BibTeX (undefined string sept); put it in braces"),
        ("a.bib", "@misc{a, year=1}\n@misc{a, year=2}", "repeated"),
        ("a.json", "{}", "line 1: found no fields; give CSL-JSON"),
        ("a.json", "[\n1,", "line 2: found no JSON"),
        ("a.json", "[1]", "entry 1: found 1; give"),
        ("a.json", "[" * 100_000, "found no JSON"),
        (
            "a.json",
            '[{"id": "q", "title": "y", "URL": "https://a.b", "issued": {"date-parts": [[2019]]}}]',
            "entry 1, field q.who",
        ),
        ("a.json", '[{"id": [], "author": 3, "issued": 4}]', "entry 1, field who: found nothing"),
        ("a.csv", "who;what;published\n", "found columns divided by ;"),
        ("a.csv", "who,what\n", "line 1: found no column published"),
        ("a.csv", "who,what,publishd\n", 'unknown column "publishd"; did you mean published?'),
        ("a.csv", "who,who,what,published\n", "the column who twice"),
        ("a.csv", "key,who,what,published,link\nA B,x,y,2019,https://a.b\n", 'line 2, field key: found "A B"'),
        (
            "a.csv",
            "key,who,what,published,link\na,x,y,2019,https://a.b\na,x,y,2019,https://a.b\n",
            "line 3, field key: found a for",
        ),
        ("a.csv", "who,what,published,link\nx,y,2019,https://a.b,z\n", "line 2: found 5 cells under 4 columns"),
        (
            "a.csv",
            "who,what,published,link\nx,y,soon,https://a.b\n,y,2019,z\n",
            "line 2, field published: found 'soon'",
        ),
        (
            "a.csv",
            "who,what,published,link\nx,y,soon,https://a.b\n,y,2019,https://a.b\n",
            "line 3, field who: found nothing; add it in column",
        ),
        (
            "a.csv",
            "who,what,published,link,credibility\nx,y,2019,https://a.b,likely\n",
            'field credibility: found "likely"',
        ),
        ("a.csv", 'who,what,published\n"x', "found no CSV"),
        ("a.csv", "who,what,published\nx,y,2019\n", "line 2: found neither link nor reference"),
        ("a.csv", "who,what,published\n", "holds no entry"),
    ],
)
def test_what_cannot_be_imported(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(InputError) as raised:
        import_claims(path)
    assert words in str(raised.value)
    assert str(raised.value).startswith(str(path))


PIECES = ["", "{", "}", '"', ",", "\n", "\\", "@", "\x00", "null", "[", "]", "1e400", "\\u{", "$"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.sampled_from([("a.bib", BIB), ("a.json", json.dumps(CSL, indent=1)), ("a.csv", CSV)]), data=st.data())
def test_whatever_is_in_it_there_are_claims_or_an_error(
    tmp_path: Path, which: tuple[str, str], data: st.DataObject
) -> None:
    name, text = which
    for _ in range(data.draw(st.integers(1, 3))):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 12))
        piece = data.draw(st.sampled_from(PIECES) | st.text(max_size=4))
        text = text[:at] + piece + text[at + length :]
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(InputError):
        assert import_claims(path).claims
