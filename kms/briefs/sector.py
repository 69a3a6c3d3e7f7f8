"""The sector brief: a view becomes two A4 pages in PDF/UA, the same bytes every time.

What is written and how it is rounded comes from `kms.wording`, as on the pages; the layout is
`sector.typ`. Texts travel to it as JSON, so that nothing in them can be read as markup.
"""

from __future__ import annotations

import json
import threading
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from kms.briefs.names import translated
from kms.briefs.passages import (
    actions,
    call,
    duties,
    findings,
    lead,
    place_lines,
    spread,
    sure,
    workplaces,
)
from kms.config import MANILA
from kms.reads.brief import BriefView
from kms.texts import Texts, texts
from kms.wording import chance, direction_word

HERE = Path(__file__).parent
TEMPLATE, FONTS = HERE / "sector.typ", HERE / "fonts"
STANDARD: Final = "ua-1"
_RENDERING = threading.Lock()  # the compiler keeps state between documents


def render(view: BriefView, language: str = "en") -> bytes:
    """Return the brief as PDF; its bytes depend on view, language and templates alone."""
    content = json.dumps(compose(view, texts(language)), ensure_ascii=False, sort_keys=True)
    with _RENDERING:
        pdf = _compiler().compile(
            format="pdf",
            sys_inputs={"data": content},
            pdf_standards=[STANDARD],
            timestamp=int(view.frame.published_at.timestamp()),
        )
    if not isinstance(pdf, bytes):
        raise TypeError(f"typst gave {type(pdf).__name__} instead of one PDF; see its version")
    return pdf


def compose(view: BriefView, text: Texts) -> dict[str, Any]:
    """Return every text of the brief, ready to be laid out."""
    _ = text.gettext
    frame, sector = view.frame, translated(text, view.sector_title)
    known = frame.published_at.astimezone(MANILA).date()
    kind = _("Sector safety brief")
    place_line, data_line = place_lines(view, text)
    certain = view.area.p_above_1
    return {
        "language": text.language,
        "document_title": f"{kind}: {sector}, {translated(text, view.area.name)}",
        "date": [known.year, known.month, known.day],
        "running": kind,
        "demo": _("Synthetic demonstration data") if frame.synthetic else "",
        "title": sector,
        "place_line": place_line,
        "data_line": data_line,
        "direction": view.area.direction,
        "direction_word": direction_word(text, view.area.direction),
        "direction_note": _("chance of growing {p}").format(p=chance(text, certain))
        if certain is not None
        else "",
        "lead": lead(view, text),
        "spread": spread(view, text),
        "work": workplaces(view, text),
        "findings": findings(view, text),
        "actions": actions(view, text),
        "duties": duties(view, text),
        "sure": sure(view, text),
        "call": call(view, text),
        "footer": _footer(view, text),
        "page": _("Page {page} of {pages}"),
    }


def _footer(view: BriefView, text: Texts) -> str:
    _ = text.gettext
    sources = [_("DOH case information")]
    if view.period_to:
        sources.append(_("DOLE inspections"))
    parts = [
        _("Publication {id}, computed {moment}.").format(
            id=view.frame.publication_id, moment=text.moment(view.frame.published_at)
        ),
        _("Sources: {names}.").format(names=", ".join(sources)),
        _("Absence of reports is not absence of accidents."),
    ]
    return " ".join(parts)


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(TEMPLATE), root=str(HERE), font_paths=[str(FONTS)], ignore_system_fonts=True
    )
