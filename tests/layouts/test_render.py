from __future__ import annotations

import pytest
from dash import dcc, html

from layouts.render import condensed, to_html
from layouts.svg import Markup, Svg, icon, tag


def test_texts_and_attributes_are_escaped() -> None:
    hostile = '<script>alert("x")</script>&'
    written = to_html(html.P(hostile, title=hostile, className='"><b>'))
    assert "<script>" not in written
    assert "<b>" not in written
    assert "&lt;script&gt;" in written
    assert "&amp;" in written


def test_drawings_escape_their_texts() -> None:
    assert tag("text", x='"/><a>') == '<text x="&quot;/&gt;&lt;a&gt;"/>'
    assert 'aria-label="&quot;&lt;a&gt;"' in to_html(Svg("<svg/>", title='"<a>'))


def test_attributes_have_their_html_names() -> None:
    written = to_html(
        html.Td(
            "1",
            colSpan=2,
            className="num",
            style={"paddingTop": 4, "opacity": 1, "--u": "2px"},
            n_clicks=3,
            hidden=False,
            **{"data-label": "Age", "aria-hidden": "true"},
        )
    )
    for part in ('colspan="2"', 'class="num"', 'data-label="Age"', 'aria-hidden="true"'):
        assert part in written
    assert 'style="padding-top:4px;opacity:1;--u:2px"' in written
    assert "n_clicks" not in written
    assert "hidden=" not in written.replace("aria-hidden=", "")


def test_empty_elements_close_themselves_and_nothing_is_nothing() -> None:
    assert to_html([html.Br(), None, 0, html.Details(open=True)]) == "<br>0<details open></details>"


def test_inline_markup_is_kept_as_it_is() -> None:
    assert to_html(Markup("<p>a</p>", className="prose")) == '<div class="prose"><p>a</p></div>'
    assert "<svg" in to_html(icon("growing"))


def test_a_graph_keeps_its_place_and_an_address_is_not_written() -> None:
    graph = dcc.Graph(figure={"data": [], "layout": {"height": 200}})
    assert (
        to_html([graph, dcc.Location(id="a")]) == '<div class="graph" style="height:200px"></div>'
    )


def test_a_component_without_html_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no HTML form for dash_core_components.Slider"):
        to_html(dcc.Slider(0, 1))


def test_a_condensed_page_reads_the_same_and_keeps_only_charts_as_components() -> None:
    chart = dcc.Graph(id="x", figure={"layout": {"height": 200}})
    page = html.Div(
        [
            html.H1("A & B", tabIndex="-1"),
            html.Hr(),
            html.Div([html.P(["one ", html.B("two")]), chart], className="card"),
            html.Td("3", colSpan=2, **{"data-label": "three"}),
            "four",
            None,
        ],
        lang="en",
        **{"data-shown": "/"},
    )
    small = condensed(page)
    assert to_html(small) == to_html(page)
    kinds = [type(part).__name__ for part in small.children[:4]]
    assert kinds == ["Markup", "Hr", "Div", "Markup"]
    assert small.children[2].children[1] is chart
    given = small.children[3].to_plotly_json()["props"]
    assert given["attributes"] == {"colSpan": 2, "data-label": "three"}
    assert given["tag"] == "td"
