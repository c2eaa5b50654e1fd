"""The pages in a real browser, headless Chromium: what is drawn, what is fetched, what overlaps, what axe says."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from report_made_up import content

from tasks.report import index, page, results, shipped
from tasks.report.verdict import judge

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (360, 768, 1280, 1600)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")

# Pairs of texts whose boxes overlap by more than a pixel each way. A line box of a text is higher than its letters, so
# a quarter is taken off above and below.
OVERLAPS = """() => {
  const seen = [], shown = (node) => {
    const style = getComputedStyle(node.parentElement);
    return node.parentElement.checkVisibility({visibilityProperty: true}) && style.clipPath === "none"
      && !node.parentElement.closest(".unseen, .skip, script, style, details:not([open]) > :not(summary)");
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    if (!node.data.trim() || !shown(node)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    if (node.parentElement.closest(".scroll")) continue; // a sticky column covers what is scrolled under it
    for (const {left, top, right, bottom, width, height} of range.getClientRects())
      if (width > 1) seen.push([node.data.trim(), left, top + height / 4, right, bottom - height / 4]);
  }
  const found = [];
  seen.sort((one, other) => one[2] - other[2]);
  for (let i = 0; i < seen.length; i++)
    for (let k = i + 1; k < seen.length && seen[k][2] < seen[i][4] - 1; k++)
      if (seen[i][1] < seen[k][3] - 1 && seen[k][1] < seen[i][3] - 1 && seen[k][4] > seen[i][2] + 1)
        found.push([seen[i][0], seen[k][0]]);
  return found;
}"""


def many() -> results.Results:
    """Thirty methods, one better and one worse than the others; images among the mistakes; failed repeats."""
    rng = np.random.default_rng(5)
    names = ["scratch", "scratch-tuned", "student-scratch", "single-task", "logits", "hard-sharing", "fixed"]
    names += ["fine-tuning", "full-fine-tuning", "progressive-unfreezing", "fine-tuning-from-autoencoder"]
    names += [f"method-{i}" for i in range(20)]
    level = dict.fromkeys(names, 0.8) | {"scratch": 0.6, "fixed": 0.5, "fine-tuning": 0.93}
    accuracies = {name: [float(round(level[name] + rng.normal(0, 0.01), 4)) for _ in range(4)] for name in names}
    data = content(accuracies | {"failing": [None, 0.7, None, 0.71]})
    pixels = base64.b64encode(bytes(range(64))).decode()
    data["hardest"] = [
        {"sample": i, "label": "shirt", "wrong": 0.9, "taken_for": "sandal", "values": None,
         "image": {"shape": [8, 8], "pixels": pixels}}
        for i in range(5)
    ]  # fmt: skip
    for i, method in enumerate(data["methods"].values()):
        method["multiply_adds"], method["samples_seen"] = 1000 * (1 + i % 7), 500.0 * (i % 5)
    return results.parse(data)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``study/index.html`` and, over it and another, ``index.html``."""
    root, made = tmp_path_factory.mktemp("pages"), many()
    (root / "study").mkdir()
    question = "Does what was learnt there help here?"
    (root / "study" / "index.html").write_text(page.render(made, judge(made), question, {"seed": "1"}), "utf-8")
    other = results.parse(content({"scratch-tuned": [0.8, 0.81], "fine-tuning": [0.7, 0.72]}) | {"study": "other"})
    files = {
        name: {
            kind: shipped.File(accuracy=accuracy + 0.001 * i, agreement=0.99, bytes=1000 * size)
            for i, (kind, size) in enumerate({"keras": 90, "float32": 80, "float16": 42, "int8": 23}.items())
        }
        for name, accuracy in (("fine-tuning", 0.93), ("fixed", 0.5), ("method-3", 0.8))
    }
    over = index.render({"study": made, "other": other}, {"study": question}, {"study": files})
    (root / "index.html").write_text(over, "utf-8")
    return root


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Inside containers Chromium has no sandbox of its own; what it opens here are files of ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["study/index.html", "index.html"])
def opened(request: pytest.FixtureRequest, pages: Path, chromium: Browser) -> Iterator[Page]:
    """One of the pages; whatever it says on the console or asks of a network fails the test that opened it."""
    complaints: list[str] = []
    shown = chromium.new_page(viewport={"width": 1280, "height": 900})
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    address = (pages / request.param).as_uri()
    shown.on(
        "request", lambda asked: complaints.append(asked.url) if asked.url.startswith(("http", "ws", "file")) else None
    )
    shown.goto(address)
    assert complaints == [address]
    complaints.clear()
    yield shown
    assert complaints == []
    shown.close()


