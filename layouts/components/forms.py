"""Forms that work without JavaScript: a choice, a button, the rest of the address kept."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from layouts.components.svg import Markup
from layouts.page import Visit


def choice(
    visit: Visit,
    name: str,
    label: str,
    options: Iterable[tuple[str, str]],
    *,
    button: str,
    dropped: tuple[str, ...] = (),
) -> Markup:
    """Write a GET form with one list to choose from; `options` are (value, words)."""
    asked = visit.request
    given = dict(visit.kept)
    chosen = given.get(name, "")
    if name == "as_of":
        chosen = asked.as_of.isoformat() if asked.as_of else ""
    elif asked.as_of:
        given["as_of"] = asked.as_of.isoformat()
    if visit.text.language != visit.default_language:
        given["lang"] = visit.text.language
    hidden = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
        for key, value in given.items()
        if key != name and key not in dropped and value
    )
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(words)}</option>"
        for value, words in options
    )
    return Markup(
        f'<form method="get" action="{escape(visit.path)}">{hidden}'
        f'<label class="pick"><span>{escape(label)}</span>'
        f'<select name="{escape(name)}" class="ctl">{listed}</select></label> '
        f'<button class="ctl" type="submit">{escape(button)}</button></form>',
        className="choice",
    )
