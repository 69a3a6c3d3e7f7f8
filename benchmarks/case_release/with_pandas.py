"""The work of `ingest.sources.doh.case_information` written with pandas, as one would today.

Text columns throughout (pandas' C reader), whatever is judged is judged once per distinct text,
copies are looked for only among rows that share a key. Left out, in pandas' favour: the line
numbers of faults, malformed lines, mixed line ends, dates as text in the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kms.domain.intake import FIELD, ROW, Parsed
from kms.reference import load_areas, load_matcher

PLACE = ["RegionRes", "ProvRes", "CityMunRes", "CityMuniPSGC"]
BOUNDED = {"DateOnset": True, "DateSpecimen": True, "DateDied": False}  # by the day of the report
BASES = {
    "report": "DateRepConf", "onset": "DateOnset", "report_onset_unknown": "DateRepConf",
    "specimen": "DateSpecimen", "death": "DateDied",
}  # fmt: skip
FAULTS = (
    "", "required", "repeated_header", "date_unreadable", "date_swapped", "date_out_of_range",
    "date_future", "after_daterepconf", "long_before", "date_before_other",
)  # fmt: skip
EARLIEST, EPOCH, NO_DAY = pd.Timestamp("2020-01-15"), pd.Timestamp("1970-01-01"), -1_000_000
GARBLED = ("\u00c3", "\u00c2", "\ufffd")
LONGEST_DAYS, OLDEST_AGE, MOST_SWAPPED = 365, 120, 0.01

Ints = NDArray[np.int64]
Faults = Counter[tuple[str, str, str]]


@dataclass
class Gazetteer:
    """Areas by place text, each distinct text matched once."""

    release: date
    rows: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def look_up(self, texts: Sequence[str]) -> tuple[Ints, Ints, list[str | None]]:
        """Return area and unit numbers and flags."""
        found = [self.rows.get(text) or self._match(text) for text in texts]
        area = np.array([self._number(code) for code, _, _ in found])
        unit = np.array([self._number(code) for _, code, _ in found])
        return area, unit, [flag for _, _, flag in found]

    def _match(self, text: str) -> tuple[str, str, str | None]:
        match = load_matcher().match(*(part.strip(" ") for part in text.split("\x1f")))
        areas, code = load_areas(), match.code
        unit = (areas.unit_of(code, self.release) if code in areas else code) or code
        self.rows[text] = (code, unit, match.flag)
        return self.rows[text]

    def _number(self, code: str) -> int:
        return self.numbers.setdefault(code, len(self.numbers))


def parse(parts: Sequence[Path], release: date) -> Parsed:
    """Read one release of the line list into counts by area and day."""
    gazetteer, faults = Gazetteer(release), Counter[tuple[str, str, str]]()
    read = [read_part(part, gazetteer, faults) for part in parts]
    rows = pd.concat([judged for _, judged in read], ignore_index=True)
    check_swapped(rows)
    usable = rows.loc[~rows["rejected"] & (rows["key"] != ""), "key"]
    shared = usable[usable.duplicated(keep=False)]
    starts = np.cumsum([0, *(len(frame) for frame, _ in read)])
    same_key = pd.concat(
        [frame.iloc[shared.index[(shared.index >= a) & (shared.index < a + len(frame))] - a]
         for (frame, _), a in zip(read, starts, strict=False)]
    )  # fmt: skip
    copy = same_key.duplicated().to_numpy()
    faults[FIELD, "key_shared", "CaseCode"] = int(shared[~copy].duplicated(keep=False).sum())
    accepted = rows[~rows["rejected"]].drop(index=shared.index[copy])
    return Parsed(
        rows_read=len(rows),
        rows_duplicate=int(copy.sum()),
        rows_rejected=int(rows["rejected"].sum()),
        fault_counts=+faults,
        facts=counts(accepted, list(gazetteer.numbers)),
    )


def read_part(
    part: Path, gazetteer: Gazetteer, faults: Faults
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a file as it is, and its rows judged; count the faults."""
    frame = pd.read_csv(part, dtype=str, keep_default_na=False, engine="c")
    report, why, swapped = judged_days(frame["DateRepConf"], gazetteer.release, required=True)
    rejected = why > 0
    count_days(faults, ROW, "DateRepConf", why)
    rows = {"rejected": rejected, "DateRepConf": report, "DateRepConf_swapped": swapped}
    for name, bounded in BOUNDED.items():
        day, why, rows[f"{name}_swapped"] = judged_days(
            frame[name], gazetteer.release, required=False
        )
        if bounded:
            both = (day != NO_DAY) & ~rejected
            why[both & (day > report)] = FAULTS.index("after_daterepconf")
            why[both & (day < report - LONGEST_DAYS)] = FAULTS.index("long_before")
        if name == "DateDied":
            onset = np.asarray(rows["DateOnset"], dtype=np.int64)
            both = (day != NO_DAY) & (onset != NO_DAY) & ~rejected
            why[both & (day < onset)] = FAULTS.index("date_before_other")
        day[why > 0] = NO_DAY
        count_days(faults, FIELD, name, why[~rejected])
        rows[name] = day
    odd = of_distinct(frame["Age"], odd_age)
    faults[FIELD, "age_out_of_range", "Age"] += int((odd & ~rejected).sum())
    region, province, city, code = (frame[name] for name in PLACE)
    place, texts = pd.factorize(region + "\x1f" + province + "\x1f" + city + "\x1f" + code)
    area, unit, flags = gazetteer.look_up(texts.tolist())
    for flag, seen in zip(flags, np.bincount(place[~rejected], minlength=len(texts)), strict=True):
        faults[FIELD, flag or "", PLACE[-1]] += int(seen) if flag else 0
    garbled = np.array([any(sign in text for sign in GARBLED) for text in texts])
    faults[FIELD, "text_garbled", PLACE[-1]] += int((garbled[place] & ~rejected).sum())
    rows |= {"area": area[place], "unit": unit[place]}
    return frame, pd.DataFrame(rows).assign(key=frame["CaseCode"].str.strip(" "))


