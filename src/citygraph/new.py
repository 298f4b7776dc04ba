"""A new project folder: the ontology, the general questions, and a small graph that passes every check."""

from __future__ import annotations

import re
import secrets
from importlib.resources import files
from pathlib import Path
from typing import Final

from citygraph.config import CONFIG_FILE, identifier_from_base
from citygraph.errors import ConfigError
from citygraph.files import write_file
from citygraph.matching.names import slug
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri

_STARTER: Final = (
    CONFIG_FILE,
    "README.md",
    "data/authorities.ttl",
    "data/networks/example-network.ttl",
    "data/people.ttl",
    "data/places.ttl",
    "data/sources.ttl",
)
# The themes of the networks in our own graph; another graph writes its own.
_OWN_THEMES: Final = "themes.ttl"
# At the top of the project alone: the documents of lists lie in data/sources/ and belong to the graph.
_OWN_DEFAULT: Final = re.compile(r', default: "id:[^"]*"')
_OWN_THING: Final = re.compile(r"(?<![\w.-])id:")
_SHORT: Final = 40
_IGNORED: Final = "/build/\n/sources/\n"


def create_project(folder: Path, *, reference: Path, base: str = "", title: str = "") -> None:
    """Make `folder` a project of its own.

    Args:
        folder: a folder that does not exist yet, or is empty.
        reference: the project whose ontology, shapes and general questions are copied.
        base: the address that the names of the graph begin with; an example address without it.
        title: the name of the graph; made from the name of the folder without it.

    Raises:
        ConfigError: the folder holds something already, its name cannot be used, or the address is wrong.
        ExportError: the folder cannot be written.
    """
    name = slug(folder.resolve().name)
    if not name:
        raise ConfigError(sentence("files.no_name", folder=folder), fix=sentence("files.use_letters"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(sentence("files.not_empty", folder=folder), fix=sentence("files.other_name"))
    # Many begin under the same example address; portals shall not take one graph for another.
    identifier = identifier_from_base(base) if base else f"{name[:_SHORT]}-{secrets.token_hex(4)}"
    base = base or f"https://example.org/{name}/"
    if not is_absolute_iri(base) or not base.endswith("/"):
        raise ConfigError(sentence("files.base", base=base), fix=sentence("files.write_base"))
    values = {
        "name": name,
        "base": base,
        "identifier": identifier,
        "title": _toml(title or name.replace("-", " ").capitalize()),
    }
    starter = files("citygraph").joinpath("starter")
    for name_ in _STARTER:
        text = starter.joinpath(name_).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace("{{" + key + "}}", value)
        write_file(folder / name_, text.encode())
    for path in sorted(set((reference / "ontology").glob("*.ttl")) - {reference / "ontology" / _OWN_THEMES}):
        write_file(folder / "ontology" / path.name, path.read_bytes())
    for path in [*sorted((reference / "queries").glob("*.rq")), *sorted((reference / "queries").glob("checks/*.rq"))]:
        if general := _general(path.read_text(encoding="utf-8")):
            write_file(folder / path.relative_to(reference), general.encode())
    write_file(folder / ".gitignore", _IGNORED.encode())


def _general(query: str) -> str:
    """A question as it can be asked of any graph; empty when it names things of our own beyond what it asks about.

    A parameter whose default is a thing of ours has none: of two lists all are compared, anything else must be named.
    """
    lines = [
        _OWN_DEFAULT.sub("" if "cg:CompletenessStatement" in line else ", required: true", line)
        for line in query.splitlines(keepends=True)
    ]
    general = "".join(lines)
    return "" if _OWN_THING.search(general) else general


def _toml(text: str) -> str:
    """The inside of a TOML basic string."""
    return "".join(f"\\u{ord(c):04x}" if ord(c) < 0x20 or c in '"\\' else c for c in text)  # noqa: PLR2004  # controls
