"""What the reasoner must find out by itself on 2020-11-05, one wish of the people who ask in each test."""

from __future__ import annotations

from datetime import date
from typing import Final

from citygraph import Project
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.rdf import Iri
from citygraph.results import Solutions
from citygraph.store import Snapshot

# The authorities that take part in Eurocities: three members and partners, and those with a seat on the board.
NORWEGIAN: Final = {"id:oslo-kommune", "id:bergen-kommune", "id:stavanger-kommune"}
BOARD: Final = {
    "id:oslo-kommune",
    "id:stadt-leipzig",
    "id:ville-de-nantes",
    "id:gemeente-rotterdam",
    "id:stockholms-stad",
    "id:ajuntament-de-barcelona",
    "id:comune-di-firenze",
    "id:stad-gent",
    "id:mestna-obcina-ljubljana",
    "id:municipio-de-braga",
}
BOARD_COUNTRIES: Final = {"NOR", "DEU", "FRA", "NLD", "SWE", "ESP", "ITA", "BEL", "SVN", "PRT"}


def ask(project: Project, pattern: str, *, as_of: date | None = None) -> set[tuple[str, ...]]:
    """The different rows that match a pattern, by CURIE, in the order of its variables."""
    names = list(dict.fromkeys(word.strip(";.,") for word in pattern.split() if word.startswith("?")))
    answer = project.sparql(f"SELECT DISTINCT {' '.join(names)} WHERE {{ {pattern} }}", as_of=as_of)
    assert isinstance(answer, Solutions)
    return {tuple("" if term is None else compress(getattr(term, "value", "")) for term in row) for row in answer.rows}


def one(project: Project, pattern: str, *, as_of: date | None = None) -> set[str]:
    """The values of the one variable of a pattern."""
    return {row[0] for row in ask(project, pattern, as_of=as_of)}


def test_oslo_is_the_norwegian_city_on_a_governing_body(this_project: Project) -> None:
    pattern = "?city a cg:City ; cg:inCountry country:NOR ; cg:participatesIn ?body . ?body a cg:GoverningBody"
    assert ask(this_project, pattern) == {("id:place-oslo", "id:eurocities-excom")}


def test_authorities_places_and_persons_take_part_in_eurocities(this_project: Project) -> None:
    takes_part = "?x cg:participatesIn id:eurocities"
    assert one(this_project, f"{takes_part} . ?x a cv:PublicOrganisation") == NORWEGIAN | BOARD
    governed = {place for body, place in ask(this_project, "?body cg:administers ?place") if body in NORWEGIAN | BOARD}
    assert len(governed) == 12
    assert one(this_project, f"{takes_part} . ?x a cg:Place") == governed
    assert one(this_project, f"{takes_part} . ?x a foaf:Person") == {
        "id:person-anna-konig-jerlmyr",
        "id:person-dario-nardella",  # elected on this very day
        "id:person-raymond-johansen",
        "id:person-burkhard-jung",
        "id:person-anna-lisa-boni",
    }


def test_countries_are_represented_by_those_who_take_part(this_project: Project) -> None:
    def represented(body: str) -> set[str]:
        return {name.removeprefix("country:") for name in one(this_project, f"{body} cg:representedCountry ?country")}

    assert represented("id:eurocities") == BOARD_COUNTRIES
    assert represented("id:eurocities-excom") == BOARD_COUNTRIES
    assert represented("id:metrex") == {"NOR"}


def test_an_office_at_the_top_makes_a_head(this_project: Project) -> None:
    assert ask(this_project, "?who org:headOf ?what") == {
        ("id:oslo-kommune", "id:eurocities-wg-waste"),
        ("id:oslo-kommune", "id:eurocities-wg-active-ageing"),
        ("id:oslo-kommune", "id:eurocities-wg-homelessness"),
        ("id:person-anna-konig-jerlmyr", "id:eurocities"),
        ("id:person-anna-konig-jerlmyr", "id:stockholms-stad"),
        ("id:person-nicola-schelling", "id:metrex"),
        ("id:person-nicola-schelling", "id:verband-region-stuttgart"),
        ("id:person-raymond-johansen", "id:oslo-kommune"),
        ("id:person-dario-nardella", "id:comune-di-firenze"),
        ("id:person-dario-nardella", "id:eurocities"),
    }


