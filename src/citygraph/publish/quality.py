"""The quality score that data.europa.eu will give a record, predicted: 405 points in five dimensions.

The metrics and their points are those of the Metadata Quality Assessment of data.europa.eu (piveau); the Norwegian
portal counts the same and two more. What needs the network is assumed to hold, and said to be assumed, unless
addresses are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from citygraph.messages import Text, text
from citygraph.namespaces import PREFIXES
from citygraph.publish.record import NAMESPACES
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.vocabularies import EUA, IANA, W3C_IANA, vocabularies, vocabulary_of

HIGHEST: Final = 405
"""The points of all metrics of data.europa.eu together."""
NORWEGIAN: Final = 435
"""The same with the two metrics that data.norge.no adds."""
DIMENSIONS: Final = {
    "findability": text("publish.quality.findability"),
    "accessibility": text("publish.quality.accessibility"),
    "interoperability": text("publish.quality.interoperability"),
    "reusability": text("publish.quality.reusability"),
    "contextuality": text("publish.quality.contextuality"),
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


Answers = Callable[[str], bool]

_RATINGS: Final = ((351, "excellent"), (221, "good"), (121, "enough"), (0, "bad"))
_WORDS: Final = {
    "excellent": text("publish.quality.excellent"),
    "good": text("publish.quality.good"),
    "enough": text("publish.quality.enough"),
    "bad": text("publish.quality.bad"),
}
_FILE_TYPE: Final = f"{EUA}file-type/"
_MEDIA_TYPE: Final = re.compile(
    f"({re.escape(IANA)}|{re.escape(IANA.replace('https:', 'http:'))}|{re.escape(W3C_IANA)})"
    r"(application|audio|font|haptics|image|message|model|multipart|text|video)/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
)
_PIVEAU: Final = "https://piveau.eu/ns/voc#"
_DQV: Final = "http://www.w3.org/ns/dqv#"


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with the share of datasets or distributions that satisfy it; `assumed` when it was not tried."""

    metric: Metric
    share: float
    assumed: bool = False

    @property
    def points(self) -> float:
        """The points it gives."""
        return self.metric.points * self.share


@dataclass(frozen=True, slots=True)
class Lost:
    """Points that a change would bring: the metric, how many, and the key of graph.toml that brings them."""

    metric: str
    points: float
    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Score:
    """The score with its parts."""

    measured: tuple[Measured, ...]

    def in_dimension(self, dimension: str) -> tuple[float, int]:
        """The points of one dimension, and its highest."""
        found = [each for each in self._counted if each.metric.dimension == dimension]
        return _round(sum(each.points for each in found)), sum(each.metric.points for each in found)

    @property
    def _counted(self) -> tuple[Measured, ...]:
        return tuple(each for each in self.measured if not each.metric.norwegian)

    @property
    def points(self) -> float:
        """The points on data.europa.eu, of 405."""
        return _round(sum(each.points for each in self._counted))

    @property
    def norwegian_points(self) -> float:
        """The points on data.norge.no, of 435."""
        return _round(sum(each.points for each in self.measured))

    @property
    def assumed_points(self) -> float:
        """The points among them that need the network and were not tried."""
        return _round(sum(each.points for each in self._counted if each.assumed))

    @property
    def rating(self) -> Text:
        """What data.europa.eu calls the score."""
        return _WORDS[next(name for least, name in _RATINGS if self.points >= least)]

    @property
    def lost(self) -> tuple[Lost, ...]:
        """What would bring more points, the most first."""
        found = [
            Lost(each.metric.name, _round(each.metric.points - each.points), each.metric.path, each.metric.key)
            for each in self._counted
            if each.share < 1
        ]
        return tuple(sorted(found, key=lambda each: (-each.points, each.metric)))

    def to_json(self) -> dict[str, object]:
        """A plain dictionary, for other programs."""
        dimensions = {name: dict(zip(("points", "of"), self.in_dimension(name), strict=True)) for name in DIMENSIONS}
        return {
            "points": self.points,
            "of": HIGHEST,
            "rating": self.rating.en,
            "not_measured": self.assumed_points,
            "norway": {"points": self.norwegian_points, "of": NORWEGIAN},
            "dimensions": dimensions,
            "lost": [
                {"metric": each.metric, "points": each.points, "property": each.path, "key": each.key}
                for each in self.lost
            ],
        }


def predict(
    record: Iterable[Triple],
    *,
    complies: Callable[[str], bool],
    answers: Answers | None = None,
    is_valid: Callable[[str, str], bool] | None = None,
) -> Score:
    """The score of a record in DCAT-AP 3.

    Args:
        record: the triples of the catalogue.
        complies: whether a dataset passes the shapes of the profile.
        answers: whether an address answers with 200–299; without it, set addresses are assumed to answer.
        is_valid: whether the file behind an address is of the format it is said to be; assumed without it.
    """
    return _Measuring(list(record), complies, answers, is_valid).score()


def _round(points: float) -> float:
    rounded = round(points, 1)
    return int(rounded) if rounded == int(rounded) else rounded


