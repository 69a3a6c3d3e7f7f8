"""The chart kit: what is drawn is what was given, in plain and in extreme cases."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.access.bands import Banded
from kms.reads.history.rows import Revisions
from kms.reads.request import Request
from kms.reads.views import Reading, SeriesView, WeeksOfAreas
from kms.texts import texts
from layouts import charts
from layouts.charts.multiples import WIDTH, common_days, common_ends, small_fan
from layouts.charts.outlines import Shapes
from layouts.charts.style import band, column, told, written
from layouts.charts.tiles import PLACES, Tile, tile_grid
from layouts.components.heat import heat_table, step
from layouts.components.maps import newest_week, scales, steps, weeks_map
from layouts.gallery import examples
from layouts.gallery.gallery import PAGE, GalleryView
from layouts.page import Visit
from layouts.render import to_html
from tests.layouts.drawn import days, values
from tests.layouts.view_factory import areas_view, board_view

EN = texts("en")
DAY = date(2026, 2, 27)
ENDS = st.one_of(st.none(), st.floats(0, 5, allow_nan=False, width=32))


@given(st.lists(ENDS, min_size=1, max_size=40))
def test_a_range_covers_its_known_days_and_no_other(low: list[float | None]) -> None:
    given_days = [DAY + timedelta(days=at) for at in range(len(low))]
    high = [None if value is None else value + 1 for value in low]
    drawn = band(written(given_days), low, high, "var(--ink)")
    x, y = drawn["x"], values(drawn["y"])
    known = [at for at, value in enumerate(low) if value is not None]
    ends = {end for at in known for end in (low[at], high[at])}
    shown_ends = sorted({value for value in y if value is not None})
    assert shown_ends == pytest.approx(
        sorted({float(np.float32(end)) for end in ends if end is not None})
    )
    assert [moment is None for moment in x] == [value is None for value in y]
    moments = [datetime.fromisoformat(moment) for moment in x if moment is not None]
    nearest = [(moment + timedelta(hours=12)).date() for moment in moments]
    shown = {(day - DAY).days for day in nearest}
    lone = {at for at in known if at - 1 not in known and at + 1 not in known}
    assert shown == set(known)
    whole = [moment for moment in moments if moment.hour == 0]
    assert len(whole) == 2 * (len(known) - len(lone))


def test_a_course_keeps_its_days_through_a_leap_day_and_when_days_are_missing() -> None:
    at = (date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1))
    for dates in (at, (at[0], at[2]), (at[0], at[1], at[1] + timedelta(days=7))):
        count = len(dates)
        one = SeriesView(dates, *(((1.0,) * count,) * 5), state=("final",) * count)
        assert tuple(days(charts.reproduction(one, EN)["data"][2])) == dates


def test_labels_at_the_pointer_are_rounded_outwards() -> None:
    ends = values(told((0.999, None, 1.0), (1.101, None, 1.0), 2))
    assert ends == pytest.approx([0.99, 1.11, None, None, 1.0, 1.0])


def test_the_numbers_of_a_figure_are_typed_arrays() -> None:
    figure = charts.reproduction(examples.courses()["four years"], EN)
    lists = [
        (trace["type"], name)
        for trace in figure["data"]
        for name, value in trace.items()
        if isinstance(value, (list, tuple)) and len(value) > 10
    ]
    assert lists == [("scatter", "x")] * 2  # days of the ranges are written
    assert json.loads(json.dumps(figure)) == figure
    assert figure["layout"]["xaxis"]["tickformat"] == "%b %Y"


def test_a_funnel_fills_the_dots_that_are_told() -> None:
    points, centre, limits = examples.funnel()
    figure = charts.funnel(points, centre, limits, EN, percent=True)
    dots = figure["data"][2]
    filled = [
        name
        for name, colour in zip(dots["text"], dots["marker"]["color"], strict=True)
        if colour.startswith("var")
    ]
    assert filled == [examples.LONG, examples.RIGHT_TO_LEFT]


def test_factors_of_a_waterfall_end_at_their_product() -> None:
    factors = examples.factors()
    figure = charts.waterfall(factors, EN, start="Reference", end="All")
    bars = figure["data"][0]
    low, size = values(bars["base"]), values(bars["x"])
    product = math.prod(factor.times for factor in factors)
    assert (low[-1], size[-1]) == pytest.approx((1.0, product - 1.0))
    for at, factor in enumerate(factors, 1):
        assert (low[at] + size[at]) / low[at] == pytest.approx(  # type: ignore[operator]
            max(factor.times, 1 / factor.times)
        )
    with pytest.raises(ValueError, match=r"factors\[0\] none: 0 is not above 0"):
        charts.waterfall([charts.Factor("none", 0)], EN, start="a", end="b")


def test_a_timeline_cuts_what_goes_beyond_it_and_refuses_what_it_does_not_know() -> None:
    end = DAY + timedelta(days=100)
    spans = [
        charts.Span('"><b>', DAY - timedelta(days=50), DAY + timedelta(days=24), "rb"),
        charts.Span("open", DAY + timedelta(days=50)),
        charts.Span("long past", DAY - timedelta(days=9), DAY - timedelta(days=2)),
    ]
    drawn = charts.timeline([charts.Lane("Rule", spans)], DAY, end, EN)
    assert re.findall(r"left:([\d.]+)%;width:([\d.]+)%", drawn) == [
        ("0.00", "25.00"), ("50.00", "50.00"),
    ]  # fmt: skip
    assert "<b>" not in drawn.replace("<b>Rule</b>", "")
    assert "long past" not in drawn
    assert "still in force" in drawn
    with pytest.raises(ValueError, match="is not after start"):
        charts.timeline([], DAY, DAY, EN)
    with pytest.raises(ValueError, match="kind 'red'"):
        charts.timeline([charts.Lane("x", [charts.Span("y", DAY, None, "red")])], DAY, end, EN)


def test_measures_are_marked_where_they_began_and_outside_not_at_all() -> None:
    plain = charts.reproduction(examples.courses()["plain"], EN)
    began = [examples.LAST - timedelta(days=back) for back in (10, 400)]
    marked = charts.with_measures(plain, [charts.Span("x", day) for day in began], examples.days())
    new = marked["layout"]["shapes"][len(plain["layout"]["shapes"]) :]
    assert [shape["x0"] for shape in new] == [began[0].isoformat()]


def test_tellings_that_were_none_are_not_drawn_and_early_ones_are_hollow() -> None:
    view = examples.revisions()
    (trace,) = charts.revisions(view, EN, centre=1.0)["data"]
    assert len(days(trace)) == 7
    assert [colour.startswith("var") for colour in trace["marker"]["color"]] == [
        state == "final" for state in view.state if state != "missing"
    ]
    empty = Revisions(DAY, (DAY,), (None,), (None,), (None,), ("missing",))
    assert values(charts.revisions(empty, EN)["data"][0]["y"]) == []


def test_small_multiples_stand_on_the_same_days() -> None:
    long, short = examples.series([1.0] * 40, provisional=0), examples.series([1.0] * 10)
    both = [long, short]
    axis, ends = common_days(both), common_ends(both, centre=1.0)
    starts = [
        float(re.search(r'points="([\d.]+),', small_fan(view, ends, axis))[1])  # type: ignore[index]
        for view in both
    ]
    assert starts[0] < 4
    assert starts[1] == pytest.approx(3 + 30 / 39 * (WIDTH - 6), abs=0.1)
    assert common_days([]) is None
    assert "polygon" not in small_fan(SeriesView((), (), (), (), (), (), ()), ends, None)


def test_every_region_has_a_tile_of_its_own() -> None:
    codes = {row.code for row in board_view().rows}
    assert codes == set(PLACES)
    assert len(set(PLACES.values())) == len(PLACES)
    drawn = tile_grid([Tile("0100000000", "I", 'a"<b>', "–")], "x")
    assert "<b>–</b>" in drawn
    assert "a&quot;&lt;b&gt;" in drawn
    assert 'class="absent"' in drawn


def test_heat_steps_begin_at_their_limits_and_absence_is_no_zero() -> None:
    assert [step(value, (0.2, 0.3)) for value in (0, 0.19, 0.2, 0.3, 9)] == [1, 1, 2, 3, 3]
    absent = [
        Reading(None, None, None, state, None) for state in ("suppressed", "withheld", "stale")
    ]
    drawn = to_html(
        heat_table("x", [("I", "One")] * 4, [("r", [*absent, None])], limits=(0.5,), text=EN)
    )
    assert "q1" not in drawn
    assert drawn.count('class="few"') == 1
    assert drawn.count('class="off"') == 3


def test_a_banded_chance_is_shaded_as_its_band_is_called() -> None:
    scale = scales(EN)["p_r_above_1"]
    bands = [Banded(end) for end in (0.025, 0.2, 0.5, 0.8, 0.975)]
    shades = [scale.words[at] for at in steps(scale, bands) if at is not None]
    assert shades == [band.label for band in bands]
    exact = steps(scale, [0.01, 0.1, 0.5, 0.9, 0.99, None])
    assert exact == [0, 1, 2, 3, 4, None]
    rates = scales(EN)["adar_per_100k"]
    assert steps(rates, [0.0, 0.5, 18.0]) == [0, 1, 5]


def test_the_map_begins_at_the_newest_week_most_areas_are_told_of() -> None:
    told_of: dict[str, dict[str, tuple[float | None, ...]]] = {
        "x": {"a": (1.0, 1.0, None), "b": (1.0, 1.0, None), "c": (1.0, None, 1.0)}
    }
    assert newest_week(WeeksOfAreas((DAY,) * 3, told_of), "x") == 1
    assert newest_week(WeeksOfAreas((DAY,) * 2, {"x": {"a": (None, None)}}), "x") == 1
    few: dict[str, dict[str, tuple[float | None, ...]]] = {
        "x": {"a": (1.0, None), "b": (None, None), "c": (None, None)}
    }
    assert newest_week(WeeksOfAreas((DAY,) * 2, few), "x") == 0


def test_the_map_carries_all_it_will_show_and_nothing_that_runs() -> None:
    view = areas_view()
    hostile = [replace(row, name="</script><b>x") for row in view.regions]
    visit = Visit(Request(), EN, "/areas")
    shapes = Shapes("0 0 10 10", {row.code: "M0 0z" for row in view.regions}, {})
    drawn = to_html(weeks_map(hostile, view.weeks, shapes, visit))
    held = re.search(r'<script type="application/json" class="mapdata">(.*?)</script>', drawn)
    assert held is not None
    told_of = json.loads(held[1])
    assert set(told_of["names"].values()) == {"</script><b>x"}
    code = view.regions[0].code
    assert told_of["figures"]["p_r_above_1"]["steps"][code] == [4, 1, 2, None]
    assert told_of["figures"]["p_r_above_1"]["words"][code][1] == "2.5–20%"
    assert "<b>x" not in drawn
    assert drawn.count('class="f-d3"') >= len(view.regions)  # the newest week told: 20 to 80 %


@pytest.mark.parametrize("language", ["en", "fil"])
def test_the_gallery_can_be_written(language: str) -> None:
    drawn = to_html(PAGE.layout(GalleryView(), Visit(Request(), texts(language), "/gallery")))
    assert drawn.count('class="graph"') >= 15
    assert examples.RIGHT_TO_LEFT in drawn


def test_columns_are_written_as_plotly_reads_them() -> None:
    assert column([1.0, None], "f8") == {"dtype": "f8", "bdata": "AAAAAAAA8D8AAAAAAAD4fw=="}
