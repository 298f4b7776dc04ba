"""One made-up graph with what happens in real life, asked on several days: every answer that membership can have."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import date
from typing import Final

import pytest

from citygraph import Project
from citygraph.namespaces import PREFIXES
from citygraph.query import run_query
from citygraph.rdf import Iri, parse
from citygraph.results import Answer, Solutions
from citygraph.saved_query import read_saved_query
from citygraph.store import MemoryStore
from conftest import ROOT, TODAY
from pages_client import Pages, words_of

_BASE: Final = "https://example.org/situations/"
_SETTINGS: Final = f"""
title = {{ nb = "Situasjoner", en = "Situations" }}
base = "{_BASE}"
languages = ["nb", "en"]
licence = "http://publications.europa.eu/resource/authority/licence/CC0"
as_of = 2020-06-01
"""
_HEAD: Final = f"""
@prefix adms: <http://www.w3.org/ns/adms#> .
@prefix cg: <https://w3id.org/citygraph/ontology#> .
@prefix concept: <https://w3id.org/citygraph/concept/> .
@prefix country: <http://publications.europa.eu/resource/authority/country/> .
@prefix cv: <http://data.europa.eu/m8g/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix id: <{_BASE}id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <{_BASE}source/> .
@prefix time: <http://www.w3.org/2006/time#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_TYPES: Final = {4: "gYear", 7: "gYearMonth", 10: "date"}
_INSTANTS: Final = {4: "inXSDgYear", 7: "inXSDgYearMonth", 10: "inXSDDate"}


def _named(iri: str, kind: str, *more: str, name: str = "") -> str:
    name = name or iri.partition(":")[2].replace("-", " ").capitalize()
    labels = f'skos:prefLabel "{name}"@nb , "{name}"@en'
    return " ;\n    ".join((f"{iri} a {kind}", labels, *more, "prov:wasDerivedFrom source:list")) + " .\n"


def _day(text: str) -> str:
    return f'"{text}"^^xsd:{_TYPES[len(text)]}'


def tie(
    name: str, member: str, body: str, role: str, *more: str, begin: str = "", end: str = "", source: str = "list"
) -> str:
    """A membership, with the interval that it holds in when it has one."""
    lines = [f"id:m-{name} a org:Membership", f"org:member id:{member}", f"org:organization id:{body}",
             f"org:role concept:role-{role}", *more, f"prov:wasDerivedFrom source:{source}"]  # fmt: skip
    text = ""
    if begin or end:
        lines.append(f"org:memberDuring id:m-{name}-during")
        ends = [
            f"time:has{which} id:m-{name}-{which.lower()}" for which, day in (("Beginning", begin), ("End", end)) if day
        ]
        text += " ;\n    ".join((f"id:m-{name}-during a time:ProperInterval", *ends)) + " .\n"
    for which, day in (("Beginning", begin), ("End", end)):
        bound = "cg:dateNotAfter" if day.startswith("<") else f"time:{_INSTANTS[len(day)]}" if day else ""
        text += f"id:m-{name}-{which.lower()} a time:Instant ; {bound} {_day(day.lstrip('<'))} .\n" if day else ""
    return " ;\n    ".join(lines) + " .\n" + text


def _renamed(thing: str, name: str, *, before: str) -> str:
    """The name of a thing from 2021 on, and when the one before held."""
    text = f'id:{thing} skos:prefLabel "{name}"@nb , "{name}"@en .\nid:new-name a time:Instant ; time:inXSDDate "2021-01-01"^^xsd:date .\n'
    for number, (label, bound) in enumerate(((before, "time:hasEnd"), (name, "time:hasBeginning"))):
        for language in ("nb", "en"):
            claim = f"id:name-{number}-{language}"
            text += (
                f'{claim} a cg:Claim ; rdf:subject id:{thing} ; rdf:predicate skos:prefLabel ; rdf:object "{label}"@{language} ;\n'
                "    cg:rank concept:rank-preferred ; cg:modality concept:modality-stated ; prov:wasDerivedFrom source:list ;\n"
                f"    {known('2020-01-01' if number == 0 else '2021-03-01')} ; time:hasTime {claim}-during .\n"
                f"{claim}-during a time:ProperInterval ; {bound} id:new-name .\n"
            )
    return text


