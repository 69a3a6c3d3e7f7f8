"""Encodings, invisible characters, letters that were replaced, line ends, empty and cut files."""

from __future__ import annotations

import codecs
import unicodedata

from ingest.opening.parts import Format
from tests.ingest.corpus.bad import (
    BAD_RECORD,
    CASES,
    COUNTED,
    FILES,
    INSPECTIONS,
    LEFT_OUT,
    ROWS,
    Bad,
    case_rows,
    cases,
    cell,
    counted,
    inspections,
    refused,
    same,
)

CP1252 = Format(encodings=("cp1252",))


def recoded(encoding: str, mark: bytes = b"") -> bytes:
    """Return the good line list in another encoding."""
    return mark + cases().decode().encode(encoding)


def mixed_ends() -> bytes:
    """Return a file whose lines end in all three ways."""
    head, *rest = inspections().split(b"\n")
    ends = (b"\r\n", b"\n", b"\r")
    return head + b"\n" + b"".join(line + ends[n % 3] for n, line in enumerate(rest[:-1]))


def cut(source: str, short: int) -> bytes:
    """Return a file without its last bytes."""
    return FILES[source]()[:-short]


def cut_after(source: str, text: bytes) -> bytes:
    """Return a file that ends right behind the last occurrence of a text."""
    good = FILES[source]()
    return good[: good.rindex(text) + len(text)]


PARANAQUE = {"RegionRes": "NCR", "ProvRes": "NCR", "CityMunRes": "CITY OF PARAÃ\u2018AQUE",
             "CityMuniPSGC": ""}  # fmt: skip

