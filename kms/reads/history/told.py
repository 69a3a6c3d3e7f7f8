"""How a figure moved: what each week's last publication told about one day."""

from __future__ import annotations

from datetime import date, timedelta

from kms.config import MANILA
from kms.reads.history.rows import Revisions
from kms.reads.shown import ShownFigures, reading_of
from kms.reads.views import Reading
from kms.store.publications import PUBLISHED, Issue, issues

MOST_TOLD = 8  # weeks followed
SETTLED = timedelta(days=42)  # the day followed lies so far back: told early, then revised
SATURDAY = 6


def read_revisions(shown: ShownFigures, indicator: str, area: str) -> Revisions | None:
    """Return how the figure of a day six weeks back was told week by week, if it was, twice.

    Each telling is disclosed by the rule of who looks, as that publication's own page is. The
    day is a Saturday, on which figures told by week stand.
    """
    here = shown.issue.as_of.astimezone(MANILA).date()
    day = here - SETTLED
    day -= timedelta(days=(day.isoweekday() - SATURDAY) % 7)
    weekly: dict[date, Issue] = {}
    for issue in sorted(issues(shown.connection), key=lambda issue: issue.as_of):
        on = issue.as_of.astimezone(MANILA).date()
        if issue.state == PUBLISHED and issue.disease == shown.issue.disease and day < on <= here:
            weekly[on - timedelta(days=on.isoweekday() % 7)] = issue
    followed = list(weekly.values())[-MOST_TOLD:]
    told = [_told(shown, issue, (indicator, area, day)) for issue in followed]
    if sum(reading.value is not None for reading in told) < 2:
        return None
    return Revisions(
        day,
        tuple(issue.as_of.astimezone(MANILA).date() for issue in followed),
        tuple(reading.value for reading in told),
        tuple(reading.low for reading in told),
        tuple(reading.high for reading in told),
        tuple(reading.state for reading in told),
    )


def _told(shown: ShownFigures, issue: Issue, what: tuple[str, str, date]) -> Reading:
    indicator, area, day = what
    then = shown
    if issue.id != shown.issue.id:
        then = ShownFigures(shown.connection, issue, shown.disclosure)
    figure = then.figures(indicator, [area]).get(area)
    place = -1 if figure is None else (day - figure.series.start).days
    if figure is None or not 0 <= place < len(figure.series):
        return Reading(None, None, None, "missing", None)
    return reading_of(figure.series, place)
