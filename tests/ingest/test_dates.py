"""When a membership began and ended: what is written is kept as exact as it is, and an end never counts as a membership of today."""

from __future__ import annotations

import pytest

from citygraph.ingest.dates import read_period, read_status, speaks_of_end
from ingest_words import MAP, Take


@pytest.mark.parametrize(("cell", "begin", "end"), [
    *((cell, "", "2010") for cell in (
        "until 2010", "bis 2010", "–2010", "-2010", "−2010", "→ 2010", "../2010", "/2010", "left in 2010", "gikk ut i 2010",
        "meldt seg ut 2010", "til og med 2010", "t.o.m. 2010", "jusqu'en 2010", "retirée en 2010", "hasta 2010", "se retiró en 2010",
        "fino al 2010", "uscito nel 2010", "tot 2010", "uitgetreden in 2010", "do 2010", "wystąpił w 2010", "vystoupil 2010",
        "até 2010", "saiu em 2010", "2010 asti", "erosi 2010", "utträdde 2010", "udmeldt 2010", "bis Ende 2010", "Mitglied bis 2010",
        "ausgetreten: 2010", "kuni 2010", "2010-ig", "до 2010", "(until 2010)",
    )),
    *((cell, "2004", "2010") for cell in (
        "2004–2010", "2004/2010", "2004..2010", "2004--2010", "2004 -> 2010", "von 2004 bis 2010", "de 2004 à 2010", "od 2004 do 2010",
        "2004 (left 2010)", "seit 2004, ausgetreten 2010", "former (2004–2010)", "tidligere medlem 2004-2010", "2004 – til 2010",
    )),
    ("2004-05-01/2010-12-31", "2004-05-01", "2010-12-31"), ("mai 2004 – juni 2010", "2004-05", "2010-06"),
    *((cell, "2004", "") for cell in ("2004–", "2004-", "2004/..", "2004 – heute", "2004+", "since 2004", "2004–9999", "'04", "member 2004",
        "meldte seg inn i 2004", "gick med 2004", "aderito nel 2004", "se unió en 2004", "przystąpił w 2004", "liittyi vuonna 2004",
        "2004 - d.d.", "2004 t.o.m. d.d.", "2004 – til nå", "2004 – tot nu")),
])  # fmt: skip
def test_an_end_is_an_end_and_an_open_range_has_none(cell: str, begin: str, end: str) -> None:
    period = read_period(cell)
    assert (period.begin, period.end, period.is_over, period.problem) == (begin, end, False, "")


@pytest.mark.parametrize(
    "cell",
    ["former", "former member", "tidligere medlem", "ehemals", "ancien", "ex-member", "2010 utmeldt", "2004 (left)"],
)
def test_who_was_a_member_is_none_also_without_a_date(cell: str) -> None:
    period = read_period(cell)
    assert (period.is_over, period.end, period.problem) == (True, "", "")


@pytest.mark.parametrize("cell", [
    "2004/", "2004–?", "2004/unknown", "2004/2005", "2004–05", "1998-14", "2004, 2010", "2010 (until)", "2012 bitti", "not left",
    "left 2010, rejoined 2015", "Ende: 2010", "until", "2004–n/a", "~–2010~", "not a member", "2004 (rejoined 2012)",
])  # fmt: skip
def test_what_may_be_an_end_is_asked(cell: str) -> None:
    period = read_period(cell)
    assert period.problem.startswith("whether the membership is over is not clear")
    status = read_status(cell, {})
    assert status is None or status.meaning == "not-yet"


@pytest.mark.parametrize(
    "cell", ["soon", "31.02.2010", "before 2010", "etter 2010", "--05-17", "joined at the assembly in 2004"]
)
def test_a_date_that_is_none_and_speaks_of_no_end_is_left_out(cell: str) -> None:
    period = read_period(cell)
    assert (period.begin, period.end, period.is_over, period.problem) == ("", "", False, "")
    assert period.notes == (f"date not understood, left out: {cell}",)


