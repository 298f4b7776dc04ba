"""A catalogue as triples: what the profiles share, and the three of them, which contradict each other in places.

DCAT-AP 3.0.1 is what data.europa.eu and CKAN read, DCAT-AP-NO 2 what data.norge.no reads today, and DCAT-AP-NO 3
what data.norge.no is going to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from citygraph.messages import Text
from citygraph.namespaces import PREFIXES
from citygraph.publish.catalog import Agent, Catalog, Contact, DataService, DcatDataset, Distribution
from citygraph.rdf import Iri, Literal, Triple
from citygraph.vocabularies import EUA, IANA, W3C_IANA

NAMESPACES: Final[Mapping[str, str]] = {
    **{
        name: PREFIXES[name]
        for name in ("adms", "dcat", "dct", "foaf", "org", "owl", "prov", "rdf", "rdfs", "skos", "xsd")
    },
    "dcatap": "http://data.europa.eu/r5r/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "odrs": "http://schema.theodi.org/odrs#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
}
"""The prefixes of a record: none of the graph's own."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profile asks for in its own way; everything else is the same in all."""

    name: str
    title: str
    media_types: str
    byte_size: str
    version: str
    status: Callable[[str], str]
    theme_taxonomy: str
    catalog_identifier: bool = False
    service_identifier: bool = False
    service_availability: bool = False
    access_service: bool = True
    los: bool = True
    records: bool = False
    generated_by: str = ""
    derived_from: tuple[str, ...] = ("dct:source",)
    paged: bool = False
    orders_series: bool = True
    records_series: bool = False


def write_record(catalog: Catalog, profile: Profile, *, datasets: Sequence[DcatDataset] | None = None) -> list[Triple]:
    """The catalogue in one profile, every triple once, none about the data itself.

    Args:
        catalog: the description.
        profile: what is asked for.
        datasets: those that are described, with the services that give them; without it all.
    """
    return _Record(catalog, profile, catalog.datasets if datasets is None else datasets).triples()


def eua_status(code: str) -> str:
    """The status of a distribution in the EU table."""
    return f"{EUA}distribution-status/{code}" if code and "://" not in code else code


