"""A catalogue pushed to a CKAN portal: made once, changed when it differs, left alone when it does not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from citygraph.errors import PublishError
from citygraph.language import LANGUAGES
from citygraph.publish.catalog import Catalog

__all__ = ["Change", "Client", "Pushed", "ckan_client", "package_of", "push_to_ckan"]

_NAME: Final = re.compile(r"[^a-z0-9_-]+")
_NO_TAG: Final = re.compile(r"[^\w \-.]+")
_SHORTEST_TAG, _LONGEST = 2, 100
_OWN_LISTS: Final = frozenset({"resources", "tags", "extras"})


class Client(Protocol):
    """What we need of `ckanapi.RemoteCKAN`."""

    def call_action(
        self,
        action: str,
        data_dict: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Call one action of the portal's API."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that the portal has otherwise: what it has, and what it is to have."""

    field: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was done: `created`, `updated` or `unchanged`; with `dry_run` what would be."""

    outcome: str
    name: str
    changes: tuple[Change, ...] = ()
    dry_run: bool = False


def ckan_client(url: str, token: str) -> Client:
    """A client for the portal at `url`.

    Raises:
        PublishError: the extra `ckan` is not installed.
    """
    try:
        import ckanapi  # noqa: PLC0415  # an extra
    except ImportError as error:
        message = "Pushing to CKAN needs the package ckanapi."
        raise PublishError(message, fix="Install it: pip install 'citygraph[ckan]'") from error
    client: Client = ckanapi.RemoteCKAN(url, apikey=token or None, user_agent="citygraph")
    return client


def push_to_ckan(
    catalog: Catalog,
    client: Client,
    *,
    organization: str = "",
    language: str = "nb",
    dry_run: bool = False,
    upload: Path | None = None,
) -> Pushed:
    """Make the portal's dataset what the catalogue says, by its name.

    Args:
        catalog: the description.
        client: the portal.
        organization: the organisation of the portal that owns the dataset; most portals want one.
        language: a portal without a multilingual schema has room for one language.
        dry_run: say what would change, and change nothing.
        upload: a folder that `citygraph publish` wrote: its files are sent; without it the portal links to them.

    Raises:
        PublishError: the portal refused, or cannot be reached.
    """
    wanted = package_of(catalog, organization=organization, language=language, upload=upload)
    existing = _show(client, wanted["name"])
    if existing is None:
        changes = tuple(Change(field, None, value) for field, value in wanted.items())
        if not dry_run:
            _send(client, _call(client, "package_create", wanted), upload, catalog)
        return Pushed("created", wanted["name"], changes, dry_run)
    changes = tuple(_changes(existing, wanted, uploads=upload is not None))
    if not changes:
        return Pushed("unchanged", wanted["name"], (), dry_run)
    if not dry_run:
        updated = _call(client, "package_update", _merged(existing, wanted, uploads=upload is not None))
        _send(client, updated, upload, catalog, only=_changed_files(existing, wanted))
    return Pushed("updated", wanted["name"], changes, dry_run)


def package_of(
    catalog: Catalog, *, organization: str = "", language: str = "nb", upload: Path | None = None
) -> dict[str, Any]:
    """The catalogue as CKAN's package, with the fields that ckanext-dcat writes and reads."""
    dataset = catalog.dataset
    extras = {
        "uri": dataset.iri,
        # An identifier that looks like an address comes back as an IRI, which DCAT-AP does not allow.
        "identifier": dataset.identifier,
        "issued": dataset.issued,
        "modified": dataset.modified,
        "theme": ",".join(dataset.themes),
        "language": ",".join(catalog.languages),
        "spatial_uri": dataset.spatial[0] if dataset.spatial else "",
        "temporal_start": dataset.period[0],
        "temporal_end": dataset.period[1],
        "frequency": dataset.frequency,
        "access_rights": dataset.access,
        "provenance": dataset.provenance.in_language(language),
    }
    package: dict[str, Any] = {
        "name": _NAME.sub("-", dataset.identifier.lower())[:_LONGEST],
        "title": dataset.title.in_language(language),
        "notes": dataset.description.in_language(language),
        "url": dataset.landing_page,
        "version": dataset.version,
        "license_id": catalog.licence.rpartition("/")[2].lower().replace("_", "-"),
        "tags": [{"name": word} for word in _tags(catalog)],
        "extras": [{"key": key, "value": value} for key, value in extras.items() if value],
        "resources": [
            {
                "uri": each.iri,
                "name": each.title.in_language(language),
                "description": each.description.in_language(language),
                "url": each.url,
                "format": each.format.rpartition("/")[2],
                "mimetype": each.media_type,
                "license": catalog.licence,
                "availability": catalog.availability,
                **({"size": each.byte_size} if upload is None else {"hash": _hash(upload, catalog, each.url)}),
            }
            for each in dataset.distributions
        ],
    }
    if catalog.publisher is not None:
        package["author"] = catalog.publisher.name.in_language(language)
    if catalog.contact is not None:
        package["maintainer"] = catalog.contact.name.in_language(language)
        package["maintainer_email"] = catalog.contact.email.removeprefix("mailto:")
    if organization:
        package["owner_org"] = organization
    return package


