"""Entities, types and properties in the words of the reconciliation API."""

from __future__ import annotations

from typing import Any

from citygraph.matching.score import Candidate
from citygraph.matching.things import Thing
from citygraph.namespaces import compress
from citygraph.rdf import Iri
from citygraph.web.reconciliation_asked import Asked

__all__ = ["candidate_json", "description", "named", "property_json", "types", "types_of"]


def candidate_json(asked: Asked, candidate: Candidate, *, draft: bool) -> dict[str, Any]:
    """A candidate with its score and what speaks for it; the draft wants the names of these too."""
    found = {
        **named(asked, candidate.thing),
        "score": candidate.score,
        "match": candidate.match,
        "type": types_of(asked, candidate.thing),
        "features": [
            {"id": key, "name": _feature_name(asked, key), "value": value} if draft else {"id": key, "value": value}
            for key, value in candidate.features.items()
        ],
    }
    return {**found, "lang": asked.language} if draft else found


def _feature_name(asked: Asked, key: str) -> str:
    return asked.targets.property_name(key, asked.language) if ":" in key else key


def named(asked: Asked, thing: Thing) -> dict[str, Any]:
    """Id, name and description."""
    about = description(asked, thing)
    return {
        "id": asked.targets.id_of(thing.id),
        "name": thing.name(asked.language),
        **({"description": about} if about else {}),
    }


def description(asked: Asked, thing: Thing) -> str:
    """Its class and country, in a few words."""
    kinds = [asked.targets.type_name(each, asked.language) for each in thing.classes[:1]]
    countries = [
        asked.targets.labels.of(each, asked.language)
        for each in asked.targets.values(thing.id, "cg:inCountry")
        if isinstance(each, Iri)
    ]
    return ", ".join([*kinds, *(countries or sorted(thing.countries))]) if thing.id not in countries else ""


def types_of(asked: Asked, thing: Thing) -> list[dict[str, str]]:
    """The classes of an entity."""
    return [_type(asked, each) for each in thing.classes]


def _type(asked: Asked, iri: str) -> dict[str, str]:
    return {"id": compress(iri), "name": asked.targets.type_name(iri, asked.language)}


def types(asked: Asked) -> list[dict[str, str]]:
    """All classes that entities here have."""
    return [_type(asked, each) for each in asked.targets.types]


def property_json(asked: Asked, name: str) -> dict[str, Any]:
    """Id and name of a property."""
    return {"id": name, "name": asked.targets.property_name(name, asked.language)}
