"""Reading which disease is meant: by the names and codes of the disease files, never guessed."""

from __future__ import annotations

import re
from functools import cache

from ingest.reading.fields import FieldCheck
from kms.reference import load_diseases

_NOT_KEPT = "[^a-z0-9]"


def disease_field(name: str) -> FieldCheck:
    """A disease by id, name in any language, or code, whatever the case and punctuation."""
    key = f"regexp_replace(lower(strip_accents({{text}})), '{_NOT_KEPT}', '', 'g')"
    by_disease: dict[str, list[str]] = {}
    for spelling, disease in spellings().items():
        by_disease.setdefault(disease, []).append(f"'{spelling}'")
    whens = " ".join(
        f"WHEN {key} IN ({', '.join(written)}) THEN '{disease}'"
        for disease, written in by_disease.items()
    )
    value = f"CASE {whens} END"
    return FieldCheck(name, value, ((f"({value}) IS NULL", "value_unknown"),), required=True)


@cache
def spellings() -> dict[str, str]:
    """Return every way to write a disease, squeezed; raise `ValueError` where two share one."""
    found: dict[str, str] = {}
    for disease in load_diseases().values():
        codes = (code for listed in disease.codes.values() for code in listed)
        for text in (disease.id, *disease.names.values(), *codes):
            spelling = re.sub(_NOT_KEPT, "", text.casefold())
            if found.setdefault(spelling, disease.id) != disease.id:
                raise ValueError(
                    f"{disease.id}.toml: '{text}' also means {found[spelling]}; take it out of one"
                )
    return found
