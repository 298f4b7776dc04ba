"""What kind of body a row names, what a part of a name is worth, and in which country it lies: nothing on a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import IngestError
from citygraph.ingest.countries import country_of
from citygraph.ingest.kinds import is_region_name, organisation_word
from citygraph.ingest.places import known_countries
from conftest import TODAY
from ingest_words import HEADING, MAP, Take

_ORGANISATIONS = """Ministry of Environment|Ministère de l’Écologie|Bundesministerium für Umwelt|Miljødepartementet|Ministerstwo Klimatu
Norwegian Association of Local and Regional Authorities (KS)|Suomen Kuntaliitto|Deutscher Städtetag|Unie – Vereniging van Gemeenten
Federación Española de Municipios|Magyar Önkormányzatok Szövetsége|Asociația Municipiilor|Κεντρική Ένωση Δήμων|Belediyeler Birliği
Eesti Linnade Liit|Latvijas Pašvaldību savienība|Lietuvos savivaldybių asociacija|Асоціація міст України|Svaz měst a obcí
Handelskammer Hamburg|Camera di Commercio di Torino|Port of Antwerp|Autoridad Portuaria de Vigo|Oslo Havn KF|Lunds universitet
Universität Stuttgart|Sveučilište u Zagrebu|Energy Agency of Granada|Agència de l'Energia de Barcelona|Klimaetaten|Stadtwerke Ulm
Communauté de communes du Pays de Gex|Mancomunitat de la Ribera|Unione dei Comuni della Bassa Romagna|Zweckverband Abfall
Comunidade Intermunicipal do Minho|Regionalverband Ruhr|Fundacja Miasto|Wuppertal Institut|Ramboll Ltd|Medio Ambiente S.L.
Deutsche Umwelthilfe|Zarząd Transportu|Budapesti Közlekedési Központ|Ente Parco|Naturvårdsverket|Azienda Trasporti|Klimatkommunerna
Enel X S.p.A.|Metro SA|ICLEI|Region Skåne – Energy board|Malmö – Environment Department|Consorzio Vallesina|Hafen Hamburg
Landesanstalt für Umwelt|Bond voor Fietsers|Amis pour Lyon|Fundacja dla Miasta|Síť pro cyklisty|Фонд для громад|Trust for Towns|Bergen havn
Göteborgs Hamn|Port of Dover|Grand Poitiers|Greater Copenhagen|Turun kauppakamari|Háskóli Íslands|Zagrebački električni tramvaj|Rīgas satiksme
Klaipėdos uosto direkcija|Софийска енергийна агенция|Универзитет у Београду|Ινστιτούτο Αυτοδιοίκησης|İzmir Kalkınma Ajansı|東京大学|서울대학교
Đại học Hà Nội|Universitas Gadjah Mada|جامعة الملك سعود|თბილისის უნივერსიტეტი|Sweco Miljøkonsulent|Budapesti Műszaki Egyetem|Universiteti i Prishtinës
Trường Đại học|Hnutí Duha|Mälardalens högskola|Handelskammaren Mälardalen|Conservatoire du littoral|Raad voor de leefomgeving"""
_REGIONS = """Region Skåne|Västra Götalandsregionen|Vestland fylkeskommune|Provincia di Torino|Diputación de Granada|Xunta de Galicia
Conseil départemental de la Gironde|Landkreis Ahr|Land Salzburg|Kanton Zürich|Provincie Utrecht|Powiat Poznański|Zlínský kraj
Pest megye|Județul Cluj|Περιφέρεια Κρήτης|Istarska županija|Harju maakond|Kauno apskritis|Львівська область|Kent County Council"""
_CITIES = """Port of Spain|Porto de Mós|Port Elizabeth|Union City|University Park|Agency|Council Bluffs|La Unión|Friedrichshafen|Canton
Universitätsstadt Marburg|Câmara Municipal de Lisboa|Adelaide SA|Calgary AB|Cambridge City Council|Comune di Milano|Gmina Lesznowola
Frederikshavn|Stralsund|Federación|Mazamet|Red Bank|Hammamet|Blandford|Port of Spain|College Station|State College|National City|Maikammer
Universitäts- und Hansestadt Greifswald|York University Heights|Fort-de-France|La Chaux-de-Fonds|Grand Rapids|Energodar|Elektrostal|Fundación
Bundesstadt Bonn|Kochi Municipal Corporation|Dhaka City Corporation|Addis Ababa City Administration|Gobierno de la Ciudad de Salta
Администрация города Томска|Gemeindeverwaltung Horw|Vác Önkormányzata|Ogres novada pašvaldība|Kauno miesto savivaldybė|Police nad Metují"""


def _names(text: str) -> list[str]:
    return [name for line in text.splitlines() for name in line.split("|")]


def test_the_words_of_a_name_tell_organisations_and_regions_from_cities() -> None:
    def word(name: str) -> str:
        country = {"Adelaide SA": "AU", "Calgary AB": "CA"}.get(name, "")
        return organisation_word(name, country, lambda core: bool(known_countries(core)))

    assert [name for name in _names(_ORGANISATIONS) if not word(name)] == []
    assert [name for name in _names(_REGIONS) if word(name) or not is_region_name(name)] == []
    assert [name for name in _names(_CITIES) if word(name) or is_region_name(name)] == []


def test_what_looks_like_an_organisation_is_asked_about_until_the_map_or_a_person_says(
    take: Take, project: Project
) -> None:
    rows = ("Energy Agency of Granada;Spain;C40", "Oslo;Norway;C40", "Association of Things;;C40")
    taken = take(*rows)
    assert [taken.outcome(row) for row in (2, 3, 4)] == ["review", "imported", "review"]
    assert taken.reason(2).startswith("looks like an organisation ('energy')")
    _decide(taken.done.review, "Energy Agency", "new")
    _decide(taken.done.review, "Association", "organisation")
    again = take(*rows)
    assert [again.member(row) for row in (2, 4)] == ["energy-agency-of-granada", "association-of-things"]
    assert again.done.imported.made["organisation"] == 2
    kept = take(*rows)
    assert kept.member(2) == again.member(2)
    fresh = Project.open(project.folder, today=TODAY)
    assert [each.code for each in fresh.check().report] == []
    facts = (project.folder / again.done.files[0]).read_text(encoding="utf-8")
    assert "id:energy-agency-of-granada a org:Organization ;" in facts
    assert facts.count("a cg:City ;") == facts.count("cv:PublicOrganisation") == 1
    more = MAP.format(day="2025-03-01")
    for _ in range(2):
        new = take("Chamber of Commerce;Spain;C40", more='unknown.organisation = "new"\n' + more)
        assert new.member(2) == "chamber-of-commerce"


def test_a_person_says_that_it_is_a_city_all_the_same(take: Take) -> None:
    row = "Society of Hills;USA;C40"
    _decide(take(row).done.review, "Society", "city")
    assert take(row).member(2) == "city-of-society-of-hills"


def _decide(review: Path, name: str, word: str, *, before: str = "") -> None:
    text = review.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    assert f"\n{before},{name}" in text
    review.write_text(text.replace(f"\n{before},{name}", f"\n{word},{name}", 1), encoding="utf-8-sig")


def test_a_column_of_kinds_decides_and_the_map_explains_its_words(take: Take) -> None:
    more = MAP.format(day="2025-03-01") + 'kind = "Kind"\n[kinds]\n"Signatory" = "city"\n'
    heading = HEADING.strip() + ";Kind\n"

    def row(name: str, kind: str) -> str:
        return f"{name};Italy;C40;;;;;;{kind}"

    taken = take(
        row("Torino", "Signatory"), row("Torino", "provincia"), row("Torino", "Università"), row("Unione dei Comuni", "Comune"),
        row("Torino", "gold"), row("Agenzia Energia", ""), more=more, heading=heading,
    )  # fmt: skip
    assert len({taken.member(row) for row in (2, 3, 4)}) == 3
    assert taken.done.imported.made["region"] == taken.done.imported.made["organisation"] == 1
    assert taken.member(5).startswith("city-of-")
    assert (taken.outcome(6), "[kinds]" in taken.reason(6)) == ("refused", True)
    assert taken.outcome(7) == "review"
    with pytest.raises(IngestError, match="place"):
        take(row("Torino", "x"), more=more.replace('"city"', '"place"'), heading=heading)


def test_a_part_of_a_name_is_a_candidate_and_never_a_match(take: Take) -> None:
    towns = {"Oslo": "NO", "Bergen": "NO", "Malmö": "SE", "Kassel": "DE", "Graz": "AT", "Torino": "IT", "Berlin": "DE"}
    names = [
        "Oslo og Bergen",
        "Oslo – Bergen – Hamar", "Malmö - Lund", "Kassel – Land", "Graz-Land", "Torino – CSI Piemonte", "Berlin-Mitte", "Oslo/Bergen",
        "Oslo & Akershus", "Malmö+Lund", "Berlin und Umland", "Oslo med omegn", "Malmö → Lund",
    ]  # fmt: skip
    country = {name: towns[next(each for each in towns if name.startswith(each))] for name in names}
    taken = take(
        *(f"{name};{code};C40" for name, code in towns.items()), *(f"{name};{country[name]};Metrex" for name in names)
    )
    first = 2 + len(towns)
    asked = [(taken.outcome(row), taken.member(row)) for row in range(first, first + len(names))]
    assert asked == [("review", "")] * len(names)


def test_a_word_behind_a_name_says_that_it_is_a_land_and_a_known_name_with_and_is_one(take: Take) -> None:
    taken = take(
        "Wien (Land);Austria;C40", "Wien;Austria;C40", "Kassel, Landkreis;Germany;C40", "Oslo (fylke);Norway;C40",
        "Brighton & Hove;United Kingdom;C40",
    )  # fmt: skip
    assert [taken.member(row) for row in range(2, 7)] == [
        "land-wien", "city-of-wien", "landkreis-kassel", "fylke-oslo", "city-of-brighton-hove",
    ]  # fmt: skip
    assert taken.done.imported.made == {"region": 3, "city": 2, "network": 1}


def test_two_official_names_are_one_city_or_asked_and_never_a_second_one(take: Take) -> None:
    taken = take(
        "Bruxelles;Belgium;C40", "Bruxelles-Brussel;Belgium;Metrex", "Zwyrbach - Zwyrbaco;Italy;C40", "Zwyrbaco;Italy;ICLEI",
        "Bozen - Bolzano;Italy;C40", "Bolzano;Italy;Metrex", "Ortsburg-Orteville;Switzerland;C40", "Orteville;Switzerland;Metrex",
    )  # fmt: skip
    assert taken.member(2) == taken.member(3) != ""
    assert taken.member(6) == taken.member(7) != ""
    assert (
        sorted(taken.outcome(row) for row in (4, 5))
        == sorted(taken.outcome(row) for row in (8, 9))
        == ["imported", "review"]
    )


def test_a_hyphen_inside_one_name_is_not_asked_about(take: Take) -> None:
    names = (
        "Lyon",
        "Valence",
        "Clermont-Ferrand",
        "Bourg-lès-Valence",
        "Aix-en-Provence",
        "Saint-Denis",
        "Sainte-Foy-lès-Lyon",
    )
    taken = take(*(f"{name};France;C40" for name in names))
    assert {taken.outcome(row) for row in range(2, 2 + len(names))} == {"imported"}


# -- countries, letters behind a name, points ------------------------------------------------------------


def test_na_is_missing_where_other_columns_have_it_and_namibia_where_none_has(take: Take) -> None:
    taken = take("Oslo;Norway;C40;NA", "Trondheim;NA;C40;NA", "Nowhereville;NA;C40;")
    assert [line["country"] for line in taken.report] == ["", "NO", "NO", ""]
    assert taken.outcome(4) == "refused"
    codes = take("Oslo;NO;C40", "Windhoek;NA;C40", "Lund;SE;C40")
    assert [line["country"] for line in codes.report[1:]] == ["NO", "NA", "SE"]
    names = take("Oslo;Norway;C40", "Gobabis;NA;C40")
    assert (names.outcome(3), names.report[2]["country"]) == ("refused", "")


def test_letters_behind_a_name_are_the_province_or_the_country_or_nothing_is_guessed(take: Take) -> None:
    taken = take(
        "Cagliari (CA);Italy;C40", "Napoli (NA);Italy;C40", "Samone (TO);Italy;C40", "Samone (TN);Italy;C40", "Wetzikon (ZH);Switzerland;C40",
        "Dunkerque (CU);France;C40", "Oslo (SE);Norway;C40", "Water Company (SA);Spain;C40",
    )  # fmt: skip
    outcomes = [taken.outcome(row) for row in range(2, 10)]
    assert outcomes == ["imported"] * 5 + ["review", "refused", "review"]
    assert taken.member(4) != taken.member(5)
    unclear = take("Quartu (CA);;C40", "Grobnik (TN);;C40", "Grobnik (NA);;C40", "Toronto (CA);;C40", "Hvam (NO);;C40")
    assert [line["country"] for line in unclear.report[1:]] == ["", "", "", "CA", "NO"]
    italian = take("Quartu (CA);;C40", "Moena (TN);;C40", "Ostia (RM);;C40", "Cantello (VA);;C40", "Vho (AL);;C40")
    assert {line["country"] for line in italian.report[1:]} == {"IT"}


def test_a_state_that_has_the_name_of_a_country_is_no_country(take: Take) -> None:
    taken = take(
        "Athens, Georgia;USA;C40", "Arlon (Luxembourg);Belgium;C40", "Paris, France;Germany;C40", "Telavi, Georgia;;C40"
    )
    assert [taken.outcome(row) for row in (2, 3, 4, 5)] == ["imported", "imported", "refused", "refused"]
    assert [line["country"] for line in taken.report[1:3]] == ["US", "BE"]
    assert take("Telavi, Georgia;;C40", "Oslo, Norway;;C40").report[1]["country"] == "GE"


def test_a_city_may_bear_the_name_of_a_country_and_a_country_is_none(take: Take) -> None:
    rows = (
        "Tunis;Tunisia",
        "Luxembourg;Luxembourg",
        "Monaco;Monaco",
        "Djibouti;Djibouti",
        "Panama;Panama",
        "Guatemala;Guatemala",
    )
    taken = take(
        *(
            f"{each};C40"
            for each in (*rows, "Mexico City;Mexico", "Norway;Norway", "Brazil;Brazil", "Deutschland;Germany")
        )
    )
    assert [taken.outcome(row) for row in range(2, 12)] == ["imported"] * 7 + ["refused"] * 3


def test_a_point_far_from_the_country_is_asked_and_one_inside_it_settles_who_is_meant(take: Take) -> None:
    taken = take(
        "Hvittingfoss;Norway;C40;;;10,5;-66,9", "Oslo;Norway;C40;;;-33,9;18,4", "Dresden;USA;C40;;;36,3;-88,7", "Las Palmas;Spain;C40;;;28,1;-15,4",
        "Ouargla;Algeria;C40;;;31,9;5,3", "Gabès;Tunisia;C40;;;33,9;10,1", "Sfax;Tunisia;C40;;;34,7;10,8", "Dresden;USA;ICLEI",
    )  # fmt: skip
    assert [taken.outcome(row) for row in range(2, 9)] == ["review", "review"] + ["imported"] * 5
    assert taken.reason(2) == "lies far from Norway on the map"


def test_rows_without_a_country_are_decided_in_the_review(take: Take) -> None:
    rows = ("Nowhereville;;C40", "Otherville;;C40", "Oslo;Norway;C40")
    taken = take(*rows)
    assert [taken.outcome(row) for row in (2, 3, 4)] == ["refused", "refused", "imported"]
    _decide(taken.done.review, "Nowhereville", "new Norge")
    _decide(taken.done.review, "Otherville", "new")
    again = take(*rows)
    assert (again.member(2), again.report[1]["country"]) == ("city-of-nowhereville", "NO")
    assert (again.outcome(3), "new NO" in again.reason(3)) == ("refused", True)
    _decide(again.done.review, "Otherville", "id:city-of-oslo", before="new")
    assert take(*rows).member(3) == "city-of-oslo"


def test_an_abbreviation_is_an_organisation_where_the_list_writes_no_other_name_in_capitals(take: Take) -> None:
    taken = take(
        "TU Dresden;Germany;C40", "ENEA;Italy;C40", "IDETA;Belgium;C40", "CC Vallée;France;C40", "OSLO;Norway;C40", "Adelaide SA;Australia;C40",
        "Karl XII;Sweden;C40",
    )  # fmt: skip
    assert [taken.outcome(row) for row in range(2, 9)] == ["review"] * 4 + ["imported"] * 3
    capitals = take("IDETA;Belgium;C40", "WAREGEM;Belgium;C40", "ZOTTEGEM;Belgium;C40")
    assert {capitals.outcome(row) for row in (2, 3, 4)} == {"imported"}


def test_a_first_letter_or_a_number_is_no_slip(take: Take) -> None:
    taken = take("Sévignac;France;C40", "Lévignac;France;C40", "Quartier 1;France;C40", "Quartier 2;France;C40", "Quetigny;France;C40", "Quettigny;France;C40")  # fmt: skip
    assert [taken.outcome(row) for row in range(2, 8)] == ["imported"] * 5 + ["review"]


def test_a_column_that_knows_no_organisation_tells_neither_these_nor_counties_from_cities(take: Take) -> None:
    heading = HEADING.strip() + ";Kind\n"
    names = [
        "Marin County",
        "Marin",
        "Ministry of Tides",
        "KORT",
        "Unione Colline Alte",
        "Adana Energy Agency",
        "Skottland",
    ]
    more = MAP.format(day="2025-03-01") + 'kind = "Kind"\n'
    taken = take(*(f"{name};USA;C40;;;;;;City" for name in names[:-1]), more=more, heading=heading)
    assert [taken.outcome(row) for row in range(2, 8)] == [
        "imported", "imported", "review", "imported", "review", "review",
    ]  # fmt: skip
    assert taken.member(2) != taken.member(3)
    assert taken.done.imported.made["region"] == 1
    parts = take("Scotland;UK;C40;;;;;;Region", "Norway;Norway;C40;;;;;;Region", more=more, heading=heading)
    assert [parts.outcome(row) for row in (2, 3)] == ["imported", "refused"]


def test_what_a_list_tells_apart_is_not_one(take: Take) -> None:
    taken = take(
        "Hollow County, OR;USA;C40", "Hollow, OR;USA;C40", "Marrow City, NJ;USA;C40", "Marrow, NJ;USA;C40",
        "Mora, Vinga, Alto Sole e Casale;Italy;C40", "Helma-Ustra;Germany;C40",
    )  # fmt: skip
    assert taken.member(2) != taken.member(3) != ""
    assert sorted(taken.outcome(row) for row in (4, 5)) == ["imported", "review"]
    assert (taken.outcome(6), taken.outcome(7)) == ("review", "imported")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Dem. Rep. Congo", "CD"), ("Congo, Rep.", "CG"), ("Korea (the Republic of)", "KR"), ("Netherlands (Kingdom of the)", "NL"),
        ("Solomon Is.", "SB"), ("Iran, Islamic Rep.", "IR"), ("N. Macedonia", "MK"), ("S. Sudan", "SS"), ("Congo (the)", "CG"),
        ("Philippines (the)", "PH"), ("Falkland Islands (the) [Malvinas]", "FK"), ("N. Mexico", ""), ("Vienna, VA", ""), ("Rep.", ""),
    ],
)  # fmt: skip
def test_names_of_countries_as_tables_shorten_and_turn_them(written: str, code: str) -> None:
    assert country_of(written) == code
