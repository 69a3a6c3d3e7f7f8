"""What an attacker does with public figures: bounds of every hidden count, as tight as they go.

Each public figure bounds a sum of daily counts; bounds are passed on until none moves. The
attacker knows the rules, that an area is the sum of those inside it, and, from an oracle that no
real one has, the over-dispersion behind each range.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from kms.access.disclosure import DisclosureRule
from kms.access.weeks import WEEK, week_ends
from kms.domain.series import Series
from kms.reference import load_areas
from metrics.transmission.reproduction import LEAST_CASES
from tests.access.attacked import NATION, Attacked

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
RULE = DisclosureRule()
REACH = RULE.base // 2
MOST = 10_000  # cases of a day and area: more than any here
FORTNIGHT = 14


@dataclass
class Bounds:
    """Bounds of counts, and what is known of their sums: least ≤ plus − minus ≤ most."""

    low: Floats
    high: Floats
    sums: list[tuple[Ints, Ints, float, float]] = field(default_factory=list)

    def add(self, plus: Ints, minus: Ints, least: float, most: float) -> None:
        """Note a sum."""
        self.sums.append((plus, minus, least, most))

    def tighten(self, rounds: int = 60) -> None:
        """Pass bounds on until none moves."""
        for _ in range(rounds):
            before = self.low.sum() - self.high.sum()
            for plus, minus, least, most in self.sums:
                self._use(plus, minus, least, most)
            if self.low.sum() - self.high.sum() == before:
                return

    def _use(self, plus: Ints, minus: Ints, least: float, most: float) -> None:
        low, high = self.low, self.high
        down = low[plus].sum() - high[minus].sum()
        up = high[plus].sum() - low[minus].sum()
        new_high = np.minimum(high[plus], most - (down - low[plus]))
        new_low = np.maximum(low[plus], least - (up - high[plus]))
        other_low = np.maximum(low[minus], down + high[minus] - most)
        other_high = np.minimum(high[minus], up + low[minus] - least)
        low[plus], high[plus] = np.ceil(new_low - 1e-6), np.floor(new_high + 1e-6)
        low[minus], high[minus] = np.ceil(other_low - 1e-6), np.floor(other_high + 1e-6)


@dataclass(frozen=True)
class Cells:
    """Hidden counts of 1 to 7 of one kind: the truth, and the bounds an attack gave them."""

    exact: Floats
    low: Floats
    high: Floats

    def recovered(self) -> int:
        """Count those of which only one value is left."""
        return int((self.low == self.high).sum())

    def sound(self) -> bool:
        """Tell whether the truth lies within the bounds: else the attack is wrong."""
        return bool(((self.low <= self.exact) & (self.exact <= self.high)).all())

    def constant(self) -> float:
        """Return how often the best single guess hits."""
        return max(float((self.exact == guess).mean()) for guess in range(1, RULE.threshold + 1))

    def best(self) -> float:
        """Return how often the best way to guess within the bounds hits."""
        low = np.maximum(self.low, 1)
        high = np.maximum(np.minimum(self.high, RULE.threshold), low)
        constant = max(range(1, RULE.threshold + 1), key=lambda n: (self.exact == n).mean())
        guesses = (low, high, np.round((low + high) / 2), np.clip(constant, low, high))
        return max(float((guess == self.exact).mean()) for guess in guesses)


class Attack:
    """Everything public about the counts of one time axis, as bounds."""

    def __init__(self, attacked: Attacked, axis: str) -> None:
        self.attacked, self.axis = attacked, axis
        self.codes = list(attacked.areas)
        self.start: date = attacked.exact[f"cases_{axis}", NATION].start
        self.days = len(attacked.exact[f"cases_{axis}", NATION])
        self.weeks = week_ends(self.start, self.days)
        self.ends = sorted({int(e) for e in self.weeks if e - WEEK + 1 >= 0})
        names = [*self.codes, "placeless"]
        self.row = {code: number for number, code in enumerate(names)}
        self.cells = len(names) * self.days
        size = self.cells + len(names) * len(self.ends)
        self.bounds = Bounds(np.zeros(size), np.full(size, float(MOST) * WEEK))
        self.bounds.high[: self.cells] = MOST
        for code in names:
            for number, end in enumerate(self.ends):
                days = self.day(code, end) - np.arange(WEEK)
                self.bounds.add(days, self.week(code, number), 0, 0)

    def day(self, code: str, place: int) -> Ints:
        """Return where a day of an area stands."""
        return np.array([self.row[code] * self.days + place])

    def week(self, code: str, number: int) -> Ints:
        """Return where a whole week of an area stands."""
        return np.array([self.cells + self.row[code] * len(self.ends) + number])

    def window(self, code: str, end: int, days: int) -> Ints:
        """Return the days of a window."""
        return self.day(code, end) - np.arange(min(days, end + 1))

    def use_days(self, public: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
        """Use the counts shown by day, of the newest or an earlier edition."""
        for (indicator, code), points in public.items():
            if indicator not in (f"cases_{self.axis}", "cases_placeless"):
                continue
            name = "placeless" if indicator == "cases_placeless" else code
            for point in points:
                place = (date.fromisoformat(point["ref_date"]) - self.start).days
                if point["value"] is not None and 0 <= place < self.days:
                    self.bounds.add(
                        self.day(name, place), np.array([], int), *around(point["value"])
                    )

    def use_pages(self) -> None:
        """Use the weekly means on the areas' pages."""
        for code, view in self.attacked.pages.items():
            if view.cases.basis != self.axis:
                continue
            for day, mean in zip(view.cases.dates, view.cases.mean7, strict=True):
                place = (day - self.start).days
                if mean is not None and place in self.ends:
                    number = self.ends.index(place)
                    week = self.week(code, number)
                    self.bounds.add(week, np.array([], int), *around(round(mean * WEEK)))

    def use_tree(self) -> None:
        """Use that an area is the sum of those inside it, by day and by week."""
        for parent, inside in self.families():
            others = [*inside, "placeless"] if parent == NATION else inside
            for place in range(self.days):
                parts = np.concatenate([self.day(code, place) for code in others])
                self.bounds.add(self.day(parent, place), parts, 0, 0)
            for number in range(len(self.ends)):
                parts = np.concatenate([self.week(code, number) for code in others])
                self.bounds.add(self.week(parent, number), parts, 0, 0)

    def families(self) -> list[tuple[str, list[str]]]:
        """Return the areas that have others inside, each with those."""
        areas, known = load_areas(), self.attacked.areas
        found = []
        for parent in (code for code in self.codes if known[code]["level"] != "province"):
            inside = [u.code for u in areas.children(parent, self.start) if u.code in self.row]
            if inside:
                found.append((parent, inside))
        return found

    def exact_week(self, code: str, end: date) -> int:
        """Return the exact count of the week that ends on a day."""
        place = (end - self.start).days
        values = self.attacked.exact[f"cases_{self.axis}", code].value
        return int(values[place - WEEK + 1 : place + 1].sum())

    def use_rates(self) -> None:
        """Turn attack rates back into cases of a fortnight."""
        for (indicator, code), points in self.attacked.public.items():
            if indicator != "adar_per_100k" or self.axis != "report":
                continue
            people = self.attacked.areas[code]["population"]
            for place, point in enumerate(points):
                rate = point["value"]
                if rate is None or place < FORTNIGHT - 1:
                    continue
                unit = 10.0 ** (np.floor(np.log10(rate)) - 1) if rate else 0.0
                counts = np.array([rate - unit / 2, rate + unit / 2]) * FORTNIGHT * people / 1e5
                least, most = np.ceil(counts[0] - 1e-6), np.floor(counts[1] + 1e-6)
                if place - self._last_end(place) and self._held(points, place):
                    continue  # that of the last whole weeks, used on its own day
                # By day the count was rounded; of whole weeks two rounded counts were added.
                slack = 2 * REACH
                days = self.window(code, place, FORTNIGHT)
                self.bounds.add(days, np.array([], int), least - slack, most + slack)

    def use_ranges(self) -> None:
        """Turn the width of R's range into the cases of a week."""
        for (indicator, code), points in self.attacked.public.items():
            # The country's R leaves out cases from abroad, which are not in its counts.
            if indicator != "r_t" or code == NATION:
                continue
            if self.attacked.pages[code].frame.basis != self.axis:
                continue
            exact = self.attacked.exact["r_t", code]
            counts = self.attacked.exact[f"cases_{self.axis}", code]
            offset = (exact.start - counts.start).days
            for place, point in enumerate(points):
                end = place + offset
                if point["value"] is None or (
                    self._held(points, place) and end - self._last_end(end)
                ):
                    continue
                # The oracle: what the exact range has to do with the exact count.
                known = float(exact.completeness[place])
                cases = counts.value[end - WEEK + 1 : end + 1].sum()
                dispersion = cases / known / (shape_of(exact.low[place], exact.high[place])[0] - 1)
                step = step_of(point, exact, place)
                widest = shape_of(point["low"], point["high"])[0]
                tightest = shape_of(point["low"] + step, point["high"] - step)[0]
                least, most = np.array([widest - 1, tightest - 1]) * dispersion * known
                days = self.window(code, end, WEEK)
                self.bounds.add(days, np.array([], int), np.floor(least), np.ceil(most))

    def windows_told(self, *, fine: bool) -> tuple[int, int]:
        """Count the windows of few cases whose range leaves one count, and all of them.

        Fine ranges are those of two decimals, the others as they are public. A week of fewer cases
        than R needs is not the window: R is that of its fortnight.
        """
        told = of = 0
        for code in (code for code in self.codes if code != NATION):
            exact = self.attacked.exact.get(("r_t", code))
            if exact is None:
                continue
            counts = self.attacked.exact[f"cases_{self.axis}", code]
            for place in np.flatnonzero(np.isfinite(exact.value) & (exact.completeness > 0.999)):
                end = int(place) + (exact.start - counts.start).days
                point, days = self.attacked.public["r_t", code][int(place)], WEEK
                if counts.value[end - WEEK + 1 : end + 1].sum() < LEAST_CASES:
                    days = FORTNIGHT
                cases = counts.value[end - days + 1 : end + 1].sum()
                if cases > days * RULE.threshold or point["value"] is None:
                    continue
                ends = np.array([exact.low[place], exact.high[place]])
                shape = shape_of(*ends)[0] - 1
                step = 0.01 if fine else step_of(point, exact, int(place))
                low, high = np.floor(ends[0] / step) * step, np.ceil(ends[1] / step) * step
                least = (shape_of(low, high)[0] - 1) * cases / shape
                most = (shape_of(low + step, high - step)[0] - 1) * cases / shape
                of += 1
                told += int(np.floor(most) - np.ceil(least)) == 0
        return told, of

    def use_growth(self) -> None:
        """Turn the width of growth's range, which goes with one over √cases, into cases."""
        for (indicator, code), points in self.attacked.public.items():
            if indicator != "growth_rate_per_day":
                continue
            if self.attacked.pages[code].frame.basis != self.axis:
                continue
            exact = self.attacked.exact[indicator, code]
            counts = self.attacked.exact[f"cases_{self.axis}", code]
            offset = (exact.start - counts.start).days
            for place, point in enumerate(points):
                end = place + offset
                if point["value"] is None or (
                    self._held(points, place) and end - self._last_end(end)
                ):
                    continue
                cases = counts.value[end - FORTNIGHT + 1 : end + 1].sum()
                width = exact.high[place] - exact.low[place]
                step, shown = step_of(point, exact, place), point["high"] - point["low"]
                least = cases * (width / shown) ** 2
                most = cases * (width / max(shown - 2 * step, 1e-9)) ** 2
                days = self.window(code, end, FORTNIGHT)
                self.bounds.add(days, np.array([], int), np.floor(least), np.ceil(most))

    def use_counts_once_shown(self) -> None:
        """Use what would be public if each count were rounded by itself: days, sliding weeks."""
        for code in self.codes:
            values = self.attacked.exact[f"cases_{self.axis}", code].value
            sums = np.convolve(values, np.ones(WEEK))[: len(values)]
            for place in range(self.days):
                self.bounds.add(self.day(code, place), np.array([], int), *once(values[place]))
                if place >= WEEK - 1:
                    days = self.window(code, place, WEEK)
                    self.bounds.add(days, np.array([], int), *once(sums[place]))

    def _last_end(self, place: int) -> int:
        return int(self.weeks[place])

    def _held(self, points: list[dict[str, Any]], place: int) -> bool:
        """Tell whether a figure repeats the last Saturday's; only then is it the same for sure."""
        start = date.fromisoformat(points[0]["ref_date"])
        end = int(week_ends(start, place + 1)[-1])
        same = [points[place][name] for name in ("value", "low", "high")]
        return end >= 0 and same == [points[end][name] for name in ("value", "low", "high")]

    def days_found(self) -> Cells:
        """Return the hidden days of 1 to 7 cases, after `tighten`."""
        exact, low, high = [], [], []
        for code in self.codes:
            values = self.attacked.exact[f"cases_{self.axis}", code].value
            for place in np.flatnonzero((values >= 1) & (values <= RULE.threshold)):
                at = self.day(code, int(place))[0]
                exact.append(values[place])
                low.append(self.bounds.low[at])
                high.append(self.bounds.high[at])
        return Cells(np.array(exact), np.array(low), np.array(high))

    def weeks_found(self) -> Cells:
        """Return the whole weeks of 1 to 7 cases, after `tighten`."""
        exact, low, high = [], [], []
        for code in self.codes:
            values = self.attacked.exact[f"cases_{self.axis}", code].value
            for number, end in enumerate(self.ends):
                total = values[end - WEEK + 1 : end + 1].sum()
                if 1 <= total <= RULE.threshold:
                    at = self.week(code, number)[0]
                    exact.append(total)
                    low.append(self.bounds.low[at])
                    high.append(self.bounds.high[at])
        return Cells(np.array(exact), np.array(low), np.array(high))


