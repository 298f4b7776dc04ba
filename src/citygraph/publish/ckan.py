"""A catalogue pushed to a CKAN portal: each dataset made once, changed when it differs, left alone when it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from citygraph.errors import PublishError
from citygraph.messages import Text, sentence
from citygraph.publish.catalog import Catalog, DcatDataset
from citygraph.publish.ckan_package import Portal, extras_of, file_of, key_of, package_of
from citygraph.publish.identity import KnownDataset, refuse_removal

_PAGE: Final = 1000
"""How many datasets a portal is asked for at a time; CKAN gives no more."""
_SHOWN: Final = 300
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


_NORWEGIAN: Final = ("nb", "nn", "no")


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
class Pushed:
    """What was done with a dataset: `created`, `updated`, `unchanged` or `deleted`; with `dry_run` what would be."""

    outcome: str
    name: str
    changes: tuple[Change, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """A dataset with what the portal is to have, and what it has."""

    dataset: DcatDataset
    wanted: dict[str, Any]
    existing: dict[str, Any] | None


def ckan_client(url: str, token: str) -> Client:
    """A client for the portal at `url`.

    Raises:
        PublishError: the extra `ckan` is not installed.
    """
    try:
        import ckanapi  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise PublishError(sentence("files.ckan_package"), fix=sentence("files.ckan_install")) from error
    client: Client = ckanapi.RemoteCKAN(url, apikey=token or None, user_agent="citygraph")
    return client


def push_to_ckan(
    catalog: Catalog,
    client: Client,
    *,
    organization: str = "",
    dry_run: bool = False,
    allow_removal: bool = False,
    upload: Path | None = None,
) -> tuple[Pushed, ...]:
    """Make the portal's datasets what the catalogue says, each by its name; what was done, the graph first.

    Every dataset is looked at before the first is sent, and those of ours too that the catalogue no longer has.

    Args:
        catalog: the description.
        client: the portal.
        organization: the organisation of the portal that owns the datasets; most portals want one.
        dry_run: say what would change, and change nothing.
        allow_removal: delete what the catalogue no longer has; without it such a dataset stops the push.
        upload: a folder that `citygraph publish` wrote: its files are sent; without it the portal links to them.

    Raises:
        PublishError: the portal refused, cannot be reached, has another dataset of the name, or has one of ours that
            the catalogue no longer has.
    """
    portal = _read_portal(client)
    owner = _check_organization(client, organization) if organization else ""
    plans = []
    for dataset in catalog.datasets:
        wanted = package_of(catalog, portal, dataset=dataset, organization=organization, upload=upload)
        existing = _show(client, wanted["name"])
        if existing is not None:
            _check_that_it_is_ours(existing, wanted)
        plans.append(_Plan(dataset, wanted, existing))
    lost = _lost(client, catalog, {plan.wanted["name"] for plan in plans}, owner)
    if not (dry_run or allow_removal):
        _refuse_removal(lost, catalog, upload)
    done = [_push(client, catalog, plan, dry_run=dry_run, upload=upload) for plan in plans]
    for each in lost:
        if not dry_run:
            _call(client, "package_delete", {"id": each["id"]})
        done.append(Pushed("deleted", each["name"], (), dry_run))
    return tuple(done)


def _push(client: Client, catalog: Catalog, plan: _Plan, *, dry_run: bool, upload: Path | None) -> Pushed:
    wanted, existing = plan.wanted, plan.existing
    if existing is None:
        found = tuple(Change(field, None, value) for field, value in wanted.items())
        if not dry_run:
            resources = [without_file(each, is_known=False) for each in wanted["resources"]] if upload else None
            created = _call(client, "package_create", wanted | ({"resources": resources} if resources else {}))
            _send_files(client, created, plan, catalog, upload)
        return Pushed("created", wanted["name"], found, dry_run)
    found = tuple(changes(existing, wanted, uploads=upload is not None))
    if not found:
        return Pushed("unchanged", wanted["name"], (), dry_run)
    if not dry_run:
        updated = _call(client, "package_update", merged(existing, wanted, uploads=upload is not None))
        _send_files(client, updated, plan, catalog, upload)
    return Pushed("updated", wanted["name"], found, dry_run)


def _read_portal(client: Client) -> Portal:
    """The language that the portal has room for without a multilingual schema, and what it calls its licences."""
    status, listed = _call(client, "status_show", {}), _call(client, "license_list", {})
    if not isinstance(status, dict) or not isinstance(listed, list):
        raise _no_ckan(str(status))
    locale = str(status.get("locale_default") or "")
    licences: dict[str, str] = {}
    for each in listed:
        for name in (each.get("url"), each.get("title"), each["id"]):
            if name:
                licences[name.lower()] = each["id"]
    return Portal("nb" if locale.startswith(_NORWEGIAN) else "en", licences)


def _check_organization(client: Client, organization: str) -> str:
    """Stop before anything is sent when the token may not write there; CKAN takes a wrong token for nobody.

    Returns:
        The name of the organisation, which may have been given by its id.
    """
    found = _call(client, "organization_list_for_user", {"permission": "create_dataset"})
    names = sorted(each["name"] for each in found)
    if not names:
        raise _refused_entry()
    if organization not in {*names, *(each["id"] for each in found)}:
        message = sentence("files.ckan_organization", organization=organization)
        raise PublishError(message, fix=sentence("files.ckan_organizations", names=", ".join(names)))
    return str(next((each["name"] for each in found if organization in {each["name"], each["id"]}), organization))


def _lost(client: Client, catalog: Catalog, names: set[str], owner: str) -> list[dict[str, Any]]:
    """The portal's datasets that say they are of this catalogue, under a name that it does not have.

    What a harvester of the portal made is the harvester's own.
    """
    ours = f"{catalog.site}dataset/"
    asked = {"q": "*:*", "rows": _PAGE, "include_private": True} | ({"fq": f'organization:"{owner}"'} if owner else {})
    found: list[dict[str, Any]] = []
    start = 0
    while True:
        page = _call(client, "package_search", asked | {"start": start})
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise _no_ckan(str(page))
        for each in page["results"]:
            extras = extras_of(each)
            is_of_owner = not owner or (each.get("organization") or {}).get("name") == owner
            if str(extras.get("uri")).startswith(ours) and is_of_owner and "harvest_source_id" not in extras:
                found += [each] if each["name"] not in names else []
        start += len(page["results"])
        # A portal may give fewer at a time than it was asked for.
        if not page["results"] or start >= page.get("count", 0):
            return found


def _refuse_removal(lost: Sequence[Mapping[str, Any]], catalog: Catalog, upload: Path | None) -> None:
    """Stop as a run does that writes a folder from which datasets would leave.

    Raises:
        PublishError: there are some.
    """
    stays = {each.iri for each in catalog.datasets}
    known = []
    for each in lost:
        extras, title = extras_of(each), str(each.get("title") or each["name"])
        modified, name = extras.get("modified", ""), extras.get("identifier", each["name"])
        known.append(KnownDataset(extras["uri"], name, Text(title, title), modified, frozenset(), frozenset()))
    renamed = any(each.iri in stays for each in known)
    refuse_removal(known, upload or Path("DIR"), renamed=renamed, message="files.would_leave_portal")


def _check_that_it_is_ours(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """A dataset of the same name that says it is something else belongs to somebody."""
    theirs, ours = extras_of(existing).get("uri"), extras_of(wanted)["uri"]
    if theirs != ours:
        message = sentence("files.ckan_taken", name=wanted["name"], what=theirs or existing.get("title"))
        raise PublishError(message, fix=sentence("files.ckan_other_name", uri=ours))


def _send_files(client: Client, package: Mapping[str, Any], plan: _Plan, catalog: Catalog, upload: Path | None) -> None:
    """Upload the files that the portal lacks or has otherwise, each with its checksum."""
    if upload is None:
        return
    sums = changed_files(package, plan.wanted)
    places = {each.iri: file_of(upload, catalog, each.url) for each in plan.dataset.distributions}
    for resource in package.get("resources", []):
        if (key := key_of(resource)) in sums:
            with places[key].open("rb") as file:
                _call(client, "resource_patch", {"id": resource["id"], "hash": sums[key]}, files={"upload": file})


def _show(client: Client, name: str) -> dict[str, Any] | None:
    try:
        found = client.call_action("package_show", {"id": name})
    except Exception as error:
        # ckanapi is an extra, so its exceptions are known by their names.
        if type(error).__name__ == "NotFound":
            return None
        if type(error).__name__ == "NotAuthorized":
            message = sentence("files.ckan_hidden", name=name)
            raise PublishError(message, fix=sentence("files.ckan_other_token")) from error
        raise _refused(error) from error
    if not isinstance(found, dict):
        raise _no_ckan(str(found))
    return found


def _call(client: Client, action: str, data: Mapping[str, Any], *, files: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return client.call_action(action, data, files=files)
    except Exception as error:
        raise _refused(error) from error


def _refused_entry() -> PublishError:
    return PublishError(sentence("files.ckan_entry"), fix=sentence("files.ckan_token"))


def _no_ckan(detail: str) -> PublishError:
    return PublishError(sentence("files.no_ckan", detail=detail[:_SHOWN]), fix=sentence("files.ckan_address"))


def _refused(error: Exception) -> Exception:
    """What the portal's answer means; an error that is not the portal's stays what it is."""
    detail = str(error) or type(error).__name__
    match type(error).__name__:
        case "NotAuthorized":
            return _refused_entry()
        case "ValidationError":
            return PublishError(sentence("files.ckan_refuses", detail=detail), fix=sentence("files.ckan_wants"))
        case "CKANAPIError" | "ServerIncompatibleError" | "SearchError" | "SearchIndexError" | "NotFound":
            return _no_ckan(detail)
    if isinstance(error, OSError):
        return PublishError(sentence("files.ckan_away", detail=detail[:_SHOWN]), fix=sentence("files.ckan_network"))
    return error
