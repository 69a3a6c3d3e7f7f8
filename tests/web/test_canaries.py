"""Tokens planted where nobody but the entitled may see them; then everything public is read."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from ingest.load import load
from ingest.source import source_named
from kms.config import Settings
from kms.errors import KmsError
from kms.logs import JsonLines
from kms.reads.series import INDICATORS
from kms.reference import load_areas
from kms.store.engine import open_store
from kms.store.migrate import migrate
from kms.store.open import CLOCK, SYNTHETIC, set_store_fact
from tests import published as real
from tests.conftest import FULL

CANARY = "kanaryo"
MOST_ALIKE = 1_000 if FULL else 8
PLANTED = {
    "inspections": ("establishment_id", "establishment_name", "inspection_id", "inspector"),
    "cases": ("CaseCode",),
}
LINK = re.compile(r'(?:href|action|src)="([^"]+)"')
COUNTS = ("cases_report", "cases_onset", "cases_placeless")


def plant(path: Path, columns: tuple[str, ...]) -> Path:
    """Write a token into each row's columns; the same for rows that had the same value."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        for column in columns:
            row[column] = f"{CANARY}-{column[-4:]}-{row[column] or number}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def logged() -> Iterator[io.StringIO]:
    """Collect every log line of the module as it would be written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, logged: io.StringIO) -> Flask:
    """Return the product on a store whose files held the tokens."""
    settings = Settings(home=tmp_path_factory.mktemp("canaries"))
    store = open_store(settings)
    migrate(store)
    set_store_fact(store, CLOCK, real.NOW.isoformat())
    set_store_fact(store, SYNTHETIC, "yes")
    folder = settings.home / "incoming"
    folder.mkdir(parents=True)
    files = {
        "doh_case_information": plant(real.write_cases(folder), PLANTED["cases"]),
        "dole_inspections": plant(real.write_inspections(folder), PLANTED["inspections"]),
    }
    for source, path in files.items():
        load(store, settings, source_named(source), [path], fetched_at=real.NOW)
    real.publish_now(store)
    store.close()
    return create_app(settings)


def read_all(server: Flask, start: list[str]) -> dict[str, bytes]:
    """Follow links of this site from some addresses; return what each answers.

    Of addresses that differ in their codes only, some are read; all in the full run.
    """
    client, waiting, found = server.test_client(), list(start), {}
    alike: dict[str, int] = {}
    while waiting:
        address = waiting.pop()
        kind = re.sub(r"[0-9]+|/[A-Z](?=/)|(?<==)[^&]*", "#", address)
        if address in found or (address not in start and alike.get(kind, 0) >= MOST_ALIKE):
            continue
        alike[kind] = alike.get(kind, 0) + 1
        answer = client.get(address)
        assert answer.status_code < 500, address
        found[address] = answer.data + str(answer.headers).encode()
        if answer.mimetype == "text/html":
            links = (unescape(link) for link in LINK.findall(answer.get_data(as_text=True)))
            waiting += [
                link.split("#")[0]
                for link in links
                if link.startswith("/") and not link.startswith(("/assets", "/_dash-component"))
            ]
    return found


@pytest.fixture(scope="module")
def public(server: Flask) -> dict[str, bytes]:
    """Return every public byte: pages in both languages, callbacks, API, briefs."""
    areas = [area.code for area in load_areas().units("region")]
    areas += [area.code for area in load_areas().units("province")] + ["0000000000"]
    start = ["/", "/?lang=fil", "/api/v1/openapi.json", "/api/v1/publications", "/api/v1/areas"]
    start += [
        f"/api/v1/{kind}&format={form}"
        for name in INDICATORS
        for form in ("json", "csv")
        for kind in (f"latest?indicator={name}", f"series?indicator={name}&area=1300000000")
    ]
    start += [
        f"/api/v1/series?indicator={name}&area={code}&format=csv"
        for name in COUNTS
        for code in areas
    ]
    found = read_all(server, start)
    client = server.test_client()
    for address in [each for each in found if not each.startswith(("/api", "/briefs"))]:
        path, _, query = address.partition("?")
        shell = {"id": "shell-address"}
        body = {
            "output": "shell-page.children",
            "outputs": {"id": "shell-page", "property": "children"},
            "inputs": [
                {**shell, "property": "pathname", "value": path},
                {**shell, "property": "search", "value": f"?{query}" if query else ""},
            ],
            "changedPropIds": [],
        }
        answer = client.post("/_dash-update-component", json=body)
        assert answer.status_code < 500
        found[f"callback {address}"] = answer.data
    return found


def test_much_is_public(public: dict[str, bytes]) -> None:
    kinds = [sum(kind in each for each in public) for kind in ("/areas/", "callback", "/briefs/")]
    print(f"{len(public)} answers read, {sum(map(len, public.values())) / 1e6:.1f} MB")
    assert min(kinds) > 10


def test_no_planted_token_is_in_any_public_byte(public: dict[str, bytes]) -> None:
    assert [address for address, said in public.items() if CANARY.encode() in said.lower()] == []


def test_no_planted_token_is_printed_in_a_brief(
    public: dict[str, bytes], server: Flask, tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (package poppler-utils)")
    briefs = [address for address in public if address.startswith("/briefs/")]
    for address in briefs[:12]:
        path = tmp_path / "brief.pdf"
        path.write_bytes(server.test_client().get(address).data)
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout
        assert len(text) > 500
        assert CANARY.encode() not in text.lower()


def test_no_small_count_is_in_any_public_series(public: dict[str, bytes]) -> None:
    seen = 0
    for address, said in public.items():
        name = next((each for each in COUNTS if f"series?indicator={each}&" in address), "")
        if not name or "csv" not in address or not said.startswith(b"ref_date"):
            continue
        body = said.split(b"Content-Type")[0].decode()
        for row in csv.DictReader(io.StringIO(body)):
            assert row["completeness"] == "", address  # its ratios would tell the counts
            if re.fullmatch(r"[0-9.]+", row["value"] or ""):
                seen += 1
                assert float(row["value"]) == 0 or float(row["value"]) > 7, address
    assert seen > 1000


def test_completeness_of_figures_has_one_digit(public: dict[str, bytes]) -> None:
    (said,) = [told for address, told in public.items() if "series?indicator=r_t&" in address
               and "csv" in address]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(said.split(b"Content-Type")[0].decode())))
    told = {row["completeness"] for row in rows if row["completeness"]}
    assert told <= {f"{step / 10}" for step in range(11)}


def test_names_of_firms_need_an_account(server: Flask) -> None:
    client = server.test_client()
    known = client.get(f"/establishments/{CANARY}-t_id-EST-NCR-10101-0")
    unknown = client.get("/establishments/none")
    assert known.status_code == unknown.status_code == 303
    assert "/sign-in" in known.location


def test_logs_hold_no_planted_token(public: dict[str, bytes], logged: io.StringIO) -> None:
    assert CANARY not in logged.getvalue().lower()


@pytest.mark.parametrize("column", ["DateRepConf", "Age", "Sex", "RegionRes", "CityMunRes"])
def test_bad_values_are_in_no_log_line_and_no_message(
    settings: Settings, logged: io.StringIO, column: str
) -> None:
    store = open_store(settings)
    migrate(store)
    folder = settings.home / "incoming"
    folder.mkdir(parents=True)
    path = plant(real.write_cases(folder), (column,))
    source = source_named("doh_case_information")
    try:
        reports = load(store, settings, source, [path], fetched_at=real.NOW)
        said = json.dumps([str(report) for report in reports])
    except KmsError as error:
        said = str(error)
    store.close()
    assert CANARY not in said.lower()
    assert CANARY not in logged.getvalue().lower()


def _look_up() -> None:
    raise LookupError(CANARY)


def test_a_database_s_message_is_not_logged() -> None:
    def fail() -> None:
        try:
            _look_up()
        except LookupError as error:
            raise ValueError(f"duplicate key ({CANARY})") from error

    try:
        fail()
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, None)})
    line = JsonLines().format(record)
    assert CANARY not in line
    assert "ValueError" in line
    assert "LookupError" in line
    assert "in fail" in line
