"""Mappings made on a page: by a form or as text, checked by the reader's rules, with versions."""

from __future__ import annotations

import gzip
import io
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.desk.mapping_form import composed, values_of
from ingest.source import source_named
from ingest.sources.tidy.mapping import TARGETS
from ingest.sources.tidy.mapping_file import parse_mapping
from kms.config import Settings
from kms.store.audit import entries
from kms.store.engine import Store
from kms.store.vintages import vintages
from tests.web.people import send, token_on

BEDS = (
    "Region,City,Bed,Day,In use,All,Nurse name\n"
    "NCR,City of Manila,Ward,31/01/2026,7,10,Juana Reyes\n"
    'NCR,City of Manila,Intensive care,31/01/2026,"1,002","2,004",Juana Reyes\n'
)
FORM = {
    "table": "capacity", "id": "city_beds", "title": "Hospital beds", "publisher": "City",
    "licence": "unverified", "rhythm": "weekly", "every_days": "7", "grace_days": "2",
    "rows": "counts", "scheme": "psgc", "area_region": "Region", "area_city": "City",
    "personal": "Nurse name", "facility_type__constant": "hospital",
    "bed_type__column": "Bed", "bed_type__values": "Intensive care = icu; Ward = ward",
    "ref_date__column": "Day", "ref_date__format": "%d/%m/%Y",
    "occupied__column": "In use", "occupied__grouped": "yes",
    "total__column": "All", "total__grouped": "yes",
}  # fmt: skip
NEW = "/data/mappings/new"


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def uploaded(client: FlaskClient, source: str) -> str:
    """Upload the table of beds as a file of a source; returns the upload's id."""
    data: dict[str, Any] = {
        "do": "upload",
        "form_token": token_on(client, "/data/upload"),
        "source": source,
        "file": [(io.BytesIO(BEDS.encode()), "beds_20260131.csv")],
    }
    answer = client.post("/data/upload", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303, text_of(answer)
    return str(answer.location).partition("?")[0].rpartition("/")[2]


def test_from_a_file_to_a_mapping_to_a_load(
    steward: FlaskClient, store: Store, settings: Settings
) -> None:
    name = uploaded(steward, "tidy_csv")
    page = text_of(steward.get(f"/data/upload/{name}"))
    assert "This table needs a mapping" in page
    assert f"/data/mappings/new?upload={name}" in page
    page = text_of(steward.get(f"{NEW}?upload={name}&table=capacity"))
    assert "Intensive care" in page
    assert "Juana" not in page
    assert 'value="Nurse name"' in page  # taken out unless the steward says otherwise
    answer = send(steward, f"{NEW}?upload={name}&table=capacity", "form", **FORM)
    assert answer.status_code == 303, re.findall(r'class="bad"[^>]*>([^<]*)', text_of(answer))
    assert f"/data/upload/{name}" in answer.location
    page = text_of(steward.get(f"/data/upload/{name}"))
    assert "These files can be taken in" in page
    sha = re.search(r'name="sha256" value="([0-9a-f]+)"', page)
    assert sha
    answer = send(steward, f"/data/upload/{name}", "take", sha256=sha[1])
    assert "is taken in: 2 of 2 rows" in text_of(answer)
    with store.read() as connection:
        assert [v["source_id"] for v in vintages(connection)] == ["tidy_csv.city_beds"]
    assert source_named("tidy_csv.city_beds", settings).title == "Hospital beds"
    assert "tidy_csv.city_beds" in text_of(steward.get("/data/upload"))
    for part in settings.snapshots.rglob("*.zst"):
        assert b"Juana" not in part.read_bytes()


def test_the_look_at_values_is_logged(steward: FlaskClient, store: Store) -> None:
    name = uploaded(steward, "tidy_csv")
    steward.get(f"{NEW}?upload={name}")
    with store.read_ops() as connection:
        (row,) = entries(connection, most=9, event="upload.columns").rows
    assert (row["actor"], row["object"]) == ("steward", "tidy_csv")


def test_a_changed_mapping_is_a_new_version_and_the_old_one_stays(
    steward: FlaskClient, settings: Settings
) -> None:
    assert send(steward, NEW, "form", **FORM).status_code == 200
    first = (settings.mappings / "city_beds.toml").read_text("utf-8")
    page = text_of(steward.get("/data/mappings/city_beds"))
    assert 'value="Intensive care = icu; Ward = ward"' in page
    changed = {**FORM, "title": "Beds of the city"}
    answer = send(steward, "/data/mappings/city_beds", "form", **changed)
    assert "The mapping city_beds is kept." in text_of(answer)
    assert "Beds of the city" in (settings.mappings / "city_beds.toml").read_text("utf-8")
    (earlier,) = (settings.mappings / "earlier").iterdir()
    assert earlier.read_text("utf-8") == first
    send(steward, "/data/mappings/city_beds", "form", **changed)  # says nothing new
    assert len(list((settings.mappings / "earlier").iterdir())) == 1
    assert source_named("tidy_csv.city_beds", settings).title == "Beds of the city"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "City Beds"}, "id"),
        ({"id": "ontario"}, "id"),
        ({"title": ""}, "title"),
        ({"every_days": "often"}, "every_days"),
        ({"ref_date__format": "%d/%m"}, "ref_date"),
        ({"bed_type__column": "", "bed_type__values": ""}, "bed_type"),
        ({"facility_type__column": "Bed", "facility_type__constant": "hospital"}, "facility_type"),
        ({"scheme": "constant", "area_code": "Manila"}, "area_code"),
        ({"area_region": "", "area_city": ""}, "area_region"),
    ],
)
def test_a_wrong_mapping_is_told_beside_the_field_and_nothing_typed_is_lost(
    steward: FlaskClient, settings: Settings, changes: dict[str, str], field: str
) -> None:
    answer = send(steward, NEW, "form", **{**FORM, **changes})
    page = text_of(answer)
    assert answer.status_code == 422, page
    assert "key '" in page
    assert 'class="bad"' in page, re.findall(r"<b>([^<]*)</b>", page)[:3]
    assert re.search(rf'(id="mapping-{field}-bad"|<b lang="en">{field}</b>.*?class="bad")', page)
    for name, value in {**FORM, **changes}.items():
        if value and name not in ("table", "rows", "scheme") and "grouped" not in name:
            assert value in page, name
    assert not settings.mappings.exists()


