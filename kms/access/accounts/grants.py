"""Which roles there can be, and who may do what to whose account."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from kms.domain.principal import ADMIN, APPROVER, COMMITTEE, ROLES, STEWARD, Grant, Principal
from kms.errors import AccessError
from kms.reference import load_areas, load_sectors
from kms.store import accounts

ESTABLISHMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,59}")
ABOVE_STEWARDS = frozenset({ADMIN, APPROVER, STEWARD})
COUNTRY = "0" * 10
_PARTS = (2, 5, 7, 10)  # digits of a PSGC code that name region, province, city, barangay


def checked_grant(
    role: str, *, area: str = "", section: str = "", establishment: str = ""
) -> Grant:
    """Return a role with its limits; raise `AccessError` saying which part cannot be."""
    if role not in ROLES:
        raise AccessError(f"there is no role '{role[:20]}'; choose one of {', '.join(ROLES)}")
    section = section.strip().upper()
    if section and section not in {found.code for found in load_sectors().sections}:
        raise AccessError(f"there is no PSIC section '{section[:10]}'; give a letter A to U")
    establishment = establishment.strip()
    if establishment and not ESTABLISHMENT.fullmatch(establishment):
        raise AccessError(
            f"the establishment is '{establishment[:60]}'; give its id as in the inspections"
        )
    if (role == COMMITTEE) != bool(establishment):
        raise AccessError(
            "the role committee is for one establishment, and only that role is; "
            + ("leave the establishment out" if establishment else "give the establishment's id")
        )
    if role == ADMIN and (area or section):
        raise AccessError("the role admin cannot be limited to an area or a section; leave it out")
    return Grant(role, area_prefix(area), section, establishment)


def area_prefix(area: str) -> str:
    """Return the first digits that all codes within an area share; empty for the country."""
    code = area.strip()
    if code in ("", COUNTRY):
        return ""
    # A zero or two is more likely half a code than the wish to see the whole country.
    if not re.fullmatch(r"[0-9]{1,10}", code) or not code.strip("0"):
        raise AccessError(f"the area is '{code[:20]}'; give a PSGC code or its first digits")
    if len(code) == 10:
        code = next(code[:n] for n in _PARTS if not code[n:].strip("0"))
    if len(code) not in _PARTS or not any(known.code.startswith(code) for known in load_areas()):
        raise AccessError(
            f"no area has a PSGC code that begins with '{code}'; give the code of a region, a "
            "province or a city"
        )
    return code


def may_reset(who: Principal, grants: tuple[Grant, ...]) -> None:
    """Raise `AccessError` when somebody may not reset the password of an account with roles.

    Whoever resets a password can become that user: a steward must not gain a role that way.
    """
    if who.holds({ADMIN}) or who.via == "command":
        return
    # A steward of a part of the country must not become somebody of the whole, nor of another.
    whole = who.covers({STEWARD})
    if whole and ABOVE_STEWARDS.isdisjoint(grant.role for grant in grants):
        return
    raise AccessError("only an admin may reset the password of this account; ask one", "above")


def stays_with_an_admin(connection: Connection) -> None:
    """Raise `AccessError` when a change would leave nobody to give roles."""
    if accounts.holders(connection, ADMIN) == 0:
        raise AccessError(
            "this would leave no admin who can sign in; give the role to another account first",
            "last_admin",
        )
