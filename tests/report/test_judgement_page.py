"""The page of a judgement: everything on it can be followed, nothing on it can be steered by what others wrote."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from judged_example import AT, case, judged, record, usual, written

from sitewatch.assessment import SIMULATED, capacity_sentences, paragraph, rooms
from sitewatch.case import Case
from sitewatch.cube import Outcome
from sitewatch.errors import OutputError
from sitewatch.report import judgement_picture, write_judgement

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>&{{ 7 * 7 }}'
LOADS = ("src", "srcset", "data", "poster", "action", "background", "xlink:href")


class Page(HTMLParser):
    """What a browser would see of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def ids(self) -> list[str]:
        return [told["id"] or "" for _, told in self.tags if "id" in told]

    @property
    def links(self) -> list[dict[str, str | None]]:
        return [told for tag, told in self.tags if tag == "a"]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [told for _, told in self.tags if name in (told.get("class") or "").split()]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def share(told: str | None) -> float:
    return float((told or "").removesuffix("%")) / 100


def test_every_sentence_is_there_and_told_what_it_rests_on(text: str, page: Page) -> None:
    found = usual()
    clauses = paragraph(found)
    assert [f"line-{n}" for n in range(1, len(clauses) + 1)] == [i for i in page.ids if i.startswith("line-")]
    for number, clause in enumerate(clauses, start=1):
        # From this sentence to the next: its text, then its links.
        part = text.split(f'id="line-{number}"', 1)[1].split('id="line-', 1)[0]
        shown = Page(f"<p {part}")
        assert "".join(clause.text.split()) in "".join(shown.text.split())
        hrefs = {told["href"] for told in shown.links}
        if "#evidence" in hrefs:
            assert set(clause.evidence) == set(clauses[0].evidence)
        else:
            assert {f"#ind-{k}" if k in case().indicators else f"#claim-{k}" for k in clause.evidence} <= hrefs
        assert bool(clause.scenes) <= bool(hrefs)


