"""Mapping files: read strictly, written back, and never mixed up."""

from __future__ import annotations

import string
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.sources.tidy.files import SHIPPED, mappings_in, source_of_mapping
from ingest.sources.tidy.mapping import Fact, Place, TidyMapping, Use
from ingest.sources.tidy.mapping_file import mapping_text, parse_mapping, read_mapping
from ingest.tripwires.limits import Limits
from kms.errors import ConfigError

GOOD = """
id = "trial"
title = "Trial counts"
publisher = "Nobody"
licence = "none"
rhythm = "weekly"
every_days = 7
grace_days = 1
rows = "counts"

[area]
scheme = "psgc"
region = "Region"

[[facts]]
table = "case_count"
disease = { constant = "measles" }
classification = { column = "Class", values = { "C" = "confirmed", "" = "suspect" } }
basis = { constant = "report" }
grain = { constant = "week" }
ref_date = { column = "Week", format = "%d/%m/%Y" }
cases = { column = "N", grouped = true }
"""
WRONG = [
    ('id = "trial"', 'id = "Trial 1"', "key 'id' is 'Trial 1'; use 1 to 40 small letters"),
    ('id = "trial"', f'id = "{"a" * 41}"', "key 'id' is"),
    ('title = "Trial counts"\n', "", "key 'title' is missing; it must be there"),
    ('title = "Trial counts"', "title = 3", "key 'title' is 3; write it as a text"),
    ('title = "Trial counts"', 'title = " "', "key 'title' is ' '; write 1 to 200"),
    ("every_days = 7", "every_days = true", "key 'every_days' is True; write it as a whole number"),
    ("every_days = 7", "every_days = 0", "key 'every_days' is 0; give a number of days"),
    ("grace_days = 1", "grace_days = -1", "key 'grace_days' is -1"),
    ('rows = "counts"', 'rows = "both"', "key 'rows' is 'both'; write persons or counts"),
    ('rows = "counts"', 'rows = "persons"', "key 'facts 1: table' is 'case_count'; persons are"),
    ('rows = "counts"', 'rows = "counts"\nkey = "Row"', "key 'key' is 'Row'; only persons"),
    ('rows = "counts"', 'rows = "counts"\ncolour = 1', "key 'colour' is 1; there is no such key"),
    ('rows = "counts"', 'rows = "counts"\nencodings = ["utf-99"]', "there is no such encoding"),
    (
        'rows = "counts"',
        'rows = "counts"\nencodings = ["rot13"]',
        "key 'encodings' is 'rot13'; there",
    ),
    ('rows = "counts"', 'rows = "counts"\nencodings = ["cp1252", "hex"]', "is 'hex'; there is no"),
    ('rows = "counts"', 'rows = "counts"\nencodings = ["idna"]', "no such encoding of texts"),
    ('rows = "counts"', 'rows = "counts"\nencodings = [""]', "no such encoding of texts"),
    ('rows = "counts"', 'rows = "counts"\nencodings = ["utf\\u0000-8"]', "no such encoding"),
    ('rows = "counts"', 'rows = "counts"\nencodings = [1]', "write a list of texts"),
    ('"Class", values', '"n ", values', "key 'column' is 'N'; 'n ' stands there too"),
    ('rows = "counts"', 'rows = "counts"\npersonal = ["n_"]', "this column is used"),
    ('rows = "counts"', 'rows = "counts"\nnames_end_with = ["(csv"]', "it is no pattern"),
    ('rows = "counts"', 'rows = "counts"\nearliest = 2020', "write it as a date"),
    ('rows = "counts"', 'rows = "counts"\nearliest = 2020-01-01T00:00:00', "write it as a date"),
    ('rows = "counts"', 'rows = "counts"\npersonal = ["N"]', "this column is used"),
    (
        'rows = "counts"',
        'rows = "counts"\nissue_column = "Week"',
        "key 'ref_date' is 'Week'; one column is read in one way",
    ),
    (
        'rows = "counts"',
        'rows = "counts"\nissue_column = "Day"\nissue_format = "%d %B"',
        "write a date format with a year",
    ),
    (
        'scheme = "psgc"',
        'scheme = "iso"',
        "key 'area.scheme' is 'iso'; write psgc, local, constant",
    ),
    ('region = "Region"', 'column = "Region"', "key 'area.column' is 'Region'; scheme psgc has no"),
    ('region = "Region"\n', "", "key 'area.region' is missing"),
    ('region = "Region"', 'region = "Region"\ncode = "iso:CAN"', "others have none"),
    ('scheme = "psgc"\nregion = "Region"', 'scheme = "constant"', "key 'area.code' is missing"),
    ('scheme = "psgc"\nregion = "Region"', 'scheme = "constant"\ncode = "Manila"', "ten digits"),
    ('region = "Region"', 'region = "Region"\nvalues = { "a" = "" }', "write the name"),
    ("every_days = 7", f"every_days = {'9' * 5000}", "is no TOML file"),
    (
        'rows = "counts"',
        'rows = "counts"\nnames_end_with = ["a{99999999999}"]',
        "it is no pattern",
    ),
    (
        'rows = "counts"',
        f'rows = "counts"\nnames_end_with = ["{"(" * 5000}{")" * 5000}"]',
        "it is no pattern",
    ),
    ('region = "Region"\n', f'region = "Region"\n[where]\n{".".join("a" * 9000)} = 1\n', "end"),
    ('region = "Region"\n', 'region = "Region"\n[limits]\nspike = nan\n', "or false"),
    ('region = "Region"\n', 'region = "Region"\n[limits]\nspike = inf\n', "or false"),
    ('region = "Region"\n', 'region = "Region"\n[limits]\nspike = -1\n', "or false"),
    ('region = "Region"\n', 'region = "Region"\n[where]\n"Week" = ["1"]\n', "no date or number"),
    ('region = "Region"\n', 'region = "Region"\n[where]\n"Class" = []\n', "list texts"),
    (
        'region = "Region"\n',
        'region = "Region"\n[limits]\nspikes = 3\n',
        "key 'limits.spikes' is 3",
    ),
    (
        'region = "Region"\n',
        'region = "Region"\n[limits]\nspike = true\n',
        "give a number or false",
    ),
    (
        'table = "case_count"',
        'table = "inspection"',
        "key 'facts 1: table' is 'inspection'; choose",
    ),
    ('basis = { constant = "report" }\n', "", "key 'facts 1: basis' is missing; case_count needs"),
    ('constant = "report"', 'constant = "guess"', "key 'facts 1: basis' is 'guess'; it can be"),
    ('constant = "week"', 'constant = ""', "it can be day, week"),
    ('constant = "measles"', 'constant = ""', "key 'facts 1: disease' is ''; write 1 to 40"),
    ('constant = "measles"', 'constant = "measles", column = "D"', "give either a column"),
    ('disease = { constant = "measles" }', "disease = { }", "give either a column"),
    ('disease = { constant = "measles" }', 'disease = "measles"', "write it as a table"),
    ('constant = "measles"', "constant = 3", "key 'facts 1: disease' is 3"),
    ('constant = "measles"', 'constant = "measles", values = { "a" = "b" }', "have spellings"),
    ('"C" = "confirmed"', f'"C" = "{"c" * 21}"', "write 1 to 20 characters"),
    ('format = "%d/%m/%Y"', 'format = "%d/%m\'"', "write a date format with a year"),
    ('column = "Week", format = "%d/%m/%Y"', 'constant = "lately"', "write a date, as 2020-05-01"),
    ('cases = { column = "N", grouped = true }', "", "give a column for cases"),
    ('column = "N", grouped = true', 'constant = "3"', "a number needs a column"),
    ("cases = {", "ill = {", "key 'facts 1: table' is 'case_count'; give a column for cases"),
    ("cases = {", 'ill = { column = "I" }\ncases = {', "key 'facts 1: ill' is 'I'; case_count has"),
    ('column = "N", grouped = true', 'column = "Class"', "one column is read in one way"),
    ("[[facts]]", "[[facts", "trial.toml is no TOML file"),
]


