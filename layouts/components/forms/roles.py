"""Roles and their limits: in words, and as the fields of a form."""

from __future__ import annotations

from functools import cache

from kms.access.accounts.grants import checked_grant
from kms.access.policy import BRIEFS, EXACT, FIGURES
from kms.domain.principal import COMMITTEE, VIEWER, Grant
from kms.reference import load_areas, load_sectors
from kms.texts import Texts
from layouts.components.forms.fields import Field
from layouts.page import Form

N_ = str  # marks a text for the catalogues
ROLE_WORDS = {
    "viewer": N_("Viewer"),
    "analyst": N_("Analyst"),
    "committee": N_("OSH committee"),
    "inspector": N_("Inspector"),
    "programme": N_("Programme officer"),
    "steward": N_("Data steward"),
    "approver": N_("Approver"),
    "admin": N_("Admin"),
}
ROLE_MEANINGS = {
    "viewer": N_("has an account; sees what the public sees"),
    "analyst": N_("sees exact counts in the areas given"),
    "committee": N_("sees the inspections of one establishment"),
    "inspector": N_("sees the inspections of establishments in the areas given"),
    "programme": N_("records trainings and improvements"),
    "steward": N_("looks after the data, sees exact counts and faulty rows, resets passwords"),
    "approver": N_("approves decisions; sees exact counts in the areas given"),
    "admin": N_("looks after accounts and reads the log; sees everything"),
}
SCOPE_WORDS = {
    FIGURES: N_("Figures as the public sees them"),
    EXACT: N_("Exact figures where you may see them, each time with a reason"),
    BRIEFS: N_("Briefs"),
}


def role_word(text: Texts, role: str) -> str:
    """Return a role's name."""
    return text.gettext(ROLE_WORDS[role])


def grant_words(text: Texts, grant: Grant) -> str:
    """Return a role with its limits."""
    limits = []
    if grant.area:
        limits.append(place_of_prefix(grant.area))
    if grant.section:
        title = text.gettext(load_sectors().get(grant.section).short_title)
        limits.append(f"{grant.section} {title}")
    if grant.establishment:
        limits.append(grant.establishment)
    word = role_word(text, grant.role)
    return f"{word} · {', '.join(limits)}" if limits else word


def place_of_prefix(prefix: str) -> str:
    """Return the name of the area whose codes begin with these digits; the digits if none does."""
    code = prefix.ljust(10, "0")
    areas = load_areas()
    return areas.get(code).short_name if code in areas else prefix


def grant_fields(text: Texts) -> list[Field]:
    """Return what a role with its limits is asked with; `grant_of` reads it back."""
    _ = text.gettext
    sections = tuple(
        (section.code, f"{section.code} {_(section.short_title)}")
        for section in load_sectors().sections
    )
    return [
        Field(
            "role",
            _("Role"),
            value=VIEWER,
            options=tuple((role, role_word(text, role)) for role in ROLE_WORDS),
        ),
        Field(
            "area",
            _("Only in this area"),
            options=(("", _("Everywhere")),),
            groups=_places(),
        ),
        Field(
            "section",
            _("Only in this section of the economy"),
            options=(("", _("In every section")), *sections),
        ),
        Field(
            "establishment",
            _("Establishment"),
            hint=_("Its id as in the inspections; for {role} alone.").format(
                role=role_word(text, COMMITTEE)
            ),
            required=False,
            most=60,
        ),
    ]


def grant_of(form: Form) -> Grant:
    """Return the role of a form; raise `AccessError` saying which part cannot be."""
    return checked_grant(
        form.get("role"),
        area=form.get("area"),
        section=form.get("section"),
        establishment=form.get("establishment"),
    )


@cache
def _places() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return every region with what its codes can be narrowed to.

    A province's digits are not those of its highly urbanised cities, so that these stand beside
    it, as in the statistical units.
    """
    areas = load_areas()
    return tuple(
        (
            region.short_name,
            (
                (region.code, region.short_name),
                *(
                    (unit.code, unit.short_name)
                    for unit in areas.children(region.code, None, "psa_unit")
                ),
            ),
        )
        for region in areas.units("region")
    )