def around(shown: float) -> tuple[float, float]:
    """Return what a shown count may have been."""
    if shown == 0:
        return 0.0, 0.0
    return max(shown - REACH, RULE.threshold + 1.0), shown + REACH


def once(exact: float) -> tuple[float, float]:
    """Return what is told of a count that is suppressed or rounded by itself."""
    shown = RULE.count(int(exact))
    return (1.0, float(RULE.threshold)) if shown is None else around(shown)


_SHAPES = np.exp(np.linspace(np.log(1.01), np.log(20_000), 4000))
_RATIOS = np.log(gamma.ppf(0.975, _SHAPES) / gamma.ppf(0.025, _SHAPES))[::-1]


def shape_of(low: float, high: float) -> Floats:
    """Return the shape of the gamma distribution whose 95 % range has these ends."""
    ratio = np.log(max(high, 1e-9) / max(low, 1e-9)) if high > low else _RATIOS[0]
    return np.atleast_1d(np.interp(ratio, _RATIOS, _SHAPES[::-1]))


def step_of(point: dict[str, Any], exact: Series, place: int) -> float:
    """Return the step in which a range was printed: the largest likely one in which it fits."""
    width = exact.high[place] - exact.low[place]
    for step in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01):
        fits = all(abs(point[n] / step - round(point[n] / step)) < 1e-6 for n in ("low", "high"))
        if fits and step <= width / 3:
            return step
    return 0.001
