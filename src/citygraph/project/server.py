"""The SPARQL server that graph.toml names, as the place where versions are held."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from citygraph.config import Config
from citygraph.errors import ConfigError
from citygraph.http import Policy
from citygraph.store.server.capabilities import Capabilities, read_capabilities
from citygraph.store.server.connection import Addresses, Connection, Credentials
from citygraph.store.server.versions import HeldVersions

__all__ = ["held_versions"]

_ATTEMPTS: Final = 5
_FIRST_WAIT: Final = 0.5
_ANOTHER: Final = "Use another server: "
_NEEDED: Final = {
    "query_form_post": ("takes no query as a form by POST", f"{_ANOTHER}citygraph asks in no other way."),
    "json_results": ("gives no answer in SPARQL JSON", f"{_ANOTHER}citygraph reads no other answer."),
    "default_graph_uri": (
        "does not keep to the graphs that a query names",
        f"{_ANOTHER}answers of this one would mix versions.",
    ),
    "trailing_values": (
        "passes over the values behind a query",
        f"{_ANOTHER}saved questions would be answered for other things than were asked about.",
    ),
}
"""Without these a server is not asked: what it says of itself, and what to do."""


def held_versions(config: Config, build_folder: Path) -> HeldVersions | None:
    """The versions on the server of this project; nothing when the graph lies here.

    Args:
        config: the settings; the user name and password are in the environment.
        build_folder: where this machine keeps what it built.

    Raises:
        ConfigError: the server has no address, the environment names half a user, or the file of capabilities
            cannot be read or says that the server lacks what is needed.
        StoreError: an address is not one of the web.
    """
    values, number = config.values, config.number
    if values["store.engine"] != "remote":
        return None
    if not values["store.endpoint"]:
        message = 'store.engine is "remote", and store.endpoint does not say where the server is.'
        raise ConfigError(message, fix='Add to graph.toml: [store] endpoint = "https://…/query"')
    addresses = Addresses(str(values["store.endpoint"]), str(values["store.update"]), str(values["store.graph_store"]))
    timeout = float(number("store.timeout"))
    policy = Policy(
        contact=config.base,
        timeout=timeout,
        patience=3 * timeout,
        attempts=_ATTEMPTS,
        most_bytes=number("limits.memory"),
        first_wait=_FIRST_WAIT,
    )
    connection = Connection(addresses, policy, Credentials.from_environment().auth())
    file = str(values["store.capabilities"])
    known = read_capabilities(config.folder / file) if file else None
    if known is not None:
        _check(known, _NEEDED, host=connection.host, file=file)
    return HeldVersions(connection, config.base, build_folder, chunk=number("store.chunk"), known=known)


def _check(known: Capabilities, needed: Mapping[str, tuple[str, str]], *, host: str, file: str) -> None:
    """See that the server is not known to lack what is needed; what nobody has tried is tried.

    Raises:
        ConfigError: it lacks something.
    """
    for name, (lack, fix) in needed.items():
        if getattr(known, name) is False:
            message = f"{host} {lack}, says {file}."
            raise ConfigError(message, fix=fix)
