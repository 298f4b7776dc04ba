"""The catalogue as CKAN's package: the fields, and their names, that a harvest by ckanext-dcat would give the portal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from citygraph.errors import PublishError
from citygraph.messages import LANGUAGES, reason_of, sentence
from citygraph.publish.catalog import Catalog, DcatDataset, Distribution
from citygraph.publish.record import eua_status
from citygraph.vocabularies import vocabulary_of

_NAME: Final = re.compile(r"[^a-z0-9_-]+")
_NO_TAG: Final = re.compile(r"[^\w \-.]+")
_SHORTEST_TAG, _LONGEST, _MARK = 2, 100, 8
_FORMATS: Final = {
    "RDF_TURTLE": "Turtle", "RDF_TRIG": "TriG", "RDF_N_TRIPLES": "N-Triples", "RDF_N_QUADS": "N-Quads",
    "JSON_LD": "JSON-LD", "RDF_XML": "RDF", "GEOJSON": "GeoJSON",
}  # fmt: skip
"""What CKAN shows people for a file type of the EU table; the others are shown by their code, as CSV."""
_LICENCES: Final = {
    "CC0": ("cc0-1.0", "cc-zero"),
    "CC_BY_4_0": ("cc-by-4.0", "cc-by"),
    "CC_BYSA_4_0": ("cc-by-sa-4.0", "cc-by-sa"),
    "NLOD_1_0": ("nlod-1.0", "nlod", "other-at"),
    "NLOD_2_0": ("nlod-2.0", "nlod", "other-at"),
    "ODC_BY": ("odc-by-1.0", "odc-by"),
    "ODC_BL": ("odbl-1.0", "odc-odbl"),
    "ODC_PDDL": ("odc-pddl-1.0", "odc-pddl"),
}
"""What portals call a licence of the EU table, the exact name first; CKAN's own list has the last of each."""
_NO_LICENCE: Final = "notspecified"


@dataclass(frozen=True, slots=True)
class Portal:
    """What must be known of a portal: the language it has room for, and its licences by what they are found by."""

    language: str = "nb"
    licences: Mapping[str, str] | None = None


def package_of(
    catalog: Catalog,
    portal: Portal | None = None,
    *,
    dataset: DcatDataset | None = None,
    organization: str = "",
    upload: Path | None = None,
) -> dict[str, Any]:
    """A dataset of the catalogue as a package.

    Args:
        catalog: the description.
        portal: what is known of the portal.
        dataset: the dataset; without it the graph.
        organization: the organisation that owns the dataset.
        upload: a folder that `citygraph publish` wrote, when its files are sent: a resource then has a checksum
            and gets its address from the portal.

    Raises:
        PublishError: a file that shall be sent cannot be read.
    """
    portal = portal or Portal()
    dataset, language = dataset or catalog.dataset, portal.language
    package: dict[str, Any] = {
        "name": _name(dataset),
        "title": dataset.title.in_language(language),
        "notes": dataset.description.in_language(language),
        "url": dataset.landing_page,
        "version": dataset.version,
        "license_id": _licence(catalog.licence, portal.licences),
        "tags": [{"name": word} for word in _tags(dataset)],
        "extras": [{"key": key, "value": value} for key, value in _extras(catalog, dataset, language).items() if value],
        "resources": [_resource(catalog, each, language, upload) for each in dataset.distributions],
    }
    if catalog.publisher is not None:
        package["author"] = catalog.publisher.name.in_language(language)
    if catalog.contact is not None:
        package["maintainer"] = catalog.contact.name.in_language(language)
        package["maintainer_email"] = catalog.contact.email.removeprefix("mailto:")
    if organization:
        package["owner_org"] = organization
    return package


def key_of(resource: Mapping[str, Any]) -> str:
    """What a resource is known by from one push to the next: our IRI for it, else its address."""
    return str(resource.get("uri") or resource.get("url") or "")


def extras_of(package: Mapping[str, Any]) -> dict[str, str]:
    """The extras of a package by their keys."""
    return {each["key"]: each["value"] for each in package.get("extras", [])}


def file_of(folder: Path, catalog: Catalog, url: str) -> Path:
    """Where the file that has this address lies in the published folder."""
    return folder / url.removeprefix(catalog.site)


