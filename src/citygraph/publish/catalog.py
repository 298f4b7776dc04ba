"""One internal description of the catalogue, its datasets, distributions and services, made from graph.toml and the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from citygraph.config import Config
from citygraph.matching.names import slug
from citygraph.messages import LANGUAGES, Text, text
from citygraph.publish.identity import ANSWERS, file_names, identifier_of_question, key_of_question
from citygraph.saved_query import SavedQuery
from citygraph.vocabularies import vocabularies


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
    """Whom to ask; the addresses begin with `mailto:`."""

    iri: str
    name: Text
    emails: tuple[str, ...] = ()
    url: str = ""

    @property
    def email(self) -> str:
        """The first of the addresses; empty when there is none."""
        return self.emails[0] if self.emails else ""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that has been written and that the catalogue describes: its path, what it is, and how big.

    `query` is the question that it answers, and `period` the first and the last day that it was asked about.
    """

    path: str
    title: Text
    description: Text
    file_type: str
    media_type: str
    size: int
    query: str = ""
    period: tuple[str, str] = ("", "")


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
    high_value: tuple[str, ...]
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
class DataService:
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
    """Everything the three writers write, once; `dataset` is the graph, and `answers` what was asked of it.

    `series` is what the answers have in common, a `dcat:DatasetSeries` without files; without answers there is none.
    """

    iri: str
    site: str
    identifier: str
    title: Text
    description: Text
    publisher: Agent | None
    contacts: tuple[Contact, ...]
    languages: tuple[str, ...]
    licence: str
    spatial: tuple[str, ...]
    issued: str
    modified: str
    rights: Text
    availability: str
    status: str
    dataset: DcatDataset
    services: tuple[DataService, ...] = field(default=())
    answers: tuple[DcatDataset, ...] = field(default=())
    series: DcatDataset | None = None
    legislation: tuple[str, ...] = ()
    recorded: str = ""
    """When the entry was changed at the latest; the same as `modified` where that is known."""

    @property
    def contact(self) -> Contact | None:
        """Whom to ask first."""
        return self.contacts[0] if self.contacts else None

    @property
    def datasets(self) -> tuple[DcatDataset, ...]:
        """Every dataset, the graph first."""
        return (self.dataset, *self.answers)

    @property
    def rights_iri(self) -> str:
        """The IRI of the statement that says whom to name; empty when nobody need be."""
        return f"{self.site}rights" if self.rights.in_language("nb") else ""


# -- made from the settings and the files ----------------------------------------------------------

_LANGUAGE_CODES: Final = {"nb": "NOB", "en": "ENG"}
_HIGH_VALUE: Final = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
"""What DCAT-AP for high-value datasets wants named beside their category."""
_ORGANISATIONS: Final = "https://organization-catalog.fellesdatakatalog.digdir.no/organizations/"