def test_a_partner_is_no_member(this_project: Project) -> None:
    pattern = "?who a cv:PublicOrganisation ; org:memberOf ?network . ?network a cg:CityNetwork"
    assert ask(this_project, pattern) == {
        ("id:oslo-kommune", "id:eurocities"),
        ("id:bergen-kommune", "id:eurocities"),
        ("id:oslo-kommune", "id:metrex"),
        ("id:viken-fylkeskommune", "id:metrex"),
    }
    assert one(this_project, "id:stavanger-kommune cg:associatedWith ?x") == {"id:eurocities"}
    assert one(this_project, "id:stavanger-kommune cg:participatesIn ?x") == {"id:eurocities"}


def test_oslo_is_in_both_networks(this_project: Project) -> None:
    assert one(this_project, "?x cg:participatesIn id:eurocities , id:metrex") == {"id:oslo-kommune", "id:place-oslo"}


def test_a_seat_lies_in_all_that_contains_it(this_project: Project) -> None:
    assert {"id:place-brussels", "country:BEL"} <= one(this_project, "id:eurocities cg:seatedIn ?x")
    glasgow = {"id:place-glasgow", "id:place-scotland", "country:GBR"}
    assert one(this_project, "id:metrex cg:seatedIn ?x") == glasgow


def test_a_network_covers_the_themes_of_its_groups_too(this_project: Project) -> None:
    own = {"culture", "economy", "environment", "knowledge-society", "mobility", "social-affairs"}
    own |= {"urban-governance", "cooperation"}
    groups = {"waste", "active-ageing", "homelessness"}
    covered = one(this_project, "id:eurocities cg:coversTheme ?x")
    assert {f"concept:{name}" for name in own | groups} <= covered
    stated = one(this_project, "id:eurocities cg:hasTopic ?x")
    assert stated == {f"concept:{name}" for name in own}, "the network itself has the eight and no more"


def test_the_country_of_an_authority_is_that_of_its_place(this_project: Project, snapshot: Snapshot) -> None:
    assert one(this_project, "id:oslo-kommune cg:inCountry ?x") == {"country:NOR"}
    oslo, country = Iri(PREFIXES["id"] + "oslo-kommune"), Iri(CG + "inCountry")
    assert not any(quad.subject == oslo and quad.predicate == country for quad in snapshot.asserted())
    assert any(quad.subject == oslo and quad.predicate == country for quad in snapshot.inferred())


def test_who_has_ever_been_affiliated_stays_so_on_every_day(this_project: Project) -> None:
    pattern = "?x cg:hasBeenAffiliatedWith id:eurocities"
    wanted = {*NORWEGIAN, "id:person-anna-konig-jerlmyr", "id:person-mathias-de-clercq"}
    assert wanted <= one(this_project, pattern)
    assert one(this_project, pattern, as_of=date(2019, 12, 31)) == one(this_project, pattern)


def test_no_president_country_or_thing_is_two(snapshot: Snapshot) -> None:
    codes = {finding["code"] for finding in snapshot.findings()}
    assert not codes & {"two-presidents", "two-countries", "merged-nodes", "contradiction", "member-dissolved"}


def test_before_the_sources_nothing_of_the_memo_is_current(this_project: Project) -> None:
    day = date(2019, 12, 31)
    current = ask(
        this_project, "?who cg:hasCurrentMembership ?m . ?m org:role/skos:broader concept:role-grade", as_of=day
    )
    assert {who for who, _ in current} == {"id:akershus-fylkeskommune-until-2019"}
    assert one(this_project, "?x cg:participatesIn id:metrex . ?x a cg:Place", as_of=day) == {"id:place-akershus"}


def test_five_years_later_members_are_fresh_and_dissolved_ones_are_gone(this_project: Project) -> None:
    day = date(2025, 6, 1)
    pattern = "?who a cv:PublicOrganisation ; org:memberOf ?network . ?network a cg:CityNetwork"
    members = {row for row in ask(this_project, pattern, as_of=day) if row[1] in {"id:eurocities", "id:metrex"}}
    assert members == {
        ("id:oslo-kommune", "id:eurocities"),
        ("id:bergen-kommune", "id:eurocities"),
        ("id:oslo-kommune", "id:metrex"),
    }
    assert one(this_project, "?x cg:associatedWith id:eurocities", as_of=day) == {"id:stavanger-kommune"}
    assert one(this_project, "id:oslo-kommune org:headOf ?x", as_of=day) == set()
    assert one(this_project, "id:oslo-kommune cg:isRepresentedThrough ?x", as_of=day) == set()
    assert one(this_project, "id:viken-fylkeskommune cg:hasCurrentMembership ?x", as_of=day) == set()
