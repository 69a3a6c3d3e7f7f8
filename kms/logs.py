"""Log lines as JSON on standard error: ids, counts and lines, never names or cell values.

The message of an exception that is not ours may repeat the value it choked on, and that of a
database whole rows. Of those only the kind and the place in the program are written.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from kms.errors import KmsError

_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line; extra fields of the record are kept by name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        line |= {k: v for k, v in record.__dict__.items() if k not in _PLAIN}
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = _told(record.exc_info[1])
        return json.dumps(line, default=str, ensure_ascii=False)


def _told(error: BaseException) -> list[str]:
    """Return an exception and those behind it: kind, place, and words only if they are ours."""
    told: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        code = getattr(seen, "sqlstate", None) or getattr(seen, "sqlite_errorname", None)
        words = f": {seen}" if isinstance(seen, KmsError) else f" {code}" if code else ""
        told += [f"{type(seen).__name__}{words}", *_places(seen.__traceback__)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return told


def _places(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)
    ]


def configure_logs(level: str) -> None:
    """Send every log line of the process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel("WARNING")
    logging.getLogger("numba").setLevel("WARNING")
