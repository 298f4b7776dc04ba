"""Seeded data shaped like a graph of city networks, with its vocabulary, as N-Triples of any size.

The shape is for benchmarks and is not the project's model, which keeps a place and the authority that is
the member apart: memberships, places in places (transitive), property chains, inverses, restrictions,
functional and inverse functional properties (one record in a hundred is a duplicate), and `owl:sameAs`
for one city in ten.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from citygraph.rdf import BlankNode, parse

EX = "http://example.org/city#"
DATA = "http://data.example.org/"
ORG = "http://www.w3.org/ns/org#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
SAME = "http://www.w3.org/2002/07/owl#sameAs"

TRIPLES_PER_CITY = 18.5

VOCABULARY = """\
@prefix ex: <http://example.org/city#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

<http://example.org/city> a owl:Ontology .

foaf:Agent a owl:Class .
foaf:Organization a owl:Class .
org:Organization a owl:Class ; rdfs:subClassOf foaf:Agent ; owl:equivalentClass foaf:Organization .
org:FormalOrganization a owl:Class ; rdfs:subClassOf org:Organization .
org:Membership a owl:Class .
org:Role a owl:Class ; rdfs:subClassOf skos:Concept .
skos:Concept a owl:Class .
ex:Place a owl:Class .
ex:Continent a owl:Class ; rdfs:subClassOf ex:Place .
ex:Country a owl:Class ; rdfs:subClassOf ex:Place .
ex:Region a owl:Class ; rdfs:subClassOf ex:Place .
ex:PublicBody a owl:Class ; rdfs:subClassOf org:FormalOrganization .
ex:City a owl:Class ; rdfs:subClassOf ex:Place , ex:PublicBody .
ex:Metropolis a owl:Class ; rdfs:subClassOf ex:City .
ex:Network a owl:Class ; rdfs:subClassOf org:FormalOrganization .
ex:Theme a owl:Class ; rdfs:subClassOf skos:Concept .
ex:FullMembership a owl:Class ; rdfs:subClassOf org:Membership ;
  owl:equivalentClass [ a owl:Restriction ; owl:onProperty org:role ; owl:hasValue ex:role-full ] .
ex:NetworkedCity a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf
  ( ex:City [ a owl:Restriction ; owl:onProperty ex:memberOfNetwork ; owl:someValuesFrom ex:Network ] ) ] .
ex:EuropeanCity a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf
  ( ex:City [ a owl:Restriction ; owl:onProperty ex:locatedIn ; owl:hasValue ex:Europe ] ) ] .
ex:ActorOrPlace a owl:Class ; owl:unionOf ( foaf:Agent ex:Place ) .

org:member a owl:ObjectProperty ; rdfs:domain org:Membership ; rdfs:range foaf:Agent ; owl:inverseOf org:hasMembership .
org:hasMembership a owl:ObjectProperty .
org:organization a owl:ObjectProperty ; rdfs:domain org:Membership ; rdfs:range org:Organization .
org:role a owl:ObjectProperty ; rdfs:domain org:Membership ; rdfs:range org:Role .
org:memberOf a owl:ObjectProperty ; rdfs:domain foaf:Agent ; rdfs:range org:Organization ; owl:inverseOf org:hasMember ;
  owl:propertyChainAxiom ( org:hasMembership org:organization ) .
org:hasMember a owl:ObjectProperty .
ex:memberOfNetwork a owl:ObjectProperty ; rdfs:subPropertyOf org:memberOf ; rdfs:range ex:Network .
ex:locatedIn a owl:ObjectProperty , owl:TransitiveProperty ; rdfs:domain ex:Place ; rdfs:range ex:Place ;
  owl:inverseOf ex:containsPlace .
