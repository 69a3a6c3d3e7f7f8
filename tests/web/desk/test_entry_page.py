"""Rows typed in by hand: judged by the source's rules, counted once, corrected by the same key."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.desk.entries import EntryDesk
from ingest.desk.entry_forms import forms
from ingest.desk.entry_rows import rows_of, suggested_places, values_of
from ingest.load import load
from ingest.source import source_named
from kms.compute.workplaces import workplaces
from kms.config import ROOT, Settings, now
from kms.reference import load_areas
from kms.store.audit import entries
from kms.store.engine import Store
from kms.store.establishments import inspections_of, items_of
from kms.store.open import SYNTHETIC, set_store_fact
from kms.store.typed_in import with_typed
from kms.store.vintages import cuts, vintages
from tests.web.people import send

CEBU = "City of Cebu, Cebu · 0730600000"
OFFICIAL = "dole_inspections"
INSPECTION = {
    "inspection_id": "NEW-1", "establishment_id": "EST-1", "place": CEBU, "psic": "10",
    "workers_male": "12", "workers_female": "19", "mode": "LI", "trigger": "routine",
    "visit": "first", "date_opened": "2026-01-05",
    "applicable__OSH-01": "YES", "compliant_initial__OSH-01": "NO",
    "applicable__OSH-02": "YES", "compliant_initial__OSH-02": "YES",
}  # fmt: skip
REPORT = {
    "report_id": "W-1", "establishment_id": "EST-1", "place": CEBU, "psic": "C",
    "event": "injury", "occurred_on": "2026-01-05", "sex__1": "male", "disability__1": "none",
    "sex__2": "female", "disability__2": "temporary_total", "days_lost__2": "6",
}  # fmt: skip
MEASURE = {
    "measure_id": "M-1", "place": "", "psic": "", "starts_on": "2026-01-05",
    "level": "Alert Level 2", "instrument": "Resolution 1",
}  # fmt: skip
WHOLE = {"inspection": INSPECTION, "accident": REPORT, "measure": MEASURE}


def enter(client: FlaskClient, kind: str, **changes: str) -> Any:
    return send(client, f"/data/enter/{kind}", "enter", **{**WHOLE[kind], **changes})


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def known(store: Store, name: str, source_id: str) -> list[dict[str, Any]]:
    with store.read() as connection:
        return list(with_typed(connection, name, source_id, now()).to_pylist())


def official(
    store: Store, settings: Settings, folder: Path, *rows: dict[str, str], day: str = "20260202"
) -> None:
    """Take in an official export that has these inspections, one item a row."""
    head = (ROOT / "data/sample/dole_inspections_20260126.csv").read_text("utf-8").splitlines()[0]
    names = head.split(",")
    lines = [",".join(row.get(name, "") for name in names) for row in rows]
    path = folder / f"dole_inspections_{day}.csv"
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    load(store, settings, source_named(OFFICIAL), [path], fetched_at=now())


def exported(number: str, item: str, met: str, **changes: str) -> dict[str, str]:
    """Return a row of the official export."""
    return {
        "inspection_id": number, "establishment_id": "EST-1", "region": "Region VII",
        "province": "CEBU", "city_municipality": "CEBU CITY", "psgc": "0730600000",
        "psic": "10711", "workers_male": "12", "workers_female": "19", "mode": "LI",
        "trigger": "routine", "visit": "first", "date_opened": "2026-01-05",
        "item_code": item, "applicable": "YES", "compliant_initial": met, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "table", "source"),
    [
        ("inspection", "inspection", OFFICIAL),
        ("accident", "injury_report", "dole_wair"),
        ("measure", "measure", "measures"),
    ],
)
def test_a_row_is_typed_in_and_known(
    steward: FlaskClient, store: Store, kind: str, table: str, source: str
) -> None:
    answer = enter(steward, kind)
    assert answer.status_code == 200, text_of(answer)
    assert "is taken in; the next refresh shows it." in text_of(answer)
    (row,) = known(store, table, source)
    assert row["area"] == ("0000000000" if kind == "measure" else "0730600000")
    with store.read() as connection:
        assert [v["source_id"] for v in vintages(connection)] == [f"{source}.entered"]
    with store.read_ops() as connection:
        logged = entries(connection, most=5, event="entry.add").rows
    assert [(row["object"], row["actor"]) for row in logged] == [(source, "steward")]


def test_persons_of_a_report_are_counted_and_nobody_is_named(
    steward: FlaskClient, store: Store
) -> None:
    page = steward.get("/data/enter/accident").get_data(as_text=True)
    assert not re.search(r'name="(person_|birth|age_|employer|civil)', page)
    enter(steward, "accident")
    (row,) = known(store, "injury_report", "dole_wair")
    assert (row["persons_male"], row["persons_female"], row["days_lost"]) == (1, 1, 6)


def test_an_occurrence_that_hurt_nobody_has_no_persons(steward: FlaskClient, store: Store) -> None:
    blank = dict.fromkeys(
        ("sex__1", "disability__1", "sex__2", "disability__2", "days_lost__2"), ""
    )
    answer = enter(steward, "accident", event="dangerous_occurrence", **blank)
    assert answer.status_code == 200, text_of(answer)
    (row,) = known(store, "injury_report", "dole_wair")
    assert row["persons_male"] == 0


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("inspection", {"inspection_id": ""}, "This must be filled."),
        ("inspection", {"place": "Atlantis"}, "Choose a place of the list"),
        ("inspection", {"place": "San Isidro"}, "Several places have this name|Choose a place"),
        ("inspection", {"place": "Region VII · 0700000000"}, "Choose a place of the list"),
        ("inspection", {"mode": "XX"}, "This is none of the values there are here."),
        ("inspection", {"workers_male": "ten"}, "This is no number."),
        ("inspection", {"workers_male": "-1"}, "This is below zero."),
        ("inspection", {"workers_male": "1.5"}, "Write a whole number."),
        ("inspection", {"date_opened": "2099-01-01"}, "This day has not come."),
        ("inspection", {"date_opened": "May"}, "Write the day as 2026-11-16."),
        ("inspection", {"date_closed": "2025-01-01"}, "before the inspection was opened|precede"),
        ("inspection", {"inspector": "Juan Dela Cruz"}, "never a name"),
        ("inspection", {"establishment_id": "Sample Bakery"}, "never a name"),
        ("inspection", {"psic": "99999"}, "Choose an industry of the list."),
        ("inspection", {"applicable__OSH-01": ""}, "This must be filled."),
        ("inspection", {"applicable__OSH-01": "NO"}, "does not apply has no answer"),
        ("inspection", {"compliant_after__OSH-02": "NO"}, "cannot be unmet after correction"),
        ("accident", {"days_lost__2": "99999"}, "This is more than can be."),
        ("accident", {"sex__1": "", "days_lost__1": "1"}, "This must be filled."),
        ("measure", {"capacity_share": "30"}, "This is more than can be."),
        ("measure", {"ends_on": "2025-01-01"}, "precede|before"),
        ("measure", {"level": ""}, "This must be filled."),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_nothing_typed_is_lost(
    steward: FlaskClient, store: Store, kind: str, changes: dict[str, str], words: str
) -> None:
    answer = enter(steward, kind, **changes)
    page = text_of(answer)
    assert answer.status_code == 422, page
    assert re.search(r'aria-invalid="true"', page)
    assert re.search(words, page), re.findall(r'class="bad"[^>]*>([^<]*)', page)
    for name, value in {**WHOLE[kind], **changes}.items():
        if value and name not in ("mode", "psic") and not name.startswith(("applic", "compl")):
            assert value in page, name
    with store.read() as connection:
        assert vintages(connection) == []


def test_an_inspection_without_items_says_nothing(steward: FlaskClient) -> None:
    blank = {name: "" for name in INSPECTION if "__" in name}
    answer = enter(steward, "inspection", **blank)
    assert answer.status_code == 422
    assert "Say of at least one item whether it was met." in text_of(answer)


def test_the_same_key_again_corrects_it(steward: FlaskClient, store: Store) -> None:
    enter(steward, "inspection")
    enter(steward, "inspection", inspection_id="NEW-2")
    page = text_of(steward.get("/data/enter/inspection?key=NEW-1"))
    assert 'value="NEW-1"' in page
    assert f'value="{CEBU}"' in page
    answer = enter(steward, "inspection", workers_male="40", **{"compliant_after__OSH-01": "YES"})
    assert "NEW-1 is corrected" in text_of(answer)
    rows = {row["inspection_id"]: row for row in known(store, "inspection", OFFICIAL)}
    assert {key: row["workers_male"] for key, row in rows.items()} == {"NEW-1": 40, "NEW-2": 12}


def test_a_key_written_with_other_blanks_or_signs_is_the_same(
    store: Store, settings: Settings
) -> None:
    desk = EntryDesk(store, settings)
    for key, men in (("CAF\u00c9", "12"), (" CAFE\u0301\u00a0", "40")):
        values = {**INSPECTION, "inspection_id": key, "workers_male": men}
        entered = desk.enter("inspection", values, at=now())
    assert entered.corrected
    assert desk.keys("inspection") == ("CAF\u00c9",)
    (row,) = known(store, "inspection", OFFICIAL)
    assert (row["inspection_id"], row["workers_male"]) == ("CAF\u00c9", 40)


def test_a_key_typed_in_another_case_is_the_same_also_beside_the_export(
    steward: FlaskClient, store: Store, settings: Settings, tmp_path: Path
) -> None:
    enter(steward, "inspection")
    assert "is corrected" in text_of(enter(steward, "inspection", inspection_id="new-1"))
    assert [row["inspection_id"] for row in known(store, "inspection", OFFICIAL)] == ["new-1"]
    official(store, settings, tmp_path, exported("NEW-1", "OSH-01", "YES"))
    assert [row["inspection_id"] for row in known(store, "inspection", OFFICIAL)] == ["NEW-1"]


def test_a_key_nobody_entered_and_a_form_there_is_not_are_not_found(steward: FlaskClient) -> None:
    assert steward.get("/data/enter/inspection?key=NONE").status_code == 404
    assert steward.get("/data/enter/nothing").status_code == 404


def test_what_is_typed_in_counts_and_the_official_export_wins(
    steward: FlaskClient, store: Store, settings: Settings, tmp_path: Path
) -> None:
    """NEW-1 is typed in with one item of two met, then exported with both met: it counts once."""
    enter(steward, "inspection")
    enter(steward, "inspection", inspection_id="NEW-2")
    official(
        store,
        settings,
        tmp_path,
        exported("NEW-1", "OSH-01", "YES"),
        exported("OTHER", "OSH-01", "YES"),
    )
    items = known(store, "inspection_item", OFFICIAL)
    found = sorted((i["inspection_id"], i["item_code"], i["compliant_initial"]) for i in items)
    assert found == [
        ("NEW-1", "OSH-01", True),
        ("NEW-2", "OSH-01", False),
        ("NEW-2", "OSH-02", True),
        ("OTHER", "OSH-01", True),
    ]
    assert len(known(store, "inspection", OFFICIAL)) == 3
    with store.read() as connection:
        visits = inspections_of(connection, OFFICIAL, "EST-1", now())
        answers = items_of(connection, OFFICIAL, "EST-1", now())
    assert sorted(row["inspection_id"] for row in visits) == ["NEW-1", "NEW-2", "OTHER"]
    assert len(answers) == 4


def test_an_inspection_the_export_gives_to_another_firm_is_not_shown_for_the_first(
    steward: FlaskClient, store: Store, settings: Settings, tmp_path: Path
) -> None:
    enter(steward, "inspection")
    moved = exported("NEW-1", "OSH-01", "YES", establishment_id="EST-9")
    official(store, settings, tmp_path, moved)
    with store.read() as connection:
        assert inspections_of(connection, OFFICIAL, "EST-1", now()) == []
        assert len(inspections_of(connection, OFFICIAL, "EST-9", now())) == 1


def test_compliance_is_that_of_both_together(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Twelve firms met it in the export and twelve typed in did not; six of these are exported."""
    rows = [exported(f"O-{n}", "OSH-01", "YES", establishment_id=f"F-{n}") for n in range(12)]
    desk = EntryDesk(store, settings)
    for n in range(12):
        typed = {**INSPECTION, "inspection_id": f"T-{n}", "establishment_id": f"G-{n}"}
        typed = {k: v for k, v in typed.items() if "OSH-02" not in k}
        assert desk.enter("inspection", typed, at=now()).faults == ()
    official(store, settings, tmp_path, *rows)
    assert compliance(store) == (0.5, 25)  # counts of establishments are published in fives
    late = [exported(f"T-{n}", "OSH-01", "YES", establishment_id=f"G-{n}") for n in range(6)]
    official(store, settings, tmp_path, *rows, *late, day="20260203")
    assert compliance(store) == (0.75, 25)