def known(day: str) -> str:
    """The day on which a fact held."""
    return f"cg:asOf {_day(day)} ; cg:asOfBasis concept:basis-stated"


NORWEGIAN: Final = (
    "alby", "busta", "calund", "dalby", "elby", "fjordby", "granli", "holt", "isdal", "kvam", "moss", "nesby", "olav",
    "olaf", "paulsby", "ringby",
)  # fmt: skip
SWEDISH: Final = ("joarsby", "lundby")
_LISTED: Final = known("2020-05-01")


def _situations() -> str:
    text = _HEAD
    for name in ("list", "letter"):
        text += f'source:{name} a foaf:Document , prov:Entity ; dct:title "{name}"@nb , "{name}"@en ; dct:date "2020-05-01"^^xsd:date .\n'
    text += 'id:editors a foaf:Group , prov:Agent ; foaf:name "R"@nb , "E"@en .\n'
    for country, names in (("NOR", NORWEGIAN), ("SWE", SWEDISH)):
        text += _named(f"country:{country}", "cg:Country")
        for name in names:
            text += _named(f"id:place-{name}", "cg:City", f"cg:inCountry country:{country}")
            text += _named(f"id:{name}", "cv:PublicOrganisation , org:Organization", f"cg:administers id:place-{name}")
    text += _named("id:ring", "cg:CityNetwork", name="The Ring")
    text += _named("id:board", "cg:GoverningBody", "org:unitOf id:ring")
    text += _named("id:group", "cg:WorkingGroup", "org:unitOf id:ring")
    text += _named("id:department", "org:Organization", "org:subOrganizationOf id:granli")
    text += _named("id:company", "org:Organization")
    text += _named("id:harbour", "org:Organization", "org:subOrganizationOf id:department")
    for person in ("anne", "berit"):
        text += f'id:person-{person} a foaf:Person ; foaf:name "{person}" ; prov:wasDerivedFrom source:list .\n'
    text += f"""
id:list-norway a cg:CompletenessStatement ; cg:listOf id:ring ; cg:listKind concept:list-memberships ;
    dct:spatial country:NOR ; cg:completeness concept:complete ; {_LISTED} ;
    prov:wasAttributedTo id:editors ; prov:wasDerivedFrom source:list .
id:list-swedish-observers a cg:CompletenessStatement ; cg:listOf id:ring ; cg:listKind concept:list-memberships ;
    dct:spatial country:SWE ; cg:listRole concept:role-observer ; cg:completeness concept:complete ; {_LISTED} ;
    prov:wasAttributedTo id:editors ; prov:wasDerivedFrom source:list .
"""
    rejected = "cg:rank concept:rank-deprecated"
    # Themes: what the Ring has is all known, what the Band has is not. Bridges are below traffic.
    text += 'id:themes a skos:ConceptScheme ; dct:title "t"@nb , "t"@en .\n'
    for theme, more in (("traffic", ""), ("bridges", "skos:broader id:traffic"), ("ports", ""), ("parks", "")):
        text += _named(f"id:{theme}", "skos:Concept", "skos:inScheme id:themes", *filter(None, (more,)))
    text += _named("id:band", "cg:CityNetwork", "cg:hasTopic id:bridges , id:ports", name="The Band")
    text += _renamed("band", "Cities of the Band", before="The Band")
    text += "id:ring cg:hasTopic id:traffic , id:parks .\n"
    text += f"""
id:list-themes a cg:CompletenessStatement ; cg:listOf id:ring ; cg:listKind concept:list-themes ;
    cg:completeness concept:complete ; {_LISTED} ; prov:wasAttributedTo id:editors ; prov:wasDerivedFrom source:list .
id:rule a schema:Schedule ; skos:prefLabel "r"@nb , "r"@en ; schema:repeatFrequency "P1Y"^^xsd:duration ; schema:byMonth 6 ;
    cg:modality concept:modality-rule ; {_LISTED} ; prov:wasDerivedFrom source:list .
id:board cg:meetingRule id:rule .
source:list cg:lastRead "2020-05-09"^^xsd:date .
"""
    for year, value, more in (("2018", 17, ""), ("2020", 20, ""), ("2019", 99, f" ; {rejected}")):
        text += f"""id:obs-{year} a schema:Observation ; schema:observationAbout id:ring ; schema:value {value} ;
    schema:measuredProperty concept:member-count ; schema:observationDate "{year}-05-01"^^xsd:date ;
    cg:approximation concept:about ; cg:asOfBasis concept:basis-stated ; prov:wasDerivedFrom source:list{more} .
"""
    return text + "".join(
        (
            tie("alby", "alby", "ring", "full-member", _LISTED),
            tie("busta", "busta", "ring", "associated-partner", _LISTED),
            tie("kvam", "kvam", "ring", "observer", _LISTED),
            tie("calund-before", "calund", "ring", "full-member", begin="1999", end="2012"),
            tie("calund-again", "calund", "ring", "full-member", _LISTED, begin="2018-03-01"),
            tie("dalby", "dalby", "ring", "full-member", _LISTED, rejected),
            tie("elby", "elby", "ring", "full-member", _LISTED, rejected, source="letter"),
            tie("anne", "person-anne", "ring", "president", _LISTED, "cg:onBehalfOf id:fjordby", begin="2019-01-01"),
            tie("harbour", "harbour", "ring", "full-member", _LISTED, begin="2017"),
            tie("holt-leads", "holt", "group", "lead", _LISTED),
            tie("berit", "person-berit", "board", "treasurer", _LISTED),
            tie("berit-mayor", "person-berit", "lundby", "mayor", _LISTED),
            tie("moss", "moss", "ring", "full-member", known("2008"), end="<2013-06-30"),
            tie("nesby", "nesby", "ring", "full-member", begin="2001", end="2019-12-31"),
            tie("olav", "olav", "ring", "full-member", _LISTED),
            tie("company", "company", "ring", "full-member", _LISTED, "cg:onBehalfOf id:paulsby"),
            tie("ringby", "ringby", "ring", "full-member", begin="2019-12-31", end="2021-12-31"),
        )
    )  # fmt: skip


