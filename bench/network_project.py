"""A project folder of any size in the project's own model: networks, cities, authorities, dated memberships, a source."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from citygraph.project import Project

__all__ = ["BASE", "write_network_project"]

BASE = "https://example.org/networks/"
_COUNTRIES = ("NOR", "SWE", "DNK", "FIN", "DEU", "FRA", "ESP", "ITA", "POL", "NLD")
_ROLES = ("role-full-member", "role-associated-partner")
_PREFIXES = f"""\
@prefix cg: <https://w3id.org/citygraph/ontology#> .
@prefix concept: <https://w3id.org/citygraph/concept/> .
@prefix country: <http://publications.europa.eu/resource/authority/country/> .
@prefix cv: <http://data.europa.eu/m8g/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix id: <{BASE}id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <{BASE}source/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

"""


def write_network_project(folder: Path, *, memberships: int, seed: int = 7) -> Project:
    """A new project in `folder` with so many memberships of cities in networks; it passes every check.

    One city has about four memberships, one network about two hundred; the same seed gives the same files.
    """
    project = Project.new(folder, base=BASE, title="Networks")
    for example in (folder / "data").rglob("*.ttl"):
        example.unlink()
    chance = random.Random(seed)
    cities, networks = max(memberships // 4, 1), max(memberships // 200, 1)
    _write(folder / "data" / "sources.ttl", _sources())
    _write(folder / "data" / "places.ttl", _places(cities, chance))
    _write(folder / "data" / "authorities.ttl", _authorities(cities))
    for network in range(networks):
        wanted = memberships // networks + (network < memberships % networks)
        members = sorted(chance.sample(range(cities), min(wanted, cities)))
        path = folder / "data" / "networks" / f"network-{network}.ttl"
        _write(path, _network(network, members))
    return project


def _write(path: Path, blocks: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(_PREFIXES)
        file.writelines(blocks)


def _sources() -> Iterator[str]:
    yield """source:list a foaf:Document , prov:Entity ;
    dct:title "Liste over medlemmer"@nb ;
    dct:title "List of members"@en ;
    foaf:page <https://example.org/list> ;
    dct:date "2026-06-01"^^xsd:date ;
.
"""


def _places(cities: int, chance: random.Random) -> Iterator[str]:
    for code in _COUNTRIES:
        yield f"""
country:{code} a cg:Country ;
    skos:prefLabel "Land {code}"@nb ;
    skos:prefLabel "Country {code}"@en ;
    skos:notation "{code[:2]}" ;
    prov:wasDerivedFrom source:list ;
.
"""
    for city in range(cities):
        yield f"""
id:place-{city} a cg:City ;
    skos:prefLabel "By {city}"@nb ;
    skos:prefLabel "City {city}"@en ;
    cg:inCountry country:{chance.choice(_COUNTRIES)} ;
    prov:wasDerivedFrom source:list ;
.
"""


def _authorities(cities: int) -> Iterator[str]:
    for city in range(cities):
        yield f"""
id:city-{city} a cv:PublicOrganisation , org:Organization ;
    skos:prefLabel "By {city} kommune"@nb ;
    skos:prefLabel "City of {city}"@en ;
    cg:administers id:place-{city} ;
    prov:wasDerivedFrom source:list ;
.
"""


def _network(network: int, members: list[int]) -> Iterator[str]:
    yield f"""id:network-{network} a cg:CityNetwork ;
    skos:prefLabel "Nettverk {network}"@nb ;
    skos:prefLabel "Network {network}"@en ;
    prov:wasDerivedFrom source:list ;
.
"""
    for city in members:
        yield f"""
id:m-{city}-{network} a org:Membership ;
    org:member id:city-{city} ;
    org:organization id:network-{network} ;
    org:role concept:{_ROLES[city % 7 == 0]} ;
    cg:asOf "2026-06-01"^^xsd:date ;
    cg:asOfBasis concept:basis-document ;
    prov:wasDerivedFrom source:list ;
.
"""