def test_a_mapping_is_read_as_it_is_written() -> None:
    mapping = parse_mapping(GOOD, "trial.toml")
    (fact,) = mapping.facts
    assert fact.uses["classification"].values == {"C": "confirmed", "": "suspect"}
    assert fact.uses["ref_date"] == Use(column="Week", date_format="%d/%m/%Y")
    assert (mapping.source_id, mapping.earliest) == ("tidy_csv.trial", date(2000, 1, 1))


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_mapping_is_refused_by_file_key_and_value(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        parse_mapping(GOOD.replace(old, new, 1), "trial.toml")
    assert str(caught.value).startswith("trial.toml")
    assert said in str(caught.value)


def test_a_mapping_without_facts_or_with_a_long_local_name_is_refused() -> None:
    text = GOOD.split("[[facts]]", maxsplit=1)[0]
    with pytest.raises(ConfigError, match="key 'facts' is missing"):
        parse_mapping(text, "trial.toml")
    with pytest.raises(ConfigError, match="key 'facts' is missing; say at least once"):
        parse_mapping("facts = []\n" + text, "trial.toml")
    local = GOOD.replace('scheme = "psgc"\nregion', 'scheme = "local"\ncolumn')
    with pytest.raises(ConfigError, match="use 1 to 20 small letters"):
        parse_mapping(local.replace('"trial"', f'"{"a" * 21}"'), "trial.toml")


def test_what_is_no_mapping_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_mapping(path)
    path.write_bytes(b'title = "\xf1"')
    with pytest.raises(ConfigError, match=r"my\.toml is not UTF-8"):
        read_mapping(path)
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="larger than any mapping"):
        read_mapping(path)