_SAME_ITEM: Final = f"""#curie_map:
#  id: "{_BASE}id/"
#  semapv: "https://w3id.org/semapv/vocab/"
#  skos: "http://www.w3.org/2004/02/skos/core#"
#  wd: "http://www.wikidata.org/entity/"
#license: "https://creativecommons.org/publicdomain/zero/1.0/"
#mapping_set_id: "{_BASE}mappings/wikidata"
subject_id\tpredicate_id\tobject_id\tmapping_justification\tauthor_id\tmapping_date
id:olaf\tskos:exactMatch\twd:Q9999999901\tsemapv:ManualMappingCuration\tid:editors\t2020-05-01
id:olav\tskos:exactMatch\twd:Q9999999901\tsemapv:ManualMappingCuration\tid:editors\t2020-05-01
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The made-up graph with our vocabulary and questions."""
    folder = tmp_path_factory.mktemp("situations")
    shutil.copytree(ROOT / "queries", folder / "queries")
    shutil.copytree(ROOT / "ontology", folder / "ontology", ignore=shutil.ignore_patterns("themes.ttl"))
    (folder / "graph.toml").write_text(_SETTINGS, encoding="utf-8")
    (folder / "data" / "mappings").mkdir(parents=True)
    (folder / "data" / "mappings" / "wikidata.sssom.tsv").write_text(_SAME_ITEM, encoding="utf-8")
    (folder / "data" / "ring.ttl").write_text(_situations(), encoding="utf-8")
    project = Project.open(folder, today=TODAY)
    broken = {(each.code, each.focus_node) for each in project.build().report.violations}
    assert broken == set()
    return project


def ask(graph: Project, name: str, day: str, /, **values: str) -> list[dict[str, str]]:
    """The rows of an answer on a day."""
    return as_words(graph.query(name, values, as_of=date.fromisoformat(day)).answer)