class _Record:
    def __init__(self, catalog: Catalog, profile: Profile, datasets: Sequence[DcatDataset]) -> None:
        self._catalog, self._profile, self._datasets = catalog, profile, datasets
        here = {each.iri for each in datasets}
        self._services = [each for each in catalog.services if not here.isdisjoint(each.serves)]
        self._series = catalog.series if not here.isdisjoint(each.iri for each in catalog.answers) else None
        self._found: dict[Triple, None] = {}

    def triples(self) -> list[Triple]:
        catalog = self._catalog
        self._write_catalog(catalog)
        if catalog.publisher is not None:
            self._write_agent(catalog.publisher)
        for contact in catalog.contacts:
            self._write_contact(contact)
        for dataset in self._datasets:
            self._write_dataset(dataset)
            for distribution in dataset.distributions:
                self._write_distribution(distribution)
        if self._series is not None:
            self._write_series(self._series)
        for service in self._services:
            self._write_service(service)
        if self._profile.records:
            series = [self._series.iri] if self._series is not None and self._profile.records_series else []
            for topic in [*(each.iri for each in self._datasets), *series, *(each.iri for each in self._services)]:
                self._write_catalog_record(topic)
        if self._catalog.rights_iri:
            self._types(self._catalog.rights_iri, "dct:RightsStatement", "odrs:RightsStatement")
            self._words(self._catalog.rights_iri, "odrs:attributionText", catalog.rights)
        self._types(catalog.site, "foaf:Document")
        return list(self._found)

    def _themes(self, dataset: DcatDataset) -> tuple[str, ...]:
        return (*dataset.themes, *dataset.los) if self._profile.los else dataset.themes

    def _write_catalog(self, catalog: Catalog) -> None:
        it = catalog.iri
        self._types(it, "dcat:Catalog")
        if self._profile.catalog_identifier:
            self._literal(it, "dct:identifier", catalog.identifier)
        self._words(it, "dct:title", catalog.title)
        self._words(it, "dct:description", catalog.description)
        self._owners(it)
        self._iris(it, "dct:language", catalog.languages)
        self._iris(it, "dct:license", [catalog.licence])
        self._dates(it, catalog.issued, catalog.modified)
        self._iris(it, "dct:spatial", catalog.spatial)
        self._iris(it, "dcat:themeTaxonomy", [self._profile.theme_taxonomy])
        self._iris(it, "foaf:homepage", [catalog.site])
        self._iris(it, "dcat:dataset", [dataset.iri for dataset in self._datasets])
        if self._series is not None and self._profile.orders_series:
            self._iris(it, "dcat:dataset", [self._series.iri])
        self._iris(it, "dcat:service", [service.iri for service in self._services])

    def _write_agent(self, agent: Agent) -> None:
        self._types(agent.iri, "foaf:Agent", "org:Organization")
        self._words(agent.iri, "foaf:name", agent.name)
        self._literal(agent.iri, "dct:identifier", agent.identifier)
        self._iris(agent.iri, "dct:type", [agent.type])
        self._pages(agent.iri, "foaf:homepage", agent.homepage)

    def _write_contact(self, contact: Contact) -> None:
        self._types(contact.iri, "vcard:Organization", "vcard:Kind")
        self._words(contact.iri, "vcard:fn", contact.name)
        self._iris(contact.iri, "vcard:hasEmail", contact.emails)
        self._iris(contact.iri, "vcard:hasURL", [contact.url])

    def _write_dataset(self, dataset: DcatDataset) -> None:
        it, catalog = dataset.iri, self._catalog
        self._types(it, "dcat:Dataset")
        self._literal(it, "dct:identifier", dataset.identifier)
        self._words(it, "dct:title", dataset.title)
        self._words(it, "dct:description", dataset.description)
        self._owners(it)
        self._iris(it, "dcat:theme", self._themes(dataset))
        self._legislation(it)
        self._iris(it, "dcatap:hvdCategory", dataset.high_value)
        self._keywords(it, dataset.keywords)
        self._iris(it, "dct:spatial", dataset.spatial)
        self._period(it, dataset.period)
        self._iris(it, "dct:accessRights", [dataset.access])
        self._iris(it, "dct:accrualPeriodicity", [dataset.frequency])
        self._iris(it, "dct:language", catalog.languages)
        self._dates(it, dataset.issued, dataset.modified)
        self._literal(it, self._profile.version, dataset.version)
        self._pages(it, "dcat:landingPage", dataset.landing_page)
        if dataset.provenance.in_language("nb"):
            self._iris(it, "dct:provenance", [f"{it}/provenance"])
            self._types(f"{it}/provenance", "dct:ProvenanceStatement")
            self._words(f"{it}/provenance", "rdfs:label", dataset.provenance)
        for predicate in self._profile.derived_from:
            self._iris(it, predicate, [dataset.derived_from])
        self._iris(it, "prov:wasGeneratedBy", [self._profile.generated_by])
        self._iris(it, "dcat:distribution", [each.iri for each in dataset.distributions])

    def _write_series(self, series: DcatDataset) -> None:
        """What the answers have in common; the Norwegian profiles want to know the first and the last of them."""
        # The order outlives new names of questions.
        it, answers = series.iri, sorted(each.iri for each in self._catalog.answers)
        self._types(it, "dcat:DatasetSeries")
        self._literal(it, "dct:identifier", series.identifier)
        self._words(it, "dct:title", series.title)
        self._words(it, "dct:description", series.description)
        self._owners(it)
        self._iris(it, "dcat:theme", self._themes(series))
        self._legislation(it)
        self._iris(it, "dct:spatial", series.spatial)
        self._period(it, series.period)
        self._iris(it, "dct:accrualPeriodicity", [series.frequency])
        self._dates(it, series.issued, series.modified)
        for each in self._datasets:
            self._iris(each.iri, "dcat:inSeries", [it] if each.query else [])
        if self._profile.orders_series:
            self._iris(it, "dcat:first", [answers[0]])
            self._iris(it, "dcat:last", [answers[-1]])
            for before, after in pairwise(answers):
                self._iris(after, "dcat:prev", [before])

    def _write_distribution(self, distribution: Distribution) -> None:
        it, catalog = distribution.iri, self._catalog
        self._types(it, "dcat:Distribution")
        self._words(it, "dct:title", distribution.title)
        self._words(it, "dct:description", distribution.description)
        self._iris(it, "dcat:accessURL", [distribution.url])
        self._iris(it, "dcat:downloadURL", [distribution.url])
        self._iris(it, "dct:format", [distribution.format])
        self._iris(it, "dcat:mediaType", [self._profile.media_types + distribution.media_type])
        self._iris(it, "dct:license", [catalog.licence])
        self._iris(it, "dct:rights", [self._catalog.rights_iri])
        self._legislation(it)
        self._iris(it, "dcatap:availability", [catalog.availability])
        self._iris(it, "adms:status", [self._profile.status(catalog.status)])
        self._literal(it, "dcat:byteSize", str(distribution.byte_size), datatype=self._profile.byte_size)
        self._iris(it, "dct:language", catalog.languages)
        self._dates(it, catalog.issued, catalog.modified)
        if self._profile.access_service and distribution.by_query:
            self._iris(it, "dcat:accessService", [each.iri for each in self._services if each.is_api])

    def _write_service(self, service: DataService) -> None:
        it, catalog = service.iri, self._catalog
        self._types(it, "dcat:DataService")
        if self._profile.service_identifier:
            self._literal(it, "dct:identifier", service.identifier)
        self._words(it, "dct:title", service.title)
        self._words(it, "dct:description", service.description)
        self._owners(it)
        self._iris(it, "dcat:endpointURL", [service.endpoint])
        self._iris(it, "dcat:endpointDescription", [service.endpoint_description])
        standard, title = service.conforms_to
        self._iris(it, "dct:conformsTo", [standard])
        self._types(standard, "dct:Standard")
        self._literal(standard, "dct:title", title, language="en")
        self._keywords(it, service.keywords)
        self._iris(it, "dcat:theme", self._themes(catalog.dataset))
        self._legislation(it)
        self._iris(it, "dcatap:hvdCategory", catalog.dataset.high_value)
        self._iris(it, "dct:format", [service.format])
        self._iris(it, "dct:license", [catalog.licence])
        self._iris(it, "dct:accessRights", [catalog.dataset.access])
        if self._profile.service_availability:
            self._iris(it, "dcatap:availability", [catalog.availability])
        self._iris(it, "dcat:servesDataset", [each.iri for each in self._datasets if each.iri in service.serves])

    def _write_catalog_record(self, topic: str) -> None:
        """What the parser of data.norge.no starts from: when the entry about a thing was changed."""
        it = f"{topic}/record"
        self._iris(self._catalog.iri, "dcat:record", [it])
        self._types(it, "dcat:CatalogRecord")
        self._iris(it, "foaf:primaryTopic", [topic])
        self._dates(it, self._catalog.issued, self._catalog.recorded)

    # -- parts ------------------------------------------------------------------------------------

    def _owners(self, it: str) -> None:
        if self._catalog.publisher is not None:
            self._iris(it, "dct:publisher", [self._catalog.publisher.iri])
        self._iris(it, "dcat:contactPoint", [each.iri for each in self._catalog.contacts])

    def _legislation(self, it: str) -> None:
        self._iris(it, "dcatap:applicableLegislation", self._catalog.legislation)
        for each in self._catalog.legislation:
            self._types(each, "eli:LegalResource")

    def _dates(self, it: str, issued: str, modified: str) -> None:
        self._literal(it, "dct:issued", issued, datatype="xsd:date")
        self._literal(it, "dct:modified", modified, datatype="xsd:date")

    def _period(self, it: str, period: tuple[str, str]) -> None:
        if not any(period):
            return
        self._iris(it, "dct:temporal", [f"{it}/period"])
        self._types(f"{it}/period", "dct:PeriodOfTime")
        self._literal(f"{it}/period", "dcat:startDate", period[0], datatype="xsd:date")
        self._literal(f"{it}/period", "dcat:endDate", period[1], datatype="xsd:date")

    def _keywords(self, it: str, keywords: Mapping[str, Iterable[str]]) -> None:
        for language, words in keywords.items():
            for word in words:
                self._literal(it, "dcat:keyword", word, language=language)

    def _pages(self, it: str, predicate: str, page: str) -> None:
        self._iris(it, predicate, [page])
        if page:
            self._types(page, "foaf:Document")

    # -- triples ----------------------------------------------------------------------------------

    def _types(self, it: str, *types: str) -> None:
        self._iris(it, "rdf:type", map(_name, types))

    def _iris(self, it: str, predicate: str, values: Iterable[str]) -> None:
        for value in values:
            if value:
                self._found[Triple(Iri(it), Iri(_name(predicate)), Iri(value))] = None

    def _words(self, it: str, predicate: str, words: Text) -> None:
        for language, text in words.to_json().items():
            self._literal(it, predicate, text, language=language)

    def _literal(self, it: str, predicate: str, value: str, *, language: str = "", datatype: str = "") -> None:
        if not value:
            return
        if language:
            literal = Literal(value, language=language)
        else:
            literal = Literal(value, datatype=Iri(_name(datatype))) if datatype else Literal(value)
        self._found[Triple(Iri(it), Iri(_name(predicate)), literal)] = None