@pytest.mark.parametrize("mapping", mappings_in(SHIPPED), ids=lambda mapping: str(mapping.id))
def test_our_mappings_come_back_from_their_text(mapping: TidyMapping) -> None:
    assert parse_mapping(mapping_text(mapping), "again.toml") == mapping


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAMES = st.text(string.ascii_letters + " _%'\"\\ñ\x7f", min_size=2, max_size=12)
SPELLINGS = st.dictionaries(TEXTS | st.just(""), st.sampled_from(["household", "school", ""]))


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.builds(
        TidyMapping,
        id=st.from_regex("[a-z0-9_]{1,20}", fullmatch=True),
        title=NAMES.filter(str.strip),
        publisher=st.just("Nobody"),
        licence=TEXTS.filter(str.strip),
        rhythm=st.just("daily"),
        every_days=st.integers(1, 400),
        grace_days=st.integers(0, 40),
        rows=st.just("persons"),
        key=st.sampled_from(["", "Row"]),
        names_end_with=st.sampled_from([(), (r"a\.csv$", "b'\"")]),
        encodings=st.sampled_from([(), ("cp1252", "utf-16")]),
        personal=st.sampled_from([(), ("Full Name",)]),
        latest=st.none() | st.just(date(2030, 1, 1)),
        place=st.builds(
            Place,
            scheme=st.just("local"),
            columns=st.fixed_dictionaries({"column": NAMES}),
            values=st.dictionaries(TEXTS, TEXTS.filter(str.strip), max_size=3),
        ),
        limits=st.sampled_from([Limits(), Limits(frozen=False, spike=None, total_shrinks=0.5)]),
        facts=st.tuples(
            st.builds(
                Fact,
                table=st.just("case_link"),
                uses=st.fixed_dictionaries(
                    {
                        "disease": st.just(Use(constant="covid19")),
                        "report_date": st.builds(
                            Use, column=st.just("\x00day"), required=st.booleans()
                        ),
                        "infection_source": st.just(Use(constant="pending")),
                        "setting": st.builds(Use, column=st.just("\x00s"), values=SPELLINGS),
                    }
                ),
                where=st.dictionaries(NAMES.map("w".__add__), st.tuples(TEXTS, TEXTS), max_size=2),
            )
        ),
    )
)
def test_any_mapping_comes_back_from_its_text(mapping: TidyMapping) -> None:
    assert parse_mapping(mapping_text(mapping), "again.toml") == mapping


def test_a_stewards_mapping_has_a_source_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(GOOD, encoding="utf-8")
    source = source_of_mapping(read_mapping(path))
    assert source.source_id == "tidy_csv.trial"
    assert (source.rows_are_persons, source.split, source.takes("any.csv")) == (False, None, False)
    assert [mapping.id for mapping in mappings_in(tmp_path)] == ["trial"]
    assert source_of_mapping(read_mapping(path)).title == "Trial counts"
    (tmp_path / "other.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="histories of two data sets would mix"):
        mappings_in(tmp_path)


def test_a_stewards_mapping_cannot_take_the_name_of_one_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "toronto.toml"
    path.write_text(GOOD.replace('"trial"', '"toronto"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="which a mapping of ours has"):
        mappings_in(tmp_path)
    path.write_bytes((SHIPPED / "toronto.toml").read_bytes())
    assert [mapping.id for mapping in mappings_in(tmp_path)] == ["toronto"]