ENCODINGS = (
    same(1, "a byte-order mark", CASES, lambda: codecs.BOM_UTF8 + cases()),
    same(1, "a byte-order mark, inspections", INSPECTIONS,
         lambda: codecs.BOM_UTF8 + inspections()),
    same(2, "UTF-16, little end first", CASES, lambda: recoded("utf-16-le", codecs.BOM_UTF16_LE)),
    same(2, "UTF-16, big end first", CASES, lambda: recoded("utf-16-be", codecs.BOM_UTF16_BE)),
    refused(2, "UTF-16 without a mark", CASES, lambda: recoded("utf-16-le"), "nul_byte"),
    refused(2, "UTF-16 cut inside a character", CASES,
            lambda: recoded("utf-16-le", codecs.BOM_UTF16_LE)[:-1], "truncated"),
    refused(2, "UTF-32", CASES, lambda: recoded("utf-32"), "nul_byte"),
    refused(2, "a mark of UTF-16 before UTF-8", CASES,
            lambda: codecs.BOM_UTF16_LE + cases(), "truncated"),
    same(3, "cp1252 where the source may have it", CASES, lambda: recoded("cp1252"), form=CP1252),
    same(3, "latin-1 where the source may have it", CASES, lambda: recoded("latin-1"),
         form=Format(encodings=("latin-1",))),
    refused(3, "cp1252 where nobody said so", CASES, lambda: recoded("cp1252"), "bad_encoding"),
    refused(3, "latin-1 inspections", INSPECTIONS,
            lambda: inspections().decode().encode("latin-1"), "bad_encoding"),
    refused(3, "a byte no encoding of the source has", CASES,
            lambda: recoded("cp1252") + b"\x81", "bad_encoding", form=CP1252),
    cell(4, "one name with letters replaced", CASES, PARANAQUE, "FIELD text_garbled CityMuniPSGC"),
    refused(4, "many names with letters replaced", CASES,
            lambda: cases().decode().encode().decode("cp1252").encode(), "garbled"),
    refused(4, "replacement characters", INSPECTIONS,
            lambda: inspections().replace("Ñ".encode(), "\ufffd".encode()), "garbled"),
    same(5, "letters and their accents apart", CASES,
         lambda: unicodedata.normalize("NFD", cases().decode()).encode()),
    same(5, "letters and their accents apart, inspections", INSPECTIONS,
         lambda: unicodedata.normalize("NFD", inspections().decode()).encode()),
    Bad("a copy that differs in the form of its accents only", 5, CASES,
        lambda: cases({7: {"CaseCode": "CÑ7"}}, case_rows()[6] | {"CaseCode": "CN\u03037"}),
        COUNTED, read=ROWS + 1, duplicate=1),
)  # fmt: skip
LINES = (
    same(6, "lines that end as on Windows", CASES, lambda: cases().replace(b"\n", b"\r\n")),
    same(6, "lines that end as on old Macs", CASES, lambda: cases().replace(b"\n", b"\r")),
    same(6, "lines that end in all ways", INSPECTIONS, mixed_ends),
    same(6, "blank lines among the rows", INSPECTIONS,
         lambda: inspections().replace(b"\nINS-5100", b"\n\n\nINS-5100")),
    same(6, "no end of the last line", CASES, lambda: cases()[:-1]),
    refused(7, "a NUL byte inside a field", CASES,
            lambda: cases({9: {"CityMunRes": "QUE\0ZON"}}), "nul_byte"),
    refused(7, "a NUL byte at the very end", INSPECTIONS, lambda: inspections() + b"\0",
            "nul_byte"),
)  # fmt: skip
INVISIBLE = (
    same(8, "blanks of all kinds at the ends of cells", CASES, lambda: cases(
        {5: {"CaseCode": "\u00a0C700005\u200b", "CityMunRes": "\u200bDAVAO CITY \u00a0"},
         6: {"DateRepConf": "\u00a02021-01-26\ufeff", "Age": "\t23.0 "}})),
    same(8, "blanks of all kinds at the ends of keys", INSPECTIONS, lambda: inspections(
        {5: {"inspection_id": "\ufeffINS-5005\u00a0", "applicable": " YES\u200b",
             "item_code": "\u200bOSH-05\t"}})),
    cell(8, "a key written backwards", CASES, {"CaseCode": "C\u202e120007"},
         "FIELD bad_text CaseCode"),
    cell(8, "a key with a zero-width blank inside", CASES, {"CaseCode": "C70\u200b0120"},
         "FIELD bad_text CaseCode"),
    cell(8, "a key with a control character", CASES, {"CaseCode": "C70\x070120"},
         "FIELD bad_text CaseCode"),
    cell(8, "a city written backwards", CASES, {"CityMunRes": "DAVAO\u202e CITY"},
         "FIELD bad_text CityMuniPSGC"),
    cell(8, "an inspection's key written backwards", INSPECTIONS,
         {"inspection_id": "INS\u2067-5120"}, "ROW bad_text inspection_id"),
    cell(8, "an item's code with a zero-width blank inside", INSPECTIONS,
         {"item_code": "OSH\u200b-01"}, "ROW bad_text item_code"),
    cell(8, "a province with a direction mark", INSPECTIONS, {"province": "CE\u200fBU"},
         "FIELD bad_text psgc"),
    same(8, "a hard blank inside a name", CASES,
         lambda: cases({5: {"CityMunRes": "DAVAO\u00a0CITY"}})),
)  # fmt: skip
EMPTY = (
    refused(52, "no bytes at all", CASES, lambda: b"", "empty"),
    refused(52, "blanks only", INSPECTIONS, lambda: b" \r\n\n ", "empty"),
    refused(52, "a byte-order mark only", CASES, lambda: codecs.BOM_UTF8, "empty"),
    refused(53, "a header only", CASES, lambda: cases().split(b"\n")[0] + b"\n", "no_rows"),
    refused(53, "a header and blank lines", INSPECTIONS,
            lambda: inspections().split(b"\n")[0] + b"\n\n\n", "no_rows"),
    refused(54, "a page to sign in", CASES,
            lambda: b"<!DOCTYPE html><html><body>Sign in</body></html>", "not_csv"),
    refused(54, "a page of an error, with a mark and blanks before it", CASES,
            lambda: codecs.BOM_UTF8 + b"\n\n <HTML><h1>503</h1></HTML>", "not_csv"),
    refused(54, "another kind of markup", INSPECTIONS,
            lambda: b"<error><code>AccessDenied</code></error>", "not_csv"),
    refused(55, "an error as JSON", CASES, lambda: b'{"error": "not found"}', "not_csv"),
    refused(55, "a list as JSON", INSPECTIONS, lambda: b'[{"inspection_id": "x"}]', "not_csv"),
    refused(55, "an error as one line of text", CASES, lambda: b"Not found\n", "wrong_source"),
)  # fmt: skip
CUT = (
    refused(56, "cut inside a row", CASES, lambda: cut_after(CASES, b"DAVAO DEL SUR"),
            "truncated"),
    refused(56, "cut inside a row of inspections", INSPECTIONS, lambda: cut(INSPECTIONS, 40),
            "truncated"),
    refused(56, "cut inside a letter", CASES,
            lambda: cut_after(CASES, "CITY OF DASMARIÑ".encode())[:-1], "truncated"),
    refused(56, "cut inside the header", CASES, lambda: cases()[:60], "wrong_source"),
    refused(57, "cut inside quotes", CASES, lambda: cut_after(CASES, b"but no Recovered"),
            "truncated"),
    refused(57, "a quote that never closes", INSPECTIONS,
            lambda: inspections({20: {"item_title": "x"}}).replace(b",x,", b',"x,', 1),
            "bad_quotes"),
    refused(57, "a quote that closes inside a field", CASES,
            lambda: cases().replace(b",QUEZON CITY,", b',"QUEZON"CITY,', 1),
            "bad_quotes"),
)  # fmt: skip
FIELDS = (
    same(63, "a cell of several lines", CASES, lambda: cases(
        {10: {"ValidationStatus": "one\n\r\n\ntwo ""three""\n"}})),
    Bad("a fault behind cells of several lines", 63, CASES, lambda: cases(
        {9: {"ValidationStatus": "a\nb\nc"}, BAD_RECORD: {"DateRepConf": "soon"}}),
        LEFT_OUT, "date_unreadable", "DateRepConf", (BAD_RECORD,), line=BAD_RECORD + 4),
    same(63, "a header of several lines", INSPECTIONS,
         lambda: inspections().replace(b"item_title,", b'"item\ntitle",', 1)),
    counted(64, "a formula as a text", INSPECTIONS, lambda: inspections(
        {BAD_RECORD: {"regional_office": "=cmd|' /C calc'!A0"}})),
    cell(64, "a formula as a code", INSPECTIONS, {"inspector": "=HYPERLINK(1)"},
         "FIELD not_a_code inspector"),
    cell(64, "a formula as a place", CASES, {"CityMunRes": "=1+1", "CityMuniPSGC": ""},
         "FIELD place_unknown CityMuniPSGC"),
)  # fmt: skip
FOOT = (
    Bad("the header again", 65, CASES, lambda: cases({}, {n: n for n in case_rows()[0]}),
        LEFT_OUT, "repeated_header", "DateRepConf", (ROWS + 1,), read=ROWS + 1),
    Bad("a total at the foot", 65, CASES,
        lambda: cases({}, dict.fromkeys(case_rows()[0], "") | {"CaseCode": "TOTAL", "Age": "200"}),
        LEFT_OUT, "summary_row", "DateRepConf", (ROWS + 1,), line=ROWS + 3, read=ROWS + 1),
    Bad("a total by its region", 65, CASES,
        lambda: cases({}, case_rows()[0] | {"RegionRes": "Grand Total"}),
        LEFT_OUT, "summary_row", "DateRepConf", (ROWS + 1,), read=ROWS + 1),
    Bad("a total at the foot of inspections", 65, INSPECTIONS, lambda: inspections(
        {}, dict.fromkeys(("inspection_id", *"abcdefghijklmnopqrstuvwxy"), "")
        | {"inspection_id": "TOTAL"}),
        LEFT_OUT, "summary_row", "date_opened", (ROWS + 1,), read=ROWS + 1),
    Bad("a note at the foot", 65, CASES, lambda: cases() + b"Source: the Department\n",
        LEFT_OUT, "bad_width", "", (ROWS + 1,), line=ROWS + 3, read=ROWS + 1),
)  # fmt: skip
FILES_OF_TEXT = (*ENCODINGS, *LINES, *INVISIBLE, *EMPTY, *CUT, *FIELDS, *FOOT)