def _name(curie: str) -> str:
    prefix, _, local = curie.partition(":")
    return NAMESPACES[prefix] + local


DCAT_AP_3: Final = Profile(
    name="dcat-ap-3",
    title="DCAT-AP 3.0.1",
    media_types=IANA,
    byte_size="xsd:nonNegativeInteger",
    version="dcat:version",
    status=eua_status,
    theme_taxonomy=f"{EUA}data-theme",
    # ckanext-dcat 2.4.4 answers 500 when a distribution's access service has a contact point; the profile does not ask
    # for the link, and the services name the dataset that they serve.
    access_service=False,
    # Themes of LOS are Norwegian; the European table is the only one that European portals know.
    los=False,
    # The profile has dct:source for this, and wants what it points to on the same page; these two may leave the page.
    derived_from=("dct:relation", "prov:wasDerivedFrom"),
    # A catalogue has datasets alone in this profile, and a series is found through them; its order would leave the page.
    orders_series=False,
    # CKAN follows the links from page to page. The harvester of data.norge.no reads one file, and takes a dataset that
    # is not in it for removed, so the Norwegian profiles have one page whatever the size.
    paged=True,
)


_STATUS: Final = {
    "COMPLETED": "Completed",
    "DEPRECATED": "Deprecated",
    "DEVELOP": "UnderDevelopment",
    "WITHDRAWN": "Withdrawn",
}


