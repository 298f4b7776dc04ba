"""Every row gets an outcome: each kind of mess with a case that is caught and one that passes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph import Project
from citygraph.ingest.cells import clean, name_problem
from citygraph.ingest.countries import alpha3, country_label, country_of
from citygraph.ingest.dates import Status, read_period, read_status
from citygraph.ingest.known import KnownGraph
from citygraph.ingest.mapping import read_map
from citygraph.ingest.read import Listing, read_list
from citygraph.ingest.report import RowOutcome
from citygraph.ingest.run import import_list
from citygraph.ingest.tables import ListLimits, Row, Sheet
from citygraph.rdf import Triple, parse, serialize
from conftest import ROOT
from ingest_words import HEADING, MAP, Take, Taken
from messy_lists import MessyRow, as_csv, messy_rows

_NO_CITY = ["", "  ", "12345", "=1+1", "Total: 14", "<b>x</b>", "http://example.org", "A" * 200]


@pytest.mark.parametrize("cell", _NO_CITY)
def test_what_is_no_name_is_refused_with_a_reason(take: Take, cell: str) -> None:
    taken = take(f"{cell};Norway;Eurocities;;x", "Oslo;Norway;Eurocities")
    assert (taken.outcome(2), bool(taken.reason(2))) == ("refused", True)
    assert taken.outcome(3) == "imported"


@pytest.mark.parametrize(
    "name",
    ["Oslo kommune", "City of Oslo", "OSLO", "Oslo\u00a0", "Oslo*", "Oslo [1]", "Os\u00adlo", "Oslo (Norway)", "Oslo, Norway",
     '"Oslo\n"', "Oslo¹", "Municipality of Oslo", "Oslo, City of"],
)  # fmt: skip
def test_spellings_of_one_city_are_duplicates(take: Take, name: str) -> None:
    taken = take("Oslo;Norway;Eurocities", f"{name};Norway;Eurocities")
    assert (taken.outcome(3), taken.reason(3)) == ("duplicate", "of row 2")


@pytest.mark.parametrize(("one", "other", "country"), [
    ("München", "Munich", "DE"), ("København", "Copenhagen", "DK"), ("Tromsø", "Tromsoe", "NO"), ("Malmö", "MalmÃ¶", "SE"),
    ("Göteborg", "G&ouml;teborg", "SE"), ("Saint-Étienne", "St Etienne", "FR"), ("Stockholm", "Stockholms stad", "SE"),
])  # fmt: skip
def test_other_names_and_damaged_letters_find_the_same_city(take: Take, one: str, other: str, country: str) -> None:
    taken = take(f"{one};{country};Eurocities", f'"{other}";{country};C40')
    assert taken.outcome(3) == "imported"
    assert taken.member(3) == taken.member(2) != ""


def test_mended_letters_are_reported(take: Take) -> None:
    assert "damaged letters mended: MalmÃ¶ to Malmö" in take("MalmÃ¶;Sweden;Eurocities").notes(2)


def test_lost_letters_go_to_the_review(take: Take) -> None:
    taken = take("Malmö;Sweden;Eurocities", "Malm\ufffd;Sweden;C40")
    assert (taken.outcome(3), taken.reason(3)) == ("review", "letters of the name are lost")


def test_a_slip_goes_to_the_review_and_another_town_does_not(take: Take) -> None:
    taken = take("Trondheim;Norway;Eurocities", "Trondhiem;Norway;C40", "Tynset;Norway;C40")
    assert (taken.outcome(3), taken.reason(3)) == ("review", "resembles Trondheim")
    assert taken.outcome(4) == "imported"


def test_a_name_in_two_languages_is_one_city(take: Take) -> None:
    taken = take("Bolzano;Italy;Eurocities", "Bolzano/Bozen;Italy;C40", "Bozen;Italy;Metrex")
    assert taken.member(2) == taken.member(3)


# -- countries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["Norge", "NO", "nor", "Norway ", "NORWAY", "Norwegen", "Kingdom of Norway", "Норвегия"]
)
def test_countries_are_read_in_many_languages_and_codes(said: str) -> None:
    assert country_of(said) == "NO"


@pytest.mark.parametrize(("said", "code"), [
    ("Korea, Republic of", "KR"), ("Viet Nam", "VN"), ("Türkiye", "TR"), ("UK", "GB"), ("NA", "NA"), ("Namibia", "NA"), ("Czech Republic", "CZ"),
    ("Congo (Kinshasa)", "CD"), ("Côte d’Ivoire", "CI"), ("U.S.A.", "US"), ("Kosovo", "XK"), ("Scotland", "GB"), ("日本", "JP"),
    ("Atlantis", ""), ("", ""), ("Europe", ""), ("EU", ""), ("-", ""), ("Ελλάς", "GR"), ("ประเทศไทย", "TH"), ("Հայաստան", "AM"),
    ("New Zealand / Aotearoa", "NZ"), ("Norge/Noreg", "NO"), ("Belgique-België", "BE"), ("Finland, Suomi", "FI"), ("កម្ពុជា", "KH"),
    ("Guinea-Bissau", "GW"), ("Norge/Sverige", ""),
])  # fmt: skip
def test_unusual_forms_of_countries(said: str, code: str) -> None:
    assert country_of(said) == code


def test_every_country_has_a_code_and_a_name_in_both_languages() -> None:
    assert (alpha3("NO"), alpha3("XK"), alpha3("YE"), alpha3("DE")) == ("NOR", "XKX", "YEM", "DEU")
    assert (country_label("DE", "nb"), country_label("DE", "en")) == ("Tyskland", "Germany")


def test_a_country_that_is_not_known_is_refused_until_the_map_names_it(take: Take) -> None:
    assert "'Atlantis' is not known" in take("Oslo;Atlantis;Eurocities").reason(2)
    named = take("Oslo;Atlantis;Eurocities", more=MAP.format(day="2025-03-01") + '[countries]\n"Atlantis" = "NO"\n')
    assert named.outcome(2) == "imported"


def test_a_known_city_with_another_country_is_never_merged(take: Take) -> None:
    taken = take("Oslo;Norway;Eurocities", "Oslo;Norway;Metrex", "Oslo;Sweden;C40", "Trondheim;Sweden;C40")
    assert (taken.outcome(4), taken.reason(4)) == ("review", "Oslo is known in Norway; the list says Sweden")
    assert taken.outcome(5) == "review"
    assert taken.member(4) == ""


def test_the_map_tells_a_wrong_country_from_a_namesake(take: Take) -> None:
    sandvika = "Sandvika;Norway;{};;;59,89;10,52"
    taken = take(
        sandvika.format("C40"), sandvika.format("Metrex"), "Sandvika;Sweden;ICLEI;;;59,90;10,53",
        "Sandvika;Finland;ICLEI;;;63,20;23,10",
    )  # fmt: skip
    assert (taken.outcome(4), taken.outcome(5)) == ("review", "imported")
    assert taken.reason(4) == "lies in Norway on the map; the list says Sweden"
    assert taken.member(5) != taken.member(2)


def test_where_nothing_outweighs_the_other_both_rows_are_asked(take: Take) -> None:
    taken = take("Sandvika;Norway;C40;;;59,89;10,52", "Sandvika;Sweden;ICLEI;;;59,90;10,53")
    assert (taken.outcome(2), taken.outcome(3)) == ("review", "review")


def test_two_countries_in_one_row_are_a_contradiction(take: Take) -> None:
    taken = take("Paris, France;Germany;Eurocities", "Paris (Texas);USA;Eurocities", "Lyon, France;France;Eurocities")
    assert taken.reason(2) == "two countries: France behind the name, Germany in its column"
    assert (taken.outcome(3), taken.outcome(4)) == ("imported", "imported")


@pytest.mark.parametrize(
    "row", ["Vienna;;C40", "Newcastle;;C40", "Bergen;;C40", "Frankfurt;Germany;C40", "Portland;USA;C40"]
)
def test_namesakes_without_what_tells_them_apart_go_to_the_review(take: Take, row: str) -> None:
    taken = take("Wien;Austria;Eurocities", "Newcastle upon Tyne;UK;Eurocities", "Frankfurt am Main;DE;Eurocities", row)
    assert (taken.outcome(5), taken.member(5)) == ("review", "")


def test_states_tell_namesakes_apart_however_they_are_written(take: Take) -> None:
    taken = take(
        "Portland, OR;USA;C40",
        "Portland;USA;C40;;;;;Maine",
        "Portland;US;Metrex;;;;;Oregon",
        "Vienna, VA;;C40",
        "Wien;Austria;C40",
    )
    assert [taken.outcome(row) for row in range(2, 7)] == ["imported"] * 5
    assert taken.member(2) == taken.member(4) != taken.member(3)
    assert taken.member(5) != taken.member(6)


def test_a_row_without_a_country_finds_only_a_name_that_one_city_bears(take: Take) -> None:
    taken = take("Trondheim;Norway;Eurocities", "Trondheim;;C40", "Nowhereville;;C40")
    assert taken.member(3) == taken.member(2)
    assert "taken as Norway" in taken.notes(3)
    assert (taken.outcome(4), taken.reason(4)) == ("refused", "no country, and no city of this name is known")


def test_a_county_is_not_the_city_of_its_name(take: Take) -> None:
    taken = take("Oslo;Norway;Metrex", "Oslo Region;Norway;Metrex", "Vestland fylkeskommune;Norway;Metrex")
    assert len({taken.member(row) for row in (2, 3, 4)}) == 3


# -- statuses, dates, coordinates, networks --------------------------------------------------------------


def test_status_words_become_roles_or_reasons(take: Take) -> None:
    taken = take(
        "Oslo;Norway;C40;associate", "Bergen;Norway;C40;Observer", "Trondheim;Norway;C40;former", "Tromsø;Norway;C40;gold",
        "Bodø;Norway;C40;candidate", "Hamar;Norway;C40;left 2019",
    )  # fmt: skip
    assert [taken.outcome(row) for row in range(2, 8)] == [
        "imported",
        "imported",
        "imported",
        "refused",
        "not a member",
        "imported",
    ]
    text = _facts(taken)
    assert "role-associate-member" in text
    assert "role-observer" in text
    assert '"2019"^^xsd:gYear' in text


def test_who_left_before_it_began_is_refused(take: Take) -> None:
    taken = take(
        "Oslo;Norway;C40;left 2019;2021", "Bergen;Norway;C40;left 2019;2011", "Hamar;Norway;C40;left 2019;05.11.2019"
    )
    assert [taken.outcome(row) for row in (2, 3, 4)] == ["refused", "imported", "imported"]
    assert taken.reason(2) == "it left 2019, before it began 2021"


def test_contradictory_rows_are_not_both_taken(take: Take) -> None:
    taken = take("Oslo;Norway;C40;member", "Oslo;Norway;C40;observer")
    assert (taken.outcome(3), "row 2 gives the role role-full-member" in taken.reason(3)) == ("refused", True)


def test_a_date_that_is_none_is_left_out_and_told(take: Take) -> None:
    taken = take("Oslo;Norway;C40;;soon", "Bergen;Norway;C40;;since 1986")
    assert (taken.outcome(2), "date not understood, left out: soon" in taken.notes(2)) == ("imported", True)
    assert '"1986"^^xsd:gYear' in _facts(taken)


def test_decimal_commas_and_swapped_coordinates(take: Take) -> None:
    taken = take("Oslo;Norway;C40;;;59,91;10,75", "Quito;Ecuador;C40;;;-78,47;-0,18", "Lima;Peru;C40;;;-120,5;-77,04")
    assert '"59.91"^^xsd:decimal' in _facts(taken)
    assert "swapped" in taken.notes(4)
    assert "outside" not in taken.notes(2)


def test_several_networks_in_one_cell(take: Take) -> None:
    taken = take('Oslo;Norway;"Eurocities; C40 ;Eurocities"', 'Bergen;Norway;"Eurocities; 123"')
    assert (taken.outcome(2), len(taken.report) > 2) == ("imported", True)
    assert taken.outcome(3) == "imported + refused"
    assert taken.done.imported.rows[RowOutcome.PARTLY] == 1


def test_one_column_for_each_network(take: Take) -> None:
    more = 'list = "wide"\nas_of = 2025-03-01\n[columns]\ncity = "City"\ncountry = "Country"\n[wide]\ncolumns = ["Eurocities", "C40", "ICLEI"]\n'
    taken = take("Oslo;Norway;x;;1", "Bergen;Norway;;observer;0", "Hamar;Norway;;;", "Bodø;Norway;gold;x;2011",
                 heading="City;Country;Eurocities;C40;ICLEI\n", more=more)  # fmt: skip
    assert [line["network"] for line in taken.report if line["row"] == "2"] == ["Eurocities", "ICLEI"]
    assert [line["network"] for line in taken.report if line["row"] == "3"] == ["C40"]
    assert taken.reason(4) == "it names no network"
    assert taken.outcome(5) == "refused + imported"
    assert '"2011"^^xsd:gYear' in _facts(taken)


def test_spellings_of_a_network_are_one_network_and_a_slip_is_asked(take: Take) -> None:
    taken = take(
        "Oslo;Norway;Energy Cities",
        "Bergen;Norway;energy-cities",
        "Hamar;Norway;Energy Cities",
        "Bodø;Norway;Enregy Cities",
    )
    assert taken.done.imported.made["network"] == 1
    assert (taken.outcome(3), taken.outcome(5)) == ("imported", "review")


def test_titles_empty_rows_headings_and_extra_cells(take: Take) -> None:
    taken = take("Oslo;Norway;C40", ";;", "City;Country;Network;Status;Since;Lat;Long;State", "Bergen;Norway;C40;;;;;;;extra",
                 heading="A list\n\n" + "City;Country;Network;Status;Since;Lat;Long;State\n")  # fmt: skip
    assert [taken.outcome(row) for row in range(1, 8)] == [
        "heading",
        "empty",
        "heading",
        "imported",
        "empty",
        "heading",
        "refused",
    ]
    assert "a separator stands inside a cell" in taken.reason(7)


# -- nothing is dropped ----------------------------------------------------------------------------------


def _facts(taken: object) -> str:
    done = taken.done  # type: ignore[attr-defined]
    return str((done.report.parents[3] / done.files[0]).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def known_ontology() -> KnownGraph:
    triples: list[Triple] = []
    for path in (ROOT / "ontology" / "codes.ttl", ROOT / "data" / "places.ttl", ROOT / "data" / "authorities.ttl"):
        triples += [quad.triple for quad in parse(path.read_bytes(), format="ttl").quads]
    return KnownGraph(triples)


_CELL = st.one_of(
    st.sampled_from(
        [
            "Oslo",
            "Bergen",
            "Norway",
            "",
            "Eurocities",
            "left 2019",
            "59,9",
            "Vienna",
            "x",
            "2020",
            "Sverige",
            "Malm\ufffd",
        ]
    ),
    st.text(max_size=20),
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_CELL, max_size=9), max_size=25))
def test_any_rows_are_accounted_for_and_give_valid_turtle(
    known_ontology: KnownGraph, tmp_path: Path, cells: list[list[str]]
) -> None:
    (tmp_path / "map.toml").write_text(MAP.format(day="2025-03-01"), encoding="utf-8")
    heading = Row(1, ("City", "Country", "Network", "Status", "Since", "Lat", "Long", "State"))
    rows = [heading, *(Row(number, tuple(each)) for number, each in enumerate(cells, start=2))]
    imported = import_list(
        Listing("x.csv", "0" * 64, ".csv", (Sheet("", tuple(rows)),)),
        read_map(tmp_path / "map.toml"),
        known_ontology,
        base="https://example.org/",
        decisions={},
        previous=None,
        limits=ListLimits(),
    )
    assert imported.read == len(rows) == sum(imported.rows.values())
    assert {line.row for line in imported.lines} == {row.number for row in rows}
    written = serialize([*imported.facts, *imported.sources], format="nt")
    assert parse(written, format="nt").problems == ()


@given(st.text(max_size=60))
def test_cleaning_is_done_once(cell: str) -> None:
    once = clean(cell).text
    assert clean(once).text == once or name_problem(once)
    assert "\u00a0" not in once


@pytest.mark.slow
def test_seventeen_thousand_messy_rows_are_accounted_for(known_ontology: KnownGraph, tmp_path: Path) -> None:
    rows = list(messy_rows(17_000))
    path = tmp_path / "messy.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    heading = 'list = "messy"\nas_of = 2025-03-01\n[columns]\ncity = "City"\ncountry = "Country"\nnetwork = "Network"\n'
    (tmp_path / "map.toml").write_text(
        heading + 'status = "Status"\njoined = "Member since"\nlatitude = "Lat"\nlongitude = "Long"\n', encoding="utf-8"
    )
    imported = import_list(
        read_list(path, limits=ListLimits()),
        read_map(tmp_path / "map.toml"),
        known_ontology,
        base="https://example.org/",
        decisions={},
        previous=None,
        limits=ListLimits(),
    )
    assert imported.read == sum(imported.rows.values()) == len(rows) + 3
    by_kind = _outcomes_by_kind(rows, {line.row: line.outcome for line in imported.lines})
    for kind in ("hostile", "country not known", "status not known", "total"):
        assert set(by_kind[kind]) <= {RowOutcome.REFUSED, RowOutcome.REVIEW, RowOutcome.DUPLICATE, RowOutcome.NOTE}, (
            kind
        )
        assert by_kind[kind][RowOutcome.REFUSED] + by_kind[kind][RowOutcome.NOTE] > 0, kind
    # A town that the list names once, with a wrong country, cannot be known to be wrong; any other is caught.
    outcomes = {line.row: line.outcome for line in imported.lines}
    named = Counter(row.cells[0].casefold() for row in rows if row.kind in {"sound", "capitals"})
    wrong = [(number, row) for number, row in enumerate(rows, start=4) if row.kind == "wrong country"]
    wrong = [(number, row) for number, row in wrong if named[row.cells[0].casefold()] > 1]
    assert len(wrong) > 100
    assert [row.cells for number, row in wrong if outcomes[number] is RowOutcome.IMPORTED] == []
    for kind in ("sound", "decorated", "capitals", "no accents", "mojibake", "quoted newline"):
        fine = (
            by_kind[kind][RowOutcome.IMPORTED] + by_kind[kind][RowOutcome.DUPLICATE] + by_kind[kind][RowOutcome.PARTLY]
        )
        assert fine > 0.93 * sum(by_kind[kind].values()), (kind, by_kind[kind])


def _outcomes_by_kind(rows: list[MessyRow], outcomes: dict[int, RowOutcome]) -> dict[str, Counter[RowOutcome]]:
    found: dict[str, Counter[RowOutcome]] = {}
    for number, row in enumerate(rows, start=4):
        found.setdefault(row.kind, Counter())[outcomes[number]] += 1
    return found


@pytest.mark.slow
def test_the_project_passes_check_and_build_after_an_import(take: Take, project: Project) -> None:
    take("Oslo;Norway;Eurocities;;1986;59,91;10,75", "Portland, OR;USA;C40;left 2019", "Αθήνα;Greece;C40", "北京;China;C40",
         "Vestland fylkeskommune;Norway;Metrex;;2030")  # fmt: skip
    fresh = Project.open(project.folder)
    report = fresh.check().report
    assert [(each.code, each.message.en) for each in report] == []
    assert fresh.build().new
    assert [each.path.name for each in fresh.format(write=False) if each.changed] == []


# -- what stands in one cell -------------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "begin", "end"), [
    ("01.05.2004 - 31.12.2010", "2004-05-01", "2010-12-31"), ("2004 – present", "2004", ""), ("May-04", "2004-05", ""),
    ("2004.0", "2004", ""), ("20040501", "2004-05-01", ""), ("2004?", "2004", ""), ("~2004", "2004", ""), ("Q3 2015", "2015", ""),
    ("2004/05", "2004", ""), ("fra og med 2004", "2004", ""),
])  # fmt: skip
def test_dates_keep_both_ends_and_no_more_than_they_say(cell: str, begin: str, end: str) -> None:
    period = read_period(cell)
    assert (period.begin, period.end) == (begin, end)
    is_exact = cell in {"01.05.2004 - 31.12.2010", "2004 – present", "2004.0", "20040501", "fra og med 2004"}
    assert bool(period.notes) is not is_exact


@pytest.mark.parametrize(("cell", "status"), [
    ("observer since 2012", Status("role-observer", "2012")), ("until 2019", Status("left", "", "2019")), ("x?", None),
    ("member since 2004, left 2019", Status("left", "2004", "2019")), ("Gründungsmitglied 1986", Status("role-full-member", "1986")),
    ("observer (until 2019)", Status("role-observer", "", "2019")), ("2001–2010", Status("", "2001", "2010")),
    ("x, board member", None), ("candidate (2024)", Status("not-yet", "2024")), ("left in May 2019", Status("left", "", "2019-05")),
])  # fmt: skip
def test_a_status_with_dates_in_one_cell(cell: str, status: Status | None) -> None:
    assert read_status(cell, {}) == status


def test_a_name_that_only_sounds_alike_is_not_the_same_city(take: Take) -> None:
    taken = take("Lorquekirk;Austria;C40", "Lorqeekirk;Austria;C40")
    assert taken.outcome(3) == "review"


def test_several_cities_in_one_cell(take: Take) -> None:
    taken = take(
        '"Oslo; Bergen";Norway;C40', '"Oslo\nTrondheim";Norway;ICLEI', "Köln/Düsseldorf;Germany;C40", "Bolzano/Bozen;Italy;C40",
        '"Frankfurt\nam Main";Germany;C40', "Oslo/Bergen;Norway;Metrex", "Cities of Oslo and Bergen;Norway;Metrex",
    )  # fmt: skip
    rows = [line["row"] for line in taken.report if line["outcome"] == "imported"]
    assert Counter(rows) == {"2": 2, "3": 2, "4": 2, "5": 1, "6": 1}
    assert (taken.outcome(7), taken.outcome(8)) == ("review", "refused")
    assert taken.member(6) == "city-of-frankfurt-am-main"


@pytest.mark.parametrize(("name", "country"), [("Oslo (NO)", "NO"), ("Lyon (FR)", "FR"), ("Munich (DE)", "DE"), ("Oslo, Norway", "NO"), ("Oslo – Norway", "NO")])  # fmt: skip
def test_a_country_behind_the_name(take: Take, name: str, country: str) -> None:
    taken = take(f"{name};;C40", "Umeå (SE);;C40", "Lund (SE);;C40")
    assert (taken.outcome(2), taken.report[1]["country"]) == ("imported", country)


def test_two_letters_are_states_where_the_list_has_states(take: Take) -> None:
    taken = take("Portland (OR);;C40", "Austin (TX);;C40", "Wilmington (DE);USA;C40", "San Diego (CA);;C40")
    assert {line["country"] for line in taken.report[1:]} == {"US"}


def test_rows_about_the_list_are_no_members(take: Take) -> None:
    taken = take(
        "Oslo*;Norway;C40", "Total;2;", "* hosts the secretariat;;", "Source: the network, 2024;;", ";17;",
        "1) The city joined on behalf of the region.;;", "Sist oppdatert: mai 2024;;",
    )  # fmt: skip
    assert [taken.outcome(row) for row in range(3, 9)] == ["note"] * 6
    assert taken.notes(2) == "footnote *: hosts the secretariat"


def test_a_mark_that_nothing_explains_is_told(take: Take) -> None:
    assert "the list does not explain it" in take("Oslo†;Norway;C40").notes(2)


def test_a_country_is_no_city_and_a_city_state_is_both(take: Take) -> None:
    taken = take("Norway;Norway;C40", "Singapore;Singapore;C40", "Luxembourg;Luxembourg;C40")
    assert [taken.outcome(row) for row in (2, 3, 4)] == ["refused", "imported", "imported"]


def test_a_city_is_never_taken_for_the_province_of_its_name(take: Take) -> None:
    taken = take("Provincia di Torino;Italy;C40", "Turin;Italy;C40", "Kanton Zürich;Switzerland;C40", "Zurich;CH;C40")
    assert len({taken.member(row) for row in (2, 3, 4, 5)}) == 4
    assert taken.done.imported.made == {"region": 2, "network": 1, "city": 2}


def test_the_beginning_that_only_a_second_row_names_is_kept(take: Take, project: Project) -> None:
    taken = take(
        "Oslo;Norway;C40",
        "Oslo;Norway;C40;;2010",
        "Oslo;Norway;C40;;2012",
        "Bodø;Norway;C40;;2004",
        "Bodø;Norway;C40;;1.5.2004",
    )
    assert taken.reason(3) == "of row 2; that it began 2010 is taken from this one"
    assert "it began 2010; this one says 2012" in taken.reason(4)
    assert "only 2004; this one says 2004-05-01" in taken.reason(6)
    assert '"2010"^^xsd:gYear' in _facts(taken)
    assert [each.code for each in Project.open(project.folder).check().report] == []


def test_a_former_member_without_a_year_is_over_and_has_no_invented_date(take: Take, project: Project) -> None:
    for _ in range(2):
        taken = take("Oslo;Norway;C40;former member", "Bergen;Norway;C40;tidligere medlem;2001")
    text = _facts(taken)
    assert text.count('cg:dateNotAfter "2025-02-28"') == 2
    assert "cg:asOf" not in text
    assert [each.code for each in Project.open(project.folder).check().report] == []
    newer = take("Oslo;Norway;C40;former member", day="2026-03-01")
    assert newer.report[-1]["membership"] == "m-city-of-oslo-c40"


@pytest.mark.parametrize(
    ("as_of", "last"),
    [
        ("2025-01", "2024-12-31"),
        ("2024-03", "2024-02-29"),
        ("2025-12", "2025-11-30"),
        ("2024", "2023-12-31"),
        ("2025-01-15", "2025-01-14"),
    ],
)
def test_a_former_member_on_a_list_is_none_from_its_first_day_on(take: Take, as_of: str, last: str) -> None:
    map_ = MAP.format(day="2025-03-01") + 'as_of = "As of"\n'
    taken = take(f"Oslo;Norway;C40;former member;;;;;{as_of}", more=map_, heading=HEADING.strip() + ";As of\n")
    assert taken.outcome(2) == "imported"
    assert re.findall(r'cg:dateNotAfter "([^"]*)"', _facts(taken)) == [last]
    assert f"on the list of {as_of};" in _facts(taken)


def test_a_country_with_a_slip_is_refused_with_the_one_it_resembles(take: Take) -> None:
    assert "(Belgium?)" in take("Brussels;Belguim;C40").reason(2)


def test_a_town_named_once_with_a_wrong_country_is_found_by_the_places_around_it(take: Take) -> None:
    around = (
        "Lillestrøm;Norway;C40;;;59,95;11,05",
        "Enebakk;Norway;C40;;;59,76;11,15",
        "Nittedal;Norway;C40;;;60,05;10,87",
    )
    taken = take(
        *around,
        "Gjerdrum;Germany;C40;;;60,06;11,03",
        "Nes;Austria;C40;;;47,40;10,00",
        "Vaduz;Liechtenstein;C40;;;47,14;9,52",
    )
    assert (taken.outcome(5), "lie in Norway; the list says Germany" in taken.reason(5)) == ("review", True)
    assert (taken.outcome(6), taken.outcome(7)) == ("imported", "imported")


@pytest.mark.parametrize(("row", "outcome"), [
    ("Kristiansund;Sweden;C40", "review"), ("Bratislava;Slovenia;C40", "review"), ("Valencia;Venezuela;C40", "imported"),
    ("Hamburg, NY;USA;C40", "imported"), ("Cork;Ireland;C40", "imported"), ("San José;Costa Rica;C40", "imported"),
    ("Nairobi;Uganda;C40", "review"),
])  # fmt: skip
def test_a_well_known_city_named_once_is_asked_about_in_another_country(take: Take, row: str, outcome: str) -> None:
    assert take(row).outcome(2) == outcome


# -- headings between the rows, cells that mean the one above, sheets -----------------------------------------


def _shaped(take: Take, text: str, more: str, columns: str) -> Taken:
    head = f'list = "shaped"\nas_of = 2025-03-01\n{more}[columns]\n{columns}'
    return take(text.encode(), more=head)


def test_countries_as_headings_between_the_rows(take: Take) -> None:
    text = "City;Since\nNORWAY (2)\nOslo;2004\nBodø;\nLuxembourg:\nLuxembourg;2005\nATLANTIS\nHamar;2006\n"
    taken = _shaped(take, text, 'network = "C40"\nsections = "country"\n', 'city = "City"\njoined = "Since"\n')
    assert [line["country"] for line in taken.report if line["outcome"] == "imported"] == ["NO", "NO", "LU"]
    # Below a heading that nobody knows nothing is imported on a guess.
    assert (taken.outcome(7), taken.outcome(8)) == ("refused", "refused")
    assert "no country that we know" in taken.reason(8)


def test_countries_as_headings_of_a_list_with_one_column(take: Take) -> None:
    text = "Members\n\nNorway\nOslo\nBodø\nLuxembourg\nLuxembourg\n"
    taken = _shaped(take, text, 'network = "C40"\nsections = "country"\nheader = 1\n', "city = 1\n")
    assert [line["country"] for line in taken.report if line["outcome"] == "imported"] == ["NO", "NO", "LU"]


def test_networks_as_headings_between_the_rows(take: Take) -> None:
    text = "City;Country\nC40;\nOslo;Norway\nNew Network:;\nBodø;Norway\n"
    more, columns = 'sections = "network"\n', 'city = "City"\ncountry = "Country"\n[networks]\n"C40" = "C40 Cities"\n'
    taken = _shaped(take, text, more, columns)
    assert [taken.outcome(row) for row in (2, 3, 4, 5)] == ["heading", "imported", "refused", "refused"]
    assert "add it to [networks]" in taken.reason(5)


def test_empty_cells_that_mean_the_one_above(take: Take) -> None:
    text = "City;Country;Network\nOslo;Norway;C40\n;;ICLEI\nZürich, Switzerland;;C40\nBodø;;C40\n"
    columns = 'city = "City"\ncountry = "Country"\nnetwork = "Network"\n'
    taken = _shaped(take, text, 'fill = ["city", "country"]\n', columns)
    assert taken.member(3) == taken.member(2) == "city-of-oslo"
    assert [line["country"] for line in taken.report[1:]] == ["NO", "NO", "CH", "NO"]
