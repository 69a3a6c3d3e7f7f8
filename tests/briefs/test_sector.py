"""The sector brief: the same figures as the pages, two pages, the same bytes, nothing injected."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kms.briefs import sector as brief
from kms.briefs.names import ITEMS, SECTORS
from kms.briefs.sector import TEMPLATE, compose, render
from kms.errors import NoDataError
from kms.library.entries import CONTROL_LEVELS
from kms.reads.area import read_area
from kms.reads.brief import LEAST_ACTIONS, MOST_ACTIONS, BriefView, read_brief
from kms.reads.request import Request
from kms.reads.sectors import read_sectors
from kms.reads.views import Reading
from kms.reference import load_inspection_items, load_sectors
from kms.store.engine import Store
from kms.texts import languages, texts
from kms.wording import chance, complement, percent_span, span
from tests.published import CAR, CEBU_REGION, DAVAO, LEYTE_REGION, NATION, NCR

ALL_CODES = (*(section.code for section in load_sectors().sections), "ALL")
CEBU = "0702200000"


@pytest.fixture(scope="session")
def view(published: Store) -> BriefView:
    return read_brief(published, Request(area=DAVAO, sector="I"))


def printed(pdf: bytes, folder: Path) -> str:
    """Return the text of a PDF as a reader's program extracts it."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (package poppler-utils)")
    path = folder / "brief.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def in_2026(view: BriefView) -> BriefView:
    """Return a brief as if it were known after the law changed; its longest form."""
    later = datetime(2026, 11, 16, tzinfo=UTC)
    return replace(view, frame=replace(view.frame, as_of=later))


def pages(pdf: bytes) -> int:
    """Return how many pages a PDF of typst says it has."""
    found = re.search(rb"/Type/Pages/Count (\d+)", pdf)
    assert found is not None
    return int(found[1])


def test_the_brief_holds_the_rows_of_the_pages(published: Store, view: BriefView) -> None:
    request = Request(area=DAVAO, sector="I")
    area, sectors = read_area(published, request), read_sectors(published, Request())
    assert view.area == area.row
    assert view.frame == area.frame
    (_here, here), (_there, there) = view.places
    assert here == next(row for row in area.sectors if row.code == "I")
    assert there == next(row for row in sectors.rows if row.code == "I")
    assert view.items == there.top_items[:5]
    assert (view.period_from, view.period_to) == (sectors.period_from, sectors.period_to)


def test_figures_are_printed_as_the_pages_round_them(view: BriefView, tmp_path: Path) -> None:
    text = texts("en")
    shown = printed(render(view, "en"), tmp_path)
    row, (_name, here) = view.area, view.places[0]
    assert row.r.value is not None
    assert row.p_above_1 is not None
    not_met = complement(here.compliance_initial)
    assert not_met.value is not None
    for figure in (
        text.number(row.r.value, 2),
        span(text, row.r),
        chance(text, row.p_above_1),
        f"{text.percent(not_met.value)} ({percent_span(text, not_met)})",
    ):
        assert figure in shown


def test_the_brief_says_where_its_figures_come_from(view: BriefView, tmp_path: Path) -> None:
    shown = " ".join(printed(render(view, "en"), tmp_path).split())
    assert view.frame.publication_id in shown
    assert "Known on 21 Mar 2021" in shown
    assert shown.count("Synthetic demonstration data") >= 2
    assert "Absence of reports is not absence of accidents." in shown
    assert "Page 2 of 2" in shown
    assert "/briefs/1100000000/I/latest.pdf" in shown


def test_real_data_carry_no_banner(view: BriefView) -> None:
    real = replace(view, frame=replace(view.frame, synthetic=False))
    assert compose(real, texts("en"))["demo"] == ""


@pytest.mark.parametrize("language", languages())
def test_every_sector_fits_on_two_pages(published: Store, language: str) -> None:
    for code in ALL_CODES:
        view = read_brief(published, Request(area=DAVAO, sector=code, language=language))
        assert pages(render(in_2026(view), language)) == 2, code


@pytest.mark.parametrize("area", [NATION, NCR, CAR, CEBU_REGION, LEYTE_REGION, CEBU])
def test_every_area_has_a_brief(published: Store, area: str) -> None:
    for language in languages():
        view = read_brief(published, Request(area=area, sector="I", language=language))
        assert pages(render(view, language)) == 2


def test_a_province_shows_the_inspections_of_its_region(published: Store) -> None:
    view = read_brief(published, Request(area=CEBU, sector="I"))
    assert view.area.name == "Cebu"
    assert [name for name, _row in view.places] == ["Central Visayas", "Philippines"]


def test_bytes_are_the_same_every_time(view: BriefView) -> None:
    first = render(view, "fil")
    brief._compiler.cache_clear()
    assert render(view, "fil") == first


def test_the_document_is_tagged_and_names_its_standard(view: BriefView) -> None:
    pdf = render(view, "en")
    assert b"pdfuaid:part" in pdf
    assert b"/Lang(en" in pdf or b"<dc:language>" in pdf


