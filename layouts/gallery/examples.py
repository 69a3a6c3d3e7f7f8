"""Made-up views the gallery draws: a plain one of each, and what breaks drawings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

from kms.reads.history.rows import Revisions
from kms.reads.notifiable.rows import WeeksView
from kms.reads.views import CasesView, Reading, SeriesView, WeeksOfAreas
from layouts import charts
from layouts.charts.tiles import Tile

LAST = date(2026, 11, 15)
DAYS = 120
LONG = "Panlalawigang Tanggapan ng Kalusugan at Kaligtasan sa Paggawa, Silangan"  # over 60 letters
RIGHT_TO_LEFT = "بانجسامورو"  # Bangsamoro
Shape = Sequence[float | None]


def days(count: int = DAYS) -> tuple[date, ...]:
    """Return the days up to the last one."""
    return tuple(LAST - timedelta(days=count - 1 - at) for at in range(count))


def series(
    middle: Shape, *, width: float = 0.12, provisional: int = 10, by_factor: bool = True
) -> SeriesView:
    """Return a course around `middle` whose last days are provisional."""

    def end(reach: float) -> tuple[float | None, ...]:
        return tuple(
            None if at is None else at * (1 + reach) if by_factor else at + reach for at in middle
        )

    count = len(middle)
    states = ("final",) * max(count - provisional, 0) + ("provisional",) * min(provisional, count)
    return SeriesView(
        days(count),
        tuple(middle),
        end(-width),
        end(width),
        end(-width / 3),
        end(width / 3),
        tuple("missing" if at is None else state for at, state in zip(middle, states, strict=True)),
    )


def wave(count: int = DAYS, *, high: float = 0.25, centre: float = 1.0) -> list[float]:
    """Return a smooth course around a centre."""
    return [centre + high * math.sin(at / 14) + high / 8 * math.sin(at / 3) for at in range(count)]


def with_gaps(middle: Shape) -> list[float | None]:
    """Leave out a week, single days, and all but one day between two gaps."""
    out = {*range(30, 37), 50, 52, 80, 81, 83, 84}
    return [None if at in out else value for at, value in enumerate(middle)]


def courses() -> dict[str, SeriesView]:
    """Return courses of R by what is odd about them."""
    hidden = series(wave())
    return {
        "plain": series(wave()),
        "one day": series([1.2], provisional=0),
        "gaps": series(with_gaps(wave())),
        "far above": series([at**4 for at in wave(high=0.9)]),
        "all suppressed": SeriesView(
            hidden.dates, *(((None,) * DAYS,) * 5), state=("suppressed",) * DAYS
        ),
        "four years": series(wave(1_200)),
    }


def cases(scale: float, *, gaps: bool = False) -> CasesView:
    """Return daily counts up to `scale`, with the mean of the week; suppressed where `gaps`."""
    counts = [round(scale * (0.5 + 0.45 * math.sin(at / 14))) for at in range(DAYS)]
    shown = [None if gaps and at % 9 < 4 else count for at, count in enumerate(counts)]
    mean = [sum(counts[max(at - 6, 0) : at + 1]) / min(at + 1, 7) for at in range(DAYS)]
    return CasesView(days(), tuple(shown), tuple(mean), LAST - timedelta(days=6), "onset")


def weeks() -> WeeksView:
    """Return weekly counts with their expected ranges and two signals."""
    count = 40
    starts = tuple(LAST - timedelta(days=7 * (count - at)) for at in range(count))
    expected = [30 + 12 * math.sin(at / 6) for at in range(count)]
    reported = [round(value * (1.9 if 30 <= at <= 32 else 1)) for at, value in enumerate(expected)]
    return WeeksView(
        weeks=starts,
        cases=tuple(reported),
        states=("final",) * (count - 2) + ("provisional",) * 2,
        expected=tuple(expected),
        bound=tuple(value * 1.5 for value in expected),
        alert=tuple(value * 1.25 for value in expected),
        epidemic=tuple(value * 1.7 for value in expected),
        signals=tuple(30 <= at <= 32 for at in range(count)),
    )


def funnel() -> tuple[list[charts.Point], float, charts.Limits]:
    """Return points around a rate, two of them far out, and limits of the normal kind."""
    centre = 0.4
    sizes = [5 * 1.25**step for step in range(24)]

    def limit(times: float) -> list[float]:
        ends = (centre + times * math.sqrt(centre * (1 - centre) / size) for size in sizes)
        return [min(max(end, 0.0), 1.0) for end in ends]

    points = [
        charts.Point(
            f"Region {at}", sizes[at], centre + 0.9 * math.sin(at * 2.1) / sizes[at] ** 0.5
        )
        for at in range(2, 22, 2)
    ]
    points += [
        charts.Point(LONG, 300, 0.56, signal=True),
        charts.Point(RIGHT_TO_LEFT, 90, 0.16, signal=True),
    ]
    return (
        points,
        centre,
        charts.Limits(sizes, limit(-1.96), limit(1.96), limit(-3.09), limit(3.09)),
    )


def factors() -> list[charts.Factor]:
    """Return an explanation with a long, a right-to-left, a neutral and an extreme part."""
    return [
        charts.Factor("Contact with the public", 1.42),
        charts.Factor(LONG, 1.18),
        charts.Factor("Indoor work", 1.0),
        charts.Factor(RIGHT_TO_LEFT, 0.62),
        charts.Factor("Items not met at the first visit", 1.9),
    ]


def lanes() -> list[charts.Lane]:
    """Return a year of decisions with the shortest and the longest label."""
    at = LAST - timedelta(days=110)
    return [
        charts.Lane(
            "Ligtas rule",
            [
                charts.Span("Consider relaxing", at, at + timedelta(days=40), "relax"),
                charts.Span("Hold", at + timedelta(days=41), at + timedelta(days=104), "hold"),
                charts.Span("Roll back", at + timedelta(days=105), None, "rb"),
            ],
        ),
        charts.Lane(
            "In force",
            [
                charts.Span(
                    "Capacity 70% indoors", at - timedelta(days=60), at + timedelta(days=50)
                ),
                charts.Span(LONG, at + timedelta(days=51), None),
            ],
        ),
        charts.Lane(RIGHT_TO_LEFT, [charts.Span("1", at, at + timedelta(days=1), "level")]),
        charts.Lane("Log", moments=[(at + timedelta(days=20), "hold confirmed")]),
    ]


def revisions() -> Revisions:
    """Return a figure told eight times that came down as reports arrived."""
    told_on = tuple(LAST - timedelta(days=7 * back) for back in range(7, -1, -1))
    value = (1.32, 1.24, 1.18, 1.15, 1.14, 1.14, None, 1.13)
    reach = (0.3, 0.2, 0.14, 0.12, 0.11, 0.11, None, 0.11)
    return Revisions(
        LAST - timedelta(days=56),
        told_on,
        value,
        tuple(None if v is None or r is None else v - r for v, r in zip(value, reach, strict=True)),
        tuple(None if v is None or r is None else v + r for v, r in zip(value, reach, strict=True)),
        ("provisional",) * 3 + ("final",) * 3 + ("missing", "final"),
    )


def readings() -> dict[str, Reading]:
    """Return shares for bullets, past the edge and absent among them."""
    return {
        "88%": Reading(0.88, 0.83, 0.92, "final", LAST),
        "0%": Reading(0.0, 0.0, 0.04, "final", LAST),
        "131%": Reading(1.31, 1.2, 1.4, "final", LAST),
        "withheld": Reading(None, None, None, "withheld", None),
    }


def tiles(codes: Sequence[tuple[str, str, str]]) -> list[Tile]:
    """Return a tile a region, (code, label, name); every seventh without a figure."""
    return [
        Tile(code, label, name, "–", 0)
        if at % 7 == 5
        else Tile(code, label, name, f"{at * 5}%", at % 6 + 1, f"/areas/{code}")
        for at, (code, label, name) in enumerate(codes)
    ]


def map_view(codes: Sequence[str]) -> WeeksOfAreas:
    """Return eight weeks of two metrics, one region always absent."""
    weeks = tuple(LAST - timedelta(days=7 * back) for back in range(7, -1, -1))

    def values(scale: float, shift: int) -> dict[str, tuple[float | None, ...]]:
        return {
            code: tuple(
                None if at == 4 else scale * (1 + math.sin((at + shift + week) / 3))
                for week in range(len(weeks))
            )
            for at, code in enumerate(codes)
        }

    figures = {"p_r_above_1": values(0.5, 0), "adar_per_100k": values(4.0, 5)}
    states = {
        name: {
            code: tuple("suppressed" if value is None else "final" for value in each)
            for code, each in areas.items()
        }
        for name, areas in figures.items()
    }
    return WeeksOfAreas(weeks, figures, states)
