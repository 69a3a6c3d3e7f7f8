"""How often later data fell inside the ranges that were published."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from kms.reads.views import DataView, HeldRow, Limits
from kms.texts import Texts
from layouts.components import marks
from layouts.components.cards import Child, card, empty, two
from layouts.components.tables import Column, body_row, group_row, wide_table

ESTIMATES = ("r_t",)  # never known for sure, only estimated again
RARE, RAREST = 0.01, 0.001  # shares nearer to none or all have a decimal; the nearest one is told


def held_card(view: DataView, text: Texts) -> Component:
    """Say how often ranges held: all of an indicator first, groups of them on demand."""
    _ = text.gettext
    name = _("Did our ranges hold?")
    if view.held is None:
        why = _("It is told by the newest publication, computed once a night.")
        return card(name, empty(_("Not computed for this publication."), why))
    if not view.held:
        return card(name, empty(_("No range has been published that could be compared.")))
    whole = [row for row in view.held if row.ages is None and row.sizes is None]
    groups = (
        (_("By age when published"), [row for row in view.held if row.ages]),
        (_("By size of area, mean cases a day"), [row for row in view.held if row.sizes]),
    )
    more = [
        html.Details([html.Summary(head), html.Div(_table(head, rows, text), className="tw")])
        for head, rows in groups
        if rows
    ]
    return card(
        name,
        [_table(name, whole, text), html.Div(more, className="never") if more else None],
        sub=_("ranges we published, against what became known later"),
        foot=_notes(view, text),
        flush=True,
    )


def _table(caption: str, rows: Sequence[HeldRow], text: Texts) -> Component:
    _ = text.gettext
    columns = [
        Column(_("Range"), width="28%"),
        Column(_("Held"), "num"),
        Column(_("Later above it"), "num"),
        Column(_("Later below it"), "num"),
        Column(_("Compared"), "num"),
        Column(_("Waiting"), "num"),
    ]
    lines: list[Component] = []
    for indicator in dict.fromkeys(row.indicator for row in rows):
        lines.append(group_row(_against(indicator, text), len(columns)))
        own = [row for row in rows if row.indicator == indicator]
        widest_first = sorted(own, key=lambda row: -row.said)
        lines += [body_row(columns, _cells(row, text)) for row in widest_first]
    return wide_table(caption, columns, lines, class_name="flow trio")


def _cells(row: HeldRow, text: Texts) -> list[Child]:
    range_name = text.gettext("{level} range").format(level=text.percent(row.said))
    group = _group(row, text)
    return [
        two(range_name, group) if group else range_name,
        _share(row, text),
        "" if row.above is None else _percent(row.above, text),
        "" if row.below is None else _percent(row.below, text),
        text.number(row.compared),
        text.number(row.waiting),
    ]


def _share(row: HeldRow, text: Texts) -> Child:
    """Write the share that held over its own range, and whether that is as often as was said."""
    if row.inside is None or row.low is None or row.high is None:
        return marks.state(text, "too_few")
    own = text.span(_percent(row.low, text), _percent(row.high, text))
    if row.indicator in ESTIMATES:
        return two(html.B(_percent(row.inside, text)), own)
    if row.high < row.said:
        word = text.gettext("less often than said")
    elif row.low > row.said:
        word = text.gettext("more often than said")
    else:
        word = text.gettext("as said")
    return two(html.B(_percent(row.inside, text)), f"{own}, {word}", "wrap")


def _percent(share: float, text: Texts) -> str:
    """Write a share so that only none is 0% and only all are 100%."""
    if share in (0, 1) or RARE <= share <= 1 - RARE:
        return text.percent(share)
    return text.percent(min(max(share, RAREST), 1 - RAREST), 1)


def _against(indicator: str, text: Texts) -> str:
    """Name an indicator and what its ranges are compared with."""
    _ = text.gettext
    words = {
        "r_t": _("Reproduction number R, against our own later estimate"),
        "nowcast_cases": _("Cases of days not yet complete, against the count 28 days later"),
        "forecast_cases": _("Forecast of cases, against the count of the day"),
    }
    return words.get(indicator, indicator)


def _group(row: HeldRow, text: Texts) -> str:
    if row.ages is not None:
        return _age(row.ages, text)
    return "" if row.sizes is None else _size(row.sizes, text)


def _age(ages: Limits, text: Texts) -> str:
    """Say how old a day was when its range was published, or how far ahead it lay."""
    first, below = (int(end or 0) for end in ages)
    if below <= 0:
        words, first, last = text.gettext("{from_} to {to} days ahead"), 1 - below, -first
    else:
        words, last = text.gettext("{from_} to {to} days after the day"), below - 1
    return words.format(from_=text.number(first), to=text.number(last))


def _size(sizes: Limits, text: Texts) -> str:
    _ = text.gettext
    first, below = sizes
    if below is None:
        return _("{n} a day or more").format(n=text.number(first or 0))
    if not first:
        return _("under {n} a day").format(n=text.number(below))
    words = _("{from_} to under {to} a day")
    return words.format(from_=text.number(first), to=text.number(below))


def _notes(view: DataView, text: Texts) -> tuple[str, ...]:
    """Say how to read it; what is said of R only where R stands there."""
    _ = text.gettext
    named = {row.indicator for row in view.held or ()}
    return (
        _("Waiting: the day was not 28 days old, or has no later value.")
        + " "
        + _("Too few: under 30 comparisons, or from under four fortnights."),
        _("An honest range holds what comes later about as often as it says.")
        if named.difference(ESTIMATES)
        else "",
        _(
            "Nobody ever learns R itself: the later estimate rests on mostly the same cases. "
            "That ranges hold says that revisions are small, not that R was right."
        )
        if named.intersection(ESTIMATES)
        else "",
        "" if view.held_exactly else _("Numbers compared and waiting are rounded."),
    )
