"""Names of networks that nearly match a known one are questions of the review, and answers hold for every edition."""

from __future__ import annotations

import csv

import pytest

from ingest_words import Take, Taken


def _review(taken: Taken) -> list[dict[str, str]]:
    with taken.done.review.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _decide(taken: Taken, decision: str) -> None:
    lines = taken.done.review.read_text(encoding="utf-8-sig").splitlines()
    lines[1] = decision + lines[1]
    taken.done.review.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


@pytest.mark.parametrize(("known", "written"), [
    ("Eurocities", "EUROCITIES network"), ("Eurocities", "Eurocites"), ("C40 Cities", "C40"), ("C40", "C40 Climate Leadership Group"),
    ("United Cities and Local Governments", "UCLG"), ("UCLG", "United Cities and Local Governments"),
    ("Covenant of Mayors", "The Covenant of Mayors network"), ("Rainbow Cities Network", "Rainbow City Network"),
])  # fmt: skip
def test_a_name_that_nearly_matches_goes_to_the_review(take: Take, known: str, written: str) -> None:
    taken = take(f"Oslo;Norway;{known}", f"Bergen;Norway;{known}", f"Hamar;Norway;{written}")
    assert taken.outcome(4) == "review"
    (question,) = _review(taken)
    assert (question["kind"], question["name"], question["rows"]) == ("network", written, "4")
    assert question["candidate_1"].endswith(known)


@pytest.mark.parametrize(
    "written",
    ["EUROCITIES", "Euro-Cities", " eurocities ", "Eurocities*", "United Cities and Local Governments (UCLG)"],
)
def test_a_name_in_another_case_or_with_its_abbreviation_is_the_same(take: Take, written: str) -> None:
    taken = take(
        "Oslo;Norway;Eurocities", "Bergen;Norway;United Cities and Local Governments", f"Hamar;Norway;{written}"
    )
    assert (taken.outcome(4), taken.done.imported.made["network"]) == ("imported", 2)


@pytest.mark.parametrize("written", ["Energy Cities", "World Energy Cities Partnership", "Mayors for Peace"])
def test_other_networks_are_not_asked(take: Take, written: str) -> None:
    known = ["Eurocities", "Rainbow Cities Network", "Peace Mayors' Forum", "Climate Alliance"]
    taken = take(*(f"Oslo;Norway;{each}" for each in known), f"Hamar;Norway;{written}")
    assert taken.outcome(6) == "imported"


@pytest.mark.parametrize(("decision", "outcome", "membership"), [
    ("1", "imported", "m-city-of-hamar-eurocities"), ("id:eurocities", "imported", "m-city-of-hamar-eurocities"),
    ("new", "imported", "m-city-of-hamar-eurocities-network"), ("skip", "refused", ""),
])  # fmt: skip
def test_a_decision_is_followed_and_holds_for_the_next_edition(
    take: Take, decision: str, outcome: str, membership: str
) -> None:
    rows = ("Oslo;Norway;Eurocities", "Bergen;Norway;Eurocities", "Hamar;Norway;EUROCITIES network")
    _decide(take(*rows), decision)
    for day in ("2025-03-01", "2025-03-01", "2026-03-01"):
        taken = take(*rows, day=day)
        assert (taken.outcome(4), taken.report[-1]["membership"]) == (outcome, membership)
        assert _review(taken)[0]["decision"] in {decision, membership.replace("m-city-of-hamar-", "id:")}


def test_a_review_without_the_column_of_kinds_is_read(take: Take) -> None:
    rows = ("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    asked = take(*rows)
    (question,) = _review(asked)
    old = f"decision,name,country,region,rows,reason,candidate_1\n1,{question['name']},NO,,3,x,{question['candidate_1']}\n"
    asked.done.review.write_text(old, encoding="utf-8")
    assert take(*rows).member(3) == "city-of-trondheim"


@pytest.mark.parametrize(("cell", "networks"), [
    ('"C40\nEurocities"', ["C40", "Eurocities"]), ("C40 / Eurocities", ["C40", "Eurocities"]), ("C40, Hansa", ["C40", "Hansa"]),
    ("C40 and Eurocities", ["C40", "Eurocities"]), ('"• C40\n• Eurocities"', ["C40", "Eurocities"]),
    ("Climate, Energy and Cities", ["Climate, Energy and Cities"]),
])  # fmt: skip
def test_several_networks_in_one_cell_are_taken_apart_where_that_gives_known_names(
    take: Take, cell: str, networks: list[str]
) -> None:
    taken = take("Oslo;Norway;C40", "Oslo;Norway;Eurocities", f"Hamar;Norway;{cell}")
    assert [line["network"] for line in taken.report if int(line["row"]) == 4] == networks


@pytest.mark.parametrize(("cell", "role", "begin", "end"), [
    ("Eurocities (observer)", "observer", "", ""), ("C40 (since 2007)", "full-member", "2007", ""),
    ("C40 2007", "full-member", "2007", ""), ("Eurocities – former member", "full-member", "", ""),
    ("C40 (until 2019)", "full-member", "", "2019"),
])  # fmt: skip
def test_a_network_with_a_status_or_a_year_behind_it(take: Take, cell: str, role: str, begin: str, end: str) -> None:
    taken = take("Oslo;Norway;C40", "Oslo;Norway;Eurocities", f"Hamar;Norway;{cell}")
    line = taken.report[-1]
    assert (line["outcome"], line["role"], line["begin"], line["end"]) == ("imported", role, begin, end)
    assert taken.done.imported.made["network"] == 2