def test_sizes_from_a_phone_to_a_wide_screen_neither_overflow_nor_overlap(opened: Page):
    for width in WIDTHS:
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate(OVERLAPS) == []
    opened.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    for width in (WIDTHS[0], WIDTHS[2]):
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(opened: Page, scheme: str):
    """Contrast included, with everything unfolded, as wide as a phone and as a screen."""
    opened.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    opened.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    for width in (WIDTHS[0], WIDTHS[2]):
        opened.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.removeprefix("rgb(").split(",")[0])
    assert red > 200 if scheme == "light" else red < 60


def test_the_verdict_comes_first_and_the_figures_are_drawn(pages: Path, chromium: Browser):
    made = many()
    shown = chromium.new_page(viewport={"width": 1280, "height": 900})
    shown.goto((pages / "study/index.html").as_uri())
    said = shown.inner_text(".answer").replace("\N{NO-BREAK SPACE}", " ")
    winner = judge(made).winner
    assert winner is not None
    assert said.lower().startswith(winner)
    assert shown.locator(".answer").bounding_box()["y"] < 300  # type: ignore[index]
    dots = shown.locator(".forest .dot")
    assert dots.count() == sum(one.mean is not None for _, one in judge(made).fair.values())
    for circle in shown.locator("#cost svg .spot").all()[:5]:
        box = circle.bounding_box()
        assert box is not None
        assert box["width"] > 4
    lines = shown.evaluate("[...document.querySelectorAll('#curves svg .bold')].map((one) => one.getTotalLength())")
    assert lines
    assert min(lines) > 50
    assert shown.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth === 8)")
    shown.close()


def test_pointing_at_a_dot_lights_its_method_up_everywhere_and_names_it(pages: Path, chromium: Browser):
    shown = chromium.new_page(viewport={"width": 1280, "height": 900})
    shown.goto((pages / "study/index.html").as_uri())
    front = shown.locator("#cost svg .spot.on").first
    name = front.get_attribute("data-method")
    front.hover()
    assert shown.inner_text(".tip").startswith(f"{name}: ")
    assert {one.get_attribute("data-method") for one in shown.locator(".lit").all()} == {name}
    assert shown.locator(".forest tr.lit").count() == 1
    shown.mouse.move(2, 2)
    assert shown.locator(".tip").is_hidden()
    shown.close()


def test_paper_has_all_of_it_and_nothing_wider_than_the_sheet(pages: Path, chromium: Browser):
    shown = chromium.new_page(viewport={"width": 700, "height": 990})  # A4 less its margins, in CSS pixels
    shown.goto((pages / "study/index.html").as_uri())
    shown.emulate_media(media="print")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.locator("details:not([open])").count() == 0
    assert shown.locator("nav").is_hidden()
    assert shown.evaluate("document.documentElement.scrollWidth") <= 700
    assert shown.locator(".forest tbody tr").last.is_visible()
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert shown.locator("details[open]").count() == 0
    assert len(shown.pdf(format="A4")) > 20_000
    shown.close()


def test_a_keyboard_reaches_the_figures_at_once_and_every_fold(pages: Path, chromium: Browser):
    shown = chromium.new_page(viewport={"width": 1280, "height": 900})
    shown.goto((pages / "study/index.html").as_uri())
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.className") == "skip"
    shown.keyboard.press("Enter")
    assert shown.evaluate("location.hash") == "#main"
    fold = shown.locator("details.fold summary").first
    fold.focus()
    shown.keyboard.press("Enter")
    assert shown.locator("details.fold").first.get_attribute("open") is not None
    shown.close()
