"""Kinds of things: which class gets which word in its address, and the last part of the address of each thing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from citygraph.messages import Text, text
from citygraph.namespaces import CONCEPT, PREFIXES, expand

__all__ = ["FALLBACK", "KINDS", "THEME", "Kind", "kind_named", "kind_of", "local_name", "slug_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of page: the word in its address, and the classes that belong to it.

    `stem` begins the local names of its IRIs and is left out of the address: `id:place-oslo` is `/city/oslo`.
    """

    name: str
    classes: tuple[str, ...] = ()
    stem: str = ""
    schema_type: str = "Thing"

    @property
    def one(self) -> Text:
        """What people call one of them."""
        return text(f"kinds.{self.name}.one")

    @property
    def many(self) -> Text:
        """What people call several of them."""
        return text(f"kinds.{self.name}.many")


KINDS: Final = (
    Kind("network", ("cg:CityNetwork",),
         schema_type="Organization"),
    Kind("city", ("cg:City",), "place-", "City"),
    Kind("country", ("cg:Country",), schema_type="Country"),
    Kind("place",
         ("cg:Region", "cg:Place"), "place-", "AdministrativeArea"),
    Kind("authority", ("cv:PublicOrganisation",),
         schema_type="GovernmentOrganization"),
    Kind("person", ("foaf:Person",), "person-", "Person"),
    Kind("working-group",
         ("cg:WorkingGroup",), schema_type="Organization"),
    Kind("body",
         ("cg:GoverningBody", "cg:Secretariat", "org:OrganizationalUnit"), schema_type="Organization"),
    Kind("role", ("org:Role",), "role-", "Role"),
    Kind("document", ("foaf:Document",),
         schema_type="CreativeWork"),
    Kind("theme", schema_type="DefinedTerm"),
    Kind("concept", ("skos:Concept", "skos:ConceptScheme"),
         schema_type="DefinedTerm"),
    Kind("organization",
         ("org:Organization", "foaf:Group"), schema_type="Organization"),
    Kind("record"),
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
