"""Economic sectors, occupations and sizes of establishments.

Sectors are sections (letters) and divisions (two digits) of the Philippine Standard Industrial
Classification 2009, the same codes as ISIC Rev.4; occupations are major and sub-major groups of
the Philippine Standard Occupational Classification 2012, the same as ISCO-08.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sector:
    """A section or division; a section is its own `section`."""

    code: str
    level: str
    title: str
    short_title: str
    section: str


@dataclass(frozen=True, slots=True)
class Occupation:
    """A major or sub-major group; a major group is its own `major`."""

    code: str
    level: str
    title: str
    short_title: str
    major: str


@dataclass(frozen=True, slots=True)
class SizeClass:
    """A size of establishment by employees; the open end has no maximum."""

    code: str
    title: str
    employees_min: int
    employees_max: int | None
    assets_php_min: int
    assets_php_max: int | None

    def holds(self, employees: int) -> bool:
        """Whether an establishment with so many employees is of this size."""
        return self.employees_min <= employees and (
            self.employees_max is None or employees <= self.employees_max
        )


@dataclass(frozen=True, slots=True)
class Sectors:
    """The three classifications, each by code in their official order."""

    sectors: Mapping[str, Sector]
    occupations: Mapping[str, Occupation]
    size_classes: Mapping[str, SizeClass]

    def get(self, code: str) -> Sector:
        """Return a section or division; raise `ValueError` when there is none."""
        try:
            return self.sectors[code]
        except KeyError:
            raise ValueError(
                f"sector {code!r} is not in sectors.csv; give a section letter A to U or a "
                "two-digit division of the Philippine Standard Industrial Classification"
            ) from None

    @property
    def sections(self) -> tuple[Sector, ...]:
        """The 21 sections."""
        return tuple(sector for sector in self.sectors.values() if sector.level == "section")

    def divisions(self, section: str) -> tuple[Sector, ...]:
        """Return the divisions of a section."""
        return tuple(
            sector
            for sector in self.sectors.values()
            if sector.level == "division" and sector.section == section
        )

    def section_of(self, code: str) -> str:
        """Return the section of any PSIC code of one letter or two to five digits."""
        return self.get(code if len(code) == 1 else code[:2]).section

    def size_of(self, employees: int) -> SizeClass | None:
        """Return the size class of an establishment; none without employees."""
        return next((size for size in self.size_classes.values() if size.holds(employees)), None)


def read_sectors(
    sectors: Iterable[Row], occupations: Iterable[Row], size_classes: Iterable[Row]
) -> Sectors:
    """Build the classifications from the rows of their three files."""
    return Sectors(
        sectors={row["code"]: _sector(row) for row in sectors},
        occupations={row["code"]: _occupation(row) for row in occupations},
        size_classes={row["code"]: _size_class(row) for row in size_classes},
    )


def _sector(row: Row) -> Sector:
    return Sector(row["code"], row["level"], row["title"], row["short_title"], row["section"])


def _occupation(row: Row) -> Occupation:
    return Occupation(row["code"], row["level"], row["title"], row["short_title"], row["major"])


def _size_class(row: Row) -> SizeClass:
    return SizeClass(
        code=row["code"],
        title=row["title"],
        employees_min=int(row["employees_min"]),
        employees_max=int(row["employees_max"]) if row["employees_max"] else None,
        assets_php_min=int(row["assets_php_min"]),
        assets_php_max=int(row["assets_php_max"]) if row["assets_php_max"] else None,
    )