ex:containsPlace a owl:ObjectProperty .
ex:inRegion a owl:ObjectProperty ; rdfs:subPropertyOf ex:locatedIn ; rdfs:range ex:Region .
ex:inCountry a owl:ObjectProperty ; rdfs:subPropertyOf ex:locatedIn ; rdfs:range ex:Country .
ex:capitalOf a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:subPropertyOf ex:inCountry .
ex:twinnedWith a owl:ObjectProperty , owl:SymmetricProperty ; rdfs:domain ex:City ; rdfs:range ex:City .
ex:addressesTheme a owl:ObjectProperty ; rdfs:range ex:Theme ;
  owl:propertyChainAxiom ( ex:addressesTheme skos:broaderTransitive ) .
ex:cityTheme a owl:ObjectProperty ; owl:propertyChainAxiom ( ex:memberOfNetwork ex:addressesTheme ) .
ex:homepage a owl:ObjectProperty ; owl:equivalentProperty foaf:homepage .
foaf:homepage a owl:ObjectProperty .
ex:lauCode a owl:DatatypeProperty , owl:InverseFunctionalProperty .
ex:population a owl:DatatypeProperty ; rdfs:domain ex:Place .
skos:semanticRelation a owl:ObjectProperty ; rdfs:domain skos:Concept ; rdfs:range skos:Concept .
skos:broaderTransitive a owl:ObjectProperty , owl:TransitiveProperty ; rdfs:subPropertyOf skos:semanticRelation ;
  owl:inverseOf skos:narrowerTransitive .
