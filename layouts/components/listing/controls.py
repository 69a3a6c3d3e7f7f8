"""What narrows a list and turns its pages: a GET form and links, the rest of the address kept."""

from __future__ import annotations

from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.lists.pages import ListPage, Order
from kms.texts import Texts
from layouts.components.cards import page_link
from layouts.components.forms.fields import Field, labelled
from layouts.components.listing.arrange import (
    DAY,
    LONGEST_FIND,
    NUMBER,
    PAGE,
    SORT,
    Asked,
    ListColumn,
    Listing,
)
from layouts.page import Visit
from layouts.svg import Markup

FEW = 12  # rows that are seen at a glance: nothing to narrow


def address(listing: Listing[Any], visit: Visit, *, at: str = "list", **changes: str) -> str:
    """Return this page's address with some of a list's parameters changed, and where to read on.

    The place is an element that takes the focus: what was pressed, or the list's beginning.
    """
    named = {listing.parameter(key): value for key, value in changes.items()}
    return f"{visit.here(**named)}#{listing.name}-{at}"


def narrowing_form(
    listing: Listing[Any], asked: Asked, visit: Visit, *, always_sorts: bool
) -> Markup:
    """Write the form: what to look for, each choice, and the order where heads cannot be pressed.

    On wide screens the order is chosen by the heads of the columns; its list is hidden there, but
    sent along, so that narrowing keeps the order.
    """
    text = visit.text
    own = {*listing.narrowing, listing.parameter(SORT), listing.parameter(PAGE)}
    kept = {key: value for key, value in visit.kept if key not in own}
    if visit.request.as_of is not None:
        kept["as_of"] = visit.request.as_of.isoformat()
    if text.language != visit.default_language:
        kept["lang"] = text.language
    hidden = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
        for key, value in kept.items()
    )
    shown = "".join(
        labelled(field, f"{listing.name}-{field.name}") for field in _fields(listing, asked)
    )
    order = labelled(_order_field(listing, asked, text), f"{listing.name}-order")
    place = "" if always_sorts else " narrow-only"
    return Markup(
        f'<form method="get" action="{escape(visit.path)}#{listing.name}-list" class="post">'
        f'{hidden}{shown}<span class="ord{place}">{order}</span>'
        f'<button class="ctl" type="submit">{escape(text.gettext("Show"))}</button></form>',
        className="ask row" if listing.narrowing or always_sorts else "ask row narrow-only",
    )


def _fields(listing: Listing[Any], asked: Asked) -> list[Field]:
    typed = Field(
        listing.parameter(listing.find_key),
        listing.find_label,
        kind="search",
        value=asked.find,
        required=False,
        most=LONGEST_FIND,
    )
    choices = [
        Field(
            listing.parameter(facet.key),
            facet.label,
            value=asked.chosen.get(facet.key, ""),
            options=(("", facet.every), *facet.options),
        )
        for facet in listing.facets
    ]
    return [*([typed] if listing.find_label else []), *choices]


def _order_field(listing: Listing[Any], asked: Asked, text: Texts) -> Field:
    options = [("", listing.usual)]
    for column in listing.columns:
        if column.is_sortable:
            first = column.first
            other = Order(first.key, not first.descending)
            options += [
                (order.written, order_words(column, order, text)) for order in (first, other)
            ]
    return Field(
        listing.parameter(SORT),
        text.gettext("Sorted by"),
        value=asked.order.written if asked.order else "",
        options=tuple(options),
    )


def order_words(column: ListColumn[Any], order: Order, text: Texts) -> str:
    """Say an order: Data, newest first."""
    _ = text.gettext
    words = {
        NUMBER: (_("lowest first"), _("highest first")),
        DAY: (_("oldest first"), _("newest first")),
    }
    up, down = words.get(column.kind, (_("A to Z"), _("Z to A")))
    return f"{column.label or column.head}, {down if order.descending else up}"


def found_line(
    listing: Listing[Any], part: ListPage[Any], asked: Asked, visit: Visit
) -> Component | None:
    """Say how many rows there are, and offer what undoes a filter or an order."""
    text = visit.text
    _ = text.gettext
    parts: list[Any] = []
    if asked.is_narrowed:
        told = _("{n} of {total}")
        parts.append(html.B(told.format(n=text.number(part.found), total=text.number(part.total))))
        nothing = dict.fromkeys((listing.find_key, *(facet.key for facet in listing.facets)), "")
        clear = address(listing, visit, **{**nothing, PAGE: ""})
        parts.append(page_link(_("Clear the filter"), clear, className="a"))
    elif part.total > FEW:
        parts.append(html.B(_("{n} in all").format(n=text.number(part.total))))
    if asked.order is not None:
        usual = address(listing, visit, **{SORT: "", PAGE: ""})
        back = _("Usual order: {order}").format(order=listing.usual)
        parts.append(page_link(back, usual, className="a"))
    return html.P(parts, className="found") if parts else None


def pager(listing: Listing[Any], part: ListPage[Any], visit: Visit) -> Component | None:
    """Link to the first, previous, next and last page; nothing where there is one page."""
    if part.pages == 1:
        return None
    text = visit.text
    _ = text.gettext

    def link(words: str, page: int) -> Component:
        wanted = str(page) if page > 1 else ""
        return page_link(words, address(listing, visit, **{PAGE: wanted}), className="ctl")

    back = [link(_("First page"), 1), link(_("Previous"), part.page - 1)] * (part.page > 1)
    onward = [link(_("Next page"), part.page + 1), link(_("Last page"), part.pages)]
    here = _("Page {n} of {pages}").format(n=text.number(part.page), pages=text.number(part.pages))
    return html.Nav(
        [*back, html.Span(here, className="tn"), *(onward * (part.page < part.pages))],
        className="pages",
        **{"aria-label": f"{_('Pages')}: {listing.caption}"},
    )
