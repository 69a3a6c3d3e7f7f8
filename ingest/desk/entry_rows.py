"""From what was typed into a form to the rows of a file, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kms.domain.areas import COUNTRY, Area
from kms.domain.desk.entries import PLACE, EntryFault, EntryField, EntryForm, name_of
from kms.domain.intake import Fault
from kms.reference import load_areas, load_inspection_items

Row = Mapping[str, str]
PLACE_COLUMNS = ("region", "province", "city_municipality", "psgc")
_CODE = re.compile(r"(?<!\d)(\d{10}|\d{9})(?!\d)")
# The column that says whose row it is, and what is known of each without asking.
_OWN = {"inspection": ("item_code", "item_title", "legal_item"), "accident": ("person_no",)}


def header(form: EntryForm) -> tuple[str, ...]:
    """Return the columns of a file of such rows."""
    return (
        *(name for field in form.fields for name in _columns(field)),
        *_OWN.get(form.kind, ()),
        *(field.name for field in form.each),
    )


def rows_of(form: EntryForm, values: Row) -> list[dict[str, str]]:
    """Return the rows of what was typed; none where every item was left blank."""
    shared: dict[str, str] = {}
    for field in form.fields:
        typed = values.get(field.name, "")
        shared |= _place(typed) if field.kind == PLACE else {field.name: typed}
    if not form.each:
        return [shared]
    rows = []
    for of in form.of:
        own = {field.name: values.get(name_of(field.name, of), "") for field in form.each}
        if any(own.values()):
            rows.append({**shared, **_named(form, of), **own})
    if not rows and form.kind == "accident":  # nobody was hurt
        rows.append({**shared, **dict.fromkeys(_OWN[form.kind], "")})
    return rows


def values_of(form: EntryForm, rows: Sequence[Row]) -> dict[str, str]:
    """Return the values of a form that would make these rows."""
    first = rows[0]
    found = {
        field.name: _written_place(first) if field.kind == PLACE else first.get(field.name, "")
        for field in form.fields
    }
    for row in rows:
        of = row.get(_OWN[form.kind][0], "") if form.each else ""
        if of:
            found |= {name_of(f.name, of): row.get(f.name, "") for f in form.each}
    return found


def faults_in_form(
    form: EntryForm, rows: Sequence[Row], found: Sequence[Fault]
) -> tuple[EntryFault, ...]:
    """Return the faults of rows by the fields of the form, each once."""
    listed: dict[EntryFault, None] = {}
    own = {field.name for field in form.each}
    for fault in found:
        row = rows[fault.record - 1]
        of = row.get(_OWN[form.kind][0], "") if fault.field in own else ""
        name = "place" if fault.field in PLACE_COLUMNS else fault.field
        listed[EntryFault(name, fault.code, of)] = None
    return tuple(listed)


def missing(form: EntryForm, values: Row) -> Iterator[EntryFault]:
    """Yield the fields that must be filled and are not."""
    for field in form.fields:
        if field.required and not values.get(field.name, "").strip():
            yield EntryFault(field.name, "required")
        elif field.required and field.kind == PLACE and _is_wide(values[field.name]):
            yield EntryFault(field.name, "place_unknown")


def suggested_places(form: EntryForm) -> Iterator[str]:
    """Yield the places to choose from: name, province and code; where a firm stands, a city."""
    wide = not any(field.kind == PLACE and field.required for field in form.fields)
    for area in load_areas():
        if area.in_force(None) and (
            area.is_leaf or (wide and area.level in ("province", "region"))
        ):
            yield _suggestion(area)


def _is_wide(typed: str) -> bool:
    """Tell whether a place is a province or more, where no firm has its address."""
    found, areas = _CODE.search(typed), load_areas()
    return bool(found and found[1] in areas and not areas.get(found[1]).is_leaf)


def _suggestion(area: Area) -> str:
    areas = load_areas()
    over = area.province if area.is_leaf and area.province in areas else area.region
    above = f", {areas.get(over).name}" if over in areas and over != area.code else ""
    return f"{area.name}{above} · {area.code}"


def _columns(field: EntryField) -> tuple[str, ...]:
    return PLACE_COLUMNS if field.kind == PLACE else (field.name,)


def _named(form: EntryForm, of: str) -> dict[str, str]:
    if form.kind != "inspection":
        return {"person_no": of}
    item = load_inspection_items()[of]
    return {"item_code": of, "item_title": item.title, "legal_item": item.legal_item}


def _place(typed: str) -> dict[str, str]:
    """Return the columns of a place: of its code where one is given, else what was typed."""
    blank = dict.fromkeys(PLACE_COLUMNS, "")
    found, areas = _CODE.search(typed), load_areas()
    code = found[1] if found else ""
    if code not in areas or code == COUNTRY:
        return blank | {"psgc": code, "city_municipality": _CODE.sub("", typed).strip(" ·,")}
    area = areas.get(code)
    named = {"region": areas.get(area.region).name} if area.region in areas else {}
    if area.province in areas and area.level != "region":
        named["province"] = areas.get(area.province).name
    if area.is_leaf:
        named["city_municipality"] = area.name
    return blank | named | {"psgc": code}


def _written_place(row: Row) -> str:
    code, areas = row.get("psgc", ""), load_areas()
    if code in areas:
        return _suggestion(areas.get(code))
    return " ".join(part for part in (row.get("city_municipality", ""), code) if part)