def compliance(store: Store) -> tuple[float, float]:
    """Return the share of items met in the country, and the establishments behind it."""
    with store.read() as connection:
        found = workplaces(connection, load_areas(), source_id=OFFICIAL, as_of=now())
    (one,) = [
        e.series for e in found
        if (e.indicator, e.area, e.sector) == ("compliance_initial", "0000000000", "ALL")
    ]  # fmt: skip
    return float(one.value[-1]), float(one.completeness[-1])


def test_entries_made_at_once_are_all_kept(store: Store, settings: Settings) -> None:
    desk = EntryDesk(store, settings)
    at = now()
    failed: list[BaseException] = []

    def one(number: int) -> None:
        try:
            desk.enter("measure", {**MEASURE, "measure_id": f"M-{number}"}, at=at)
        except BaseException as error:  # noqa: BLE001  # told below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(desk.keys("measure")) == ["M-0", "M-1", "M-2", "M-3"]
    assert len(known(store, "measure", "measures")) == 4


def test_a_day_of_typing_is_one_cut_of_the_data(steward: FlaskClient, store: Store) -> None:
    for n in range(3):
        enter(steward, "inspection", inspection_id=f"NEW-{n}")
    with store.read() as connection:
        found = cuts(connection)
        newest = max(v["published_at"] for v in vintages(connection))
    days = {cut.astimezone(UTC).date() for cut in found}
    assert len(found) <= 2  # one, or two around midnight
    assert found[-1] == newest
    assert max(days) <= (datetime.now(UTC) + timedelta(days=1)).date()


