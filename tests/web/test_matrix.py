"""Who may open what: every entry of the map tried by everybody, against a table kept by hand.

A route, page, form or callback without an entry fails here, as does an entry for nothing, and
one that is not in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from kms.access.accounts import people, sessions, tokens
from kms.access.policy import RULES
from kms.config import Settings, now
from kms.domain.principal import Grant, Principal
from kms.store.engine import Store
from tests.published import make_published_store
from tests.web.people import OPERATOR, make_person, token_on

# Columns, in the groups of the table: anonymous, viewer, analyst of region 13, committee of the
# firm, of another firm; inspector of region 13, of region 07, programme, steward, approver, admin;
# sessions that count for nobody: expired, revoked, disabled account; must change the password;
# a token for figures, for briefs.
WHO = (
    "public", "viewer", "analyst", "committee", "other_firm", "inspector", "inspector_07",
    "programme", "steward", "approver", "admin", "expired", "revoked", "disabled", "must_change",
    "token", "brief_token",
)  # fmt: skip
FIRM = "EST-NCR-10101-0"
TABLE = """
page:/                                         xxxxx xxxxxx xxxx ..
page:/areas                                    xxxxx xxxxxx xxxx ..
page:/areas/<area>                             xxxxx xxxxxx xxxx ..
page:/signals                                  xxxxx xxxxxx xxxx ..
page:/sectors                                  xxxxx xxxxxx xxxx ..
page:/library                                  xxxxx xxxxxx xxxx ..
page:/library/<entry>                          xxxxx xxxxxx xxxx ..
page:/data                                     xxxxx xxxxxx xxxx ..
page:/privacy                                  xxxxx xxxxxx xxxx ..
page:/gallery                                  xxxxx xxxxxx xxxx ..
page:/sign-in                                  xxxxx xxxxxx xxxx ..
page:/invitation                               xxxxx xxxxxx xxxx ..
page:/account                                  .xxxx xxxxxx ...x ..
page:/establishments/<establishment>           ...x. x..x.x .... ..
page:/data/faults                              ..... ...x.x .... ..
page:/data/held                                ..... ...x.x .... ..
page:/data/enter/<kind>                        ..... ...x.x .... ..
page:/data/mappings                            ..... ...x.x .... ..
page:/data/mappings/<mapping>                  ..... ...x.x .... ..
page:/data/upload                              ..... ...x.x .... ..
page:/data/upload/<upload>                     ..... ...x.x .... ..
page:/admin/users                              ..... ...x.x .... ..
page:/admin/users/<account>                    ..... ...x.x .... ..
page:/admin/sessions                           ..... .....x .... ..
page:/admin/audit                              ..... .....x .... ..
callback:shell-page.children                   xxxxx xxxxxx xxxx ..
form:/sign-in:sign-in                          xxxxx xxxxxx xxxx ..
form:/invitation:accept                        xxxxx xxxxxx xxxx ..
form:/account:sign-out                         .xxxx xxxxxx ...x ..
form:/account:password                         .xxxx xxxxxx ...x ..
form:/account:end-sessions                     .xxxx xxxxxx ...x ..
form:/account:make-token                       .xxxx xxxxxx .... ..
form:/account:revoke-token                     .xxxx xxxxxx .... ..
form:/areas/<area>:export                      ..x.. ...xxx .... ..
form:/data/faults:download                      ..... ...x.x .... ..
form:/data/faults:correct                       ..... ...x.x .... ..
form:/data/held:release                        ..... ...x.x .... ..
form:/data/held:withdraw                       ..... ...x.x .... ..
form:/data/held:waive                          ..... ...x.x .... ..
form:/data/held:unwaive                        ..... ...x.x .... ..
form:/data/enter/<kind>:enter                  ..... ...x.x .... ..
form:/data/mappings/<mapping>:form             ..... ...x.x .... ..
form:/data/mappings/<mapping>:text             ..... ...x.x .... ..
form:/data/upload:upload                       ..... ...x.x .... ..
form:/data/upload/<upload>:take                ..... ...x.x .... ..
form:/data/upload/<upload>:discard             ..... ...x.x .... ..
form:/admin/users:invite                       ..... .....x .... ..
form:/admin/users:withdraw                     ..... .....x .... ..
form:/admin/users/<account>:reset              ..... ...x.x .... ..
form:/admin/users/<account>:give-role          ..... .....x .... ..
form:/admin/users/<account>:take-role          ..... .....x .... ..
form:/admin/users/<account>:disable            ..... .....x .... ..
form:/admin/users/<account>:enable             ..... .....x .... ..
form:/admin/sessions:end                       ..... .....x .... ..
endpoint:/                                     xxxxx xxxxxx xxxx ..
endpoint:/<path:path>                          xxxxx xxxxxx xxxx ..
endpoint:/_dash-layout                         xxxxx xxxxxx xxxx ..
endpoint:/_dash-dependencies                   xxxxx xxxxxx xxxx ..
endpoint:/_reload-hash                         xxxxx xxxxxx xxxx ..
endpoint:/_favicon.ico                         xxxxx xxxxxx xxxx xx
endpoint:_dash_assets.static                   xxxxx xxxxxx xxxx xx
endpoint:layouts.assets                        xxxxx xxxxxx xxxx xx
endpoint:layouts.plotly                        xxxxx xxxxxx xxxx xx
endpoint:layouts.favicon                       xxxxx xxxxxx xxxx xx
endpoint:healthz                               xxxxx xxxxxx xxxx xx
endpoint:readyz                                xxxxx xxxxxx xxxx xx
endpoint:areas                                 xxxxx xxxxxx xxxx x.
endpoint:publications                          xxxxx xxxxxx xxxx x.
endpoint:series                                xxxxx xxxxxx xxxx x.
endpoint:latest                                xxxxx xxxxxx xxxx x.
endpoint:api_document                          xxxxx xxxxxx xxxx x.
endpoint:api_unknown                           xxxxx xxxxxx xxxx x.
endpoint:briefs.latest                         xxxxx xxxxxx xxxx .x
endpoint:briefs.of_publication                 xxxxx xxxxxx xxxx .x
"""
SUITES = "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"
# Tried where they are answered: with the provider, with exact figures, or as a file route.
ELSEWHERE = {
    f"endpoint:{SUITES}", "endpoint:/_dash-update-component", "endpoint:layouts.forms",
    "endpoint:identity.start", "endpoint:identity.arrive", "export:series", "export:latest",
}  # fmt: skip
ADDRESSES = {
    "endpoint:/": "/",
    "endpoint:/<path:path>": "/nothing-here",
    "endpoint:_dash_assets.static": "/assets/favicon.svg",
    "endpoint:layouts.assets": "/assets/v-0/favicon.svg",
    "endpoint:layouts.favicon": "/favicon.ico",
    "endpoint:layouts.plotly": "/_dash-component-suites/plotly/package_data/plotly.min.js",
    "endpoint:areas": "/api/v1/areas",
    "endpoint:publications": "/api/v1/publications",
    "endpoint:series": "/api/v1/series?indicator=r_t",
    "endpoint:latest": "/api/v1/latest?indicator=r_t",
    "endpoint:api_document": "/api/v1/openapi.json",
    "endpoint:api_unknown": "/api/v1/nothing",
    "endpoint:briefs.latest": "/briefs/1300000000/C/latest.pdf",
    "endpoint:briefs.of_publication": "/briefs/1300000000/C/none.pdf",
    "endpoint:healthz": "/healthz",
    "endpoint:readyz": "/readyz",
}
FIELDS = {
    "<area>": "1300000000", "<account>": "nobody", "<entry>": "none", "<establishment>": FIRM,
    "<upload>": "none", "<kind>": "inspection", "<mapping>": "new",
}  # fmt: skip


def spec() -> dict[str, dict[str, bool]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    return {
        entry: dict(zip(WHO, (mark == "x" for mark in "".join(marks)), strict=True))
        for entry, *marks in lines
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Store]]:
    settings = Settings(home=Path(tmp_path_factory.mktemp("matrix")))
    store = make_published_store(settings)
    server = create_app(settings)
    yield server, store
    store.close()


@pytest.fixture(scope="module")
def browsers(place: tuple[Flask, Store]) -> Callable[[str], FlaskClient]:
    """Return a way to get somebody's browser, signed in afresh each time."""
    server, store = place
    grants = {
        "viewer": Grant("viewer"), "analyst": Grant("analyst", area="13"),
        "committee": Grant("committee", establishment=FIRM),
        "other_firm": Grant("committee", establishment="EST-X"),
        "inspector": Grant("inspector", area="13"), "inspector_07": Grant("inspector", area="07"),
        "programme": Grant("programme"), "steward": Grant("steward"),
        "approver": Grant("approver"), "admin": Grant("admin"), "expired": Grant("admin"),
        "revoked": Grant("admin"), "disabled": Grant("admin"), "must_change": Grant("admin"),
        "token": Grant("admin"), "brief_token": Grant("admin"),
    }  # fmt: skip
    ids = {name: make_person(store, name, grant) for name, grant in grants.items()}
    made = {
        name: tokens.make_token(
            store, Principal(ids[name], name, (grants[name],)), label="t", scopes=[scope], days=9,
            origin=OPERATOR, at=now(),
        )
        for name, scope in (("token", "figures"), ("brief_token", "briefs"))
    }  # fmt: skip
    with store.write_ops() as connection:
        from kms.store.accounts import change_account

        change_account(connection, ids["must_change"], must_change=True)

    def browser(name: str) -> FlaskClient:
        client = server.test_client()
        if name == "public":
            return client
        if name in made:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made[name]}"
            return client
        at = now() - timedelta(hours=9) if name == "expired" else now()
        if name == "disabled":
            people.set_state(store, name, "active", origin=OPERATOR, at=now())
        session = sessions.open_session(store, ids[name], address="", at=at)
        if name == "revoked":
            fresh = f"isang bagong lihim {at.isoformat()}"
            people.change_password(store, ids[name], fresh, origin=OPERATOR, at=at)
        if name == "disabled":
            people.set_state(store, name, "disabled", origin=OPERATOR, at=now())
        client.set_cookie("ligtas", session)
        return client

    return browser


