"""The shape of a callback's call, checked before Dash reads it: Dash answers 500 to surprises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import flask
from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from kms.api.faults import fault
from kms.web.origin import writable

CALL, RELOAD = "/_dash-update-component", "/_reload-hash"
PARTS = frozenset(
    {"output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"}
)
ITEM = frozenset({"id", "property", "value"})
LONGEST, LARGEST, DEEPEST, MOST = 2_000, 2**53, 4, 500
# A link made from //x, from /\x or from x: would lead to another site.
OWN_PATH = re.compile(r"/(?!/)[^\x00-\x1f\x7f\\]*")
# Properties that only ever hold text; what else a property holds is for its callback to say.
TEXTS = frozenset({"pathname", "search", "hash", "href"})


class MalformedError(ValueError):
    """Something no page of ours sends."""


def guard_callbacks(server: flask.Flask, dash: Dash) -> None:
    """Refuse calls that name no callback of ours, or not with its own inputs and plain values."""

    def refused() -> Response | None:
        asked = flask.request
        if asked.path == RELOAD:  # for developers, and every answer would change what it tells
            flask.abort(HTTPStatus.NOT_FOUND)
        if asked.path != CALL or asked.method != "POST":
            return None
        try:
            check_call(asked.get_json(), dash.callback_map)
        except MalformedError as error:
            return fault(HTTPStatus.BAD_REQUEST, "malformed_call", str(error))
        except RecursionError:
            return fault(HTTPStatus.BAD_REQUEST, "malformed_call", "nested too deeply")
        return None

    def absent(_error: Exception) -> Any:
        """Answer as for any address that is not there; Dash's message lists our files."""
        return server.handle_user_exception(NotFound())

    server.before_request(refused)
    for kind in (DependencyException, InvalidResourceError):
        server.register_error_handler(kind, absent)


def check_call(body: Any, callbacks: Mapping[str, Any]) -> None:
    """Raise `MalformedError` unless a body calls a registered callback as its page would.

    Pattern-matching ids are refused: no page has them, and their inputs are lists whose length
    only the page knows. Whoever adds the first one adds the rule for it here.
    """
    if not isinstance(body, dict) or not body.keys() <= PARTS:
        raise MalformedError("not a call")
    output = body.get("output")
    registered = callbacks.get(output) if isinstance(output, str) else None
    if registered is None or not isinstance(output, str) or "{" in output:
        raise MalformedError("there is no such callback")
    _check_items("inputs", body.get("inputs"), registered["inputs"])
    _check_items("state", body.get("state", []), registered["state"])
    if not registered["no_output"]:
        _check_outputs(body.get("outputs"), output)
    inputs = {f"{known['id']}.{known['property']}" for known in registered["inputs"]}
    for part in ("changedPropIds", "parsedChangedPropsIds"):
        _check_changed(part, body.get(part, []), inputs)


def _check_items(part: str, given: Any, registered: list[dict[str, Any]]) -> None:
    if not isinstance(given, list) or len(given) != len(registered):
        raise MalformedError(f"{part}: not as many as the callback has")
    for item, known in zip(given, registered, strict=True):
        if not isinstance(item, dict) or not item.keys() <= ITEM or not _same(item, known):
            raise MalformedError(f"{part}: not those of the callback")
        value = item.get("value")
        if known["property"] in TEXTS and not isinstance(value, str | None):
            raise MalformedError(f"{part}: a text is wanted")
        if known["property"] == "pathname" and value and not OWN_PATH.fullmatch(value):
            raise MalformedError(f"{part}: not a path of this site")
        if not _plain(value):
            raise MalformedError(f"{part}: a value is too large, too deep or not writable")


def _check_outputs(given: Any, output: str) -> None:
    """Compare with what the callback's own name says: `..a.x...b.y..` for several, `a.x` for one.

    Where several callbacks share an output, the name carries `@` and a hash after the property.
    """
    several = output.startswith("..")
    names = output[2:-2].split("...") if several else [output]
    items = given if several else [given]
    if not isinstance(items, list) or len(items) != len(names):
        raise MalformedError("outputs: not as many as the callback has")
    for item, name in zip(items, names, strict=True):
        known_id, _, known_property = name.rpartition(".")
        known = {"id": known_id.replace("\\.", "."), "property": known_property}
        shared = known | {"property": known_property.split("@")[0]}
        if not isinstance(item, dict) or item not in (known, shared):
            raise MalformedError("outputs: not those of the callback")


def _check_changed(part: str, given: Any, inputs: set[str]) -> None:
    known = isinstance(given, list) and len(given) <= len(inputs)
    if not known or not all(isinstance(name, str) and name in inputs for name in given):
        raise MalformedError(f"{part}: not inputs of the callback")


def _same(item: dict[str, Any], known: dict[str, Any]) -> bool:
    return bool(item.get("id") == known["id"] and item.get("property") == known["property"])


def _plain(value: Any, depth: int = 0, left: list[int] | None = None) -> bool:
    """Tell whether a value is small and flat enough; `left` counts down over all of it."""
    left = [MOST] if left is None else left
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST:
        return False
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return abs(value) <= LARGEST and math.isfinite(value)
    if isinstance(value, str):
        return len(value) <= LONGEST and writable(value)
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    return all(_plain(each, depth + 1, left) for each in value)
