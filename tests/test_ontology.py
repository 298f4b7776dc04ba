"""The ontology is OWL 2 RL, labelled in both languages, complete in its header, and keeps to its own names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Quad, parse
from conftest import ROOT

OWL, RDFS, RDF, SKOS, DCT, SH, VANN = (PREFIXES[p] for p in ("owl", "rdfs", "rdf", "skos", "dct", "sh", "vann"))
ONTOLOGY = "https://w3id.org/citygraph/ontology"
USED = {
    RDFS + "subClassOf",
    RDFS + "subPropertyOf",
    RDFS + "domain",
    RDFS + "range",
    OWL + "inverseOf",
    OWL + "propertyChainAxiom",
    OWL + "disjointWith",
    # An annotation, of which OWL 2 RL makes nothing.
    OWL + "deprecated",
}
TYPES = {
    OWL + name
    for name in ("Class", "ObjectProperty", "DatatypeProperty", "TransitiveProperty", "SymmetricProperty", "Ontology")
}


def quads_of(name: str) -> tuple[Quad, ...]:
    parsed = parse((ROOT / "ontology" / name).read_bytes(), format="ttl")
    assert not parsed.problems
    return parsed.quads


TERMS_FILE = quads_of("citygraph.ttl")
ALIGNMENT = quads_of("alignment.ttl")
TERMS = sorted({q.subject.value for q in TERMS_FILE if isinstance(q.subject, Iri) and q.subject.value != ONTOLOGY})
DEPRECATED = {str(q.subject)[1:-1] for q in TERMS_FILE if q.predicate.value == OWL + "deprecated"}


def values(quads: tuple[Quad, ...], subject: str, predicate: str) -> list[Iri | BlankNode | Literal]:
    found = [q.object for q in quads if str(q.subject) == f"<{subject}>" and q.predicate.value == predicate]
    return [each for each in found if isinstance(each, Iri | BlankNode | Literal)]


def types(term: str) -> set[str]:
    return {each.value for each in values(TERMS_FILE, term, RDF + "type")}


def test_only_constructs_of_owl_2_rl_are_used() -> None:
    for quad in (*TERMS_FILE, *ALIGNMENT):
        predicate = quad.predicate.value
        if predicate.startswith(OWL) and str(quad.subject) != f"<{ONTOLOGY}>":
            assert predicate in USED, quad
        if predicate.startswith(RDFS):
            assert predicate in USED | {RDFS + "label", RDFS + "comment", RDFS + "isDefinedBy"}, quad
        if predicate == RDF + "type":
            assert isinstance(quad.object, Iri)
            assert quad.object.value in TYPES, quad


def test_class_axioms_name_classes_and_never_anonymous_ones() -> None:
    for quad in (*TERMS_FILE, *ALIGNMENT):
        if quad.predicate.value in {RDFS + "subClassOf", OWL + "disjointWith", RDFS + "domain", RDFS + "range"}:
            assert isinstance(quad.subject, Iri), quad
            assert isinstance(quad.object, Iri), quad


def test_no_property_with_a_chain_or_transitivity_is_restricted() -> None:
    composed = {q.subject for q in TERMS_FILE if q.predicate.value == OWL + "propertyChainAxiom"}
    composed |= {q.subject for q in TERMS_FILE if str(q.object) == f"<{OWL}TransitiveProperty>"}
    kinds = {"FunctionalProperty", "AsymmetricProperty", "IrreflexiveProperty", "InverseFunctionalProperty"}
    assert composed
    for quad in TERMS_FILE:
        assert not (quad.subject in composed and str(quad.object) in {f"<{OWL}{kind}>" for kind in kinds})


def test_nothing_is_imported() -> None:
    for path in (ROOT / "ontology").glob("*.ttl"):
        assert not [q for q in quads_of(path.name) if q.predicate.value == OWL + "imports"], path


def test_a_datatype_property_has_no_range() -> None:
    # OWL 2 has no xsd:date, gYear or gYearMonth in its datatype map; the shapes check them.
    for term in TERMS:
        if OWL + "DatatypeProperty" in types(term):
            assert not values(TERMS_FILE, term, RDFS + "range"), term


@pytest.mark.parametrize("term", TERMS)
def test_a_term_has_label_and_definition_in_both_languages(term: str) -> None:
    for property_ in (RDFS + "label", SKOS + "definition"):
        languages = Counter(each.language for each in values(TERMS_FILE, term, property_) if isinstance(each, Literal))
        assert languages == {"nb": 1, "en": 1}, property_
    assert [each.value for each in values(TERMS_FILE, term, RDFS + "isDefinedBy")] == [ONTOLOGY]


@pytest.mark.parametrize("term", TERMS)
def test_a_term_has_one_kind_and_a_name_of_that_kind(term: str) -> None:
    kinds = types(term) & {OWL + "Class", OWL + "ObjectProperty", OWL + "DatatypeProperty"}
    assert len(kinds) == 1
    local = term.removeprefix(CG)
    pattern = r"[A-Z][A-Za-z0-9]*" if kinds == {OWL + "Class"} else r"[a-z][A-Za-z0-9]*"
    assert re.fullmatch(pattern, local)
    assert not re.search(r"\.(ttl|rdf|owl)$", local)


def test_a_definition_does_not_only_repeat_its_label() -> None:
    for term in TERMS:
        label = {
            each.language: each.value for each in values(TERMS_FILE, term, RDFS + "label") if isinstance(each, Literal)
        }
        for each in values(TERMS_FILE, term, SKOS + "definition"):
            assert isinstance(each, Literal)
            assert each.value.rstrip(".").lower() != label[each.language].lower(), term


def test_the_ontology_defines_only_its_own_names() -> None:
    subjects = {q.subject.value for q in TERMS_FILE if isinstance(q.subject, Iri)}
    assert {s for s in subjects if not s.startswith(CG)} == {ONTOLOGY}
    assert not {q.subject.value for q in ALIGNMENT if isinstance(q.subject, Iri) and q.subject.value.startswith(CG)} - {
        CG + "City", CG + "Country",
    }  # fmt: skip
    assert not [q for q in ALIGNMENT if q.predicate.value in {RDFS + "label", SKOS + "definition"}]


def test_every_object_property_says_what_it_links() -> None:
    # FOOPS!/OOPS! P11. Properties of several kinds of fact have no domain on purpose (docs/ontology.md).
    linked = defaultdict(set)
    for quad in TERMS_FILE:
        for part in ("domain", "range", "inverseOf", "subPropertyOf", "propertyChainAxiom"):
            if quad.predicate.value in {RDFS + part, OWL + part}:
                linked[str(quad.subject)[1:-1]].add(part)
                linked[str(quad.object)[1:-1]].add("object of " + part)
    for term in TERMS:
        if OWL + "ObjectProperty" in types(term):
            assert linked[term], term


def test_no_term_stands_alone() -> None:
    # OOPS! P04: every class is above, below, or at one end of something.
    used = {each.value for q in (*TERMS_FILE, *ALIGNMENT) for each in (q.object,) if isinstance(each, Iri)}
    for term in TERMS:
        if OWL + "Class" in types(term):
            assert term in used or values(TERMS_FILE, term, RDFS + "subClassOf"), term


def test_every_term_is_used_by_data_shapes_rules_or_queries() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for pattern in ("data/**/*.ttl", "ontology/*.ttl", "queries/**/*.rq", "src/citygraph/query/account.py")
        for path in ROOT.glob(pattern)
        if path.name != "citygraph.ttl"
    ]
    chains = {str(q.object) for q in TERMS_FILE}
    everything = "\n".join(texts)
    unused = [
        term for term in TERMS
        if term not in DEPRECATED and not re.search(rf"\bcg:{term.removeprefix(CG)}\b", everything) and f"<{term}>" not in chains
    ]  # fmt: skip
    assert not unused


def test_a_deprecated_term_is_used_nowhere_and_says_what_is_written_now() -> None:
    assert len(DEPRECATED) == 23
    known = {*TERMS, *(str(q.subject)[1:-1] for q in concept_files()), SKOS + "broader"}
    for term in DEPRECATED:
        instead = {each.value for each in values(TERMS_FILE, term, DCT + "isReplacedBy")}
        assert instead <= known - DEPRECATED, term
        kinds = {each for each in instead if "/concept/" in each}
        assert len(instead - kinds) == 1, term
        assert len(kinds) == (instead - kinds <= {CG + "relatesTo", CG + "hasActivity"}), term
        # What was written with it still answers, and means no less.
        assert {each.value for each in values(TERMS_FILE, term, RDFS + "subPropertyOf")} == instead - kinds, term
    for path in [*(ROOT / "data").rglob("*.*"), *(ROOT / "queries").rglob("*.rq")]:
        found = [term for term in DEPRECATED if re.search(rf"\bcg:{term.removeprefix(CG)}\b", path.read_text("utf-8"))]
        assert not found, path


def test_the_header_is_complete() -> None:
    languages = {
        part: {getattr(each, "language", None) for each in values(TERMS_FILE, ONTOLOGY, DCT + part)}
        for part in ("title", "description")
    }
    assert languages == {"title": {"nb", "en"}, "description": {"nb", "en"}}
    single = [
        DCT + part
        for part in ("creator", "publisher", "contributor", "created", "issued", "modified", "license", "source")
    ]
    single += [DCT + "bibliographicCitation", OWL + "versionIRI", OWL + "versionInfo", PREFIXES["bibo"] + "status"]
    single += [VANN + "preferredNamespacePrefix", VANN + "preferredNamespaceUri"]
    for property_ in single:
        assert len(values(TERMS_FILE, ONTOLOGY, property_)) >= 1, property_
    assert [each.value for each in values(TERMS_FILE, ONTOLOGY, VANN + "preferredNamespaceUri")] == [CG]
    (version,) = values(TERMS_FILE, ONTOLOGY, OWL + "versionInfo")
    (version_iri,) = values(TERMS_FILE, ONTOLOGY, OWL + "versionIRI")
    assert version_iri.value == f"{ONTOLOGY}/{version.value}"


def test_every_shape_speaks_both_languages() -> None:
    for name in ("shapes.ttl", "shapes-inferred.ttl"):
        quads = quads_of(name)
        shapes = {
            q.subject.value
            for q in quads
            if str(q.object) in {f"<{SH}NodeShape>", f"<{SH}PropertyShape>"} and isinstance(q.subject, Iri)
        }
        assert shapes
        for shape in sorted(shapes):
            for property_ in (SH + "message", RDFS + "label", RDFS + "comment"):
                found = {each.language for each in values(quads, shape, property_) if isinstance(each, Literal)}
                assert found == {"nb", "en"}, (shape, property_)


def concept_files() -> tuple[Quad, ...]:
    return (*quads_of("themes.ttl"), *quads_of("codes.ttl"))


def test_the_three_schemes_of_eurocities_are_apart_and_whole() -> None:
    quads = concept_files()
    members: dict[str, set[str]] = defaultdict(set)
    scheme_of = {}
    for quad in quads:
        if quad.predicate.value == SKOS + "inScheme":
            members[str(quad.object)].add(str(quad.subject))
            scheme_of[str(quad.subject)] = str(quad.object)
    base = "<https://w3id.org/citygraph/concept/eurocities-"
    sizes = {name: len(members[f"{base}{name}>"]) for name in ("thematic-areas", "framework-2020-2029", "forums")}
    assert sizes == {"thematic-areas": 8, "framework-2020-2029": 6, "forums": 6}
    for quad in quads:
        about_themes = str(quad.subject) in scheme_of and quad.predicate.value.startswith(SKOS)
        if about_themes and str(quad.object) in scheme_of:
            assert scheme_of[str(quad.subject)] == scheme_of[str(quad.object)], f"{quad} links two schemes"
    periods = values(quads, base[1:] + "framework-2020-2029", DCT + "temporal")
    assert len(periods) == 1


def test_every_concept_has_a_name_in_both_languages_and_one_scheme() -> None:
    quads = concept_files()
    concepts = {q.subject.value for q in quads if str(q.object) == f"<{SKOS}Concept>" and isinstance(q.subject, Iri)}
    assert len(concepts) > 100
    for concept in sorted(concepts):
        names = Counter(
            each.language for each in values(quads, concept, SKOS + "prefLabel") if isinstance(each, Literal)
        )
        assert names == {"nb": 1, "en": 1}, concept
        assert len(values(quads, concept, SKOS + "inScheme")) == 1, concept


def test_the_terms_of_reused_vocabularies_exist_in_them(reference_data: object) -> None:
    folder = reference_data / "w3c-ns"  # type: ignore[operator]
    known: set[str] = set()
    for name in ("org.ttl", "skos.ttl", "prov-o.ttl", "oa.ttl", "time.ttl"):
        known |= {str(q.subject)[1:-1] for q in parse((folder / name).read_bytes(), format="ttl").quads}
    used: set[str] = set()
    for path in [*(ROOT / "ontology").glob("*.ttl"), *(ROOT / "data").rglob("*.ttl")]:
        for quad in parse(path.read_bytes(), format="ttl").quads:
            used |= {each.value for each in (quad.predicate, quad.object) if isinstance(each, Iri)}
    namespaces = tuple(PREFIXES[prefix] for prefix in ("org", "skos", "prov", "oa", "time"))
    missing = {term for term in used if term.startswith(namespaces) and term not in known and term not in namespaces}
    assert not missing