def catalog_of(
    config: Config,
    items: Sequence[Item],
    *,
    period: tuple[str, str],
    modified: date,
    is_dated: bool = True,
    queries: Iterable[SavedQuery] = (),
) -> Catalog:
    """The description of what has been written.

    Args:
        config: names, publisher, contact, licence, themes: whatever a person must say.
        items: the files that are distributions.
        period: the first and the last day that the data speak of; empty when they have no dates.
        modified: the day of the last change.
        is_dated: that is known; else the last change was then or before, and no date of it is written.
        queries: the questions whose answers are datasets of their own, in a series, unless `publish.query_datasets` says
            otherwise; the answers to others are files of the graph.
    """
    settings = _Settings(config)
    modified = max(modified, config.values["publish.issued"] or modified)
    said = modified.isoformat() if is_dated else ""
    site = settings.site
    name, queries = config.identifier, tuple(queries)
    names = file_names(queries, name)
    of_their_own = {each.name for each in queries} if config.values["publish.query_datasets"] else set()
    answers = [item for item in items if item.query in of_their_own]
    dataset = replace(
        _graph(config, settings, period, said),
        distributions=tuple(_distribution(item, site, names) for item in items if item not in answers),
    )
    asked = tuple(
        replace(
            _answer(query, dataset, settings, name),
            # The question, and what its answer holds and leaves out.
            description=found[0].description,
            # The graph speaks of many years, and the answer of the day that it was asked about.
            period=found[0].period if any(found[0].period) else dataset.period,
            distributions=tuple(_distribution(item, site, names) for item in found),
        )
        for query in queries
        if (found := [item for item in answers if item.query == query.name])
    )
    return Catalog(
        iri=f"{site}catalog",
        site=site,
        identifier=f"{name}-catalog",
        title=Text(f"{config.title.in_language('nb')} – åpne data", f"{config.title.in_language('en')} – open data"),
        description=dataset.description,
        publisher=settings.agent(),
        contacts=tuple(settings.contacts()),
        languages=tuple(vocabularies()["language"].iri(_LANGUAGE_CODES[each]) for each in config.languages),
        licence=config.licence,
        spatial=dataset.spatial,
        issued=dataset.issued,
        modified=dataset.modified,
        rights=settings.rights(),
        availability=settings.term("publish.availability", "planned-availability"),
        status=settings.text("publish.status"),
        dataset=dataset,
        services=tuple(settings.services(name, dataset, asked)),
        answers=asked,
        series=_series(dataset, settings, name) if asked else None,
        legislation=settings.legislation(),
        recorded=modified.isoformat(),
    )


def _graph(config: Config, settings: _Settings, period: tuple[str, str], modified: str) -> DcatDataset:
    """The dataset that is the graph, without its files."""
    return DcatDataset(
        iri=f"{settings.site}dataset/graph",
        identifier=f"{config.identifier}-graph",
        title=config.title,
        description=settings.words("publish.description"),
        keywords=settings.keywords,
        themes=tuple(settings.terms("publish.themes", "data-theme")),
        los=tuple(settings.terms("publish.los", "los")),
        high_value=tuple(settings.terms("publish.high_value", "high-value")),
        spatial=tuple(settings.list("publish.spatial")),
        period=period,
        frequency=settings.term("publish.frequency", "frequency"),
        access=settings.term("publish.access", "access-right"),
        issued=settings.day("publish.issued"),
        modified=modified,
        version=settings.text("publish.version") or modified,
        provenance=settings.words("publish.provenance"),
        landing_page=settings.site,
        distributions=(),
    )


def _series(graph: DcatDataset, settings: _Settings, name: str) -> DcatDataset:
    """The series of the answers to the questions; it is known by what the graph is, and never by a question."""
    return replace(
        graph,
        iri=f"{settings.site}dataset/{ANSWERS}",
        identifier=f"{name}-{ANSWERS}",
        title=text("publish.catalog.answers").filled(title=graph.title),
        description=text("publish.catalog.answers_are").filled(title=graph.title),
        distributions=(),
        derived_from=graph.iri,
    )


def _answer(query: SavedQuery, graph: DcatDataset, settings: _Settings, name: str) -> DcatDataset:
    """The answer to a question: a dataset about the same, made from the graph, with words of its own."""
    server = settings.text("publish.service")
    return replace(
        graph,
        iri=f"{settings.site}dataset/{key_of_question(query, name)}",
        identifier=identifier_of_question(query, name),
        title=query.title,
        description=query.question,
        landing_page=f"{server}queries/{query.name}" if server else graph.landing_page,
        query=query.name,
        derived_from=graph.iri,
    )


def _distribution(item: Item, site: str, names: Mapping[str, str]) -> Distribution:
    """A file as it is described; that of a question that was renamed is known by the name it had."""
    stem, _, ending = item.path.rpartition("/")[2].partition(".")
    return Distribution(
        iri=f"{site}distribution/{slug(f'{names.get(item.query, stem)}-{ending}')}",
        title=item.title,
        description=item.description,
        url=site + item.path,
        format=vocabularies()["file-type"].iri(item.file_type),
        media_type=item.media_type,
        byte_size=item.size,
        by_query=bool(item.query),
    )


