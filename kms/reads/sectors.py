"""Compliance at inspections by PSIC section, for an area and across regions."""

from __future__ import annotations

from datetime import date, timedelta

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.indicators import (
    ALL_SECTORS,
    INSPECTION_PERIOD_DAYS,
    NOT_MET,
)
from kms.errors import NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.rows import Newest, newest_values
from kms.reads.views import ItemRow, SectorRow, SectorsView
from kms.reference import load_areas, load_inspection_items, load_sectors
from kms.store.engine import Store

TOP_ITEMS = 8
_EVERYTHING = "All sectors"


def read_sectors(store: Store, request: Request, rule: DisclosureRule | None = None) -> SectorsView:
    """Return compliance by section in an area (default: the country)."""
    areas = load_areas()
    area = request.area or COUNTRY
    if area not in areas:
        raise NoDataError(f"there is no area '{area}'; give the 10-digit PSGC code of a region")
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        newest = newest_values(connection, issue, Disclosure(rule or DisclosureRule(), request.who))
    regions = areas.units("region", issue.as_of.astimezone(MANILA).date())
    rows = sector_rows(newest, area)
    last = issue.facts.get("inspections_to")
    until = date.fromisoformat(last) if last else None
    return SectorsView(
        frame=frame,
        area=area,
        area_name=areas.get(area).short_name,
        rows=rows,
        overall=_row(newest, area, ALL_SECTORS),
        regions=tuple((region.code, region.label) for region in regions),
        cells={
            (section.code, region.code): newest.reading(
                "compliance_initial", region.code, section.code
            )
            for section in load_sectors().sections
            for region in regions
        },
        region_names={region.code: region.short_name or region.name for region in regions},
        period_from=until - timedelta(days=INSPECTION_PERIOD_DAYS - 1) if until else None,
        period_to=until,
    )


def sector_rows(newest: Newest, area: str) -> tuple[SectorRow, ...]:
    """Return every section, surely worst first, those without enough inspections last."""
    rows = [_row(newest, area, section.code) for section in load_sectors().sections]
    return tuple(sorted(rows, key=_urgency))


def top_items(newest: Newest, sector: str) -> tuple[ItemRow, ...]:
    """Return the items most often not met at the first visit in the country."""
    titles = load_inspection_items()
    found = [
        ItemRow(
            code=(code := indicator.removeprefix(NOT_MET)),
            title=titles[code].title if code in titles else code,
            legal_item=titles[code].legal_item if code in titles else "",
            not_met=newest.reading(indicator, COUNTRY, sector),
            applicable=row["cases"],
        )
        for (indicator, area, section), row in newest.values.items()
        if indicator.startswith(NOT_MET) and area == COUNTRY and section == sector
    ]
    rated = [item for item in found if item.not_met.value is not None]
    return tuple(sorted(rated, key=lambda i: -(i.not_met.value or 0.0))[:TOP_ITEMS])


def _row(newest: Newest, area: str, sector: str) -> SectorRow:
    behind = newest.values.get(("compliance_initial", area, sector))
    met = newest.reading("compliance_initial", area, sector)
    enough, sections = met.value is not None, load_sectors()
    return SectorRow(
        code=sector,
        title=_EVERYTHING if sector == ALL_SECTORS else sections.get(sector).short_title,
        inspections=behind["cases"] if behind and enough else None,
        establishments=int(behind["completeness"] or 0) if behind and enough else None,
        compliance_initial=met,
        compliance_after=newest.reading("compliance_after", area, sector),
        top_items=top_items(newest, sector),
    )


def _urgency(row: SectorRow) -> tuple[bool, float, str]:
    """Order by the least share not met that the range allows: few inspections do not lead."""
    met = row.compliance_initial
    most_met = met.high if met.high is not None else met.value
    return (met.value is None, most_met if most_met is not None else 0.0, row.code)