def _adms_status(code: str) -> str:
    """The status of a distribution in the table of ADMS."""
    return f"http://purl.org/adms/status/{_STATUS.get(code, code)}" if code else ""


DCAT_AP_NO_2: Final = Profile(
    name="dcat-ap-no-2",
    title="DCAT-AP-NO 2",
    media_types=IANA,
    byte_size="xsd:decimal",
    version="owl:versionInfo",
    status=_adms_status,
    theme_taxonomy="http://eurovoc.europa.eu/100141",
    catalog_identifier=True,
    records=True,
    service_identifier=True,
)


DCAT_AP_NO_3: Final = Profile(
    name="dcat-ap-no-3",
    title="DCAT-AP-NO 3",
    # The beta shapes want this namespace, and by a slip application/ only; text/turtle is what the file is.
    media_types=W3C_IANA,
    byte_size="xsd:nonNegativeInteger",
    version="dcat:version",
    status=eua_status,
    theme_taxonomy=f"{EUA}data-theme",
    catalog_identifier=True,
    records=True,
    service_availability=True,
    # The shapes of version 2 take a dataset, a service or a catalogue for what an entry is about, and no series.
    records_series=True,
    generated_by="https://data.norge.no/vocabulary/provenance-activity-type#collecting-from-third-party",
)


PROFILES: Final[dict[str, Profile]] = {each.name: each for each in (DCAT_AP_3, DCAT_AP_NO_3, DCAT_AP_NO_2)}


def profile_of_page(stem: str) -> str:
    """The profile of a page that is not the first, by the name of its file without the ending; else nothing."""
    name = re.sub(r"-[1-9]\d*\Z", "", stem)
    return name if stem not in PROFILES and name in PROFILES else ""
