"""Who asks: roles, each with the part of the country, the economy or the firm it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

VIEWER, ANALYST, COMMITTEE, INSPECTOR = "viewer", "analyst", "committee", "inspector"
PROGRAMME, STEWARD, APPROVER, ADMIN = "programme", "steward", "approver", "admin"
ROLES = (VIEWER, ANALYST, COMMITTEE, INSPECTOR, PROGRAMME, STEWARD, APPROVER, ADMIN)

# Ways in. A token opens only what its scopes name; a command is run by whoever owns the stores.
SESSION, TOKEN, COMMAND = "session", "token", "command"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, and what it is limited to; an empty limit means no limit."""

    role: str
    area: str = ""  # first digits of PSGC codes, for example 13 or 07022
    section: str = ""  # PSIC section
    establishment: str = ""  # establishment id

    def covers(self, area: str = "", section: str = "", establishment: str = "") -> bool:
        """Tell whether something lies within the limits; what has no area is the country's."""
        return (
            area.startswith(self.area)
            and self.section in ("", section)
            and self.establishment in ("", establishment)
        )


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a program with an account, for the length of one request."""

    account: str = ""  # account id; empty: nobody signed in
    name: str = ""
    grants: tuple[Grant, ...] = ()
    via: str = ""
    scopes: frozenset[str] = frozenset()  # of a token
    session: str = ""  # hash of the session's id
    must_change: bool = False  # the password was set by somebody else

    @property
    def is_public(self) -> bool:
        """Tell whether nobody is signed in."""
        return not self.account

    @property
    def roles(self) -> frozenset[str]:
        """The roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def holds(self, roles: Iterable[str]) -> bool:
        """Tell whether one of the roles is held, wherever it is limited to."""
        return not self.roles.isdisjoint(roles)

    def covers(
        self,
        roles: Iterable[str],
        *,
        area: str = "",
        section: str = "",
        establishment: str = "",
    ) -> bool:
        """Tell whether one of the roles is held for this area, section and establishment."""
        wanted = frozenset(roles)
        return any(
            grant.role in wanted and grant.covers(area, section, establishment)
            for grant in self.grants
        )


PUBLIC = Principal()
