"""One internal description of the catalogue, its datasets, their distributions and its services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from citygraph.language import Text

__all__ = ["Agent", "Catalog", "Contact", "DcatDataset", "Distribution", "Item", "Service"]


@dataclass(frozen=True, slots=True)
class Agent:
    """Who publishes: the names and, for a Norwegian body, the organisation number."""

    iri: str
    name: Text
    identifier: str = ""
    type: str = ""
    homepage: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask."""

    iri: str
    name: Text
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that has been written and that the catalogue describes: its path, what it is, and how big."""

    path: str
    title: Text
    description: Text
    file_type: str
    media_type: str
    size: int
    query: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file of a dataset."""

    iri: str
    title: Text
    description: Text
    url: str
    format: str
    media_type: str
    byte_size: int
    by_query: bool = False


@dataclass(frozen=True, slots=True)
class DcatDataset:
    """The graph as a portal sees it, or the answer to a saved query.

    `query` is the name of the query, and `derived_from` the IRI of the dataset that its answer was made from.
    """

    iri: str
    identifier: str
    title: Text
    description: Text
    keywords: Mapping[str, tuple[str, ...]]
    themes: tuple[str, ...]
    los: tuple[str, ...]
    spatial: tuple[str, ...]
    period: tuple[str, str]
    frequency: str
    access: str
    issued: str
    modified: str
    version: str
    provenance: Text
    landing_page: str
    distributions: tuple[Distribution, ...]
    query: str = ""
    derived_from: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A way to ask while the graph is served; `serves` are the IRIs of the datasets that it gives."""

    iri: str
    identifier: str
    title: Text
    description: Text
    endpoint: str
    endpoint_description: str
    conforms_to: tuple[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    format: str
    serves: tuple[str, ...]
    is_api: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the three writers write, once; `dataset` is the graph, and `answers` what was asked of it."""

    iri: str
    site: str
    identifier: str
    title: Text
    description: Text
    publisher: Agent | None
    contact: Contact | None
    languages: tuple[str, ...]
    licence: str
    spatial: tuple[str, ...]
    issued: str
    modified: str
    rights: Text
    availability: str
    status: str
    dataset: DcatDataset
    services: tuple[Service, ...] = field(default=())
    answers: tuple[DcatDataset, ...] = field(default=())

    @property
    def datasets(self) -> tuple[DcatDataset, ...]:
        """Every dataset, the graph first."""
        return (self.dataset, *self.answers)

    @property
    def rights_iri(self) -> str:
        """The IRI of the statement that says whom to name; empty when nobody need be."""
        return f"{self.site}rights" if self.rights.in_language("nb") else ""