def _name(dataset: DcatDataset) -> str:
    """A name of at most 100 characters; when that cuts a question's, two that begin alike stay two."""
    name = _NAME.sub("-", dataset.identifier.lower())
    if not dataset.query or len(name) <= _LONGEST:
        return name[:_LONGEST]
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK]
    return f"{name[: _LONGEST - _MARK - 1]}-{mark}"


def _extras(catalog: Catalog, dataset: DcatDataset, language: str) -> dict[str, str]:
    found = {
        "uri": dataset.iri,
        # An identifier that looks like an address comes back as an IRI, which DCAT-AP does not allow.
        "identifier": dataset.identifier,
        "issued": dataset.issued,
        "modified": dataset.modified,
        "theme": _list(dataset.themes),
        "language": _list(catalog.languages),
        "spatial_uri": dataset.spatial[0] if dataset.spatial else "",
        # ckanext-dcat 2.4.4 writes the place only when it has a text or a shape too.
        "spatial_text": _place(dataset.spatial, language),
        "temporal_start": dataset.period[0],
        "temporal_end": dataset.period[1],
        "frequency": dataset.frequency,
        "access_rights": dataset.access,
        "provenance": dataset.provenance.in_language(language),
        "related_resource": _list([dataset.derived_from] if dataset.derived_from else []),
    }
    if (publisher := catalog.publisher) is not None:
        found |= {
            "publisher_uri": publisher.iri,
            "publisher_name": publisher.name.in_language(language),
            "publisher_url": publisher.homepage,
            "publisher_type": publisher.type,
            "publisher_identifier": publisher.identifier,
        }
    if (contact := catalog.contact) is not None:
        found |= {
            "contact_uri": contact.iri,
            "contact_name": contact.name.in_language(language),
            "contact_email": contact.email.removeprefix("mailto:"),
            "contact_url": contact.url,
        }
    return found


def _resource(catalog: Catalog, it: Distribution, language: str, upload: Path | None) -> dict[str, Any]:
    code = it.format.rpartition("/")[2]
    resource: dict[str, Any] = {
        "uri": it.iri,
        "name": it.title.in_language(language),
        "description": it.description.in_language(language),
        "url": it.url,
        "format": _FORMATS.get(code, code),
        "mimetype": it.media_type,
        "license": catalog.licence,
        "rights": catalog.rights_iri,
        "status": eua_status(catalog.status),
        "availability": catalog.availability,
        "language": _list(catalog.languages),
        "issued": catalog.issued,
        "modified": catalog.modified,
    }
    if upload is None:
        return resource | {"access_url": it.url, "download_url": it.url, "size": it.byte_size}
    return resource | {"hash": _hash(file_of(upload, catalog, it.url), upload)}


def _place(spatial: Sequence[str], language: str) -> str:
    known = vocabulary_of(spatial[0]) if spatial else None
    return known.label(spatial[0]).in_language(language) if known and spatial else ""


def _list(values: Iterable[str]) -> str:
    """Several values in one field, as ckanext-dcat keeps them."""
    found = sorted(values)
    return json.dumps(found) if found else ""


def _tags(dataset: DcatDataset) -> list[str]:
    """Keywords as CKAN takes them: letters, digits, space and - _ ., from 2 to 100 characters."""
    words = (word for language in LANGUAGES for word in dataset.keywords.get(language, ()))
    plain = (_NO_TAG.sub(" ", word).strip()[:_LONGEST] for word in words)
    return sorted({word for word in plain if len(word) >= _SHORTEST_TAG})


def _licence(iri: str, licences: Mapping[str, str] | None) -> str:
    """What the portal calls the licence: by its address, else by the names that portals use."""
    code = iri.rpartition("/")[2]
    names = (iri, code, *_LICENCES.get(code, ()))
    if licences is None:
        return names[-1].lower()
    return next((licences[name.lower()] for name in names if name.lower() in licences), _NO_LICENCE)


def _hash(path: Path, folder: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = sentence("files.cannot_read", path=path, why=reason_of(error))
        raise PublishError(message, fix=sentence("files.publish_first", folder=folder)) from error
