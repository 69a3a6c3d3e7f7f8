"""What surrounds every page: whose data, which day, which language, where else to go."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from dash import html
from dash.development.base_component import Component
from flask import current_app, has_app_context

from kms.access import policy
from kms.findings import known_on, stale_sentence
from kms.reads.views import Frame
from kms.texts import language_name, languages, manila_day
from kms.wording import place_name
from layouts.charts.outlines import region_shapes
from layouts.components.cards import page_link
from layouts.components.forms.fields import choice
from layouts.components.forms.notices import notice
from layouts.page import API, Page, Visit
from layouts.svg import icon


def shell(
    content: Component,
    visit: Visit,
    *,
    title: str,
    frame: Frame | None,
    pages: tuple[Page[Any], ...],
    current: Page[Any] | None,
    place: str = "",
) -> Component:
    """Put a page's content into the frame that every page has."""
    links = navigation(visit, pages, current)
    return html.Div(
        [
            html.A(visit.text.gettext("Skip to content"), href="#main", className="skip"),
            demonstration(frame, visit) if frame and frame.synthetic else None,
            header(frame, visit, links, place=place, is_dated=not (current and current.plain)),
            earlier(frame, visit) if frame and not frame.is_latest else None,
            outdated(frame, visit) if frame and frame.stale_days is not None else None,
            waiting(frame, visit) if frame and frame.held_sources else None,
            html.Div(
                [
                    html.Nav(links, className="nav", **{"aria-label": visit.text.gettext("Main")}),
                    html.Div(
                        [
                            html.Main(
                                [notice(visit), content],
                                id="main",
                                className="main",
                                tabIndex="-1",
                            ),
                            footer(frame, visit),
                        ],
                        className="side",
                    ),
                ],
                className="shell",
            ),
        ],
        className="page",
        lang=visit.text.language,
        **{"data-shown": visit.here(), "data-title": title, "data-credit": credit(frame, visit)},
    )


def credit(frame: Frame | None, visit: Visit) -> str:
    """Say on a saved picture whose data of which day it shows, and that they are synthetic."""
    _ = visit.text.gettext
    if frame is None:
        return ""
    parts = [
        f"{_('Data known on')} {visit.text.weekday(manila_day(frame.as_of))}",
        _("publication {id}").format(id=frame.publication_id),
    ]
    if frame.synthetic:
        parts.append(_("Synthetic demonstration data."))
    return f"Ligtas. {', '.join(parts)}"


def demonstration(frame: Frame, visit: Visit) -> Component:
    """Say that the data are synthetic; above everything, always, also in print."""
    _ = visit.text.gettext
    return html.Div(
        [
            html.B(_("Synthetic demonstration data.")),
            html.Span(
                _("No figure describes a real place. Clock set to {moment}.").format(
                    moment=visit.text.moment(frame.clock)
                ),
                className="desk",
            ),
            html.Span(
                _("Clock: {day}").format(day=visit.text.day(manila_day(frame.clock))),
                className="ph",
            ),
        ],
        className="demo",
    )


def header(
    frame: Frame | None, visit: Visit, links: list[Component], *, place: str, is_dated: bool
) -> Component:
    """Show product, scope, freshness, the language, the menu on phones; the day where it counts."""
    _ = visit.text.gettext
    return html.Header(
        [
            page_link([icon("logo"), "Ligtas"], visit.link("/"), className="brand"),
            html.Span(
                [
                    html.B(place_name(visit.text, place) or _("Philippines")),
                    html.Span(frame.disease_name if frame else "", className="q"),
                ],
                className="scope desk",
            ),
            html.Span(className="sp"),
            freshness(frame, visit) if frame else None,
            day_choice(frame, visit) if frame and is_dated else None,
            language_switch(visit),
            theme_switch(visit),
            account_link(visit),
            html.Details(
                [
                    html.Summary(
                        [icon("menu"), html.Span(_("Menu"), className="vh")], className="ctl"
                    ),
                    html.Div(
                        [
                            html.Nav(links, **{"aria-label": _("Menu")}),
                            theme_switch(visit, words=True),
                        ],
                        className="drop",
                    ),
                ],
                className="menu ph",
            ),
        ],
        className="head",
    )


def freshness(frame: Frame, visit: Visit) -> Component:
    """Say when we computed, to which day cases reach, how many sources are late."""
    text = visit.text
    published = manila_day(frame.published_at)
    parts: list[object] = [
        text.gettext("Refreshed {day} {time}").format(
            day=text.short_day(published), time=text.clock(frame.published_at)
        )
    ]
    if frame.cases_to:
        parts.append(
            " · " + text.gettext("cases to {day}").format(day=text.short_day(frame.cases_to))
        )
    late = len(frame.late_sources)
    if late:
        words = text.ngettext("{n} source late", "{n} sources late", late).format(n=late)
        parts += [" · ", page_link(words, visit.link("/data"))]
    return html.Span([icon("clock"), html.Span(parts)], className="fr desk")


def day_choice(frame: Frame, visit: Visit) -> Component:
    """Let the reader choose the day whose knowledge is shown."""
    text = visit.text
    shown = manila_day(frame.as_of)
    options = [("", text.gettext("Latest"))] + [
        (day.isoformat(), text.weekday(day)) for day in reversed(frame.editions)
    ]
    label = text.gettext("Data known on")
    return html.Details(
        [
            html.Summary(
                [
                    html.Span(label, className="q desk"),
                    html.Span(text.weekday(shown), className="desk"),
                    html.Span(text.short_day(shown), className="ph"),
                    html.Span("▾", **{"aria-hidden": "true"}),
                ],
                className="ctl",
            ),
            html.Div(
                choice(visit, "as_of", label, options, button=text.gettext("Show")),
                className="drop",
            ),
        ],
        className="menu",
    )


