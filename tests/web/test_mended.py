"""Weaknesses that an attack on the whole product once found; each stays mended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.config import Config  # type: ignore[import-untyped]  # ships none

from app import create_app
from kms.access.accounts import invitations
from kms.config import MANILA, Settings, now
from kms.domain.principal import Grant
from kms.reads.frame import edition, today
from kms.store.audit import entries
from kms.store.engine import Store, open_store
from kms.store.vintages import vintages, withdraw_vintage
from kms.store.waivers import add_waiver, end_waiver, new_waiver
from kms.web.origin import one_line
from layouts import cli
from tests.published import LEYTE_REGION, NOW, make_published_store
from tests.web.people import OPERATOR, PASSWORD, make_person, send, signed_in, token_on
from tests.web.test_guard import CALL, shell_call

FIRM = "EST-NCR-56101-3"
AREA = f"/areas/{LEYTE_REGION}"
OPEN = ("/", "/areas", "/sectors", "/data", "/library")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mended")


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    made = make_published_store(Settings(home=home))
    for name, role in (("maria", "analyst"), ("ines", "inspector"), ("root.admin", "admin")):
        make_person(made, name, Grant(role))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(home: Path, store: Store) -> Flask:
    return create_app(Settings(home=home))


@pytest.fixture
def away(home: Path, store: Store) -> Iterator[Any]:
    """Give what takes a store's files away, and bring them back."""
    taken: list[tuple[Path, Path]] = []
    store.close()

    def take(name: str, content: bytes | None) -> None:
        for file in home.glob(f"{name}*"):
            taken.append((file, home / f"away-{file.name}"))
            file.rename(taken[-1][1])
        if content is not None:
            (home / name).write_bytes(content)

    yield take
    for file, kept in taken:
        kept.replace(file)


def newest(store: Store, event: str = "") -> dict[str, Any]:
    with store.read_ops() as connection:
        return entries(connection, most=1, event=event).rows[0]


@pytest.mark.parametrize("content", [None, b"x" * 9_000], ids=["missing", "garbage"])
def test_without_the_data_store_every_page_says_when_to_come_again(
    server: Flask, home: Path, away: Any, content: bytes | None
) -> None:
    analyst, public = signed_in(server, "maria"), server.test_client()
    away("data.sqlite", content)
    for client in (public, analyst):
        for path in (*OPEN, f"/?as_of={NOW.date()}", AREA, "/api/v1/areas", "/readyz"):
            answer = client.get(path)
            assert (path, answer.status_code) == (path, 503)
        assert client.get("/data").headers["Retry-After"] == "30"
    assert public.post(CALL, json=shell_call("/data")).status_code == 503
    assert public.get("/healthz").status_code == 200
    assert (home / "data.sqlite").exists() is (content is not None)


@pytest.mark.parametrize("content", [None, b"x" * 9_000], ids=["missing", "garbage"])
def test_without_the_operations_store_nobody_signs_in_and_it_is_not_ready(
    server: Flask, home: Path, away: Any, content: bytes | None
) -> None:
    admin, public = signed_in(server, "root.admin"), server.test_client()
    token = token_on(public, "/sign-in")
    away("ops.sqlite", content)
    assert public.get("/readyz").get_json()["error"]["code"] == "no_store"
    assert public.get("/readyz").status_code == 503
    assert admin.get("/admin/users").status_code == 503
    fields = {"do": "sign-in", "form_token": token, "name": "maria", "password": PASSWORD}
    answer = public.post("/sign-in", data=fields)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert (home / "ops.sqlite").exists() is (content is not None)


def test_the_stores_are_read_again_once_they_are_back(server: Flask) -> None:
    assert server.test_client().get("/readyz").status_code == 200
    assert signed_in(server, "maria").get("/data").status_code == 200


def test_a_store_made_for_the_first_time_makes_its_files(tmp_path: Path) -> None:
    made = open_store(Settings(home=tmp_path / "new"))
    made.close()
    assert (tmp_path / "new" / "data.sqlite").exists()


@pytest.mark.parametrize(
    "where", ["/?x=%00", "/data?source=%00", "/admin/audit?actor=a%00", "/%00"]
)
def test_an_address_with_a_sign_no_store_holds_is_refused(server: Flask, where: str) -> None:
    assert server.test_client().get(where).status_code == 400


def test_so_is_a_callback_and_a_form(server: Flask) -> None:
    client = server.test_client()
    for search in ("?source=%00", "?source=a&source=b"):
        assert client.post(CALL, json=shell_call("/data", search)).status_code == 400
    for fields in ({"name": "a\x00"}, {"name": "a", "password": "p\x00"}, {"x\x00": "1"}):
        assert send(client, "/sign-in", "sign-in", **fields).status_code == 400


def test_free_text_is_kept_as_it_looks(server: Flask, store: Store) -> None:
    client = signed_in(server, "maria")
    why = "out\u202ebreak\u2066  team\r\n of\tLeyte\x07"
    answer = send(client, AREA, "export", indicator="cases_report", why=why)
    assert answer.status_code == 200
    assert newest(store)["detail"] == "outbreak team of Leyte"
    assert one_line("a \x1b[1m b\x9f\u200f") == "a [1m b"
    assert one_line("Juan Dela Cruz \u00d1") == "Juan Dela Cruz \u00d1"