def judged_days(texts: pd.Series[str], release: date, *, required: bool) -> tuple[Ints, Ints, Ints]:
    """Return days since 1970 (NO_DAY: unusable), why not, and 1 or 2 by what was given.

    The last is 1 for a text, 2 for one that fits only with day and month exchanged.
    """
    codes, distinct = pd.factorize(texts)
    text = pd.Series(distinct, dtype=str).str.strip(" ")
    latest = pd.Timestamp(release)
    day = pd.to_datetime(text.where(text.str.len() == 10), format="%Y-%m-%d", errors="coerce")
    other = pd.to_datetime(text, format="%Y-%d-%m", errors="coerce")
    why = np.select(
        [text == "", text == texts.name, day.isna() & ~other.between(EARLIEST, latest), day.isna(),
         day < EARLIEST, day > latest],
        [1 if required else 0, 2 if required else 3, 3, 4, 5, 6], 0,
    )  # fmt: skip
    since = (day - EPOCH).dt.days.where(why == 0).fillna(NO_DAY)
    days: Ints = since.to_numpy().astype(np.int64)
    swapped = (day.isna() & other.between(EARLIEST, latest)).to_numpy()
    given: Ints = (text != "").to_numpy().astype(np.int64) + swapped
    return days[codes], why.astype(np.int64)[codes], given[codes]


def count_days(faults: Faults, grade: str, name: str, why: Ints) -> None:
    for code, rows in zip(FAULTS, np.bincount(why, minlength=len(FAULTS)), strict=True):
        faults[grade, code, name] += int(rows) if code else 0


def check_swapped(rows: pd.DataFrame) -> None:
    for name in ("DateRepConf", *BOUNDED):
        kinds = np.bincount(rows[f"{name}_swapped"], minlength=3)
        if kinds[2] > MOST_SWAPPED * kinds[1:].sum():
            raise ValueError(f"{name}: too many dates with day and month exchanged")


def of_distinct(texts: pd.Series[str], judge: Callable[[pd.Series[str]], Any]) -> NDArray[Any]:
    """Judge each distinct text once."""
    codes, distinct = pd.factorize(texts)
    judged: NDArray[Any] = judge(pd.Series(distinct, dtype=str)).to_numpy()[codes]
    return judged


def odd_age(texts: pd.Series[str]) -> pd.Series[bool]:
    years = pd.to_numeric(texts, errors="coerce").fillna(-1)
    return (texts != "") & ~years.between(0, OLDEST_AGE)


def counts(accepted: pd.DataFrame, names: list[str]) -> Mapping[str, pd.DataFrame]:
    """Count cases on each time axis by area, and onsets by the day they were reported."""
    unknown = accepted["DateOnset"] == NO_DAY
    by_basis = []
    for basis, name in BASES.items():
        rows = accepted[unknown] if basis == "report_onset_unknown" else accepted
        dated = rows[rows[name] != NO_DAY].rename(columns={name: "ref_date"})
        counted = dated.groupby(["area", "ref_date"], sort=False).size()
        by_basis.append(counted.reset_index(name="cases").assign(basis=basis))
    known = accepted[~unknown].groupby(["unit", "DateOnset", "DateRepConf"], sort=False).size()
    triangle = known.reset_index(name="cases").set_axis(
        ["area", "onset_date", "report_date", "cases"], axis=1
    )
    tables = {"case_count": pd.concat(by_basis), "reporting_triangle": triangle}
    code = np.array(names, dtype=object)
    return {name: table.assign(area=code[table["area"]]) for name, table in tables.items()}