@pytest.mark.parametrize(("cell", "said"), [
    ("2010", ("2010", False, False)), ("x", ("", True, False)), ("left", ("", True, False)), ("no", ("", False, False)),
    ("active", ("", False, False)), ("9999-12-31", ("", False, False)), ("31.02.2010", ("", False, True)), ("unknown", ("", False, True)),
])  # fmt: skip
def test_a_text_in_the_column_of_ends_that_is_not_understood_leaves_it_open(
    cell: str, said: tuple[str, bool, bool]
) -> None:
    period = read_period("2001", cell)
    assert (period.end, period.is_over, bool(period.problem)) == said


@pytest.mark.parametrize(("cell", "said"), [
    ("–2010", ("left", "", "2010")), ("member (–2010)", ("role-full-member", "", "2010")), ("x – 2004", ("role-full-member", "2004", "")),
    ("../2010", ("left", "", "2010")), ("gikk ut i 2021", ("left", "", "2021")),
])  # fmt: skip
def test_a_mark_in_front_of_a_year_in_a_status_is_an_end(cell: str, said: tuple[str, str, str]) -> None:
    status = read_status(cell, {})
    assert status is not None
    assert (status.meaning, status.begin, status.end) == said


def test_a_remark_that_speaks_of_an_end_is_told_from_another() -> None:
    assert [speaks_of_end(each) for each in ("utmeldt", "member until 2010", "spelling?", "to be printed")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_an_end_behind_a_city_and_in_front_of_a_network_counts(take: Take) -> None:
    taken = take(
        "Oslo (until 2019);Norway;C40", "Bergen – left 2021;Norway;C40", "Hamar (former member);Norway;C40", "Skien;Norway;ex-C40",
        "Molde utmeldt 2019;Norway;C40", "Baja;Hungary;C40", "Bodø;Norway;C40",
    )  # fmt: skip
    said = [(taken.member(row), taken.report[row - 1]["network"], taken.report[row - 1]["end"]) for row in range(2, 9)]
    assert said == [
        ("city-of-oslo", "C40", "2019"), ("city-of-bergen", "C40", "2021"), ("city-of-hamar", "C40", ""), ("city-of-skien", "C40", ""),
        ("city-of-molde", "C40", "2019"), ("city-of-baja", "C40", ""), ("city-of-bodo", "C40", ""),
    ]  # fmt: skip
    assert "behind the name: (former member)" in taken.notes(4)
    text = (taken.done.report.parents[3] / taken.done.files[0]).read_text(encoding="utf-8")
    assert text.count("cg:dateNotAfter") == 2


def test_ends_reach_the_report_and_a_year_to_come_is_asked(take: Take) -> None:
    taken = take(
        "Oslo;Norway;C40;;until 2010", "Bergen;Norway;C40;;former member", "Hamar;Norway;C40;;2004/", "Bodø;Norway;C40;;2098",
        "Tromsø;Norway;C40;;see file", "Skien;Norway;C40;;2024–2020", "Narvik;Norway;C40 (–2010);", "Molde;Norway;C40;x –2010",
        more=MAP.format(day="2025-03-01") + '[roles]\n"see file" = "left"\n',
    )  # fmt: skip
    assert [(taken.outcome(row), taken.report[row - 1]["end"]) for row in range(2, 10)] == [
        ("imported", "2010"), ("imported", ""), ("refused", ""), ("refused", ""), ("imported", ""), ("refused", ""),
        ("imported", "2010"), ("imported", "2010"),
    ]  # fmt: skip
    assert taken.reason(5) == "it begins 2098, which is still to come"
    assert [("list does not say when it ended" in taken.notes(row)) for row in (3, 6)] == [False, False]
    text = (taken.done.report.parents[3] / taken.done.files[0]).read_text(encoding="utf-8")
    assert text.count('cg:dateNotAfter "2025-02-28"') == 2
