"""Two components of our own, without a build step: inline SVG and inline HTML.

`assets/3-ligtas.js` defines `window.ligtas.Svg` and `.Markup`. Only markup made by this package
(every text through `escape`) or sanitised by `kms` may go in.
"""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

from dash.development.base_component import Component

ICONS = {
    "growing": ("12 12", '<path d="M6 .8 11.6 11H.4z" fill="currentColor"/>'),
    "rising": (
        "12 12",
        '<path d="M6 2.3 10.4 10.2H1.6z" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    ),
    "shrinking": ("12 12", '<path d="M6 11.2 .4 1h11.2z" fill="currentColor"/>'),
    "uncertain": ("12 12", '<path d="M6 .4 11.6 6 6 11.6.4 6z" fill="currentColor"/>'),
    "too_few": (
        "12 12",
        (
            '<path d="M6 .9 11.1 6 6 11.1.9 6z" fill="none" stroke="currentColor" '
            'stroke-width="1.5"/>'
        ),
    ),
    "clock": (
        "12 12",
        (
            '<circle cx="6" cy="6" r="4.9" fill="none" stroke="currentColor" stroke-width="1.2"/>'
            '<path d="M6 3.2V6l1.9 1.3" fill="none" stroke="currentColor" stroke-width="1.2"/>'
        ),
    ),
    "download": (
        "12 12",
        (
            '<path d="M6 1v7M3 5.4 6 8.4l3-3M1.5 10.8h9" fill="none" stroke="currentColor" '
            'stroke-width="1.3"/>'
        ),
    ),
    "lock": (
        "12 12",
        (
            '<rect x="2" y="5.2" width="8" height="5.6" rx="1" fill="currentColor"/>'
            '<path d="M3.8 5V3.6a2.2 2.2 0 0 1 4.4 0V5" fill="none" stroke="currentColor" '
            'stroke-width="1.3"/>'
        ),
    ),
    "met": (
        "14 14",
        (
            '<circle cx="7" cy="7" r="6.2" fill="currentColor"/>'
            '<path d="m4 7.2 2.1 2.1L10.2 5" fill="none" stroke="var(--surface)" '
            'stroke-width="1.6"/>'
        ),
    ),
    "person": (
        "12 12",
        (
            '<circle cx="6" cy="3.6" r="2.4" fill="none" stroke="currentColor" '
            'stroke-width="1.2"/><path d="M1.6 11.2a4.4 4.4 0 0 1 8.8 0" fill="none" '
            'stroke="currentColor" stroke-width="1.2"/>'
        ),
    ),
    "menu": (
        "12 12",
        (
            '<path d="M1 2.5h10M1 6h10M1 9.5h10" fill="none" stroke="currentColor" '
            'stroke-width="1.4"/>'
        ),
    ),
    "theme": (
        "12 12",
        (
            '<circle cx="6" cy="6" r="4.9" fill="none" stroke="currentColor" stroke-width="1.2"/>'
            '<path d="M6 1.1a4.9 4.9 0 0 1 0 9.8z" fill="currentColor"/>'
        ),
    ),
    "logo": (
        "24 24",
        (
            '<path d="M3 17.5h5.2V12h5V6.5H21" fill="none" stroke="currentColor" '
            'stroke-width="2.6"/><circle cx="4.6" cy="6.4" r="2.4" fill="currentColor"/>'
        ),
    ),
}
ICONS["missing"] = ICONS["too_few"]


class _Inline(Component):  # type: ignore[misc]  # dash ships no types
    """What both components share with Dash's generated ones."""

    _namespace = "ligtas"
    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = []
    _prop_names: ClassVar[list[str]] = ["id", "markup", "className", "title", "tag", "attributes"]
    _valid_wildcard_attributes: ClassVar[list[str]] = []
    available_properties = _prop_names
    available_wildcard_properties: ClassVar[list[str]] = []

    def _hold(self, **props: Any) -> None:
        """Keep the properties; Dash's own __init__ would look for a module `ligtas` each time."""
        for name, value in props.items():
            setattr(self, name, value)


class Svg(_Inline):
    """An inline SVG that inherits `currentColor`; an image if it has a title, else decoration."""

    _namespace, _type = "ligtas", "Svg"  # Dash's registry reads each class's own
    _children_props: ClassVar[list[str]] = []

    def __init__(self, markup: str, *, title: str = "", **props: Any) -> None:
        self._hold(markup=markup, title=title, **props)


class Markup(_Inline):
    """Trusted HTML inside one element: forms, texts sanitised before, and whole still pages.

    `attributes` are the element's own, named as React and Dash name them.
    """

    _namespace, _type = "ligtas", "Markup"  # Dash's registry reads each class's own
    _children_props: ClassVar[list[str]] = []

    def __init__(self, markup: str, *, tag: str = "div", **props: Any) -> None:
        self._hold(markup=markup, tag=tag, **props)


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """Write one element; attribute names lose a trailing _ and turn other _ into -."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def icon(name: str, *, title: str = "") -> Svg:
    """Draw one of the marks in the colour of the text around it."""
    size, shape = ICONS[name]
    return Svg(
        f'<svg class="ic" viewBox="0 0 {size}" aria-hidden="true" focusable="false">{shape}</svg>',
        title=title,
        className="icw",
    )
