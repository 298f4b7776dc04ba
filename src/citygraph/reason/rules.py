"""The rules of OWL 2 RL/RDF as data, by the names of the specification, with our own two checks beside them.

Source: OWL 2 Profiles (second edition), section 4.3, tables 4 to 9: 78 rules. The text of a rule is Turtle
with variables, cut in two: what it asks of the `ontology` and what it asks of the `data`. `patterns` reads it:

- `( .. ?c .. )` is any member of the list; `( .. ?c .. ?d .. )` any two members, in the order of the list;
- `( ?c* )` is the whole list. A data pattern with a starred variable is repeated once for each member: the
  starred variables of the ontology are replaced by the member, all others are numbered. `?v+` is the next
  one after `?v*`, `?v0` the first and `?v$` the last;
- a number stands for every literal with that integer value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from citygraph.reason.closure import Check

CONTRADICTION: Final = "false"

_REFLEXIVE: Final = "everything is equal to itself: noise, and the shared filter would drop it"
_BELOW_ITSELF: Final = "?p rdfs:subPropertyOf ?p . ?p owl:equivalentProperty ?p"
_LITERAL_SUBJECT: Final = "its conclusion has a literal as subject, which RDF cannot state"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the specification, or one of ours.

    `step` says that a data rule reaches the same conclusions triple by triple, so that the axiom this rule
    adds need not become a flat rule of its own. `needs` names a term without which the rule only makes
    noise. `equal` says that the rule only makes noise unless a class or a property is equal to another:
    over representatives, `C ⊑ C` stands for two classes below each other. `not_run` is the reason why no
    engine runs the rule.
    """

    name: str
    ontology: str = ""
    data: str = ""
    head: str = CONTRADICTION
    check: Check | None = None
    step: bool = False
    needs: str = ""
    equal: bool = False
    not_run: str = ""


