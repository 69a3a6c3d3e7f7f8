"""Names that computing and reading share."""

from __future__ import annotations

from typing import Final

ALL_SECTORS: Final = "ALL"
NOT_MET: Final = "not_met."  # followed by a checklist item's code
INSPECTION_PERIOD_DAYS: Final = 365
LEAST_ESTABLISHMENTS: Final = 5  # below, a share of items met is not shown
RANGE_LEVEL: Final = 0.95  # of figures of transmission
INNER_RANGE_LEVEL: Final = 0.5  # the darker range of their charts
SAFETY_RANGE_LEVEL: Final = 0.9  # of safety items, whose samples are small
BEDS: Final = (
    "bed_occupancy",
    "days_to_capacity",
    "p_capacity_21d",
    "icu_occupancy",
    "icu_beds_free",
    "days_to_icu_capacity",
    "p_icu_capacity_21d",
    "ventilator_occupancy",
)
BEDS_FULL: Final = 0.85  # of the beds in use: critical in the rules of 2021
BEDS_AHEAD_DAYS: Final = 21  # within which the chance of it is told
POSITIVITY: Final = "positivity"
POSITIVE: Final = "positive_week"  # persons behind it; not for readers
CASES_WEEKLY: Final = "cases_weekly"  # of notifiable diseases, by morbidity week
CASES_EXPECTED: Final = "cases_expected"  # of the week; the high end is passed in 1 % of weeks
# Disclosure must know which weeks an expected count and a channel are made from.
BASELINE_WEEKS: Final = 7
GUARD_WEEKS: Final = 2  # between them and the week compared
CHANNEL_YEARS: Final = 5
CHANNEL_NEIGHBOURS: Final = 1  # weeks to either side of the same week of a year
CASES_CHANNEL: Final = "cases_channel"  # quartiles and median of the same weeks of earlier years
SIGNAL: Final = "signal_q"  # smallest share of false signals at which the week signals
WEEKLY: Final = (CASES_WEEKLY, CASES_EXPECTED, CASES_CHANNEL, SIGNAL)
FALSE_SHARE: Final = 0.05  # of the signals of a week, on average, at most
SIGNAL_LEVEL: Final = 0.01  # largest chance of a count this high in a week without an outbreak
TRACED: Final = "traced_share"
UNTRACEABLE: Final = "untraceable_share"
TRACED_FINAL: Final = "traced_share_final"  # as it will be once every case is 14 days old
TRACED_KNOWN: Final = "traced_known"  # cases behind the shares, by day; not for readers
TRACED_UNKNOWN: Final = "traced_unknown"
TRACED_EFFECT: Final = "traced_design_effect"
CLUSTERS: Final = "workplace_clusters"
FATALITY: Final = "cfr"
FATALITY_DEATHS: Final = "cfr_deaths"  # behind it, in its window; not for readers
FATALITY_RESOLVED: Final = "cfr_resolved"
# Of these a newest value is read with those of the whole tree (`kms.reads.shares`).
SHOWN_ELSEWHERE: Final = (
    TRACED,
    UNTRACEABLE,
    TRACED_FINAL,
    TRACED_KNOWN,
    TRACED_UNKNOWN,
    TRACED_EFFECT,
    CLUSTERS,
    FATALITY,
    FATALITY_DEATHS,
    FATALITY_RESOLVED,
)
