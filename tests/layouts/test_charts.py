from __future__ import annotations

from dataclasses import replace

import pytest

from kms.reads.request import Request
from kms.reads.views import Reading
from kms.texts import texts
from layouts import charts
from layouts.charts import sparks
from layouts.charts.outlines import Inset, Shapes, region_shapes
from layouts.charts.style import ABOVE
from layouts.components.figures import config
from layouts.components.maps import region_map
from layouts.page import Visit
from layouts.render import to_html
from tests.layouts.drawn import days, values
from tests.layouts.view_factory import area_view, board_view, cases_view, reading, series

EN = texts("en")


def visit() -> Visit:
    return Visit(Request(), EN, "/")


def test_the_middle_line_ends_where_figures_become_provisional() -> None:
    course = series()
    figure = charts.reproduction(course, EN)
    middle = next(trace for trace in figure["data"] if "hovertemplate" in trace)
    for value, state in zip(values(middle["y"]), course.state, strict=True):
        assert (value is None) == (state == "provisional")
    zone = next(shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect")
    assert zone["x0"] == course.dates[course.state.index("provisional")].isoformat()


def test_ranges_leave_gaps_open() -> None:
    course = series(30)
    holed = replace(
        course,
        low=(*course.low[:10], None, *course.low[11:]),
        high=(*course.high[:10], None, *course.high[11:]),
    )
    band = charts.reproduction(holed, EN)["data"][0]
    drawn = values(band["y"])
    assert drawn.count(None) == 2
    assert len(drawn) == len(band["x"]) == 2 * 29 + 2
    assert len(days(band)) == 2 * 29


def test_one_is_the_reference_of_r_and_zero_of_growth() -> None:
    lines = [
        [shape["y0"] for shape in figure["layout"]["shapes"] if shape["type"] == "line"]
        for figure in (charts.reproduction(series(), EN), charts.growth(series(centre=0.0), EN))
    ]
    assert lines == [[1], [0]]


def test_suppressed_counts_are_gaps_and_not_zero() -> None:
    figure = charts.cases(cases_view(), EN)
    assert values(figure["data"][0]["y"])[12] is None


def test_every_chart_is_closed_to_the_outside() -> None:
    for language in ("en", "fil"):
        settings = config(texts(language))
        assert settings["showSendToCloud"] is False
        assert settings["displayModeBar"] is False
    assert config(texts("fil"))["locales"]["fil"]["format"]["shortMonths"][10] == "Nob"


def test_a_sparkline_stays_in_its_frame_and_dots_what_is_provisional() -> None:
    drawn = sparks.sparkline((0.1, 9.0, None, 1.0, 1.1, 1.2, 1.3) * 8, provisional=True)
    assert 'class="sl d"' in drawn
    heights = [float(p.split(",")[1]) for p in drawn.split('points="')[1].split('"')[0].split()]
    assert all(0 <= height <= sparks.HEIGHT for height in heights)
    assert "polyline" not in sparks.sparkline((None,) * 56, provisional=False)
    assert "polyline" not in sparks.sparkline((), provisional=False)


def test_a_sparkline_keeps_the_ends_of_every_run_and_its_single_days() -> None:
    drawn = sparks.sparkline((1.0, 1.1, None, 1.2, None, 1.0, 1.1, 1.2, 1.3), provisional=False)
    runs = [part.split('"')[0].split() for part in drawn.split('points="')[1:]]
    assert [len(run) for run in runs] == [2, 3]
    assert drawn.count("<circle") == 2  # the lone day, and the last


def test_a_last_value_that_is_long_past_carries_its_day() -> None:
    course = series()
    past = replace(
        course,
        value=(*course.value[:20], *(None,) * 50),
        state=("final",) * 20 + ("too_few",) * 45 + ("hidden",) * 5,
    )
    notes = [a["text"] for a in charts.reproduction(past, EN)["layout"]["annotations"]]
    day = EN.short_day(course.dates[19])
    assert any(note.startswith("<b>") and note.endswith(f", {day}") for note in notes)
    newest = [a["text"] for a in charts.reproduction(course, EN)["layout"]["annotations"]]
    assert not any(note.endswith(")") for note in newest), "a provisional figure is newer"
    hidden = replace(course, state=("final",) * 60 + ("hidden",) * 10)
    hidden = replace(hidden, value=(*course.value[:60], *(None,) * 10))
    current = [a["text"] for a in charts.reproduction(hidden, EN)["layout"]["annotations"]]
    assert any(note.startswith("<b>") and note.endswith(")") for note in current)


def test_days_not_yet_known_are_drawn_as_still_arriving() -> None:
    course = series()
    hidden = replace(course, state=(*course.state[:60], *("hidden",) * 10))
    drawn = charts.reproduction(hidden, EN)["layout"]
    note = next(a for a in drawn["annotations"] if "arriving" in a["text"])
    assert (note["y"], note["yanchor"], note["yref"]) == (1, "bottom", "paper")
    assert drawn["margin"]["t"] == ABOVE


def test_a_common_scale_ends_above_every_range() -> None:
    assert sparks.upper_end([reading(0.41, 0.07), reading(None)]) == pytest.approx(0.5)
    assert sparks.upper_end([]) == pytest.approx(0.1)
    assert 'r="4"' in sparks.interval_dot(reading(0.4), Reading(None, None, None, "few", None))


def test_a_bullet_draws_its_range_and_thresholds_and_stays_on_its_track() -> None:
    drawn = sparks.bullet(reading(0.5, 0.1), [sparks.Mark(0.85, "rb")], width=200)
    assert 'width="100" height="8"' in drawn
    assert "M80 17v4M80 19H120M120 17v4" in drawn
    assert 'x1="170"' in drawn
    assert 'width="200" height="8"' in sparks.bullet(reading(1.7), [])
    assert "bu" not in sparks.bullet(reading(None), [])


def test_the_map_names_links_and_labels_every_region() -> None:
    rows = board_view().rows[:2]
    shapes = Shapes(
        "0 0 516 700",
        {row.code: "M0 0l1 1z" for row in rows},
        {rows[0].code: (10.0, 10.0)},
        "",
        Inset((0, 0, 10, 10), {rows[1].code: "M0 0z"}, {rows[1].code: (5.0, 5.0)}),
    )
    drawn = to_html(region_map(rows, shapes, visit()))
    assert f'href="/areas/{rows[0].code}"' in drawn
    assert f'aria-label="{rows[0].name}: Growing"' in drawn
    assert f">{rows[1].label}</text>" in drawn


def test_the_shipped_outlines_have_every_region() -> None:
    shapes = region_shapes()
    if shapes is None:
        pytest.skip("data/reference/boundaries is not built")
    assert {row.code for row in board_view().rows} <= set(shapes.paths)
    assert shapes.attribution


def test_without_outlines_the_map_says_so() -> None:
    assert "not installed" in to_html(region_map(board_view().rows, None, visit()))


def test_a_series_without_a_value_still_draws_axes() -> None:
    nothing = replace(area_view().r, value=(None,) * 70, low=(None,) * 70, high=(None,) * 70)
    bare = replace(nothing, low50=nothing.low, high50=nothing.high)
    assert charts.reproduction(bare, EN)["layout"]["yaxis"]["range"][0] < 1
    assert days(charts.growth(bare, EN)["data"][2])[0] == bare.dates[0]