SPECIFICATION: Final = (
    # Table 4, equality
    Rule("eq-ref", data="?s ?p ?o", head="?s owl:sameAs ?s . ?p owl:sameAs ?p . ?o owl:sameAs ?o", not_run=_REFLEXIVE),
    Rule("eq-sym", data="?x owl:sameAs ?y", head="?y owl:sameAs ?x"),
    Rule("eq-trans", data="?x owl:sameAs ?y . ?y owl:sameAs ?z", head="?x owl:sameAs ?z"),
    Rule("eq-rep-s", data="?s owl:sameAs ?t . ?s ?p ?o", head="?t ?p ?o"),
    Rule("eq-rep-p", data="?p owl:sameAs ?q . ?s ?p ?o", head="?s ?q ?o"),
    Rule("eq-rep-o", data="?o owl:sameAs ?t . ?s ?p ?o", head="?s ?p ?t"),
    Rule("eq-diff1", data="?x owl:sameAs ?y . ?x owl:differentFrom ?y"),
    Rule("eq-diff2", ontology="?n a owl:AllDifferent ; owl:members ( .. ?y .. ?z .. )", data="?y owl:sameAs ?z"),
    Rule(
        "eq-diff3", ontology="?n a owl:AllDifferent ; owl:distinctMembers ( .. ?y .. ?z .. )", data="?y owl:sameAs ?z"
    ),
    # Table 5, properties
    Rule("prp-ap", head="?p a owl:AnnotationProperty", not_run="types the annotation properties of the vocabularies"),
    Rule("prp-dom", ontology="?p rdfs:domain ?c", data="?x ?p ?y", head="?x a ?c"),
    Rule("prp-rng", ontology="?p rdfs:range ?c", data="?x ?p ?y", head="?y a ?c"),
    Rule("prp-fp", ontology="?p a owl:FunctionalProperty", data="?x ?p ?y . ?x ?p ?z", head="?y owl:sameAs ?z"),
    Rule("prp-ifp", ontology="?p a owl:InverseFunctionalProperty", data="?x ?p ?z . ?y ?p ?z", head="?x owl:sameAs ?y"),
    Rule("prp-irp", ontology="?p a owl:IrreflexiveProperty", data="?x ?p ?x"),
    Rule("prp-symp", ontology="?p a owl:SymmetricProperty", data="?x ?p ?y", head="?y ?p ?x"),
    Rule("prp-asyp", ontology="?p a owl:AsymmetricProperty", data="?x ?p ?y . ?y ?p ?x"),
    Rule("prp-trp", ontology="?p a owl:TransitiveProperty", data="?x ?p ?y . ?y ?p ?z", head="?x ?p ?z"),
    Rule("prp-spo1", ontology="?p rdfs:subPropertyOf ?q", data="?x ?p ?y", head="?x ?q ?y"),
    Rule("prp-spo2", ontology="?p owl:propertyChainAxiom ( ?q* )", data="?v* ?q* ?v+", head="?v0 ?p ?v$"),
    Rule("prp-eqp1", ontology="?p owl:equivalentProperty ?q", data="?x ?p ?y", head="?x ?q ?y"),
    Rule("prp-eqp2", ontology="?p owl:equivalentProperty ?q", data="?x ?q ?y", head="?x ?p ?y"),
    Rule("prp-pdw", ontology="?p owl:propertyDisjointWith ?q", data="?x ?p ?y . ?x ?q ?y"),
    Rule(
        "prp-adp",
        ontology="?n a owl:AllDisjointProperties ; owl:members ( .. ?p .. ?q .. )",
        data="?x ?p ?y . ?x ?q ?y",
    ),
    Rule("prp-inv1", ontology="?p owl:inverseOf ?q", data="?x ?p ?y", head="?y ?q ?x"),
    Rule("prp-inv2", ontology="?p owl:inverseOf ?q", data="?x ?q ?y", head="?y ?p ?x"),
    Rule(
        "prp-key",
        ontology="?c owl:hasKey ( ?k* )",
        data="?x a ?c . ?x ?k* ?z* . ?y a ?c . ?y ?k* ?z*",
        head="?x owl:sameAs ?y",
    ),
    Rule(
        "prp-npa1",
        ontology="?n owl:sourceIndividual ?x ; owl:assertionProperty ?p ; owl:targetIndividual ?y",
        data="?x ?p ?y",
    ),
    Rule(
        "prp-npa2",
        ontology="?n owl:sourceIndividual ?x ; owl:assertionProperty ?p ; owl:targetValue ?y",
        data="?x ?p ?y",
    ),
    # Table 6, classes
    Rule("cls-thing", head="owl:Thing a owl:Class", not_run="a statement about the vocabulary"),
    Rule("cls-nothing1", head="owl:Nothing a owl:Class", not_run="a statement about the vocabulary"),
    Rule("cls-nothing2", data="?x a owl:Nothing"),
    Rule("cls-int1", ontology="?c owl:intersectionOf ( ?d* )", data="?x a ?d*", head="?x a ?c"),
    Rule("cls-int2", ontology="?c owl:intersectionOf ( .. ?d .. )", data="?x a ?c", head="?x a ?d"),
    Rule("cls-uni", ontology="?c owl:unionOf ( .. ?d .. )", data="?x a ?d", head="?x a ?c"),
    Rule("cls-com", ontology="?c owl:complementOf ?d", data="?x a ?c . ?x a ?d"),
    Rule(
        "cls-svf1",
        ontology="?r owl:someValuesFrom ?c ; owl:onProperty ?p",
        data="?x ?p ?y . ?y a ?c",
        head="?x a ?r",
    ),
    Rule("cls-svf2", ontology="?r owl:someValuesFrom owl:Thing ; owl:onProperty ?p", data="?x ?p ?y", head="?x a ?r"),
    Rule(
        "cls-avf",
        ontology="?r owl:allValuesFrom ?c ; owl:onProperty ?p",
        data="?x a ?r . ?x ?p ?y",
        head="?y a ?c",
    ),
    Rule("cls-hv1", ontology="?r owl:hasValue ?v ; owl:onProperty ?p", data="?x a ?r", head="?x ?p ?v"),
    Rule("cls-hv2", ontology="?r owl:hasValue ?v ; owl:onProperty ?p", data="?x ?p ?v", head="?x a ?r"),
    Rule("cls-maxc1", ontology="?r owl:maxCardinality 0 ; owl:onProperty ?p", data="?x a ?r . ?x ?p ?y"),
    Rule(
        "cls-maxc2",
        ontology="?r owl:maxCardinality 1 ; owl:onProperty ?p",
        data="?u a ?r . ?u ?p ?x . ?u ?p ?y",
        head="?x owl:sameAs ?y",
    ),
    Rule(
        "cls-maxqc1",
        ontology="?r owl:maxQualifiedCardinality 0 ; owl:onProperty ?p ; owl:onClass ?c",
        data="?x a ?r . ?x ?p ?y . ?y a ?c",
    ),
    Rule(
        "cls-maxqc2",
        ontology="?r owl:maxQualifiedCardinality 0 ; owl:onProperty ?p ; owl:onClass owl:Thing",
        data="?x a ?r . ?x ?p ?y",
    ),
    Rule(
        "cls-maxqc3",
        ontology="?r owl:maxQualifiedCardinality 1 ; owl:onProperty ?p ; owl:onClass ?c",
        data="?u a ?r . ?u ?p ?x . ?x a ?c . ?u ?p ?y . ?y a ?c",
        head="?x owl:sameAs ?y",
    ),
    Rule(
        "cls-maxqc4",
        ontology="?r owl:maxQualifiedCardinality 1 ; owl:onProperty ?p ; owl:onClass owl:Thing",
        data="?u a ?r . ?u ?p ?x . ?u ?p ?y",
        head="?x owl:sameAs ?y",
    ),
    Rule("cls-oo", ontology="?c owl:oneOf ( .. ?y .. )", head="?y a ?c"),
    # Table 7, class axioms
    Rule("cax-sco", ontology="?c rdfs:subClassOf ?d", data="?x a ?c", head="?x a ?d"),
    Rule("cax-eqc1", ontology="?c owl:equivalentClass ?d", data="?x a ?c", head="?x a ?d"),
    Rule("cax-eqc2", ontology="?c owl:equivalentClass ?d", data="?x a ?d", head="?x a ?c"),
    Rule("cax-dw", ontology="?c owl:disjointWith ?d", data="?x a ?c . ?x a ?d"),
    Rule("cax-adc", ontology="?n a owl:AllDisjointClasses ; owl:members ( .. ?c .. ?d .. )", data="?x a ?c . ?x a ?d"),
    # Table 8, datatypes
    Rule("dt-type1", head="xsd:string a rdfs:Datatype", not_run="types the built-in datatypes"),
    Rule("dt-type2", data="?x ?p ?y", head="?y a rdfs:Literal", not_run=_LITERAL_SUBJECT),
    Rule("dt-eq", head="?x owl:sameAs ?y", not_run=_LITERAL_SUBJECT + "; engines compare literals by value instead"),
    Rule(
        "dt-diff",
        head="?x owl:differentFrom ?y",
        not_run=_LITERAL_SUBJECT + "; own-functional finds what would follow",
    ),
    Rule("dt-not-type", data="?x ?p ?y", check=Check("ill-typed", ("?y",))),
    # Table 9, the schema
    Rule("scm-cls", ontology="?c a owl:Class", head="?c rdfs:subClassOf owl:Thing", needs="owl:Thing"),
    Rule("scm-sco", ontology="?c rdfs:subClassOf ?d . ?d rdfs:subClassOf ?e", head="?c rdfs:subClassOf ?e", step=True),
    Rule(
        "scm-eqc1",
        ontology="?c owl:equivalentClass ?d",
        head="?c rdfs:subClassOf ?d . ?d rdfs:subClassOf ?c",
        step=True,
    ),
    Rule(
        "scm-eqc2",
        ontology="?c rdfs:subClassOf ?d . ?d rdfs:subClassOf ?c",
        head="?c owl:equivalentClass ?d",
        step=True,
    ),
    Rule("scm-op", ontology="?p a owl:ObjectProperty", head=_BELOW_ITSELF, step=True, equal=True),
    Rule("scm-dp", ontology="?p a owl:DatatypeProperty", head=_BELOW_ITSELF, step=True, equal=True),
    Rule(
        "scm-spo",
        ontology="?p rdfs:subPropertyOf ?q . ?q rdfs:subPropertyOf ?r",
        head="?p rdfs:subPropertyOf ?r",
        step=True,
    ),
    Rule(
        "scm-eqp1",
        ontology="?p owl:equivalentProperty ?q",
        head="?p rdfs:subPropertyOf ?q . ?q rdfs:subPropertyOf ?p",
        step=True,
    ),
    Rule(
        "scm-eqp2",
        ontology="?p rdfs:subPropertyOf ?q . ?q rdfs:subPropertyOf ?p",
        head="?p owl:equivalentProperty ?q",
        step=True,
    ),
    Rule("scm-dom1", ontology="?p rdfs:domain ?c . ?c rdfs:subClassOf ?d", head="?p rdfs:domain ?d", step=True),
    Rule("scm-dom2", ontology="?q rdfs:domain ?c . ?p rdfs:subPropertyOf ?q", head="?p rdfs:domain ?c", step=True),
    Rule("scm-rng1", ontology="?p rdfs:range ?c . ?c rdfs:subClassOf ?d", head="?p rdfs:range ?d", step=True),
    Rule("scm-rng2", ontology="?q rdfs:range ?c . ?p rdfs:subPropertyOf ?q", head="?p rdfs:range ?c", step=True),
    Rule(
        "scm-hv",
        ontology="?r owl:hasValue ?v ; owl:onProperty ?p . ?s owl:hasValue ?v ; owl:onProperty ?q . "
        "?p rdfs:subPropertyOf ?q",
        head="?r rdfs:subClassOf ?s",
    ),
    Rule(
        "scm-svf1",
        ontology="?r owl:someValuesFrom ?c ; owl:onProperty ?p . ?s owl:someValuesFrom ?d ; owl:onProperty ?p . "
        "?c rdfs:subClassOf ?d",
        head="?r rdfs:subClassOf ?s",
    ),
    Rule(
        "scm-svf2",
        ontology="?r owl:someValuesFrom ?c ; owl:onProperty ?p . ?s owl:someValuesFrom ?c ; owl:onProperty ?q . "
        "?p rdfs:subPropertyOf ?q",
        head="?r rdfs:subClassOf ?s",
    ),
    Rule(
        "scm-avf1",
        ontology="?r owl:allValuesFrom ?c ; owl:onProperty ?p . ?s owl:allValuesFrom ?d ; owl:onProperty ?p . "
        "?c rdfs:subClassOf ?d",
        head="?r rdfs:subClassOf ?s",
    ),
    Rule(
        "scm-avf2",
        ontology="?r owl:allValuesFrom ?c ; owl:onProperty ?p . ?s owl:allValuesFrom ?c ; owl:onProperty ?q . "
        "?p rdfs:subPropertyOf ?q",
        head="?s rdfs:subClassOf ?r",
    ),
    Rule("scm-int", ontology="?c owl:intersectionOf ( .. ?d .. )", head="?c rdfs:subClassOf ?d", step=True),
    Rule("scm-uni", ontology="?c owl:unionOf ( .. ?d .. )", head="?d rdfs:subClassOf ?c", step=True),
)
"""The 78 rules, in the order of the specification; scm-cls in two parts, `_SAME_CLASS` being the other, and
without what it says of `owl:Nothing`."""

