"""Bodies that nearly are what a page sends: a good one with something replaced, lost or broken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Node = tuple[Any, Any]  # what holds a value, and under which key or place

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x",
    "/", "//", "\x00", "\ud800", "\u202e", "a" * 2_001, "__class__", "{0.__class__}", "shell-page",
    "'; DROP TABLE issue;--", "<script>alert(1)</script>", "../../etc/passwd", [], {}, [[]],
    [None] * 600, {"id": "x"}, {"id": {"index": "ALL"}, "property": "n"}, {"value": None},
    [{"id": "shell-address", "property": "pathname"}], {"": {"": {"": {"": {"": {"": {}}}}}}},
)  # fmt: skip
NAMES = ("output", "outputs", "inputs", "state", "id", "property", "value", "__proto__", "cacheKey")


def bodies(valid: list[dict[str, Any]], count: int, seed: int) -> Iterator[bytes]:
    """Give `count` bodies; the same seed gives the same ones."""
    draw = Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(count):
        kind = draw.random()
        body = copy.deepcopy(draw.choice(valid))
        if kind < 0.7:
            for _ in range(draw.randint(1, 3)):
                body = draw.choice(CHANGES)(body, draw)
            yield json.dumps(body).encode()
        elif kind < 0.9:
            yield broken(json.dumps(body).encode(), draw)
        elif kind < 0.95:
            yield draw.randbytes(draw.randint(0, 300))
        else:
            yield draw.choice(ODD)


def broken(text: bytes, draw: Random) -> bytes:
    """Cut, double or overwrite a few bytes."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(text))
        some = draw.randbytes(draw.randint(0, 4))
        text = draw.choice(
            (text[:at], text[:at] + some + text[at + len(some) :], text[:at] + text[at // 2 :])
        )[:60_000]
    return text


def _nodes(value: Any) -> Iterator[Node]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in list(pairs):
        yield value, key
        if isinstance(held, dict | list):
            yield from _nodes(held)


def _replace(body: Any, draw: Random) -> Any:
    if not isinstance(body, dict | list) or not body or draw.random() < 0.03:
        return copy.deepcopy(draw.choice(JUNK))
    holder, key = draw.choice(list(_nodes(body)))
    holder[key] = copy.deepcopy(draw.choice(JUNK))
    return body


def _lose(body: Any, draw: Random) -> Any:
    if isinstance(body, dict | list) and body:
        holder, key = draw.choice(list(_nodes(body)))
        del holder[key]
    return body


def _add(body: Any, draw: Random) -> Any:
    if isinstance(body, dict | list) and body:
        holder, key = draw.choice(list(_nodes(body)))
        if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        else:
            holder[draw.choice(NAMES)] = copy.deepcopy(draw.choice(JUNK))
    return body


def _rename(body: Any, draw: Random) -> Any:
    if isinstance(body, dict | list) and body:
        holder, key = draw.choice(list(_nodes(body)))
        if isinstance(holder, dict):
            holder[draw.choice(NAMES)] = holder.pop(key)
        else:
            holder.reverse()
    return body


CHANGES: tuple[Callable[[Any, Random], Any], ...] = (_replace, _replace, _lose, _add, _rename)
ODD = (
    b"", b"{}", b"[]", b"null", b"true", b"0", b'""', b"NaN", b"-Infinity", b"1" * 5_000,
    b"[" * 60_000, b'{"a":' * 10_000, b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"output":"\\ud800"}',
    b'{"output":"shell-page.children"}', b'{"output":["shell-page.children"]}',
    b'{"output":"shell-page.children","inputs":[],"outputs":{},"changedPropIds":[]}',
    b'{"output":{"a":1},"inputs":1,"state":2,"changedPropIds":3}',
)  # fmt: skip