skos:narrowerTransitive a owl:ObjectProperty , owl:TransitiveProperty ; rdfs:subPropertyOf skos:semanticRelation .
skos:broader a owl:ObjectProperty ; rdfs:subPropertyOf skos:broaderTransitive ; owl:inverseOf skos:narrower .
skos:narrower a owl:ObjectProperty ; rdfs:subPropertyOf skos:narrowerTransitive .
skos:related a owl:ObjectProperty , owl:SymmetricProperty ; rdfs:subPropertyOf skos:semanticRelation .
"""


def city_lines(cities: int, *, seed: int = 7) -> Iterator[str]:
    """The data for so many cities, one line of N-Triples after the other; about 18.5 lines a city."""
    chance = random.Random(seed)  # not for secrets
    networks, regions = max(3, cities // 110), max(4, cities // 40)
    countries, themes = max(3, min(50, cities // 20)), max(20, cities // 20)
    yield link(EX + "Europe", TYPE, EX + "Continent")
    for role in ("full", "associate", "partner", "observer"):
        yield link(f"{EX}role-{role}", TYPE, ORG + "Role")
    for i in range(countries):
        yield from named(f"{DATA}country/{i}", EX + "Country", f"Land {i}", f"Country {i}")
        yield link(f"{DATA}country/{i}", EX + "locatedIn", EX + "Europe")
    for i in range(regions):
        yield from named(f"{DATA}region/{i}", EX + "Region", f"Region {i}")
        yield link(f"{DATA}region/{i}", EX + "inCountry", f"{DATA}country/{i % countries}")
    for i in range(themes):
        theme = f"{DATA}theme/{i}"
        yield from named(theme, EX + "Theme", f"Tema {i}", f"Theme {i}", label=SKOS + "prefLabel")
        # Five themes at the top, four below each: a tree whose depth grows with its size.
        if i >= 5:
            yield link(theme, SKOS + "broader", f"{DATA}theme/{(i - 5) // 4}")
        if i and chance.random() < 0.3:
            yield link(theme, SKOS + "related", f"{DATA}theme/{chance.randrange(i)}")
    for i in range(networks):
        network = f"{DATA}network/{i}"
        yield from named(network, EX + "Network", f"Nettverk {i}", f"Network {i}")
        yield link(network, EX + "homepage", f"https://network{i}.example.org/")
        for _ in range(chance.randint(1, 4)):
            yield link(network, EX + "addressesTheme", f"{DATA}theme/{chance.randrange(themes)}")
    memberships = count()
    for i in range(cities):
        city = f"{DATA}city/{i}"
        yield from _city(chance, city, i, (cities, regions, countries, themes))
        for first in range(chance.randint(1, 3)):
            membership = f"{DATA}membership/{next(memberships)}"
            network = f"{DATA}network/{chance.randrange(networks)}"
            yield link(membership, TYPE, ORG + "Membership")
            yield link(membership, ORG + "member", city)
            yield link(membership, ORG + "organization", network)
            yield link(membership, ORG + "role", f"{EX}role-{chance.choice(('full', 'full', 'associate', 'partner'))}")
            yield text(membership, EX + "since", f"{chance.randint(1986, 2025)}-01-01", f"^^<{XSD}date>")
            if first == 0:
                yield link(city, EX + "memberOfNetwork", network)


def _city(chance: random.Random, city: str, i: int, sizes: tuple[int, int, int, int]) -> Iterator[str]:
    """One city with its mapping and, one time in a hundred, a second record of it."""
    cities, regions, countries, themes = sizes
    kind = EX + ("Metropolis" if chance.random() < 0.1 else "City")
    yield from named(city, kind, f"By {i}", f"City {i}")
    yield link(city, EX + "inRegion", f"{DATA}region/{chance.randrange(regions)}")
    yield text(city, EX + "population", str(chance.randint(20_000, 9_000_000)), f"^^<{XSD}integer>")
    yield text(city, EX + "lauCode", f"LAU{i:07d}")
    for share, predicate, target in (
        (0.02, "capitalOf", f"country/{chance.randrange(countries)}"),
        (0.3, "twinnedWith", f"city/{chance.randrange(cities)}"),
        (0.5, "addressesTheme", f"theme/{chance.randrange(themes)}"),
    ):
        if chance.random() < share:
            yield link(city, EX + predicate, DATA + target)
    if chance.random() < 0.1:
        item = f"http://www.wikidata.org/entity/Q{100_000 + i}"
        yield link(city, SAME, item)
        yield text(item, LABEL, f"City {i}", "@en")
        yield text(
            item,
            "http://www.wikidata.org/prop/direct/P1082",
            str(chance.randint(20_000, 9_000_000)),
            f"^^<{XSD}integer>",
        )
    if chance.random() < 0.01:
        yield link(f"{DATA}dup/{i}", TYPE, EX + "City")
        yield text(f"{DATA}dup/{i}", EX + "lauCode", f"LAU{i:07d}")


def named(subject: str, kind: str, norwegian: str, english: str = "", *, label: str = LABEL) -> Iterator[str]:
    """A type and a label in one or two languages."""
    yield link(subject, TYPE, kind)
    yield text(subject, label, norwegian, "@nb")
    if english:
        yield text(subject, label, english, "@en")


def link(subject: str, predicate: str, object_: str) -> str:
    """A line whose object is a thing."""
    return f"<{subject}> <{predicate}> <{object_}> .\n"


def text(subject: str, predicate: str, value: str, suffix: str = "") -> str:
    """A line whose object is a literal."""
    return f'<{subject}> <{predicate}> "{value}"{suffix} .\n'


def write_city_graph(out: BinaryIO, *, triples: int, seed: int = 7) -> int:
    """Vocabulary and data of about so many triples. Returns how many lines were written."""
    head = vocabulary_lines(VOCABULARY)
    written = len(head)
    out.write("".join(head).encode())
    cities = max(1, round((triples - written) / TRIPLES_PER_CITY))
    for line in city_lines(cities, seed=seed):
        out.write(line.encode())
        written += 1
    return written


def vocabulary_lines(turtle: str) -> list[str]:
    """A vocabulary as lines of N-Triples; blank nodes get IRIs, so that closures compare as text."""
    names: dict[BlankNode, str] = {}

    def written(term: object) -> str:
        if isinstance(term, BlankNode):
            return names.setdefault(term, f"<urn:blank:{len(names)}>")
        return str(term)

    quads = parse(turtle.encode(), format="ttl").quads
    return [f"{written(q.subject)} {q.predicate} {written(q.object)} .\n" for q in quads]


def main() -> None:
    """Write N-Triples to stdout: `python -m bench.city_graph --triples 1000000 > city1m.nt`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--triples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    write_city_graph(sys.stdout.buffer, triples=asked.triples, seed=asked.seed)


if __name__ == "__main__":
    main()