def as_words(answer: Answer) -> list[dict[str, str]]:
    """The rows of an answer: short names and plain values, without empty cells."""
    assert isinstance(answer, Solutions)
    return [
        {
            column: term.value.rpartition("/")[2] if isinstance(term, Iri) else getattr(term, "value", str(term))
            for column, term in zip(answer.columns, row, strict=True)
            if term is not None
        }
        for row in answer.rows
    ]


# -- what an authority is in a network -----------------------------------------------------------------

# The answer on each day: what, which, since, until; "unknown" alone is "".
ANSWERS: Final[dict[str, dict[str, str]]] = {
    "2011-06-01": {
        "calund": "role-full-member since 1999 until 2012", "moss": "role-full-member",
        "nesby": "role-full-member since 2001 until 2019-12-31",
    },
    "2012-12-31": {"calund": "role-full-member since 1999 until 2012", "moss": "role-full-member",
                   "nesby": "role-full-member since 2001 until 2019-12-31"},
    "2015-06-01": {
        "calund": "answer-left since 1999 until 2012", "moss": "answer-left until 2013-06-30",
        "nesby": "role-full-member since 2001 until 2019-12-31",
    },
    "2020-06-01": {
        "alby": "role-full-member", "busta": "role-associated-partner", "kvam": "role-observer", "olav": "role-full-member",
        "calund": "role-full-member since 2018-03-01", "elby": "answer-not-listed NOR",
        "fjordby": "answer-office role-president since 2019-01-01", "granli": "answer-through harbour since 2017",
        "holt": "answer-office role-lead", "isdal": "answer-not-listed NOR",
        "lundby": "answer-person role-treasurer", "moss": "answer-left until 2013-06-30",
        "nesby": "answer-left since 2001 until 2019-12-31", "paulsby": "answer-through company",
        "ringby": "role-full-member since 2019-12-31 until 2021-12-31",
    },
    "2026-12-01": {
        "moss": "answer-left until 2013-06-30", "nesby": "answer-left since 2001 until 2019-12-31",
        "ringby": "answer-left since 2019-12-31 until 2021-12-31",
    },
}  # fmt: skip


@pytest.mark.parametrize("day", ANSWERS)
def test_what_an_authority_is_in_a_network(day: str, graph: Project) -> None:
    told = {}
    for row in ask(graph, "member-answer", day, network="ring"):
        assert row["candidate"] not in told, "one answer for each"
        assert bool(row.get("basis")) == (row["answer"] != "answer-unknown")
        words = [row["answer"], row.get("detail", "")]
        words += [f"{which} {row[which]}" for which in ("since", "until") if which in row]
        told[row["candidate"]] = " ".join(filter(None, words)).replace("answer-unknown", "")
    assert told == {**dict.fromkeys((*NORWEGIAN, *SWEDISH), ""), **ANSWERS[day]}


# -- questions of an office -----------------------------------------------------------------------------

NOW: Final = "2020-06-01"


def short(rows: list[dict[str, str]], *columns: str) -> list[tuple[str, ...]]:
    """Some columns of an answer."""
    return [tuple(row.get(column, "") for column in columns) for row in rows]


def test_our_networks_are_those_that_a_body_of_ours_or_an_office_on_our_behalf_ties_us_to(graph: Project) -> None:
    columns = ("role", "body", "holder", "since", "until", "confirmed")
    assert short(ask(graph, "our-networks", NOW, member="calund"), *columns) == [
        ("role-full-member", "ring", "calund", "2018-03-01", "", "2020-05-01")
    ]
    assert short(ask(graph, "our-networks", NOW, member="granli"), *columns[:3]) == [
        ("role-full-member", "ring", "harbour")
    ]
    assert short(ask(graph, "our-networks", NOW, member="fjordby"), *columns[:3]) == [
        ("role-president", "ring", "person-anne")
    ]
    # Who has an office in Lundby holds one here for nobody.
    assert ask(graph, "our-networks", NOW, member="lundby") == []