class _Measuring:
    def __init__(
        self,
        record: Sequence[Triple],
        complies: Callable[[str], bool],
        answers: Answers | None,
        is_valid: Callable[[str, str], bool] | None,
    ) -> None:
        self._objects: dict[tuple[str, str], list[Term]] = {}
        self._complies, self._answers, self._is_valid = complies, answers, is_valid
        for each in record:
            if isinstance(each.subject, Iri):
                self._objects.setdefault((each.subject.value, each.predicate.value), []).append(each.object)

    @cached_property
    def _datasets(self) -> list[str]:
        return self._of_type("Dataset")

    @cached_property
    def _distributions(self) -> list[str]:
        return self._of_type("Distribution")

    def _of_type(self, name: str) -> list[str]:
        type_, class_ = PREFIXES["rdf"] + "type", Iri(PREFIXES["dcat"] + name)
        return sorted({s for (s, p), objects in self._objects.items() if p == type_ and class_ in objects})

    def _values(self, thing: str, path: str) -> list[Term]:
        prefix, _, local = path.partition(":")
        return self._objects.get((thing, NAMESPACES[prefix] + local), [])

    def _iris(self, thing: str, path: str) -> list[str]:
        return [each.value for each in self._values(thing, path) if isinstance(each, Iri)]

    def score(self) -> Score:
        return Score(tuple(self._measure(metric) for metric in METRICS))

    def _measure(self, metric: Metric) -> Measured:
        assumed = (metric.network and self._answers is None) or (metric.norwegian and self._is_valid is None)
        things = self._datasets if metric.on == "dataset" else self._distributions
        if metric.dimension == "interoperability" and metric.on == "distribution":
            held = [self._holds(metric, self._best[each]) for each in self._datasets if each in self._best]
            return Measured(metric, sum(held) / max(len(self._datasets), 1), assumed)
        return Measured(metric, sum(self._holds(metric, each) for each in things) / max(len(things), 1), assumed)

    @cached_property
    def _best(self) -> dict[str, str]:
        """For interoperability the best distribution of a dataset counts."""
        metrics = [each for each in METRICS if each.dimension == "interoperability" and each.on == "distribution"]

        def points(distribution: str) -> float:
            return sum(each.points for each in metrics if self._holds(each, distribution))

        return {
            dataset: max(sorted(own), key=points)
            for dataset in self._datasets
            if (own := [each for each in self._iris(dataset, "dcat:distribution") if each in self._distributions])
        }

    def _holds(self, metric: Metric, thing: str) -> float:
        if metric.network:
            addresses = self._iris(thing, metric.path)
            return bool(addresses) and (self._answers is None or all(map(self._answers, addresses)))
        if metric.path:
            return bool(self._values(thing, metric.path))
        return self._special(metric.name, thing)

    def _special(self, name: str, thing: str) -> float:
        formats = [iri.removeprefix(_FILE_TYPE) for iri in self._iris(thing, "dct:format")]
        match name:
            case "formatMediaTypeVocabularyAlignment":
                media_types = self._iris(thing, "dcat:mediaType")
                known = bool(formats) and all(vocabularies()["file-type"].has(_FILE_TYPE + code) for code in formats)
                # Five points for each of the two.
                return (known + (bool(media_types) and all(map(_is_media_type, media_types)))) / 2
            case "formatMediaTypeNonProprietary":
                return any(code in NON_PROPRIETARY for code in formats)
            case "formatMediaTypeMachineInterpretable":
                return any(code in MACHINE_READABLE for code in formats)
            case "knownLicence":
                return any(vocabularies()["licence"].has(each) for each in self._iris(thing, "dct:license"))
            case "accessRightsVocabularyAlignment":
                found = [vocabulary_of(each) for each in self._iris(thing, "dct:accessRights")]
                return any(each is not None and each.name == "access-right" for each in found)
            case "formatMatch" | "syntaxValid":
                addresses = self._iris(thing, "dcat:downloadURL")
                is_valid = self._is_valid
                return bool(addresses and formats) and (
                    is_valid is None or all(is_valid(a, formats[0]) for a in addresses)
                )
        return self._complies(thing)


def _is_media_type(iri: str) -> bool:
    """Whether it has the form of a registered type; the registry itself has two thousand."""
    return bool(_MEDIA_TYPE.fullmatch(iri))


def quality_triples(score: Score, *, of: str, computed_on: str) -> list[Triple]:
    """The score as DQV measurements about the catalogue `of`, one for each metric."""
    found = []
    for each in score.measured:
        node = Iri(f"{of}/quality/{each.metric.name}")
        values: Mapping[str, Term] = {
            PREFIXES["rdf"] + "type": Iri(_DQV + "QualityMeasurement"),
            _DQV + "isMeasurementOf": Iri(_PIVEAU + each.metric.name),
            _DQV + "computedOn": Iri(computed_on),
            _DQV + "value": Literal(f"{_round(each.points)}", datatype=Iri(PREFIXES["xsd"] + "decimal")),
        }
        found += [Triple(node, Iri(predicate), value) for predicate, value in values.items()]
    return found