def opened_by(client: FlaskClient, entry: str) -> bool:
    """Try an entry; tell whether it let the browser in."""
    kind, _, rest = entry.partition(":")
    if kind == "callback":
        output, prop = rest.split(".")
        body = {
            "output": rest, "outputs": {"id": output, "property": prop},
            "inputs": [
                {"id": "shell-address", "property": "pathname", "value": "/library"},
                {"id": "shell-address", "property": "search", "value": ""},
            ],
            "changedPropIds": [],
        }  # fmt: skip
        answer = client.post("/_dash-update-component", json=body)
    elif kind == "form":
        path, _, do = rest.rpartition(":")
        where = filled(path)
        token = a_token(client)
        answer = client.post(where, data={"do": do, "form_token": token, "id": "x"})
        assert answer.status_code != 400, f"{entry}: the form was not understood"
    else:
        answer = client.get(ADDRESSES.get(entry) or filled(rest))
        answer.close()  # files are streamed
    assert answer.status_code < 500, f"{entry}: {answer.status_code}"
    to_sign_in = answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
    return answer.status_code not in (401, 403) and not to_sign_in


def a_token(client: FlaskClient) -> str:
    if "HTTP_AUTHORIZATION" in client.environ_base:
        return ""
    return token_on(client, "/sign-in")


