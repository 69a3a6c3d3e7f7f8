"""Colours of both themes: words and marks stand out from what lies behind them (WCAG 2.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from kms.config import ROOT
from layouts.charts import style

TOKENS = (ROOT / "layouts" / "assets" / "1-tokens.css").read_text(encoding="utf-8")
LIGHT, DARK = ":root", 'html[data-mantine-color-scheme="dark"]'
TEXT, GRAPHIC = 4.5, 3.0  # success criteria 1.4.3 and 1.4.11

# Front and back, as pages set them.
WORDS = """
text surface · text-2 surface · text-3 surface · text-3 page · text-3 surface-2 · text-2 surface-3
link surface · link page · on-accent accent · asof-text asof-bg · asof-text accent-soft
demo-text demo-bg · rb-on rb-fill · hold-on hold-fill · hold-on hold-area · relax-on relax-fill
ins-on ins-fill · rb-text surface · rb-text surface-2 · text-3 rb-tint · hold-text surface
hold-text surface-2 · relax-text surface · relax-text surface-2 · ins-text surface-2
stale-text stale-bg · suppressed-text suppressed-bg · withheld-text withheld-bg
toofew-text surface · q-on-light q-1 · q-on-light q-2 · q-on-light q-3 · q-4-on q-4
q-on-dark q-5 · q-on-dark q-6
"""
MARKS = """
line-control surface · focus surface · ink surface · ink surface-3 · rb-fill surface
rb-line surface · hold-line surface · relax-line surface · ins-line surface
prov-line prov-zone · toofew-line surface · s-2 surface · s-3 surface · s-4 surface
"""


def pairs(listed: str) -> list[tuple[str, str]]:
    found = [each.split() for line in listed.strip().splitlines() for each in line.split(" · ")]
    return [(front, back) for front, back in found]


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme; those it does not set are of the light one."""
    found: dict[str, str] = {}
    for selector in (LIGHT, theme):
        block = re.search(re.escape(selector) + r"\{\n(.*?)\n\}", TOKENS, re.DOTALL)
        assert block is not None, selector
        bare = re.sub(r"/\*.*?\*/", "", block[1], flags=re.DOTALL)
        found |= dict(re.findall(r"--([\w-]+):([^;]+);", bare))
    return found


def luminance(name: str, colours: Mapping[str, str]) -> float:
    value = colours[name]
    while reference := re.fullmatch(r"var\(--([\w-]+)\)", value):
        value = colours[reference[1]]
    assert re.fullmatch(r"#[0-9A-F]{6}", value), f"{name}: {value}"
    parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def contrast(front: str, back: str, colours: Mapping[str, str]) -> float:
    high, low = sorted((luminance(front, colours), luminance(back, colours)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_the_guidelines() -> None:
    colours = {"black": "#000000", "white": "#FFFFFF", "grey": "#767676"}
    assert contrast("black", "white", colours) == pytest.approx(21)
    assert contrast("grey", "white", colours) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("listed", "least"), [(WORDS, TEXT), (MARKS, GRAPHIC)])
def test_words_and_marks_stand_out(theme: str, listed: str, least: float) -> None:
    colours = tokens(theme)
    short = {
        pair: round(found, 2)
        for pair in pairs(listed)
        if (found := contrast(*pair, colours)) < least
    }
    assert short == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_decisions_keep_their_order_in_grey(theme: str) -> None:
    colours = tokens(theme)
    fills = [luminance(f"{name}-fill", colours) for name in ("rb", "hold", "relax")]
    assert fills == sorted(fills) if theme == LIGHT else len(set(fills)) == len(fills)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_the_kit_draws_with_is_in_every_theme(theme: str) -> None:
    colours = tokens(theme)
    kit = "".join(path.read_text("utf-8") for path in (ROOT / "layouts").rglob("*.py"))
    named = set(re.findall(r"var\(--([\w-]+)\)", kit))
    assert {"ink", "ink-50", "ink-95", "ref", "prov-zone"} <= named
    assert named <= set(colours)


def test_no_colour_is_written_beside_the_tokens() -> None:
    kit = [ROOT / "layouts" / "charts", ROOT / "layouts" / "components", ROOT / "layouts" / "pages"]
    files = [path for room in kit for path in room.rglob("*.py")]
    literal = re.compile(r"[\"'(:]#[0-9A-Fa-f]{3,8}\b|rgba?\(")
    assert [
        path.name
        for path in files
        if literal.search(path.read_text("utf-8").replace(style.CLEAR, ""))
    ] == []