_SAME_CLASS: Final = (
    Rule(
        "scm-cls",
        ontology="?c a owl:Class",
        head="?c rdfs:subClassOf ?c . ?c owl:equivalentClass ?c",
        step=True,
        equal=True,
    ),
)

_IDENTICAL: Final = tuple(
    Rule(
        name,
        ontology=f"?r owl:{kind} {value} ; owl:onProperty ?p . ?s owl:{kind} {value} ; owl:onProperty ?p . {declared}",
        head="?r rdfs:subClassOf ?s",
    )
    for name, kind, value, declared in (
        ("scm-svf1", "someValuesFrom", "?c", "?c a owl:Class"),
        ("scm-svf1", "someValuesFrom", "owl:Thing", ""),
        ("scm-avf1", "allValuesFrom", "owl:Thing", ""),
        ("scm-svf2", "someValuesFrom", "?c", "?p a owl:ObjectProperty"),
        ("scm-svf2", "someValuesFrom", "?c", "?p a owl:DatatypeProperty"),
        ("scm-avf1", "allValuesFrom", "?c", "?c a owl:Class"),
        ("scm-avf2", "allValuesFrom", "?c", "?p a owl:ObjectProperty"),
        ("scm-avf2", "allValuesFrom", "?c", "?p a owl:DatatypeProperty"),
        ("scm-hv", "hasValue", "?c", "?p a owl:ObjectProperty"),
        ("scm-hv", "hasValue", "?c", "?p a owl:DatatypeProperty"),
    )
)
"""What the reflexive parts of scm-cls, scm-op and scm-dp (and cls-thing) are good for: restrictions that say the same."""

