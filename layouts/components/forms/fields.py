"""Forms that work without JavaScript: a choice, a button, the rest of the address kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from layouts.page import Visit
from layouts.svg import Markup

FILES = ' enctype="multipart/form-data"'


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


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; `options` make it a list to choose from, `kind` is HTML's type."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    autocomplete: str = "off"
    options: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # further options, by heading
    required: bool = True
    most: int = 200
    wrong: str = ""  # what is wrong with what was typed
    suggested: str = ""  # id of a list of suggestions on the page
    aria: str = ""  # its name where no label stands beside it
    usual: str = ""  # shown faintly while it is blank


def post_form(
    visit: Visit,
    do: str,
    fields: Iterable[Field],
    *,
    button: str,
    hidden: Mapping[str, str] | None = None,
    quiet: bool = False,
    name: str = "",
    files: bool = False,
    broad: bool = False,
) -> Markup:
    """Write a form that changes something; it proves that it came from our own page.

    `name` tells buttons of equal words apart for screen readers; `quiet` ones are not coloured;
    `files` goes with a field for files, and `broad` puts fields beside each other.
    """
    kept = {"do": do, "form_token": visit.form_token, **(hidden or {})}
    written = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
        for key, value in kept.items()
    )
    shown = "".join(_field(field, f"{do}-{field.name}") for field in fields)
    told = f' aria-label="{escape(name)}"' if name else ""
    return Markup(
        f'<form method="post" action="{escape(visit.here())}"{FILES if files else ""} '
        f'class="post">{written}{shown}'
        f'<button class="ctl{"" if quiet else " pri"}" type="submit"{told}>{escape(button)}'
        "</button></form>",
        className="ask broad" if broad else "ask",
    )


def _field(field: Field, key: str) -> str:
    if field.kind == "checkbox":
        return (
            f'<label class="check"><input type="checkbox" name="{escape(field.name)}" '
            f'value="{escape(field.value)}"> <span>{escape(field.label)}</span></label>'
        )
    return labelled(field, key)


def labelled(field: Field, key: str) -> str:
    """Write a field with its label, what is wrong with it and its hint."""
    hint = f'<span class="q" id="{key}-hint">{escape(field.hint)}</span>' if field.hint else ""
    wrong = f'<span class="bad" id="{key}-bad">{escape(field.wrong)}</span>' if field.wrong else ""
    return (
        f'<label class="fld" for="{key}"><span>{escape(field.label)}</span>'
        f"{control(field, key)}{wrong}{hint}</label>"
    )


def control(field: Field, key: str) -> str:
    """Write what is typed into or chosen from, without its label."""
    told = [f"{key}-bad"] * bool(field.wrong) + [f"{key}-hint"] * bool(field.hint)
    more = f' aria-describedby="{" ".join(told)}"' if told else ""
    more += ' aria-invalid="true"' if field.wrong else ""
    more += f' aria-label="{escape(field.aria)}"' if field.aria else ""
    own = f'class="ctl" id="{key}" name="{escape(field.name)}"'
    if field.options:
        listed = _options(field.options, field.value) + "".join(
            f'<optgroup label="{escape(heading)}">{_options(options, field.value)}</optgroup>'
            for heading, options in field.groups
        )
        return f"<select {own}{more}>{listed}</select>"
    more += " required" if field.required else ""
    if field.kind == "textarea":
        return (
            f'<textarea {own} rows="16" maxlength="{field.most}" spellcheck="false"{more}>'
            f"{escape(field.value)}</textarea>"
        )
    if field.kind == "file":
        return f'<input {own} type="file" multiple{more}>'
    more += f' list="{field.suggested}"' if field.suggested else ""
    more += f' placeholder="{escape(field.usual)}"' if field.usual else ""
    return (
        f'<input {own} type="{field.kind}" value="{escape(field.value)}" '
        f'maxlength="{field.most}" autocomplete="{field.autocomplete}"{more}>'
    )


def _options(options: Iterable[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(words)}</option>"
        for value, words in options
    )