def language_switch(visit: Visit) -> Component:
    """Offer every language there is a catalogue for."""
    return html.Span(
        [
            page_link(
                [
                    html.Span(code.upper(), **{"aria-hidden": "true"}),
                    html.Span(language_name(code), className="vh"),
                ],
                visit.here(lang=code),
                lang=code,
                hrefLang=code,
                **({"aria-current": "true"} if code == visit.text.language else {}),
            )
            for code in languages()
        ],
        className="seg",
        role="group",
        **{"aria-label": visit.text.gettext("Language")},
    )


def theme_switch(visit: Visit, *, words: bool = False) -> Component:
    """Turn from light to dark and back; the page's script hears it, so it is shown with scripts."""
    label = visit.text.gettext("Dark theme")
    return html.Button(
        [icon("theme"), label] if words else icon("theme"),
        type="button",
        title=label,
        className="ctl js worded" if words else "ctl js",
        **{"data-theme-switch": "", "aria-label": label, "aria-pressed": "false"},
    )


def account_link(visit: Visit) -> Component:
    """Lead to signing in, or to the account of who is signed in."""
    _ = visit.text.gettext
    if visit.who.is_public:
        words, href = _("Sign in"), visit.link("/sign-in", next=visit.here())
    else:
        words, href = visit.who.name, visit.link("/account")
    return html.A(
        [icon("person"), html.Span(words, className="desk"), html.Span(words, className="vh ph")],
        href=href,
        className="ctl who",
        **(
            {} if visit.who.is_public else {"aria-label": _("Account of {name}").format(name=words)}
        ),
    )


def earlier(frame: Frame, visit: Visit) -> Component:
    """Say that an earlier day is being looked at, and lead back."""
    text = visit.text
    latest = frame.editions[-1] if frame.editions else None
    back = (
        text.gettext("Return to {day}").format(day=text.short_day(latest))
        if latest
        else text.gettext("Return to the latest")
    )
    return html.Div(
        [
            icon("clock"),
            html.Span(
                [
                    html.B(known_on(text, manila_day(frame.as_of))),
                    ", ",
                    text.gettext("publication {id}").format(id=frame.publication_id),
                ]
            ),
            page_link(back, visit.here(as_of=""), className="back"),
        ],
        className="asof",
        role="status",
    )


def outdated(frame: Frame, visit: Visit) -> Component:
    """Say that the figures are too old to speak of today; on every page."""
    words = stale_sentence(visit.text, frame)
    return html.Div(
        [icon("clock"), html.Span(html.B(f"{words}."))], className="asof old", role="status"
    )


def waiting(frame: Frame, visit: Visit) -> Component:
    """Say that a newer issue is held, so that figures are those of the one before."""
    _ = visit.text.gettext
    words = _("A newer issue is held until a steward has looked at it: {names}.").format(
        names=visit.text.listing(list(frame.held_sources), 2)
    )
    return html.Div(
        [
            icon("clock"),
            html.Span([html.B(words), " ", _("Figures are those of the issue before.")]),
            page_link(_("Why"), visit.link("/data"), className="back"),
        ],
        className="asof old",
        role="status",
    )


def navigation(
    visit: Visit, pages: tuple[Page[Any], ...], current: Page[Any] | None
) -> list[Component]:
    """List the pages that exist and want to be listed, group by group."""
    here = (current.section or current.path) if current else ""
    listed = [page for page in pages if page.nav and _is_open(page, visit)]
    links: list[Component] = []
    for _group, members in groupby(listed, key=lambda page: page.group):
        if links:
            links.append(html.Hr())
        links += [_entry(page, visit, here) for page in members]
    return links


def _is_open(page: Page[Any], visit: Visit) -> bool:
    return policy.ask(visit.who, page.entry) is policy.Answer.OPEN


def _entry(page: Page[Any], visit: Visit, here: str) -> Component:
    words = page.nav(visit.text) if page.nav else ""
    attributes = {"aria-current": "page"} if page.path == here else {}
    link = html.A if page.plain else page_link  # a page without Dash is loaded whole
    return link(words, href=visit.link(page.path), **attributes)


def footer(frame: Frame | None, visit: Visit) -> Component:
    """Name the publication, lead to the privacy notice and the API, credit the outlines."""
    _ = visit.text.gettext
    shapes = region_shapes()
    api = api_address()
    parts = [
        html.Span(_("Publication {id}").format(id=frame.publication_id)) if frame else None,
        html.A(_("Privacy notice"), href=visit.link("/privacy")),
        html.A(_("API"), href=api) if api else None,
        html.Span(shapes.attribution, lang="en", **{"data-attribution": ""})
        if shapes and shapes.attribution
        else None,
    ]
    return html.Footer([part for part in parts if part is not None], className="foot")


def api_address() -> str:
    """Return where the API describes itself on this server; empty where there is none."""
    if not has_app_context():
        return ""
    rules = (rule.rule for rule in current_app.url_map.iter_rules())
    found = [rule for rule in rules if rule.startswith(API) and "openapi" in rule]
    plain = [rule for rule in found if "<" not in rule]
    return min(plain, key=len) if plain else ""