OWN: Final = (
    Rule("own-datatype", ontology="?p rdfs:range ?d", data="?x ?p ?y", check=Check("outside", ("?y", "?d"))),
    Rule(
        "own-datatype",
        ontology="?r owl:allValuesFrom ?d ; owl:onProperty ?p",
        data="?x a ?r . ?x ?p ?y",
        check=Check("outside", ("?y", "?d")),
    ),
    Rule(
        "own-functional",
        ontology="?p a owl:FunctionalProperty",
        data="?x ?p ?y . ?x ?p ?z",
        check=Check("differ", ("?y", "?z")),
    ),
    Rule(
        "own-functional",
        ontology="?r owl:maxCardinality 1 ; owl:onProperty ?p",
        data="?x a ?r . ?x ?p ?y . ?x ?p ?z",
        check=Check("differ", ("?y", "?z")),
    ),
)
"""Two checks that literals as subjects would give: a value outside the datatype of its range (prp-rng and
cls-avf with dt-not-type), and two different values of a functional data property (prp-fp with dt-diff)."""

RULES: Final = tuple(rule for rule in (*SPECIFICATION, *_SAME_CLASS, *_IDENTICAL, *OWN) if not rule.not_run)
"""Every rule that the engines run."""


_PREFIXES: Final = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class ListPattern:
    """A list in a rule: the whole of it (`starred`), or some of its members in order."""

    variables: tuple[str, ...]
    starred: bool


