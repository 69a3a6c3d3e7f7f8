from __future__ import annotations

import json
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from layouts.guard import DEEPEST, LARGEST, LONGEST, MOST, MalformedError, check_call
from tests.conftest import FULL
from tests.web.mutation import bodies

CALL = "/_dash-update-component"
SHELL = "shell-page.children"
TRIES = 10_000 if FULL else 3_000
FIELD = {"id": "form-field", "property": "value"}
SEVERAL = "..a.x...b\\.c.y@0f3e.."
REGISTERED: dict[str, Any] = {
    "one.children": {"inputs": [FIELD], "state": [], "no_output": False},
    SEVERAL: {"inputs": [FIELD], "state": [FIELD], "no_output": False},
    "5f0a": {"inputs": [FIELD], "state": [], "no_output": True},
    '{"index":["ALL"]}.children': {"inputs": [FIELD], "state": [], "no_output": False},
}


def shell_call(pathname: object = "/", search: object = "") -> dict[str, Any]:
    address = "shell-address"
    return {
        "output": SHELL,
        "outputs": {"id": "shell-page", "property": "children"},
        "inputs": [
            {"id": address, "property": "pathname", "value": pathname},
            {"id": address, "property": "search", "value": search},
        ],
        "changedPropIds": [f"{address}.pathname", f"{address}.search"],
        "parsedChangedPropsIds": [f"{address}.pathname", f"{address}.search"],
    }


def calls(client: FlaskClient) -> list[dict[str, Any]]:
    """One good call of every callback there is, as Dash tells the browser about them."""
    made = []
    for known in client.get("/_dash-dependencies").get_json():
        name = known["output"]
        several = name.startswith("..")
        outputs = []
        for part in name[2:-2].split("...") if several else [name]:
            part_id, _, part_property = part.rpartition(".")
            outputs.append({"id": part_id, "property": part_property})
        made.append(
            {
                "output": name,
                "outputs": outputs if several else outputs[0],
                "inputs": [{**each, "value": None} for each in known["inputs"]],
                "state": [{**each, "value": None} for each in known["state"]],
                "changedPropIds": [],
            }
        )
    return made


def send(client: FlaskClient, body: bytes) -> int:
    return client.post(CALL, data=body, content_type="application/json").status_code


@pytest.mark.torture
def test_no_body_makes_the_server_fail_and_good_calls_still_pass(product: flask.Flask) -> None:
    client = product.test_client()
    valid = [*calls(client), shell_call(), shell_call("/areas", "?lang=fil")]
    counted: dict[int, int] = {}
    for body in bodies(valid, TRIES, seed=20261122):
        status = send(client, body)
        counted[status] = counted.get(status, 0) + 1
        assert status < 500, body[:500]
    print(f"\n{TRIES} bodies: {dict(sorted(counted.items()))}")
    assert counted[400] > TRIES / 2
    assert send(client, json.dumps(shell_call()).encode()) == 200


@pytest.mark.parametrize(
    "body",
    [
        shell_call(),
        shell_call(None, None),
        shell_call("", ""),
        shell_call("/areas/1100000000", "?lang=fil"),
        {key: value for key, value in shell_call().items() if "anged" not in key},
        {**shell_call(), "state": []},
        {**shell_call(), "changedPropIds": []},
    ],
)
def test_what_pages_send_is_answered(client: FlaskClient, body: dict[str, Any]) -> None:
    answer = client.post(CALL, json=body)
    assert answer.status_code == 200
    assert "shell-page" in answer.get_json()["response"]


