"""Names in order, and what an address can mean for a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.domain.lists.names import holds_words, name_order, words_in
from kms.domain.lists.pages import Order, order_in, page_in, span_of


def test_names_stand_in_the_order_of_the_alphabet() -> None:
    names = ["Ozamiz", "Ñu", "Nueva Écija", "Nz", "nueva ecija", "Álava", "Alaba", "Zambales"]
    assert sorted(names, key=name_order) == [
        "Alaba", "Álava", "Nueva Écija", "nueva ecija", "Nz", "Ñu", "Ozamiz", "Zambales",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("paranaque", True),
        ("PARAÑAQUE", True),
        ("city  para", True),
        ("", True),
        ("parañaque x", False),
    ],
)
def test_a_name_is_found_by_its_words_with_or_without_accents(typed: str, found: bool) -> None:
    assert holds_words("Parañaque City", words_in(typed)) is found


@pytest.mark.parametrize("written", ["", "x", "-1", "0", "1e9", "1.5", " 2", "२", "--2"])
def test_what_is_no_page_is_the_first(written: str) -> None:
    assert page_in(written) == 1


def test_only_keys_of_the_list_are_an_order() -> None:
    assert order_in("-name", {"name"}) == Order("name", descending=True)
    assert order_in("name", {"name"}) == Order("name")
    for wrong in ("", "-", "--name", "name desc", "NAME", "name;drop", "nonsense"):
        assert order_in(wrong, {"name"}) is None
    assert Order("name", descending=True).written == "-name"


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(1, 200))
def test_a_page_past_the_end_is_the_last(wanted: int, found: int, most: int) -> None:
    span = span_of(wanted, found, most)
    assert 1 <= span.page <= span.pages
    assert span.start <= max(0, found - 1)
    assert (span.pages - 1) * most < max(1, found) <= span.pages * most