def test_the_text_of_a_mapping_can_be_written_too(steward: FlaskClient, settings: Settings) -> None:
    text = composed(FORM)
    broken = text.replace('table = "capacity"', 'table = "no_such"')
    answer = send(steward, NEW, "text", toml=broken)
    assert answer.status_code == 422
    assert "key 'facts 1: table' is 'no_such'" in text_of(answer)
    assert 'table = "no_such"' in text_of(answer)
    assert send(steward, NEW, "text", toml="id = ").status_code == 422
    answer = send(steward, NEW, "text", toml=text.replace("\n", "\r\n"))
    assert answer.status_code == 200, text_of(answer)
    assert (settings.mappings / "city_beds.toml").exists()
    assert send(steward, NEW, "text", toml=text).status_code == 422  # taken: open it instead


def test_ours_are_shown_and_not_changed(steward: FlaskClient) -> None:
    page = text_of(steward.get("/data/mappings/ontario"))
    assert "comes with the product" in page
    assert "<form" not in page.split("<main")[1].split("</main")[0]
    assert send(steward, NEW, "text", toml="").status_code == 422
    assert steward.get("/data/mappings/none").status_code == 404
    assert "ontario" in text_of(steward.get("/data/mappings"))


def test_the_kept_mapping_of_another_name_is_not_renewed(steward: FlaskClient) -> None:
    send(steward, NEW, "form", **FORM)
    answer = send(steward, "/data/mappings/city_beds", "form", **{**FORM, "id": "other"})
    assert answer.status_code == 422
    assert "it must stay 'city_beds'" in text_of(answer)


@pytest.mark.parametrize("table", TARGETS)
def test_every_table_has_a_form(steward: FlaskClient, table: str) -> None:
    assert "What its columns mean" in text_of(steward.get(f"{NEW}?table={table}"))


def test_a_form_that_was_kept_can_be_read_back() -> None:
    mapping = parse_mapping(composed(FORM), "x")
    again = values_of(mapping)
    assert again is not None
    assert parse_mapping(composed(again), "x") == mapping


def test_an_upload_that_is_gone_is_said_and_the_form_stays(steward: FlaskClient) -> None:
    page = text_of(steward.get(f"{NEW}?upload={'0' * 32}&table=capacity"))
    assert "there is no such upload" in page.lower()
    assert "What its columns mean" in page


@pytest.mark.parametrize("name", ["new", "entered"])
def test_a_name_that_means_something_else_is_refused(
    steward: FlaskClient, settings: Settings, name: str
) -> None:
    answer = send(steward, NEW, "form", **{**FORM, "id": name})
    assert answer.status_code == 422
    assert "choose another" in text_of(answer)
    assert not (settings.mappings / f"{name}.toml").exists()


@pytest.mark.parametrize("pattern", ["(a+)+$", ".*.*.*x", "a?a?a?a?a?a?a?a?a?a", "a" * 300])
def test_a_pattern_that_could_hold_up_the_refresh_is_refused(
    steward: FlaskClient, pattern: str
) -> None:
    text = composed(FORM).replace("\n[area]", f"names_end_with = ['{pattern}']\n[area]", 1)
    answer = send(steward, NEW, "text", toml=text)
    assert answer.status_code == 422
    assert "could take for ever" in text_of(answer)


def test_a_file_whose_columns_cannot_be_read_is_said_and_the_form_stays(
    steward: FlaskClient,
) -> None:
    for content in ("a,b\n1," + "x" * 1_200_000, 'a,b\n1,"' + "x\n" * 600_000):
        data = {
            "do": "upload", "form_token": token_on(steward, "/data/upload"), "source": "tidy_csv",
            "day": "", "hour": "",
            "file": (io.BytesIO(gzip.compress(content.encode())), "t.csv.gz"),
        }  # fmt: skip
        sent = steward.post("/data/upload", data=data, content_type="multipart/form-data")
        upload = sent.location.partition("?")[0].rpartition("/")[2]
        page = steward.get(f"{NEW}?upload={upload}&table=capacity")
        assert page.status_code == 200
        assert "a quote that is never closed" in text_of(page)
        assert "What its columns mean" in text_of(page)