@pytest.mark.parametrize(
    "change",
    [
        {"output": "other.children"},
        {"output": None},
        {"output": ["shell-page.children"]},
        {"outputs": None},
        {"outputs": [{"id": "shell-page", "property": "children"}]},
        {"outputs": {"id": "shell-page", "property": "__class__"}},
        {"outputs": {"id": "other", "property": "children"}},
        {"inputs": None},
        {"inputs": []},
        {"inputs": shell_call()["inputs"][::-1]},
        {"inputs": [*shell_call()["inputs"], shell_call()["inputs"][0]]},
        {"inputs": [{**shell_call()["inputs"][0], "property": "__class__"},
                    shell_call()["inputs"][1]]},
        {"inputs": [{**shell_call()["inputs"][0], "more": 1}, shell_call()["inputs"][1]]},
        {"inputs": shell_call(pathname=["/"])["inputs"]},
        {"inputs": shell_call(pathname=7)["inputs"]},
        {"inputs": shell_call(pathname="/\x00")["inputs"]},
        {"inputs": shell_call(pathname="//evil.example")["inputs"]},
        {"inputs": shell_call(pathname="/\\evil.example")["inputs"]},
        {"inputs": shell_call(pathname="/\t/evil.example")["inputs"]},
        {"inputs": shell_call(pathname="javascript:alert(1)")["inputs"]},
        {"inputs": shell_call(search="?a=\ud800")["inputs"]},
        {"inputs": shell_call(search="?" + "x" * LONGEST)["inputs"]},
        {"state": None},
        {"state": [FIELD]},
        {"changedPropIds": "shell-address.pathname"},
        {"changedPropIds": ["shell-page.children"]},
        {"changedPropIds": [["shell-address.pathname"]]},
        {"changedPropIds": ["shell-address.pathname"] * 3},
        {"parsedChangedPropsIds": {"shell-address.pathname": 1}},
        {"cacheKey": "x"},
    ],
    ids=lambda change: json.dumps(change)[:60],
)  # fmt: skip
def test_a_call_no_page_makes_is_refused_as_json(
    client: FlaskClient, change: dict[str, Any]
) -> None:
    answer = client.post(CALL, json=shell_call() | change)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "malformed_call"


def call(name: str, value: object = None) -> dict[str, Any]:
    field = {**FIELD, "value": value}
    outputs: Any = {"id": "one", "property": "children"}
    if name == SEVERAL:
        outputs = [{"id": "a", "property": "x"}, {"id": "b.c", "property": "y@0f3e"}]
    state = [field] if name == SEVERAL else []
    return {"output": name, "outputs": outputs, "inputs": [field], "state": state}


@pytest.mark.parametrize("name", [name for name in REGISTERED if "{" not in name])
def test_callbacks_with_one_output_several_or_none_are_known(name: str) -> None:
    check_call(call(name), REGISTERED)


def test_a_shared_output_is_known_with_and_without_its_hash() -> None:
    given = call(SEVERAL)
    given["outputs"][1]["property"] = "y"
    check_call(given, REGISTERED)
    given["outputs"].reverse()
    with pytest.raises(MalformedError, match="outputs: not those"):
        check_call(given, REGISTERED)


def test_pattern_matching_ids_are_refused() -> None:
    with pytest.raises(MalformedError, match="no such callback"):
        check_call(call('{"index":["ALL"]}.children'), REGISTERED)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        (None, True), (True, True), (3, True), (2.5, True), ("Las Piñas", True), (["a", "b"], True),
        ({"a": [1, 2]}, True), ("x" * LONGEST, True), (LARGEST, True), (nested(DEEPEST), True),
        ([0] * (MOST - 1), True),
        ("x" * (LONGEST + 1), False), (LARGEST + 1, False), (-(10**400), False),
        (float("nan"), False), (float("inf"), False), ("a\x00", False), ("\udfff", False),
        (nested(DEEPEST + 1), False), ([0] * MOST, False), ([[0] * 300, [0] * 300], False),
        ({"\x00": 1}, False), ({"a": {"b": "\ud800"}}, False),
    ],
    ids=lambda given: repr(given)[:20],
)  # fmt: skip
def test_values_are_small_flat_and_writable(value: object, *, is_fine: bool) -> None:
    if is_fine:
        check_call(call("one.children", value), REGISTERED)
    else:
        with pytest.raises(MalformedError, match="too large, too deep or not writable"):
            check_call(call("one.children", value), REGISTERED)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_call(client: FlaskClient, kind: str) -> None:
    answer = client.post(CALL, data=json.dumps(shell_call()), content_type=kind)
    assert answer.status_code == 415
    assert answer.is_json


def test_the_reload_address_of_developers_is_closed(client: FlaskClient) -> None:
    assert client.get("/_reload-hash").status_code == 404


def test_every_file_dash_names_is_there_and_every_other_is_not(client: FlaskClient) -> None:
    for path in (
        "none/x.js", "dash/none.js", "dash/../dash.py", "dash/deps/../../dash.py", "dash/dash.py",
        "dash/<script>alert(1)</script>.js", "sys/x.js", "plotly/package_data/../x.py",
    ):  # fmt: skip
        answer = client.get(f"/_dash-component-suites/{path}")
        assert answer.status_code == 404, path
        assert "<script>alert" not in answer.text
        assert "registered" not in answer.text
