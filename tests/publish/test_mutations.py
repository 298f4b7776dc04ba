"""Our catalogue broken in every way, one fault at a time: ours must see each, and whatever the official shapes see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from citygraph.findings import Severity
from citygraph.namespaces import PREFIXES
from citygraph.publish import PROFILES, check_harvest, check_profile, read_shapes, run_shapes, score_of
from citygraph.publish.record import NAMESPACES
from citygraph.publish.shacl import Result, shapes_of
from citygraph.rdf import Iri, Triple
from mutations import CLASSES, Mutation, mutations_of, paths_of, side_by_side
from portal_record import BASE, iri, record, subjects

_OFFICIAL: Final = {
    "dcat-ap-3": ("shapes.ttl", "range.ttl", "mdr-vocabularies.shape.ttl", "shapes_recommended.ttl"),
    "dcat-ap-no-2": ("DCAT-AP-NO-shacl_shapes_2.00.ttl",),
}
_FOLDER: Final = {"dcat-ap-3": "dcat-ap-3.0.1", "dcat-ap-no-2": "dcat-ap-no/shacl"}
_CASES: Final = [(name, class_) for name in PROFILES for class_ in CLASSES if subjects(record(name), class_)]
_ANY_ADDRESS: Final = frozenset({
    "dcat:accessURL", "dcat:downloadURL", "dcat:endpointURL", "dcat:endpointDescription", "vcard:hasURL",
})  # fmt: skip
_OTHER_ADDRESSES: Final = frozenset({
    "replaced by an address of nothing", "replaced by a term of no table", "replaced by a term of another table",
    "replaced by a country", "a term that its table does not have", "another scheme of the address", "doubled",
})  # fmt: skip
_MAY_BE_LEFT_OUT: Final = frozenset({
    # No profile asks for these, and they give no points; the settings behind them are asked for by themselves.
    "dct:accrualPeriodicity", "dct:language", "dcat:landingPage", "dcat:version", "owl:versionInfo", "dct:provenance",
    "dct:identifier", "dcat:contactPoint", "foaf:homepage", "vcard:hasEmail", "vcard:hasURL", "dct:title",
    "dct:description", "dct:format", "dct:license", "dct:issued", "dct:modified", "dct:accessRights", "adms:status",
    "dcat:downloadURL", "dcat:mediaType", "dcat:byteSize", "dct:rights",
})  # fmt: skip
_DATES: Final = frozenset({"dct:issued", "dct:modified", "dcat:startDate", "dcat:endDate"})
# Where the official shapes let pass what the text of the profile does not.
_STRICTER: Final[Mapping[tuple[str, str, str], str]] = {
    ("dcat-ap-3", "dcat:Dataset", "dct:issued"): "named with sh:shape, which SHACL does not have",
    ("dcat-ap-3", "dcat:Dataset", "dct:modified"): "named with sh:shape, which SHACL does not have",
    ("dcat-ap-3", "dct:PeriodOfTime", "dcat:startDate"): "named with sh:shape, which SHACL does not have",
    ("dcat-ap-3", "dct:PeriodOfTime", "dcat:endDate"): "named with sh:shape, which SHACL does not have",
    ("dcat-ap-no-2", "dcat:Catalog", "adms:status"): "only terms that the data describe are looked at",
    ("dcat-ap-no-2", "dcat:Distribution", "adms:status"): "only terms that the data describe are looked at",
    ("dcat-ap-no-2", "dcat:Distribution", "dcatap:availability"): "its prefix has lost a slash, so that it never fires",
}
_OTHER_VALUES: Final[Mapping[str, str]] = {
    "dcat:keyword": "any number of words is fine",
    "dct:identifier": "a name of any form that is no address",
    "dcat:version": "a name or a number of any form",
    "owl:versionInfo": "a name or a number of any form",
    "dct:spatial": "a country is a place too",
    "dcat:themeTaxonomy": "any scheme of EuroVoc, by http or https",
    "vcard:hasEmail": "two addresses, or one that only the network would refuse",
    "vcard:fn": "words without a language",
    "odrs:attributionText": "words without a language",
    "rdfs:label": "words without a language",
    "rdf:type": "a thing may be other things too",
}


def _harmless(mutation: Mutation, name: str) -> bool:
    """What is no fault: an optional property left out, or another value as good as the first."""
    path, way = mutation.path, mutation.way
    if path in _DATES and way == "replaced by a year":
        return name == "dcat-ap-3"
    if way == "dropped":
        return path in _MAY_BE_LEFT_OUT
    if path in _ANY_ADDRESS:
        return way in _OTHER_ADDRESSES
    words = path in {"vcard:fn", "odrs:attributionText", "rdfs:label"} or (
        # A standard is called what it is called.
        path == "dct:title" and not mutation.thing.value.startswith(BASE)
    )
    if words:
        return way in {
            "without its language", "replaced by a text", "one of several replaced by a text",
            "replaced by a text in English", "replaced by a date as text", "one of several replaced by a date as text",
        }  # fmt: skip
    if path == "dct:identifier":
        return way in {"doubled", "replaced by a text", "replaced by a date as text", "replaced by an integer"}
    if path in {"dcat:version", "owl:versionInfo"}:
        return way.startswith("replaced by") and way.rpartition(" ")[2] not in {"node", "nothing", "TERM"}
    if path == "rdf:type":
        return way == "doubled" or (way.startswith("one of several") and "text" not in way)
    ways = {
        "dcat:keyword": {"doubled", "twice in one language", "one of several replaced by a text in English"},
        "dct:spatial": {"replaced by a country"},
        "dcat:themeTaxonomy": {"doubled", "another scheme of the address"},
        "vcard:hasEmail": {"doubled", "a term that its table does not have"},
    }
    return way in ways.get(path, set())


def _by_mutation(
    triples: Sequence[Triple], copies: Mapping[str, Mutation], shapes: Iterable[Triple]
) -> dict[str, list[Result]]:
    """The results that are about each copy, or about a link to it."""
    found: dict[str, list[Result]] = {name: [] for name in copies}
    for each in run_shapes(triples, shapes):
        for name in {each.focus, each.value} & found.keys():
            found[name].append(each)
    return found


@cache
def _official(name: str, folder: Path) -> tuple[Triple, ...]:
    return tuple(t for file in _OFFICIAL[name] for t in read_shapes(folder / _FOLDER[name] / file))


@cache
def _said_of_the_record(name: str, official: tuple[Triple, ...]) -> frozenset[tuple[str, str]]:
    """What the official shapes say about our record as it is."""
    return frozenset((each.path, each.constraint) for each in run_shapes(record(name), official))


def _official_paths(shapes: Sequence[Triple], class_: str) -> list[str]:
    """The properties that the official shapes know for a class, as far as they have one of our prefixes."""
    shacl = PREFIXES["sh"]
    nodes = {t.subject for t in shapes if t.predicate.value == f"{shacl}targetClass" and t.object == iri(class_)}
    inside = {t.object for t in shapes if t.subject in nodes and t.predicate.value == f"{shacl}property"}
    paths = {t.object for t in shapes if t.subject in inside and t.predicate.value == f"{shacl}path"}
    return sorted(
        f"{prefix}:{path.value.removeprefix(namespace)}"
        for path in paths
        if isinstance(path, Iri)
        for prefix, namespace in NAMESPACES.items()
        if path.value.startswith(namespace)
    )


def _own_mutations(name: str, class_: str) -> tuple[Mutation, ...]:
    """Every fault in the properties that our record has."""
    thing = subjects(record(name), class_)[0]
    return tuple(each for path in paths_of(record(name), thing) for each in mutations_of(record(name), thing, path))


def _further_mutations(name: str, class_: str, official: Sequence[Triple]) -> tuple[Mutation, ...]:
    """Every fault in the other properties that the official shapes know."""
    thing = subjects(record(name), class_)[0]
    paths = sorted({*_official_paths(official, class_)} - {*paths_of(record(name), thing)})
    return tuple(each for path in paths for each in mutations_of(record(name), thing, path))


@cache
def _ours(name: str, mutations: tuple[Mutation, ...]) -> tuple[tuple[Mutation, tuple[Result, ...]], ...]:
    """What our shapes say about each mutation: one run for all, kept for the tests that look at it."""
    triples, copies = side_by_side(record(name), mutations)
    found = _by_mutation(triples, copies, shapes_of(name))
    return tuple((mutation, tuple(found[copy])) for copy, mutation in copies.items())


def _worst(results: Iterable[Result]) -> Severity | None:
    return min((each.severity for each in results), key=lambda each: each.order, default=None)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "class_"), [case for case in _CASES if case[0] in _OFFICIAL])
def test_what_the_official_shapes_see_ours_see_too_and_no_more_is_a_violation(
    name: str, class_: str, reference_data: Path
) -> None:
    official = _official(name, reference_data)
    own, further = _own_mutations(name, class_), _further_mutations(name, class_, official)
    ours = [*_ours(name, own), *(_ours(name, further) if further else ())]
    triples, copies = side_by_side(record(name), [*own, *further])
    theirs = _by_mutation(triples, copies, official)
    # What they say about the record as it is stands in test_profiles.py, with reasons.
    before = _said_of_the_record(name, official)
    missed, invented, seen = [], [], 0
    for copy, (mutation, results) in zip(copies, ours, strict=True):
        said = [each for each in theirs[copy] if (each.path, each.constraint) not in before]
        worst, our_worst = _worst(said), _worst(results)
        seen += worst is not None
        if worst is not None and (our_worst is None or our_worst.order > worst.order):
            broken = mutation.record(record(name))
            found = check_harvest(broken, base=BASE) + check_profile(broken, PROFILES[name])
            if worst.order < min((each.severity.order for each in found), default=worst.order + 1):
                missed.append(f"{mutation}: {said[0].constraint} {said[0].path}")
        invention = our_worst is Severity.VIOLATION and worst is not Severity.VIOLATION
        if invention and (name, class_, mutation.path) not in _STRICTER:
            invented.append(f"{mutation}: {results[0].constraint} {results[0].path}")
    assert missed == []
    assert invented == []
    # These shapes have no target of their own for the others.
    assert seen or class_ in {"foaf:Agent", "dct:ProvenanceStatement", "dct:RightsStatement", "dct:Standard"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "class_"), _CASES)
def test_no_fault_passes_unseen(name: str, class_: str) -> None:
    unseen, kept = [], set()
    for mutation, results in _ours(name, _own_mutations(name, class_)):
        if results:
            continue
        if _harmless(mutation, name):
            kept.add(mutation.path)
            continue
        broken = mutation.record(record(name))
        if not check_harvest(broken, base=BASE) and not check_profile(broken, PROFILES[name]):
            unseen.append(str(mutation))
    assert unseen == []
    assert kept <= {*_DATES, *_MAY_BE_LEFT_OUT, *_ANY_ADDRESS, *_OTHER_VALUES}


@pytest.mark.parametrize("name", PROFILES)
def test_a_thing_that_nothing_links_to_is_caught(name: str) -> None:
    for class_, link in (
        ("dcat:Dataset", "dcat:dataset"),
        ("dcat:Distribution", "dcat:distribution"),
        ("dcat:DataService", "dcat:service"),
        ("dcat:CatalogRecord", "dcat:record"),
    ):
        for thing in subjects(record(name), class_):
            links = {iri(link), iri("dcat:accessService"), iri("dcat:servesDataset")}
            broken = [t for t in record(name) if not (t.object == thing and t.predicate in links)]
            found = check_harvest(broken, base=BASE)
            assert any(str(thing) in each.message.en for each in found), (class_, thing)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("country/XXX", "country/NOR"),
        ("licence/CC_BY_5_0", "licence/0BSD"),
        ("file-type/TURTLE", "file-type/PDF"),
        ("frequency/YEARLY", "frequency/QUADRENNIAL"),
        ("data-theme/CULT", "data-theme/EDUC"),
        ("access-right/OPEN", "access-right/RESTRICTED"),
        ("planned-availability/FOREVER", "planned-availability/TEMPORARY"),
    ],
)
def test_a_table_is_known_whole(name: str, wrong: str, right: str) -> None:
    tables = "http://publications.europa.eu/resource/authority/"
    paths = {
        "country": "dct:spatial",
        "licence": "dct:license",
        "file-type": "dct:format",
        "frequency": "dct:accrualPeriodicity",
        "data-theme": "dcat:theme",
        "access-right": "dct:accessRights",
        "planned-availability": "dcatap:availability",
    }
    path = iri(paths[wrong.partition("/")[0]])
    table = f"{tables}{wrong.partition('/')[0]}/"

    def found(term: str) -> list[str]:
        old = next(
            t
            for t in record(name)
            if t.predicate == path and (str(t.object).startswith(f"<{table}") or "spatial" in str(path))
        )
        changed = [t for t in record(name) if t != old]
        changed.append(Triple(old.subject, path, Iri(tables + term)))
        return [each.message.en for each in check_profile(changed, PROFILES[name])]

    assert found(wrong)
    assert found(right) == []


def test_a_theme_of_los_that_does_not_exist_is_caught() -> None:
    wrong = Iri("https://psi.norge.no/los/tema/finnes-ikke")
    dataset = subjects(record("dcat-ap-no-2"), "dcat:Dataset")[0]
    for name, severity in (("dcat-ap-no-2", Severity.WARNING), ("dcat-ap-no-3", Severity.VIOLATION)):
        found = check_profile([*record(name), Triple(dataset, iri("dcat:theme"), wrong)], PROFILES[name])
        assert [each.severity for each in found] == [severity]


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("wrong", ["http://", "https://", "https:///path", "mailto:post@example.org", "urn:x:y"])
def test_an_address_that_no_browser_opens_is_caught(name: str, wrong: str) -> None:
    try:
        value = Iri(wrong)
    except ValueError:
        pytest.fail(f"{wrong} is no IRI; take it out of this test")
    for class_, path in (("dcat:Distribution", "dcat:accessURL"), ("dcat:DataService", "dcat:endpointURL")):
        thing = subjects(record(name), class_)[0]
        broken = Mutation(thing, path, wrong, (value,)).record(record(name))
        found = {each.severity for each in check_profile(broken, PROFILES[name])}
        assert Severity.VIOLATION in found if name == "dcat-ap-no-3" else found


def test_a_broken_record_loses_the_points_for_compliance() -> None:
    thing = subjects(record("dcat-ap-3"), "dcat:Dataset")[0]
    broken = Mutation(thing, "dct:title", "dropped", ()).record(record("dcat-ap-3"))
    assert score_of(broken, check_profile(broken, PROFILES["dcat-ap-3"])).points == 375
