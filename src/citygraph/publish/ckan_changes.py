"""What a portal has against what it is to have: the fields that differ, and the package with ours in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from citygraph.publish.ckan_package import extras_of, key_of

__all__ = ["Change", "changed_files", "changes", "merged"]

_LISTS: Final = frozenset({"resources", "tags", "extras", "owner_org"})
_WITH_FILE: Final = frozenset({"hash", "url"})
"""Fields that follow from an uploaded file: the portal sets its address, and the checksum is sent with it."""
_LINKED: Final = {"url_type": "", "hash": ""}
"""What a resource is to have when the portal links to it; it had other values when its file was uploaded before."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that the portal has otherwise: what it has, and what it is to have."""

    field: str
    old: object
    new: object


def changes(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> list[Change]:
    """The fields in which the portal differs from what it is to have; fields that are not ours do not count."""
    found = []
    if existing.get("state", "active") != "active":
        found.append(Change("state", existing["state"], "active"))
    if "owner_org" in wanted:
        organization = existing.get("organization") or {}
        if wanted["owner_org"] not in {existing.get("owner_org"), organization.get("name"), organization.get("id")}:
            found.append(Change("owner_org", organization.get("name"), wanted["owner_org"]))
    found += [
        Change(field, existing.get(field), value)
        for field, value in wanted.items()
        if field not in _LISTS and _text(existing.get(field)) != _text(value)
    ]
    old_tags = sorted(each["name"] for each in existing.get("tags", []))
    if old_tags != (new_tags := [each["name"] for each in wanted["tags"]]):
        found.append(Change("tags", old_tags, new_tags))
    extras = extras_of(existing)
    found += [
        Change(f"extras.{key}", extras.get(key), value)
        for key, value in extras_of(wanted).items()
        if extras.get(key) != value
    ]
    return [*found, *_resource_changes(existing, wanted, uploads=uploads)]


def _resource_changes(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> Iterator[Change]:
    old = {key_of(each): each for each in existing.get("resources", [])}
    new = {key_of(each): each for each in wanted["resources"]}
    for key, resource in old.items():
        if key not in new:
            yield Change(f"resources.{key}", resource.get("name"), None)
    for key, resource in new.items():
        if key not in old:
            yield Change(f"resources.{key}", None, resource["name"])
            continue
        for field, value in (resource if uploads else {**_LINKED, **resource}).items():
            # The portal gives an uploaded file an address of its own.
            if not (uploads and field == "url") and _text(old[key].get(field)) != _text(value):
                yield Change(f"resources.{key}.{field}", old[key].get(field), value)


def _text(value: object) -> str:
    """A value as it is compared: the portal gives numbers back as text, and nothing as null."""
    return "" if value is None else str(value)


def merged(existing: Mapping[str, Any], wanted: Mapping[str, Any], *, uploads: bool) -> dict[str, Any]:
    """What the portal has, with our fields in place; a resource keeps the id that was read."""
    old = {key_of(each): each for each in existing.get("resources", [])}
    resources = []
    for each in wanted["resources"] if uploads else [{**_LINKED, **each} for each in wanted["resources"]]:
        known = old.get(key_of(each), {})
        # A field that is as good as ours stays as it is: CKAN takes "" for a change of null.
        unlike = {field: value for field, value in each.items() if _text(known.get(field)) != _text(value)}
        resources.append({**known, **(without_file(unlike, is_known=bool(known)) if uploads else unlike)})
    extras = extras_of(existing) | extras_of(wanted)
    return {
        **existing,
        **wanted,
        "state": "active",
        "extras": [{"key": key, "value": value} for key, value in extras.items()],
        "resources": resources,
    }


def without_file(resource: Mapping[str, Any], *, is_known: bool) -> dict[str, Any]:
    """A resource before its file is sent: without the checksum, so that a push that breaks off is taken up again."""
    left_out = _WITH_FILE if is_known else {"hash"}
    return {field: value for field, value in resource.items() if field not in left_out}


def changed_files(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """The checksums of the files that the portal lacks or has otherwise, by what their resources are known by."""
    old = {key_of(each): each.get("hash") for each in existing.get("resources", [])}
    return {key_of(each): each["hash"] for each in wanted["resources"] if old.get(key_of(each)) != each["hash"]}