def test_groups_that_are_led_and_offices_that_are_held(graph: Project) -> None:
    assert short(ask(graph, "groups-led", NOW, leader="holt"), "network", "group", "holder") == [
        ("ring", "group", "holt")
    ]
    assert short(ask(graph, "offices-held", NOW, member="holt"), "body", "office") == [("group", "role-lead")]
    assert short(ask(graph, "offices-held", NOW, member="fjordby"), "office", "holder") == [
        ("role-president", "person-anne")
    ]
    assert ask(graph, "offices-held", NOW, member="alby") == []


@pytest.mark.parametrize(
    ("day", "months", "ending"), [(NOW, "18", []), (NOW, "19", ["ringby"]), ("2021-12-31", "0", ["ringby"])]
)
def test_terms_that_end_within_so_many_months(day: str, months: str, ending: list[str], graph: Project) -> None:
    assert [row["holder"] for row in ask(graph, "terms-ending", day, months=months)] == ending


@pytest.mark.parametrize(("day", "next_"), [(NOW, "2020-06"), ("2026-12-01", "2027-06"), ("2015-06-01", "2015-06")])
def test_the_next_meeting_follows_from_the_rule(day: str, next_: str, graph: Project) -> None:
    assert short(ask(graph, "next-meetings", day), "body", "next", "confirmed") == [("board", next_, "2020-05-01")]


def test_a_theme_that_the_other_network_may_have_is_unknown(graph: Project) -> None:
    found = {
        row["theme"]: (row["here"], row["there"])
        for row in ask(graph, "theme-comparison", NOW, network="ring", other="band")
    }
    yes, no, unknown = (f"answer-{word}" for word in ("yes", "no", "unknown"))
    assert found == {"traffic": (yes, unknown), "bridges": (yes, yes), "parks": (yes, unknown), "ports": (no, yes)}


def test_members_of_each_country_stand_beside_the_number_of_the_network(graph: Project) -> None:
    columns = ("network", "country", "known", "total", "date")
    assert short(ask(graph, "members-by-country", NOW), *columns) == [
        ("band", "", "0", "", ""),
        ("ring", "NOR", "5", "20", "2020-05-01"),
        ("ring", "", "1", "20", "2020-05-01"),
    ]


def test_a_figure_that_was_rejected_is_marked(graph: Project) -> None:
    assert short(ask(graph, "figures-over-time", NOW, network="ring"), "value", "rank") == [
        ("17", ""), ("99", "rank-deprecated"), ("20", "")
    ]  # fmt: skip


def test_members_stand_with_their_item_or_without(graph: Project) -> None:
    found = {row["member"]: row.get("item", "") for row in ask(graph, "member-identifiers", NOW, network="ring")}
    assert (found["olav"], found["alby"]) == ("Q9999999901", "")


def test_documents_that_nobody_has_read_come_first(graph: Project) -> None:
    read = short(ask(graph, "documents-read", NOW), "document", "read")
    assert read == [("letter", ""), ("list", "2020-05-09")]


def test_what_is_out_of_date_is_ranked_by_how_long_it_has_been(graph: Project) -> None:
    # Within a month of the list one term alone is too old: confirmed in 2008, and ended in 2013 at the latest.
    assert ask(graph, "out-of-date", NOW) == []
    late = short(ask(graph, "out-of-date", "2023-01-01"), "due", "kind", "fact")
    assert late == sorted(late)
    told = {fact: due for due, _, fact in late}
    assert told["obs-2020"] == told["list-norway"] == "2021-05-01"
    assert told["m-anne"] == "2022-05-01"
    assert not {"obs-2018", "obs-2019", "m-alby", "m-dalby", "m-moss", "m-ringby", "m-calund-before"} & set(told)


def test_statements_about_a_network_are_memberships_figures_and_lists_from_sources_without_characters(
    graph: Project,
) -> None:
    about = {row["statement"] for row in ask(graph, "statements-about", NOW, about="ring")}
    assert {"m-alby", "obs-2018", "list-norway"} <= about


# -- two lists ------------------------------------------------------------------------------------------


