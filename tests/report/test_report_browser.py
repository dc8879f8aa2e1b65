"""The page in a real browser, with the network watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judged_example import written as judgement_written
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_opens_offline_without_a_word_and_fits(browser: Browser, written: Write, width: int, scheme: str) -> None:
    opens_and_fits(browser, written(), width, scheme)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1200, "light")])
def test_a_judgement_opens_offline_and_fits(browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    path = tmp_path / "judgement.html"
    judgement_written(path)
    opens_and_fits(browser, path, width, scheme)


def test_a_judgement_prints_and_links_open_what_is_folded(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "judgement.html"
    judgement_written(path)
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.goto(path.as_uri())
    looks = page.locator("details:has(#look-51)")
    page.evaluate("document.querySelector('#look-51').closest('details').open = false")
    assert looks.get_attribute("open") is None
    page.locator('#ind-shelter a[href="#look-51"]').click()
    assert page.locator("#look-51").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details')].every((part) => part.open)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    page.close()


def opens_and_fits(browser: Browser, path: Path, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pictures = page.evaluate("[...document.images].filter((i) => i.checkVisibility() && !i.naturalWidth).length")
    assert pictures == 0
    context.close()


def test_the_outline_can_be_laid_over_the_pixels_without_a_script(browser: Browser, written: Write) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written().as_uri())
    drawn = page.locator("#structure-1 svg.drawn").first
    assert not drawn.is_visible()
    page.locator("#structure-1 label").first.click()
    assert drawn.is_visible()
    lapse = page.locator("#structure-1 details.lapse")
    lapse.locator("summary").click()
    assert lapse.locator("> img").is_visible()
    assert not lapse.locator("summary img").is_visible()
    context.close()


def test_prints(browser: Browser, written: Write) -> None:
    page = browser.new_page()
    page.goto(written().as_uri())
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.table .scroll table").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    page.close()