def _tags(catalog: Catalog) -> list[str]:
    """Keywords as CKAN takes them: letters, digits, space and - _ ., from 2 to 100 characters."""
    words = (word for language in LANGUAGES for word in catalog.dataset.keywords.get(language, ()))
    plain = (_NO_TAG.sub(" ", word).strip()[:_LONGEST] for word in words)
    return sorted({word for word in plain if len(word) >= _SHORTEST_TAG})


def _hash(folder: Path, catalog: Catalog, url: str) -> str:
    path = folder / url.removeprefix(catalog.site)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise PublishError(message, fix=f"Publish first: citygraph publish {folder}") from error


def _changes(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> list[Change]:
    """The fields in which the portal differs from what it is to have; fields that are not ours do not count."""
    found = []
    for field, value in wanted.items():
        if field == "owner_org":
            organization = existing.get("organization") or {}
            if value not in {existing.get("owner_org"), organization.get("name"), organization.get("id")}:
                found.append(Change(field, existing.get("owner_org"), value))
        elif field not in _OWN_LISTS and (existing.get(field) or "") != (value or ""):
            found.append(Change(field, existing.get(field), value))
    old_tags = sorted(each["name"] for each in existing.get("tags", []))
    if old_tags != (new_tags := [each["name"] for each in wanted["tags"]]):
        found.append(Change("tags", old_tags, new_tags))
    extras = {each["key"]: each["value"] for each in existing.get("extras", [])}
    found += [
        Change(f"extras.{each['key']}", extras.get(each["key"]), each["value"])
        for each in wanted["extras"]
        if extras.get(each["key"]) != each["value"]
    ]
    return [*found, *_resource_changes(existing, wanted, uploads=uploads)]


def _resource_changes(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> list[Change]:
    old = {_key(each): each for each in existing.get("resources", [])}
    new = {_key(each): each for each in wanted["resources"]}
    found = [Change(f"resources.{key}", each.get("name"), None) for key, each in old.items() if key not in new]
    for key, resource in new.items():
        if key not in old:
            found.append(Change(f"resources.{key}", None, resource["name"]))
            continue
        for field, value in resource.items():
            # The portal gives an uploaded file an address of its own.
            if not (uploads and field == "url") and str(old[key].get(field) or "") != str(value or ""):
                found.append(Change(f"resources.{key}.{field}", old[key].get(field), value))
    return found


def _key(resource: Mapping[str, Any]) -> str:
    return str(resource.get("uri") or resource.get("url") or "")


def _merged(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> dict[str, Any]:
    """What the portal has, with our fields in place; a resource keeps the id that was read."""
    old = {_key(each): each for each in existing.get("resources", [])}
    extras = {each["key"]: each["value"] for each in existing.get("extras", [])}
    extras |= {each["key"]: each["value"] for each in wanted["extras"]}
    kept = {"url"} if uploads else set()
    resources = []
    for each in wanted["resources"]:
        known = old.get(_key(each), {})
        resources.append({**known, **{name: value for name, value in each.items() if name not in kept or not known}})
    merged = {**existing, **wanted, "resources": resources}
    merged["extras"] = [{"key": key, "value": value} for key, value in extras.items()]
    return merged


def _changed_files(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
    old = {_key(each): each.get("hash") for each in existing.get("resources", [])}
    return {_key(each) for each in wanted["resources"] if old.get(_key(each)) != each.get("hash")}


def _send(
    client: Client, package: Mapping[str, Any], upload: Path | None, catalog: Catalog, only: set[str] | None = None
) -> None:
    """Upload the files of the resources that are new or changed."""
    if upload is None:
        return
    places = {each.iri: upload / each.url.removeprefix(catalog.site) for each in catalog.dataset.distributions}
    for resource in package.get("resources", []):
        key = _key(resource)
        if key in places and (only is None or key in only):
            with places[key].open("rb") as file:
                _call(client, "resource_patch", {"id": resource["id"]}, files={"upload": file})


def _show(client: Client, name: str) -> dict[str, Any] | None:
    try:
        found = client.call_action("package_show", {"id": name})
    except Exception as error:
        # ckanapi is an extra, so its exceptions are known by their names.
        if type(error).__name__ == "NotFound":
            return None
        raise _refused(error) from error
    return dict(found)


def _call(
    client: Client, action: str, data: Mapping[str, Any], *, files: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    try:
        return dict(client.call_action(action, data, files=files))
    except Exception as error:
        raise _refused(error) from error


def _refused(error: Exception) -> Exception:
    """What the portal's answer means; an error that is not the portal's stays what it is."""
    detail = str(error) or type(error).__name__
    match type(error).__name__:
        case "NotAuthorized":
            return PublishError(
                "The portal does not let you in, or not do that.",
                fix="Put a token of the portal into CITYGRAPH_CKAN_TOKEN, and name an organisation you may write to.",
            )
        case "ValidationError":
            return PublishError(
                f"The portal refuses the dataset: {detail}.",
                fix="Most portals want an organisation: --organization NAME",
            )
        case "CKANAPIError" | "ServerIncompatibleError" | "SearchError":
            return PublishError(
                f"The portal did not answer as CKAN does: {detail[:300]}.",
                fix="Check the address; it is the first page of the portal.",
            )
    if isinstance(error, OSError):
        return PublishError(f"The portal cannot be reached: {detail[:300]}.", fix="Check the address and the network.")
    return error
