"""What the quality score counts: the metrics of data.europa.eu with their points, and the two of data.norge.no.

Names and points are those of the Metadata Quality Assessment (piveau) and of DCATNO-MQA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from citygraph.language import Text

__all__ = [
    "DIMENSIONS",
    "HIGHEST",
    "MACHINE_READABLE",
    "METRICS",
    "NON_PROPRIETARY",
    "NORWEGIAN",
    "Metric",
]

HIGHEST: Final = 405
"""The points of all metrics of data.europa.eu together."""
NORWEGIAN: Final = 435
"""The same with the two metrics that data.norge.no adds."""
DIMENSIONS: Final = {
    "findability": Text("kan finnes", "findability"),
    "accessibility": Text("kan hentes", "accessibility"),
    "interoperability": Text("kan brukes sammen med annet", "interoperability"),
    "reusability": Text("kan brukes på nytt", "reusability"),
    "contextuality": Text("sammenheng", "contextuality"),
}
MACHINE_READABLE: Final = frozenset({
    "CSV", "GEOJSON", "ICS", "JSON", "JSON_LD", "KML", "KMZ", "NETCDF", "ODS", "RDFA", "RDF_N_QUADS",
    "RDF_N_TRIPLES", "RDF_TRIG", "RDF_TURTLE", "RDF_XML", "RSS", "SHP", "XLS", "XLSX", "XML",
})  # fmt: skip
NON_PROPRIETARY: Final = frozenset({
    "BMP", "CSV", "DBF", "GEOJSON", "GZIP", "HTML", "ICS", "JPEG2000", "JSON", "JSON_LD", "KML", "KMZ", "NETCDF",
    "ODS", "PNG", "RDF_N_QUADS", "RDF_N_TRIPLES", "RDF_TRIG", "RDF_TURTLE", "RDF_XML", "RSS", "RTF", "TAR", "TIFF",
    "TSV", "TXT", "WMS_SRVC", "XML", "ZIP",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that gives points: where it is looked for, how many, and the key of graph.toml that gives it."""

    name: str
    dimension: str
    points: int
    on: str
    path: str = ""
    key: str = ""
    network: bool = False
    norwegian: bool = False


METRICS: Final = (
    Metric("keywordAvailability", "findability", 30, "dataset", "dcat:keyword", "publish.keywords"),
    Metric("categoryAvailability", "findability", 30, "dataset", "dcat:theme", "publish.themes"),
    Metric("spatialAvailability", "findability", 20, "dataset", "dct:spatial", "publish.spatial"),
    Metric("temporalAvailability", "findability", 20, "dataset", "dct:temporal"),
    Metric("accessUrlStatusCode", "accessibility", 50, "distribution", "dcat:accessURL", network=True),
    Metric("downloadUrlAvailability", "accessibility", 20, "distribution", "dcat:downloadURL"),
    Metric("downloadUrlStatusCode", "accessibility", 30, "distribution", "dcat:downloadURL", network=True),
    Metric("formatAvailability", "interoperability", 20, "distribution", "dct:format"),
    Metric("mediaTypeAvailability", "interoperability", 10, "distribution", "dcat:mediaType"),
    Metric("formatMediaTypeVocabularyAlignment", "interoperability", 10, "distribution"),
    Metric("formatMediaTypeNonProprietary", "interoperability", 20, "distribution"),
    Metric("formatMediaTypeMachineInterpretable", "interoperability", 20, "distribution"),
    Metric("dcatApCompliance", "interoperability", 30, "dataset"),
    Metric("licenceAvailability", "reusability", 20, "distribution", "dct:license", "licence"),
    Metric("knownLicence", "reusability", 10, "distribution", key="licence"),
    Metric("accessRightsAvailability", "reusability", 10, "dataset", "dct:accessRights", "publish.access"),
    Metric("accessRightsVocabularyAlignment", "reusability", 5, "dataset", key="publish.access"),
    Metric("contactPointAvailability", "reusability", 20, "dataset", "dcat:contactPoint", "contact.email"),
    Metric("publisherAvailability", "reusability", 10, "dataset", "dct:publisher", "publisher.name"),
    Metric("rightsAvailability", "contextuality", 5, "distribution", "dct:rights", "publish.attribution"),
    Metric("byteSizeAvailability", "contextuality", 5, "distribution", "dcat:byteSize"),
    Metric("dateIssuedAvailability", "contextuality", 5, "dataset", "dct:issued", "publish.issued"),
    Metric("dateModifiedAvailability", "contextuality", 5, "dataset", "dct:modified"),
    Metric("formatMatch", "interoperability", 15, "distribution", norwegian=True),
    Metric("syntaxValid", "interoperability", 15, "distribution", norwegian=True),
)
"""Every metric; the last two are counted by data.norge.no alone."""
