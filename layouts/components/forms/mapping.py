"""The fields of a mapping: what the table is, where a row belongs, what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from kms.domain.desk.mappings import TablePart
from kms.reads.people.mappings import MappingView
from layouts.components.forms.fields import Field, control, labelled
from layouts.page import Visit
from layouts.svg import Markup

N_ = str  # marks a text for the catalogues
HEAD: Mapping[str, tuple[str, str]] = {
    "id": (N_("Short name"), N_("Small letters, digits and underscores.")),
    "title": (N_("Title"), ""),
    "publisher": (N_("Publisher"), ""),
    "licence": (N_("Licence"), N_("Say “unverified” where nobody checked.")),
    "rhythm": (N_("How often it comes"), N_("In words, such as weekly.")),
    "every_days": (N_("Days between issues"), ""),
    "grace_days": (N_("Days it may be late"), ""),
    "rows": (N_("What a row is"), ""),
    "names_end_with": (
        N_("Names of its files"),
        N_("Patterns, with semicolons between. Blank: chosen by hand."),
    ),
    "key": (N_("Column that names a person's row"), N_("Only where every row is a person.")),
    "personal": (
        N_("Columns about persons"),
        N_("Semicolons between. Taken out before it is kept."),
    ),
    "ignored": (
        N_("Columns that only sound so"),
        N_("Semicolons between. Such as a hospital's name."),
    ),
    "issue_column": (N_("Column with the day of issue"), N_("Where one file holds several.")),
    "issue_format": (N_("How that day is written"), N_("Such as %Y-%m-%d.")),
}
PLACE: Mapping[str, tuple[str, str]] = {
    "scheme": (N_("How a place is told"), ""),
    "area_region": (N_("Column of the region"), ""),
    "area_province": (N_("Column of the province"), ""),
    "area_city": (N_("Column of the city or municipality"), ""),
    "area_psgc": (N_("Column of the PSGC code"), ""),
    "area_column": (N_("Column of the file's own place"), N_("Only for places of its own.")),
    "area_code": (N_("The one area of all rows"), N_("A PSGC code of ten digits, or iso:CAN.")),
    "area_values": (N_("Other spellings"), N_("theirs = ours; theirs = ours")),
}
SCHEMES = (
    ("psgc", N_("names or codes of the Philippines")),
    ("local", N_("places of its own, on no map")),
    ("constant", N_("one area for all rows")),
)
ROWS = (("counts", N_("numbers stand in it")), ("persons", N_("one person, to be counted")))
OF_COLUMNS = frozenset(
    {"key", "issue_column", *(name for name in PLACE if name not in (
        "scheme", "area_code", "area_values"))}
)  # fmt: skip
REQUIRED = ("id", "title", "publisher", "licence", "rhythm", "every_days", "grace_days")
COLUMNS = "mapping-columns"


def mapping_form(
    view: MappingView,
    visit: Visit,
    values: Mapping[str, str],
    wrong: Mapping[str, str],
    *,
    button: str,
) -> Markup:
    """Write the form for one fact table; it works without scripts."""
    _ = visit.text.gettext
    kept = {"do": "form", "form_token": visit.form_token, "table": view.table}
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in kept.items()
    )
    listed = "".join(f'<option value="{escape(c.name)}"></option>' for c in view.columns)
    head = _fields(HEAD, view, visit, values=values, wrong=wrong)
    place = _fields(PLACE, view, visit, values=values, wrong=wrong)
    parts = "".join(_part(part, visit, values, wrong) for part in view.tables[view.table])
    names = (
        _("Part"),
        _("Column of the file"),
        _("Or always"),
        _("Their words = ours"),
        _("How it is written"),
    )
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    note = _(
        "Each part comes from a column, or is always the same. Words are written as "
        "theirs = ours; theirs = ours. Numbers may be left out, but one is needed."
    )
    return Markup(
        f'<form method="post" action="{escape(visit.here())}" class="post">{hidden}'
        f'<datalist id="{COLUMNS}">{listed}</datalist>'
        f'<h2>{escape(_("The table"))}</h2><div class="fields">{head}</div>'
        f'<h2>{escape(_("Where a row belongs"))}</h2><div class="fields">{place}</div>'
        f'<h2>{escape(_("What its columns mean"))}</h2><p class="q s">{escape(note)}</p>'
        f'<div class="tw"><table class="tb flow typed"><caption class="vh">'
        f"{escape(_('What its columns mean'))}</caption><thead><tr>{heads}</tr></thead>"
        f'<tbody>{parts}</tbody></table></div><button class="ctl pri" type="submit">'
        f"{escape(button)}</button></form>",
        className="ask broad",
    )


def _fields(
    listed: Mapping[str, tuple[str, str]],
    view: MappingView,
    visit: Visit,
    *,
    values: Mapping[str, str],
    wrong: Mapping[str, str],
) -> str:
    _ = visit.text.gettext
    choices = {"scheme": SCHEMES, "rows": ROWS}
    return "".join(
        labelled(
            Field(
                name,
                _(label),
                value=values.get(name, ""),
                hint=_(hint) if hint else "",
                options=tuple((key, _(words)) for key, words in choices.get(name, ())),
                required=name in REQUIRED,
                wrong=wrong.get(name, ""),
                suggested=COLUMNS if view.columns and name in OF_COLUMNS else "",
            ),
            f"mapping-{name}",
        )
        for name, (label, hint) in listed.items()
    )


def _part(
    part: TablePart, visit: Visit, values: Mapping[str, str], wrong: Mapping[str, str]
) -> str:
    _ = visit.text.gettext
    told = f'<span class="bad">{escape(wrong[part.name])}</span>' if part.name in wrong else ""
    may = [_("blank: all of them")] if part.may_be_blank else []
    may += [", ".join(part.words)] if part.words else []
    hint = f'<div class="q s">{escape("; ".join(may))}</div>' if may else ""
    labels = {
        "column": _("Column of the file"),
        "constant": _("Or always"),
        "values": _("Their words = ours"),
        "how": _("How it is written"),
    }
    cells = {
        what: "".join(control(field, f"mapping-{field.name}") for field in found)
        for what, found in _controls(part, visit, values).items()
    }
    written = "".join(
        f'<td data-label="{escape(labels[what])}">{cell}</td>' for what, cell in cells.items()
    )
    return (
        f'<tr><th scope="row" class="rh"><b lang="en">{escape(part.name)}</b>{hint}{told}</th>'
        f"{written}</tr>"
    )


def _controls(part: TablePart, visit: Visit, values: Mapping[str, str]) -> dict[str, list[Field]]:
    _ = visit.text.gettext

    def field(what: str, words: str, options: tuple[tuple[str, str], ...] = ()) -> Field:
        name = f"{part.name}__{what}"
        return Field(
            name,
            "",
            value=values.get(name, ""),
            options=options,
            required=False,
            most=1_000,
            aria=f"{part.name}: {words}",
            suggested=COLUMNS if what == "column" else "",
        )

    how: Iterator[Field] = iter(())
    if part.kind == "date":
        needed = (("", _("a row needs it")), ("no", _("a row may lack it")))
        how = iter((field("format", _("How it is written")), field("required", "", needed)))
    elif part.kind == "number":
        grouped = (("", "1234"), ("yes", "1,234"))
        how = iter((field("grouped", _("How it is written"), grouped),))
    is_number = part.kind == "number"
    return {
        "column": [field("column", _("Column of the file"))],
        "constant": [] if is_number else [field("constant", _("Or always"))],
        "values": [field("values", _("Their words = ours"))] if part.kind == "text" else [],
        "how": list(how),
    }