def test_a_demonstration_takes_nothing_typed_in(steward: FlaskClient, store: Store) -> None:
    token = {"form": steward.get("/data/enter/measure").get_data(as_text=True)}
    set_store_fact(store, SYNTHETIC, "yes")
    page = text_of(steward.get("/data/enter/measure"))
    assert "holds synthetic demonstration data" in page
    assert "<form" not in page.split("<main")[1]
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', token["form"])
    assert found
    sent = {"do": "enter", "form_token": found[1], **MEASURE}
    assert steward.post("/data/enter/measure", data=sent).status_code == 422


def test_every_column_of_the_samples_is_asked_but_those_about_persons(
    steward: FlaskClient,
) -> None:
    known_otherwise = {
        "region", "province", "city_municipality", "psgc",  # from the place
        "item_code", "item_title", "legal_item", "person_no",  # the row says which
        "person_name", "person_address", "birth_date", "age", "civil_status",
        "average_weekly_wage", "employer_name",  # taken out before anything is kept
    }  # fmt: skip
    for kind, form in forms().items():
        sample = next((ROOT / "data/sample").glob(f"{form.source_id}_*.csv"))
        columns = set(sample.read_text("utf-8").splitlines()[0].split(",")) - known_otherwise
        page = steward.get(f"/data/enter/{kind}").get_data(as_text=True)
        asked = {name.partition("__")[0] for name in re.findall(r' name="([^"]+)"', page)}
        assert columns <= asked, kind


def test_what_a_form_says_can_be_read_back(settings: Settings) -> None:
    for kind, form in forms().items():
        rows = rows_of(form, WHOLE[kind])
        again = {name: value for name, value in values_of(form, rows).items() if value}
        assert again == {name: value for name, value in WHOLE[kind].items() if value}


def test_a_firm_is_in_a_city_and_an_order_may_be_for_a_region() -> None:
    areas = load_areas()
    levels = {
        kind: {areas.get(place[-10:]).level for place in suggested_places(form)}
        for kind, form in forms().items()
    }
    assert "region" not in levels["inspection"] | levels["accident"]
    assert {"region", "province", "municipality"} <= levels["measure"]