def test_a_password_is_taken_sign_by_sign(server: Flask, store: Store) -> None:
    code = invitations.invite(store, Grant("viewer"), origin=OPERATOR, at=now())
    typed = "kalabaw  sa\tilog \u202e42"
    fields = {"name": "typed", "full_name": "Juan\u202e  Cruz", "password": typed, "again": typed}
    answer = send(server.test_client(), f"/invitation?code={code}", "accept", **fields)
    assert answer.status_code == 303
    assert signed_in(server, "typed", typed)
    fields = {"name": "typed", "password": one_line(typed)}
    assert send(server.test_client(), "/sign-in", "sign-in", **fields).status_code == 422


@pytest.mark.parametrize("body", [None, b"{}", b"x"])
def test_options_on_the_callback_address_is_no_fault(server: Flask, body: bytes | None) -> None:
    client = server.test_client()
    answer = client.options(CALL, data=body, content_type="application/json")
    assert answer.status_code == 200


def test_a_page_and_its_form_never_read_two_invitations(server: Flask, store: Store) -> None:
    first, second = (
        invitations.invite(store, Grant(role), origin=OPERATOR, at=now())
        for role in ("viewer", "admin")
    )
    client = server.test_client()
    token = token_on(client, f"/invitation?code={first}")
    for twice in (f"code={first}&code={second}", f"code=&code={second}"):
        assert client.get(f"/invitation?{twice}").status_code == 400
        fields = {"do": "accept", "form_token": token, "name": "x",
                  "password": PASSWORD, "again": PASSWORD}  # fmt: skip
        assert client.post(f"/invitation?{twice}", data=fields).status_code == 400
    assert client.get("/?as_of=2021-03-21&as_of=2021-03-20").status_code == 400
    assert client.get("/?utm=a&utm=b").status_code == 200  # not ours


def test_a_form_gives_the_day_of_its_page(server: Flask) -> None:
    client = signed_in(server, "maria")
    token = token_on(client, AREA)

    def export(day: str) -> Any:
        fields = {"do": "export", "form_token": token, "indicator": "cases_report"}
        return client.post(f"{AREA}?as_of={day}", data=fields | {"why": "outbreak team"})

    assert "EXACT" in export(NOW.date().isoformat()).headers["Content-Disposition"]
    assert export("2020-02-01").status_code == 404  # nothing was known, not today's figures
    assert [export(day).status_code for day in ("x", "2021-3-1", "3000-01-01")] == [400] * 3


def test_a_callback_for_a_plain_page_reads_and_logs_nothing(server: Flask, store: Store) -> None:
    client = signed_in(server, "ines")
    before = newest(store)["seq"]
    assert client.post(CALL, json=shell_call(f"/establishments/{FIRM}")).status_code == 404
    assert newest(store)["seq"] == before


def test_looks_at_one_firm_and_at_faults_are_logged_with_an_address(
    server: Flask, store: Store
) -> None:
    with store.read() as connection:
        name = vintages(connection)[0]["name"]
    client: FlaskClient = signed_in(server, "root.admin")
    far = {"REMOTE_ADDR": "203.0.113.7"}
    for path, event in ((f"/establishments/{FIRM}", "rows.view"),
                        (f"/data/faults?vintage={name}", "quarantine.view")):  # fmt: skip
        assert client.get(path, environ_base=far).status_code == 200
        assert newest(store, event)["address"] == "203.0.113.7"


def test_a_day_ahead_is_refused_before_anything_is_read(
    server: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = today(store)
    assert here is not None
    assert here == NOW.astimezone(MANILA).date()
    assert today(object()) is None
    monkeypatch.setattr("layouts.routing._read", lambda *_: pytest.fail("the page was read"))
    client = server.test_client()
    for path in ("/", "/areas", "/data"):
        answer = client.get(f"{path}?as_of={here + timedelta(days=1)}")
        assert answer.status_code == 400
        assert "has not come yet" in answer.text


def test_kept_pages_notice_that_a_vintage_was_withdrawn(tmp_path: Path) -> None:
    made = make_published_store(Settings(home=tmp_path))
    client = create_app(Settings(home=tmp_path)).test_client()
    shown, before = client.get("/data?source=dole_inspections").text, edition(made)
    with made.read() as connection:
        name = vintages(connection, "dole_inspections")[0]["name"]
    withdraw_vintage(made, name, "planted for a test")
    assert edition(made) != before
    assert client.get("/data?source=dole_inspections").text != shown
    made.close()


def test_kept_pages_notice_a_waiver_and_its_end(tmp_path: Path) -> None:
    made = make_published_store(Settings(home=tmp_path))
    client = create_app(Settings(home=tmp_path)).test_client()
    before, shown = edition(made), client.get("/data").text
    day = today(made)
    assert day is not None
    waiver = new_waiver(
        "dole_inspections", "spike", subject="", who="Ana", why="planted for a test",
        until=day.isoformat(), today=day,
    )  # fmt: skip
    number = add_waiver(made, waiver, NOW)
    given = edition(made)
    assert given != before
    assert client.get("/data").text != shown
    end_waiver(made, number, NOW)
    assert edition(made) == before
    assert client.get("/data").text == shown
    made.close()


def test_no_header_of_a_proxy_names_another_path(monkeypatch: pytest.MonkeyPatch) -> None:
    from gunicorn.app import base  # type: ignore[import-untyped]  # as above

    seen: list[Config] = []
    monkeypatch.setattr(base.BaseApplication, "run", lambda self: seen.append(self.cfg))
    monkeypatch.setattr(cli, "_claim", lambda *_: None)
    cli.serve_app(lambda: Flask("none"), "127.0.0.1", 1, trusted_proxy="127.0.0.1")
    assert seen[0].forwarder_headers == []
