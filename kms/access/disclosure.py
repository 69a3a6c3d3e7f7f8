"""Disclosure control: the one function every public count of persons goes through.

Zero stays zero, 1 to `threshold` is suppressed, the rest is rounded to `base`. Totals are
rounded from exact values, never summed from shown cells, and cumulative counts are rounded too,
since exact differences over time would give small counts back. Beds and facilities are exempt.
"""

from __future__ import annotations

from dataclasses import dataclass

from kms.access.policy import sees_exact
from kms.domain.principal import PUBLIC, Principal


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """Counts of 1 to `threshold` are suppressed, others rounded to the nearest `base`."""

    threshold: int = 7
    base: int = 5

    def count(self, exact: int | None) -> int | None:
        """Return the count that may be shown; None is suppressed (or missing, if it was None)."""
        if exact is None or exact == 0:
            return exact
        if exact <= self.threshold:
            return None
        return round(exact / self.base) * self.base

    @property
    def is_exact(self) -> bool:
        """Tell whether nothing is changed: counts are shown as they are."""
        return self.threshold < 1 and self.base == 1


EXACT = DisclosureRule(threshold=0, base=1)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The rule under which somebody sees an area: as it is by role and scope, else disclosed."""

    rule: DisclosureRule = DisclosureRule()
    who: Principal = PUBLIC

    def of(self, area: str, section: str = "") -> DisclosureRule:
        """Return the rule for an area's counts."""
        return EXACT if sees_exact(self.who, area, section) else self.rule