Pattern: TypeAlias = tuple[str, str, "str | ListPattern"]


def expand(word: str) -> str:
    """A word of a rule as a term in N-Triples, or the variable itself."""
    if word.startswith("?"):
        return word
    if word == "a":
        word = "rdf:type"
    if word.isdigit():
        return number(int(word))
    prefix, _, name = word.partition(":")
    return f"<{_PREFIXES[prefix]}{name}>"


def number(value: int) -> str:
    """The literal that stands for every literal with this integer value."""
    return f'"{value}"^^<{_PREFIXES["xsd"]}nonNegativeInteger>'


_ANNOTATIONS: Final = (
    "rdfs:label rdfs:comment rdfs:seeAlso rdfs:isDefinedBy owl:deprecated owl:versionInfo owl:priorVersion "
    "owl:backwardCompatibleWith owl:incompatibleWith"
)
_DATATYPES: Final = (
    "rdf:PlainLiteral rdf:XMLLiteral rdfs:Literal xsd:decimal xsd:integer xsd:nonNegativeInteger "
    "xsd:nonPositiveInteger xsd:positiveInteger xsd:negativeInteger xsd:long xsd:int xsd:short xsd:byte "
    "xsd:unsignedLong xsd:unsignedInt xsd:unsignedShort xsd:unsignedByte xsd:float xsd:double xsd:string "
    "xsd:normalizedString xsd:token xsd:language xsd:Name xsd:NCName xsd:NMTOKEN xsd:boolean xsd:hexBinary "
    "xsd:base64Binary xsd:anyURI xsd:dateTime xsd:dateTimeStamp"
)
AXIOMATIC: Final[tuple[tuple[str, str, str], ...]] = tuple(
    (expand(name), expand("a"), expand(kind))
    for names, kind in (
        (_ANNOTATIONS, "owl:AnnotationProperty"),
        ("owl:Thing owl:Nothing", "owl:Class"),
        (_DATATYPES, "rdfs:Datatype"),
    )
    for name in names.split()
)
"""What prp-ap, cls-thing, cls-nothing1 and dt-type1 conclude from nothing (OWL 2 Profiles, tables 5, 6 and 8)."""
TYPE: Final = expand("a")
SAME: Final = expand("owl:sameAs")


@cache
def patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of a rule's text; a list becomes a `ListPattern`."""
    found: list[Pattern] = []
    words = iter(text.split())
    subject = next(words, "")
    while subject:
        predicate, word = next(words), next(words)
        found.append((expand(subject), expand(predicate), _list(words) if word == "(" else expand(word)))
        if next(words, ".") == ".":
            subject = next(words, "")
    return tuple(found)


def _list(words: Iterator[str]) -> ListPattern:
    """The rest of a list, up to its closing bracket."""
    members: list[str] = []
    for word in words:
        if word == ")":
            break
        if word != "..":
            members.append(word)
    return ListPattern(tuple(name.removesuffix("*") for name in members), members[0].endswith("*"))
