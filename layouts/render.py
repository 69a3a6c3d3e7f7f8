"""A component tree as HTML text, so that every page can be read before, and without, JavaScript.

`condensed` puts that text back into the tree wherever nothing needs Dash: hundreds of components
become a few, which cost the server and the browser little.
"""

from __future__ import annotations

from html import escape
from typing import Any

from dash import html

from layouts.svg import Markup

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
RENAMED = {
    "className": "class",
    "htmlFor": "for",
    "httpEquiv": "http-equiv",
    "acceptCharset": "accept-charset",
}
# Properties that mean something to Dash's renderer only.
UNWRITTEN = {
    "available_properties",
    "available_wildcard_properties",
    "children",
    "disable_n_clicks",
    "key",
    "n_clicks",
    "n_clicks_timestamp",
}
UNITLESS = {"flex", "opacity", "order", "zIndex", "fontWeight", "lineHeight"}


def to_html(component: Any) -> str:
    """Write a component, a text, a number or a list of them; texts are escaped."""
    pieces: list[str] = []
    _write(component, pieces)
    return "".join(pieces)


def condensed(component: Any) -> Any:
    """Return the same page with everything but charts and what holds them written as HTML."""
    if not _is_element(component) or _name(component) in VOID:
        return component
    children = getattr(component, "children", None)
    if not _holds_chart(children):
        return Markup(to_html(children), tag=_name(component), attributes=_own(component))
    held = children if isinstance(children, (list, tuple)) else [children]
    return getattr(html, component._type)(  # noqa: SLF001
        [condensed(child) for child in held], **_own(component)
    )


def _holds_chart(component: Any) -> bool:
    if isinstance(component, (list, tuple)):
        return any(_holds_chart(child) for child in component)
    if _is_element(component):
        return _holds_chart(getattr(component, "children", None))
    return getattr(component, "_namespace", "") == "dash_core_components"


def _is_element(component: Any) -> bool:
    return getattr(component, "_namespace", "") == "dash_html_components"


def _name(component: Any) -> str:
    return str(component._type.lower().removesuffix("el"))  # noqa: SLF001


def _own(component: Any) -> dict[str, Any]:
    """Return an element's attributes."""
    return {
        prop: value
        for prop, value in vars(component).items()
        if value is not None and prop not in UNWRITTEN and prop[0] != "_"
    }


def _write(component: Any, pieces: list[str]) -> None:
    if component is None or isinstance(component, bool):
        return
    if isinstance(component, (str, int, float)):
        pieces.append(escape(str(component), quote=False))
    elif isinstance(component, (list, tuple)):
        for child in component:
            _write(child, pieces)
    elif _is_element(component):
        _element(component, pieces)
    else:
        pieces.append(_special(component))


def _special(component: Any) -> str:
    kind = (component._namespace, component._type)  # noqa: SLF001
    if kind not in SPECIAL:
        raise ValueError(
            f"layouts.render: no HTML form for {'.'.join(kind)}; add a writer to SPECIAL"
        )
    return SPECIAL[kind](component)


def _element(component: Any, pieces: list[str]) -> None:
    name = _name(component)
    pieces.append(f"<{name}{_attributes(_own(component))}>")
    if name in VOID:
        return
    _write(getattr(component, "children", None), pieces)
    pieces.append(f"</{name}>")


def _attributes(given: dict[str, Any]) -> str:
    written = []
    for prop, value in sorted(given.items()):  # Dash's own order differs between processes
        if value is None or value is False:
            continue
        name = RENAMED.get(prop, prop if "-" in prop else prop.lower())
        if value is True and "-" not in prop:
            written.append(f" {name}")
        elif prop == "style":
            written.append(f' style="{escape(_style(value))}"')
        else:
            written.append(f' {name}="{escape(_text(value))}"')
    return "".join(written)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _style(rules: dict[str, Any]) -> str:
    return ";".join(f"{_dashed(name)}:{_measure(name, value)}" for name, value in rules.items())


def _dashed(name: str) -> str:
    return (
        name
        if name.startswith("--")
        else "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    )


def _measure(name: str, value: object) -> str:
    if isinstance(value, (int, float)) and value and name not in UNITLESS:
        return f"{value}px"
    return str(value)


def _svg(component: Any) -> str:
    title = getattr(component, "title", "")
    name = f' role="img" aria-label="{escape(title)}"' if title else ""
    return f"<span{_own_class(component)}{name}>{component.markup}</span>"


def _markup(component: Any) -> str:
    own = _own_class(component) + _attributes(getattr(component, "attributes", {}))
    return f"<{component.tag}{own}>{component.markup}</{component.tag}>"


def _own_class(component: Any) -> str:
    name = getattr(component, "className", "")
    return f' class="{escape(name)}"' if name else ""


def _graph(component: Any) -> str:
    """Keep the drawing's place; its words and table stand beside it in the page."""
    height = (component.figure.get("layout") or {}).get("height", 250)
    return f'<div class="graph" style="height:{int(height)}px"></div>'


def _nothing(_component: Any) -> str:
    return ""


SPECIAL = {
    ("ligtas", "Svg"): _svg,
    ("ligtas", "Markup"): _markup,
    ("dash_core_components", "Graph"): _graph,
    ("dash_core_components", "Location"): _nothing,
    ("dash_core_components", "Store"): _nothing,
}