class _Settings:
    """The keys of graph.toml that a catalogue is made from."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.site = self.text("publish.site") or config.base

    def text(self, key: str) -> str:
        return str(self._config.values[key])

    def words(self, key: str) -> Text:
        return Text.of(self._config.values[key])

    def list(self, key: str) -> tuple[str, ...]:
        return tuple(self._config.values[key])

    def day(self, key: str) -> str:
        value = self._config.values[key]
        return value.isoformat() if isinstance(value, date) else ""

    def term(self, key: str, vocabulary: str) -> str:
        code = self.text(key)
        return vocabularies()[vocabulary].iri(code) if code else ""

    def terms(self, key: str, vocabulary: str) -> Iterable[str]:
        return (vocabularies()[vocabulary].iri(code) for code in self.list(key))

    @property
    def keywords(self) -> dict[str, tuple[str, ...]]:
        found = self._config.values["publish.keywords"]
        return {language: tuple(found[language]) for language in LANGUAGES if found.get(language)}

    def agent(self) -> Agent | None:
        name, number = self.words("publisher.name"), self.text("publisher.identifier")
        if not name.in_language("nb"):
            return None
        iri = self.text("publisher.iri") or (_ORGANISATIONS + number if number else f"{self.site}agent/publisher")
        return Agent(iri, name, number, self.term("publisher.type", "publisher-type"), self.text("publisher.homepage"))

    def contacts(self) -> Iterable[Contact]:
        values = self._config.values
        first = {name: values[f"contact.{name}"] for name in ("name", "email", "url")}
        for number, each in enumerate((first, *values["contact.more"]), start=1):
            name, emails, url = Text.of(each["name"]), tuple(f"mailto:{one}" for one in each["email"]), each["url"]
            if name.in_language("nb") and (emails or url):
                yield Contact(f"{self.site}contact{'' if number == 1 else f'-{number}'}", name, emails, url)

    def legislation(self) -> tuple[str, ...]:
        """The laws that are named, and the one on high-value data where a category is."""
        of_high_value = (_HIGH_VALUE,) if self.list("publish.high_value") else ()
        return tuple(dict.fromkeys((*self.list("publish.legislation"), *of_high_value)))

    def rights(self) -> Text:
        said, name = self.words("publish.attribution"), self.words("publisher.name")
        if said.in_language("nb") or not name.in_language("nb"):
            return said
        return text("publish.catalog.contains_data_from").filled(name=name)

    def services(self, name: str, graph: DcatDataset, answers: Iterable[DcatDataset]) -> Iterable[DataService]:
        server = self.text("publish.service")
        if not server:
            return
        keywords = self.keywords
        yield DataService(
            iri=f"{self.site}service/sparql",
            identifier=f"{name}-sparql",
            title=text("publish.catalog.endpoint"),
            description=text("publish.catalog.endpoint_is"),
            endpoint=f"{server}sparql",
            endpoint_description=f"{server}sparql",
            conforms_to=("https://www.w3.org/TR/sparql11-protocol/", "SPARQL 1.1 Protocol"),
            keywords={**keywords, "en": ("SPARQL", *keywords.get("en", ()))},
            format="",
            serves=(graph.iri,),
        )
        yield DataService(
            iri=f"{self.site}service/queries",
            identifier=f"{name}-queries",
            title=text("publish.catalog.questions"),
            description=text("publish.catalog.questions_are"),
            endpoint=f"{server}queries",
            endpoint_description=f"{server}openapi.json",
            conforms_to=("https://spec.openapis.org/oas/v3.1.0", "OpenAPI 3.1"),
            keywords={**keywords, "en": ("API", *keywords.get("en", ()))},
            format=vocabularies()["file-type"].iri("JSON"),
            serves=tuple(each.iri for each in answers) or (graph.iri,),
            is_api=True,
        )