def test_filipino_is_filipino(published: Store, tmp_path: Path) -> None:
    view = read_brief(published, Request(area=DAVAO, sector="I", language="fil"))
    shown = " ".join(printed(render(view, "fil"), tmp_path).split())
    english = compose(read_brief(published, Request(area=DAVAO, sector="I")), texts("en"))
    filipino = compose(view, texts("fil"))
    for name in ("title", "running", "demo", "direction_word"):
        assert filipino[name] != english[name]
        assert filipino[name] in shown
    for name in ("lead", "spread", "work", "findings", "actions", "duties", "sure", "call"):
        assert filipino[name]["title"] != english[name]["title"]
    assert view.actions[0].words in shown


def test_names_in_the_catalogue_are_those_of_the_reference_data() -> None:
    sections = {section.short_title for section in load_sectors().sections}
    assert sections | {"All sectors"} == SECTORS
    assert {item.title for item in load_inspection_items().values()} == ITEMS


def test_nothing_in_the_data_is_read_as_markup(view: BriefView, tmp_path: Path) -> None:
    hostile = '#panic("x") *b* $y$ [z] \\u{1F4A9} "q"'
    attacked = replace(view, area=replace(view.area, name=hostile))
    assert '#panic("x") *b* $y$ [z]' in printed(render(attacked, "en"), tmp_path)


def test_actions_go_from_the_most_to_the_least_effective(published: Store) -> None:
    for code in ALL_CODES:
        actions = read_brief(published, Request(area=NATION, sector=code)).actions
        levels = [CONTROL_LEVELS.index(action.control_level) for action in actions]
        assert levels == sorted(levels)
        assert LEAST_ACTIONS <= len(actions) <= MOST_ACTIONS, code
        assert levels[-1] == len(CONTROL_LEVELS) - 1


def test_actions_answer_what_inspectors_find(published: Store) -> None:
    construction = read_brief(published, Request(area=NATION, sector="F")).actions
    assert {"GL-007", "GL-008"} & {action.entry_id for action in construction}
    food = [a.entry_id for a in read_brief(published, Request(area=NATION, sector="I")).actions]
    assert food[0] == "GL-011"
    assert "GL-008" not in food


def test_text_is_eleven_points_or_more_except_in_the_footer() -> None:
    template = TEMPLATE.read_text(encoding="utf-8")
    sizes = [int(size) for size in re.findall(r"(?:text\(|size: )(\d+)pt", template)]
    assert sorted(set(sizes)) == [9, 11, 12, 15, 21]
    assert sizes.count(9) == 1
    assert "footer: block" in template.split("text(9pt")[0].splitlines()[-1]


def test_too_few_cases_print_a_word_instead_of_a_figure(published: Store) -> None:
    content = compose(read_brief(published, Request(area=CAR, sector="I")), texts("en"))
    assert [row[1] for row in content["spread"]["rows"]] == [
        "too few", "too few", "too few", "suppressed", "too few",
    ]  # fmt: skip
    assert content["spread"]["chart"]["values"] == []


def test_duties_say_when_the_law_they_come_from_ended(view: BriefView) -> None:
    standing = compose(in_2026(view), texts("en"))["duties"]["note"]
    assert (
        "From DO 198-18, in force to 15 May 2025; the tables of DO 252-25 were not read" in standing
    )
    assert "in force to" not in compose(view, texts("en"))["duties"]["note"]


def test_without_inspections_the_brief_says_so(view: BriefView) -> None:
    nothing = Reading(None, None, None, "missing", None)
    rows = [
        (name, replace(row, compliance_initial=nothing, compliance_after=nothing, inspections=None))
        for name, row in view.places
    ]
    bare = replace(view, places=tuple(rows), items=(), period_from=None, period_to=None)
    content = compose(bare, texts("en"))
    assert "Inspections are too few" in content["lead"]["lines"][1]
    assert content["work"]["rows"][0][1:] == ["no data"] * 3
    assert content["findings"]["empty"] == "No items can be shown."
    assert "DOLE inspections" not in content["footer"]
    assert pages(render(bare, "en")) == 2


def test_a_brief_without_actions_is_still_a_brief(view: BriefView) -> None:
    bare = replace(view, actions=())
    content = compose(bare, texts("en"))
    assert len(content["lead"]["lines"]) == 2
    assert content["actions"]["evidence"] == ""
    assert pages(render(bare, "en")) == 2


@pytest.mark.parametrize(
    ("area", "sector", "message"),
    [
        ("9999999999", "I", "no area '9999999999'"),
        (DAVAO, "Z", "no sector 'Z'"),
        (DAVAO, "", "no sector ''"),
        ("0702217000", "I", "no figures are made|no area"),
    ],
)
def test_codes_that_name_nothing_are_no_data(
    published: Store, area: str, sector: str, message: str
) -> None:
    with pytest.raises(NoDataError, match=message):
        read_brief(published, Request(area=area, sector=sector))