def two_lists(earlier: str, later: str) -> MemoryStore:
    """A network with two dated lists that say this of themselves, and who stands on which."""
    text = _HEAD + "id:net a cg:CityNetwork . concept:role-full-member skos:broader concept:role-grade .\n"
    for which, day, more in (("earlier", "2018-03-01", earlier), ("later", "2025-05-18", later)):
        text += f"source:{which} a foaf:Document .\n"
        text += f"id:{which} a cg:CompletenessStatement ; cg:listOf id:net ; cg:listKind concept:list-memberships ; {known(day)} ;"
        text += f" {more} ; prov:wasDerivedFrom source:{which} .\n"
        # The themes of the network stand in the same documents, and are no list of members.
        text += f"id:{which}-themes a cg:CompletenessStatement ; cg:listOf id:net ; cg:listKind concept:list-themes ;"
        text += f" {known(day)} ; cg:completeness concept:complete ; prov:wasDerivedFrom source:{which} .\n"
    for name, country, lists in (
        ("ulv", "NOR", "earlier"),
        ("rev", "NOR", "later"),
        ("elg", "SWE", "later"),
        ("gaupe", "NOR", "wrong"),
    ):
        text += f"id:{name} cg:inCountry country:{country} .\n"
        rejected = ("cg:rank concept:rank-deprecated",) if lists == "wrong" else ()
        text += tie(name, name, "net", "full-member", *rejected, source="later" if rejected else lists)
    return MemoryStore(parse(text.encode(), format="ttl").quads)


@pytest.mark.parametrize(
    ("earlier", "later", "unclear"),
    [
        ("cg:completeness concept:complete", "cg:completeness concept:complete", set()),
        ("cg:completeness concept:partial", "cg:completeness concept:complete", {"rev", "elg"}),
        ("cg:completeness concept:complete", "cg:completeness concept:partial", {"ulv"}),
        ("cg:completeness concept:complete ; dct:spatial country:NOR", "cg:completeness concept:complete", {"elg"}),
        (
            "cg:completeness concept:complete ; cg:listRole concept:role-observer",
            "cg:completeness concept:complete",
            {"rev", "elg"},
        ),
    ],
)
def test_who_stands_on_one_list_has_joined_or_left_only_where_the_other_could_have_them(
    earlier: str, later: str, unclear: set[str]
) -> None:
    store = two_lists(earlier, later)
    rows = {}
    for name in ("joined-or-left", "membership-changes"):
        query = read_saved_query(ROOT / "queries" / f"{name}.rq")
        values = {each: f"{_BASE}id/{each}" for each in ("earlier", "later")}
        rows[name] = as_words(run_query(query, store, values=values, prefixes={**PREFIXES, "id": f"{_BASE}id/"}).answer)
    found = {row.get("joined") or row["left"]: row["unclear"] == "true" for row in rows["joined-or-left"]}
    assert found == {name: name in unclear for name in ("ulv", "rev", "elg")}
    if "listRole" not in earlier:
        counts = {row["country"]: (row["before"], row["after"]) for row in rows["membership-changes"]}
        assert counts == {"NOR": ("1", "1"), "SWE": ("0", "1")}
        said = {row["country"]: row["earlier_completeness"] for row in rows["membership-changes"]}
        assert (said["SWE"] == "unknown") == ("spatial" in earlier)


# -- a few statements, asked on their own ----------------------------------------------------------------


def told(name: str, text: str, **values: str) -> set[tuple[str, ...]]:
    """The rows of a question, locally named, over a graph of these statements that holds on the last day of 2026."""
    about = '@prefix void: <http://rdfs.org/ns/void#> .\nid:graph a void:Dataset ; cg:asOf "2026-12-31"^^xsd:date .\n'
    quads = parse((_HEAD + about + text).encode(), format="ttl").quads
    saved = read_saved_query(ROOT / "queries" / f"{name}.rq")
    answer = run_query(saved, MemoryStore(quads), values=values, prefixes={**PREFIXES, "id": f"{_BASE}id/"}).answer
    assert isinstance(answer, Solutions)
    return {tuple("" if t is None else getattr(t, "value", "").rpartition("/")[2] for t in row) for row in answer.rows}


_OLD: Final = "id:net a cg:CityNetwork . "