def test_anchors_resolve_and_are_there_once(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    inner = {href[1:] for told in page.links if (href := told.get("href") or "").startswith("#")}
    uses = {(told["href"] or "")[1:] for tag, told in page.tags if tag == "use"}
    assert (inner | uses) <= set(page.ids)
    for key in (*case().hypotheses, *case().indicators, *case().claims, *case().calendar):
        assert any(i.endswith(f"-{key}") for i in page.ids), key
    assert sum(i.startswith("look-") for i in page.ids) == 51
    for told in page.tags:
        for name in ("aria-labelledby",):
            assert (told[1].get(name) or "main") in page.ids


def test_nothing_is_loaded_and_links_lead_to_the_web_alone(text: str, page: Page) -> None:
    assert not [(tag, told) for tag, told in page.tags if any(name in told for name in LOADS) or tag == "link"]
    assert "url(" not in text.replace("url(#", "")
    assert "@import" not in text
    outer = [told for told in page.links if not (told.get("href") or "").startswith("#")]
    assert len(outer) == len(case().claims)
    for told in outer:
        assert re.match(r"https?://", told["href"] or "")
        assert "noopener" in (told["rel"] or "").split()


def test_it_says_first_that_its_record_is_simulated(page: Page, tmp_path: Path) -> None:
    assert page.text.index(SIMULATED) < page.text.index("sitewatch judgement")
    assert page.text.count(SIMULATED) == 1
    real = record(simulated=False)
    assert SIMULATED not in Page(written(tmp_path / "real.html", known=real)).text
    found = usual()
    assert SIMULATED in "".join(ET.fromstring(judgement_picture(case(), record(), found)).itertext())  # noqa: S314
    assert SIMULATED not in judgement_picture(case(), real, found)


def test_bars_lie_where_the_numbers_are(page: Page) -> None:
    found = usual()
    bars, ranges, before = page.classed("odds-now"), page.classed("odds-range"), page.classed("odds-before")
    assert len(bars) == len(found.hypotheses)
    for n, one in enumerate(found.hypotheses):
        assert share(bars[n]["width"]) == pytest.approx(one.probability, abs=6e-5)
        assert ("benign" in (bars[n]["class"] or "")) is one.benign
        assert share(ranges[3 * n]["x1"]) == pytest.approx(one.low, abs=6e-5)
        assert share(ranges[3 * n]["x2"]) == pytest.approx(one.high, abs=6e-5)
        assert share(before[n]["cx"]) == pytest.approx(one.prior, abs=6e-5)
    edges = [share(told["x"]) for told in page.classed("odds-band")[:7]]
    assert edges == pytest.approx([0, 0.05, 0.2, 0.45, 0.55, 0.8, 0.95])


def test_the_path_ends_at_the_judgement(text: str) -> None:
    found = usual()
    lines = re.findall(r'<path d="M([^"Z]+)" class="path-line"', text)
    assert len(lines) == len(found.hypotheses)
    for line, one in zip(lines, found.hypotheses, strict=True):
        x, y = map(float, line.rsplit("L", 1)[1].split())
        assert x == 1000
        assert 1 - (y - 6) / 72 == pytest.approx(one.probability, abs=1e-3)


def test_not_seen_and_not_there_are_told_apart(page: Page, text: str) -> None:
    assert "Looked, and it is there: 1" in page.text
    assert "Looked, and it is not there: 16" in page.text
    assert "Could not look: 34" in page.text
    assert len(page.classed("m-shows")) - 1 == 1  # the legend has one of each
    assert len(page.classed("m-not")) - 1 == 16
    assert len(page.classed("m-unseen")) - 1 == 34
    assert len(re.findall(r"<td>nothing, either way</td>", text)) == 34


def test_claims_say_what_became_of_them(page: Page) -> None:
    told = page.text.split("What others have said")[1]
    assert told.count("Published after the day that is judged: nobody could have known it.") == 4
    assert "Repeats C6 and adds nothing" in told
    assert "Published after the day that is judged; and it repeats C9" in told
    assert told.count("Entered") == 1
    assert len(page.classed("many")) == 2
    assert len(page.classed("repeat")) == 2


def test_claims_that_are_left_out_say_why(tmp_path: Path) -> None:
    told = case().model_dump(mode="json", by_alias=True)
    told["indicators"]["engine-test"]["observable"] = {"claim": "structure"}
    shown = Page(written(tmp_path / "page.html", Case.model_validate(told))).text
    assert "E3 · a test at the engine stand is announced." in shown
    assert "after the time that is judged" in shown


def test_what_others_wrote_stays_text(tmp_path: Path) -> None:
    told = hostile(case().model_dump(mode="json", by_alias=True))
    told["claims"]["gift"]["link"] = 'https://example.org/"><script>alert(3)</script>'
    known = record()
    looks = tuple(replace(look, reason=HOSTILE, scene=f"{look.scene}{HOSTILE}") for look in known.looks)
    site = replace(known.site, name=HOSTILE)
    asked = Case.model_validate(told)
    text = written(tmp_path / "page.html", asked, replace(known, looks=looks, site=site))
    page = Page(text)
    assert [tag for tag, _ in page.tags if tag in ("script", "img", "iframe")] == ["script"]
    assert not [told for _, told in page.tags if any(name.startswith("on") for name in told)]
    assert page.text.count("{{ 7 * 7 }}") > 50
    ET.fromstring(judgement_picture(asked, known, judged(asked, known)))  # noqa: S314 - our own text


def hostile(told: Any) -> Any:
    """Every free text of a case with something hostile at its end."""
    free = {"title", "question", "why", "who", "what", "outlet", "quote", "by", "reference", "notes"}
    if isinstance(told, dict):
        return {k: v + HOSTILE if k in free and isinstance(v, str) else hostile(v) for k, v in told.items()}
    return [hostile(one) for one in told] if isinstance(told, list) else told


def test_without_looks_it_says_that_nobody_looked(tmp_path: Path) -> None:
    known = record()
    looks = tuple(replace(look, outcome=Outcome.COULD_NOT_SEE, clear_share=0.0) for look in known.looks)
    page = Page(written(tmp_path / "page.html", known=replace(known, looks=looks)))
    assert "No look of the period could be used: what stands on the ground was not looked for." in page.text
    assert "it is not there" not in page.text.split("The looks")[-1]
    nothing = Page(written(tmp_path / "none.html", known=replace(known, looks=())))
    assert "No look of the period was known on that day." in nothing.text


def test_likelihood_and_confidence_have_places_of_their_own(text: str) -> None:
    apart = Page(text.split('id="confidence">')[1].split("</section>", maxsplit=1)[0]).text
    found = usual()
    for reason in found.confidence.reasons:
        assert reason.text in apart
    assert not [h for h in found.hypotheses if f"it is {h.word.value} that" in apart]


def test_the_room_is_told_with_its_limits(page: Page) -> None:
    found = usual()
    (room,) = rooms(case(), record(), found)
    assert room.indicator == "expansion"
    for sentence in capacity_sentences(room.capacity):
        assert "".join(sentence.split()) in "".join(page.text.split())
    assert rooms(case(), record(pixel_m=None), found) == ()
    assert rooms(case(), record(structures=()), found) == ()
    assert "launch vehicles are being made or modified" in room.capacity.agrees
    assert room.capacity.against == ("it is put up to be seen, and nothing is made under it",)


def test_growth_that_was_not_seen_agrees_with_who_expects_none() -> None:
    told = case().model_dump(mode="json", by_alias=True)
    told["indicators"]["expansion"]["observable"]["at_least_m2"] = 50_000
    told["indicators"]["expansion"]["likelihoods"]["works"] = {"stated": 0.99, "by": "us"}
    asked = Case.model_validate(told)
    (room,) = rooms(asked, record(), judged(asked, record()))
    assert room.capacity.against == ("the plant is being built on or repaired",)
    assert len(room.capacity.agrees) == 3


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    known = record()
    with pytest.raises(OutputError, match="the page cannot be written"):
        write_judgement(
            tmp_path / "no" / "page.html", case=case(), record=known, found=usual(), version="0",
            now=AT,
        )  # fmt: skip
