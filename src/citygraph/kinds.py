"""Kinds of things: which class gets which word in its address, and the last part of the address of each thing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from citygraph.messages import Text
from citygraph.namespaces import CONCEPT, PREFIXES, expand

__all__ = ["FALLBACK", "KINDS", "THEME", "Kind", "kind_named", "kind_of", "local_name", "slug_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of page: the word in its address, what people call it, and the classes that belong to it.

    `stem` begins the local names of its IRIs and is left out of the address: `id:place-oslo` is `/city/oslo`.
    """

    name: str
    one: Text
    many: Text
    classes: tuple[str, ...] = ()
    stem: str = ""
    schema_type: str = "Thing"


KINDS: Final = (
    Kind("network", Text("Bynettverk", "City network"), Text("Bynettverk", "City networks"), ("cg:CityNetwork",),
         schema_type="Organization"),
    Kind("city", Text("By", "City"), Text("Byer", "Cities"), ("cg:City",), "place-", "City"),
    Kind("country", Text("Land", "Country"), Text("Land", "Countries"), ("cg:Country",), schema_type="Country"),
    Kind("place", Text("Region eller sted", "Region or place"), Text("Regioner og steder", "Regions and places"),
         ("cg:Region", "cg:Place"), "place-", "AdministrativeArea"),
    Kind("authority", Text("Myndighet", "Authority"), Text("Myndigheter", "Authorities"), ("cv:PublicOrganisation",),
         schema_type="GovernmentOrganization"),
    Kind("person", Text("Person", "Person"), Text("Personer", "People"), ("foaf:Person",), "person-", "Person"),
    Kind("working-group", Text("Arbeidsgruppe", "Working group"), Text("Arbeidsgrupper", "Working groups"),
         ("cg:WorkingGroup",), schema_type="Organization"),
    Kind("body", Text("Organ", "Body"), Text("Organer", "Bodies"),
         ("cg:GoverningBody", "cg:Secretariat", "org:OrganizationalUnit"), schema_type="Organization"),
    Kind("role", Text("Rolle", "Role"), Text("Roller", "Roles"), ("org:Role",), "role-", "Role"),
    Kind("document", Text("Kilde", "Source"), Text("Kilder", "Sources"), ("foaf:Document",),
         schema_type="CreativeWork"),
    Kind("theme", Text("Tema", "Theme"), Text("Temaer", "Themes"), schema_type="DefinedTerm"),
    Kind("concept", Text("Begrep", "Concept"), Text("Begreper", "Concepts"), ("skos:Concept", "skos:ConceptScheme"),
         schema_type="DefinedTerm"),
    Kind("organization", Text("Organisasjon", "Organisation"), Text("Organisasjoner", "Organisations"),
         ("org:Organization", "foaf:Group"), schema_type="Organization"),
    Kind("record", Text("Opplysning", "Record"), Text("Opplysninger", "Records")),
)  # fmt: skip
FALLBACK: Final = KINDS[-1]
_COUNTRY: Final = PREFIXES["country"]
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
THEME: Final = _BY_NAME["theme"]
_BY_CLASS: Final = {
    expand(curie, PREFIXES) or curie: (position, kind)
    for position, kind in enumerate(KINDS)
    for curie in kind.classes
}  # fmt: skip


def kind_named(name: str) -> Kind | None:
    """The kind with this word in its address, or `None`."""
    return _BY_NAME.get(name)


def kind_of(classes: Collection[str], *, is_theme: bool = False) -> Kind:
    """The kind of a thing of these classes: the one that says most; a record when none says anything."""
    found = [_BY_CLASS[class_] for class_ in classes if class_ in _BY_CLASS]
    kind = min(found, key=lambda each: each[0])[1] if found else FALLBACK
    return THEME if is_theme and kind.name in {"concept", "record"} else kind


def local_name(iri: str, base: str) -> str:
    """The part of an IRI that its page is named by; empty when the IRI is not one of the graph's own."""
    for namespace in (f"{base}id/", f"{base}source/", f"{base}concept/", CONCEPT):
        if iri.startswith(namespace):
            return iri[len(namespace) :]
    return iri[len(_COUNTRY) :].lower() if iri.startswith(_COUNTRY) else ""


def slug_of(iri: str, kind: Kind, base: str) -> str:
    """The last part of the address of an entity's page."""
    name = local_name(iri, base)
    return name[len(kind.stem) :] if kind.stem and name.startswith(kind.stem) and name != kind.stem else name