@pytest.mark.parametrize(
    ("newer", "is_told"),
    [
        ('schema:observationDate "2023"^^xsd:gYear', False),
        ('schema:observationDate "2023"^^xsd:gYear ; cg:rank concept:rank-deprecated', True),
    ],
)
def test_a_figure_is_replaced_by_a_newer_one_that_nobody_rejected(newer: str, is_told: bool) -> None:  # noqa: FBT001
    of = "a schema:Observation ; schema:observationAbout id:net ; schema:measuredProperty concept:member-count ;"
    rows = told("out-of-date", f'{_OLD} id:old {of} schema:observationDate "2010"^^xsd:gYear . id:new {of} {newer} .')
    assert ("old" in {row[3] for row in rows}) is is_told


@pytest.mark.parametrize(
    ("narrower", "is_told"), [("", False), ("; dct:spatial country:NOR", True), ("; cg:listRole concept:role-x", True)]
)
def test_a_list_is_replaced_by_one_that_says_as_much(narrower: str, is_told: bool) -> None:  # noqa: FBT001
    of = "a cg:CompletenessStatement ; cg:listOf id:net ; cg:listKind concept:list-memberships ; cg:asOf"
    text = f'{_OLD} id:old {of} "2015"^^xsd:gYear . id:new {of} "2026"^^xsd:gYear {narrower} .'
    assert ("old" in {row[3] for row in told("out-of-date", text)}) is is_told


def test_a_theme_below_one_that_is_mapped_is_had_by_the_network_that_has_the_other() -> None:
    complete = "cg:listKind concept:list-themes ; cg:completeness concept:complete ."
    rows = told(
        "theme-comparison",
        "id:n a cg:CityNetwork ; cg:hasTopic id:t ; cg:hasCurrentList id:l . id:m a cg:CityNetwork ; cg:hasTopic id:u ; "
        f"cg:hasCurrentList id:k . id:l {complete} id:k {complete} "
        "id:t skos:broaderTransitive id:b . id:b skos:exactMatch id:s . id:u skos:exactMatch id:s .",
        network="id:n",
        other="id:m",
    )
    assert {row[2:5] for row in rows if row[0] == "n" and row[2] == "t"} == {("t", "answer-yes", "answer-yes")}


def test_a_stated_number_that_is_a_range_is_shown_with_both_ends() -> None:
    of = "a schema:Observation ; schema:observationAbout id:net ; schema:measuredProperty concept:member-count ;"
    rows = told(
        "members-by-country",
        f'{_OLD} id:old {of} schema:value 100 ; schema:observationDate "2010"^^xsd:gYear ; cg:approximation concept:exact . '
        f'id:new {of} schema:minValue 120 ; schema:maxValue 150 ; schema:observationDate "2023"^^xsd:gYear ; '
        "cg:approximation concept:range .",
    )
    assert {row[3:5] for row in rows} == {("120", "150")}


def test_lists_without_a_number_are_told_when_they_are_complete(graph: Project) -> None:
    account = graph.query("members", {"network": "ring"}, as_of=date.fromisoformat(NOW)).account
    assert account is not None
    assert "Ring, full member: 6 of about 20 stated (2020-05-01), complete for Nor. " in account.words.en
    assert account.words.en.endswith("Ring, observer: complete for Swe, Nor.")
    account = graph.query(
        "theme-comparison", {"network": "ring", "other": "band"}, as_of=date.fromisoformat(NOW)
    ).account
    assert account is not None
    assert [(each.known, each.stated, each.complete) for each in account.lists] == [(2, None, (None,))]
    assert account.lists[0].words.nb.endswith(", tema: fullstendig liste.")


def test_a_thing_has_the_name_that_it_had_on_the_day(graph: Project) -> None:
    pages = Pages(graph)
    page = words_of(pages.get("/network/band?lang=en").text)
    assert "Also called: Cities of the Band not before 2021" in page.replace("1 January ", "")
    for day, name in ((NOW, "The Band"), ("2021-06-01", "Cities of the Band")):
        address = f"network-facts{{}}?network=band&as_of={day}&lang=en"
        answer = pages.get(f"/queries/{address.format('.csv')}").text
        assert {row["network_label"] for row in csv.DictReader(io.StringIO(answer))} == {name}
        assert f">{name}</a></td>" in pages.get(f"/queries/{address.format('')}").text