def filled(path: str) -> str:
    for name, value in FIELDS.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("entry", sorted(spec()))
def test_everybody_gets_what_the_table_says(
    browsers: Callable[[str], FlaskClient], entry: str
) -> None:
    if entry.startswith("form:"):
        expected = {who: may for who, may in spec()[entry].items() if "token" not in who}
    else:
        expected = spec()[entry]
    assert {who: opened_by(browsers(who), entry) for who in expected} == expected


def test_every_route_page_form_and_callback_has_an_entry(place: tuple[Flask, Store]) -> None:
    assert sorted(entries_of(place[0]) - RULES.keys()) == []


def test_no_entry_is_for_nothing(place: tuple[Flask, Store]) -> None:
    known = entries_of(place[0]) | {
        entry for entry in ELSEWHERE if "identity" in entry or "export" in entry
    }
    assert sorted(RULES.keys() - known) == []


def test_every_entry_is_tried(place: tuple[Flask, Store]) -> None:
    assert sorted(entries_of(place[0]) - spec().keys() - ELSEWHERE) == []


def test_a_route_without_an_entry_is_shut(settings: Settings) -> None:
    from kms.access.policy import Answer, ask

    admin = Principal("a", "a", (Grant("admin"),), via="session")
    assert ask(admin, "endpoint:something.new") is Answer.CLOSED


def entries_of(server: Flask) -> set[str]:
    """Walk the server and the pages for everything that can be asked for."""
    found = {f"endpoint:{rule.endpoint}" for rule in server.url_map.iter_rules()}
    dash = server.extensions["dash"]
    found |= {f"callback:{output}" for output in dash.callback_map}
    for page in dash.pages:
        found.add(page.entry)
        found |= {f"form:{page.path}:{name}" for name in page.forms}
    return found
