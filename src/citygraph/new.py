"""What the program gives a project: the files of a new one, and what is new in them when the program is.

Ontology, shapes, codes and general questions are copied into a project, and everybody may change them there. A record
(`citygraph.lock`, and the files as they were given in `.citygraph/`) tells the changes of the people from those of the
program, so that `upgrade` loses neither. `graph.toml`, `README.md` and `data/` are the people's from the first day.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Final

from citygraph.config import CONFIG_FILE, identifier_from_base, read_toml, version_numbers
from citygraph.edit.plan import EditedFile
from citygraph.edit.plan import write_files as store_files
from citygraph.errors import ConfigError, QueryError
from citygraph.files import end_inside, locked, write_files
from citygraph.matching.names import slug
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri
from citygraph.rdf import parse
from citygraph.saved_query import read_saved_query
from citygraph.version import __version__

_STARTER: Final = (CONFIG_FILE, "README.md", "data/sources.ttl")
_EXAMPLE: Final = tuple(
    f"example/data/{each}.ttl" for each in ("authorities", "networks/example-network", "people", "places", "sources")
)
"""What is invented, to look at: it takes the place of what is empty."""
# The themes of the networks in our own graph; another graph writes its own.
_OWN_THEMES: Final = "themes.ttl"
# At the top of the project alone: the documents of lists lie in data/sources/ and belong to the graph.
_OWN_DEFAULT: Final = re.compile(r', default: "id:[^"]*"')
_OWN_THING: Final = re.compile(r"(?<![\w.-])id:")
_SHORT: Final = 40
_IGNORED: Final = "/build/\n/sources/\n"
SERVICES: Final[Mapping[str, str]] = {
    "gitlab": ".gitlab-ci.yml",
    "github": ".github/workflows/citygraph.yml",
    "forgejo": ".forgejo/workflows/citygraph.yml",
}
"""The services that a project can be given a file for, and where each wants it."""
_HOOKS: Final = ".pre-commit-config.yaml"


def create_project(folder: Path, *, reference: Path, base: str = "", title: str = "", example: bool = False) -> None:
    """Make `folder` a project of its own.

    Args:
        folder: a folder that does not exist yet, or is empty.
        reference: the project whose ontology, shapes and general questions are copied.
        base: the address that the names of the graph begin with; an example address without it.
        title: the name of the graph; made from the name of the folder without it.
        example: with a network, a member and a list that are made up, instead of no data.

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
    contents: dict[str, bytes] = {}
    for name_ in (*_STARTER, *(_EXAMPLE if example else ())):
        text = starter.joinpath(name_).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace("{{" + key + "}}", value)
        contents[name_.removeprefix("example/")] = text.encode()
    store_files([EditedFile(each, None, data) for each, data in contents.items()], folder)
    _give(folder, _given_files(reference), GivenFiles())


def add_service(folder: Path, service: str) -> list[str]:
    """Give a new project the file of a service, and hooks that check before a commit; the paths that were written.

    Raises:
        ExportError: the folder cannot be written.
    """
    given = dict(_service_files([service]))
    _give(folder, given, read_record(folder) or GivenFiles())
    return [*given]


def _given_files(reference: Path, services: Iterable[str] = ()) -> dict[str, bytes]:
    """The files that the program gives a project and keeps up to date there, by their paths."""
    given = {".gitignore": _IGNORED.encode(), **dict(_service_files(services))}
    for path in sorted(set((reference / "ontology").glob("*.ttl")) - {reference / "ontology" / _OWN_THEMES}):
        given[f"ontology/{path.name}"] = path.read_bytes()
    for path in [*sorted((reference / "queries").glob("*.rq")), *sorted((reference / "queries").glob("checks/*.rq"))]:
        if general := _general(path.read_text(encoding="utf-8")):
            given[path.relative_to(reference).as_posix()] = general.encode()
    return given


def _service_files(services: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for service in services:
        for path, name in ((SERVICES[service], service), (_HOOKS, "pre-commit")):
            text = files("citygraph").joinpath("starter", "services", f"{name}.yml").read_text(encoding="utf-8")
            yield path, text.replace("{{version}}", __version__).encode()


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


# -- the record --------------------------------------------------------------------------------------

RECORD: Final = "citygraph.lock"
_AS_GIVEN: Final = ".citygraph"
"""The folder with the files as they were given: what a merge begins from, and what `diff -r` shows one's changes by."""
_ABOUT: Final = (
    "# What citygraph gave this project. It is written by citygraph; keep it in git, and leave it as it is.\n"
)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """Which version of the program gave a project its files, and the hash of each as it was given."""

    version: str = __version__
    hashes: Mapping[str, str] = field(default_factory=dict)


def read_record(folder: Path) -> GivenFiles | None:
    """The record of a project; nothing when it was made before there was one.

    Raises:
        ConfigError: it cannot be read, as after a merge of git that was not finished.
    """
    path = folder / RECORD
    if not path.exists() and not path.is_symlink():
        return None
    fix = sentence("files.restore_record", file=RECORD)
    if end_inside(path, folder) != RECORD or not path.is_file():
        raise ConfigError(sentence("files.broken_record", file=path), fix=fix)
    raw = read_toml(path, error=ConfigError, fix=fix)
    version, hashes = str(raw.get("version")), raw.get("files")
    is_whole = re.match(r"\d", version) and isinstance(hashes, dict)
    if not is_whole or not all(_is_entry(name, each) for name, each in dict(hashes or {}).items()):
        raise ConfigError(sentence("files.broken_record", file=path), fix=fix)
    return GivenFiles(version, dict(hashes or {}))


def _is_entry(name: str, digest: object) -> bool:
    """Whether a line of the record names a file of the project and a hash."""
    parts = name.split("/")
    return bool(_HASH.fullmatch(str(digest))) and not {"", ".", ".."}.intersection(parts) and "\0" not in name


def _give(folder: Path, given: Mapping[str, bytes], record: GivenFiles) -> None:
    """Write files of the program into a project, and that it has them."""
    write_files({folder / name: data for name, data in {**given, **_recorded(given, record)}.items()})


def _recorded(given: Mapping[str, bytes], record: GivenFiles) -> dict[str, bytes]:
    """What is written so that a project's record says that it was given these files, besides those of `record`."""
    hashes = {**record.hashes, **{name: _hash(data) for name, data in given.items()}}
    lines = [f'"{_toml(name)}" = "{hashes[name]}"\n' for name in sorted(hashes)]
    text = f'{_ABOUT}version = "{__version__}"\n\n[files]\n{"".join(lines)}'
    return {RECORD: text.encode(), **{f"{_AS_GIVEN}/{name}": data for name, data in given.items()}}


def _hash(data: bytes) -> str:
    return hashlib.sha256(_plain(data)).hexdigest()


def _plain(data: bytes) -> bytes:
    """A text as it is compared: git and editors may write the ends of lines in their own way, and a mark at its head."""
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")


# -- an upgrade --------------------------------------------------------------------------------------

BESIDE: Final = "upgrade"
"""The folder in a project with what a person must decide about; a file that is moved or deleted there is decided."""


class FileOutcome(StrEnum):
    """What becomes of a file of the program in a project."""

    SAME = "same"
    YOURS = "yours"
    COMES = "comes"
    REPLACED = "replaced"
    MERGED = "merged"
    COLLIDES = "collides"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    WAITS = "waits"
    BLOCKED = "blocked"
    AWAY = "away"
    GONE = "gone"


_OPEN: Final = frozenset(
    {
        FileOutcome.COLLIDES,
        FileOutcome.UNREADABLE,
        FileOutcome.UNKNOWN,
        FileOutcome.WAITS,
        FileOutcome.BLOCKED,
    }
)


@dataclass(frozen=True, slots=True)
class Collision:
    """Lines that people and program changed, each in their own way; `line` is the first of them in the project's file."""

    line: int
    yours: bytes
    before: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class FileChange:
    """What becomes of one file.

    `content` is written in its place and `beside` in the folder `upgrade`; `given` is what the project counts as given
    from now on, nothing when that stays as it was.
    """

    name: str
    outcome: FileOutcome
    content: bytes | None = None
    beside: bytes | None = None
    given: bytes | None = None
    collisions: tuple[Collision, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The file, its outcome, whether a person must decide, and both texts of what collides."""
        collisions = [
            {
                "line": each.line,
                "yours": each.yours.decode("utf-8", "replace"),
                "new": each.new.decode("utf-8", "replace"),
            }
            for each in self.collisions
        ]
        return {
            "file": self.name, "outcome": self.outcome.value, "open": self.outcome in _OPEN, "collisions": collisions
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade does, or would do; `old` is the version that gave the files, empty when nobody wrote that down."""

    old: str
    new: str
    changes: tuple[FileChange, ...]

    @property
    def open(self) -> list[FileChange]:
        """What a person must decide about."""
        return [each for each in self.changes if each.outcome in _OPEN]

    def to_json(self) -> dict[str, object]:
        """The versions, each file with its outcome (and where both sides changed it, the lines), and how many are open."""
        return {
            "old": self.old,
            "new": self.new,
            "files": [each.to_json() for each in self.changes],
            "open": len(self.open),
        }

    def count(self, *outcomes: FileOutcome) -> int:
        """How many files had one of these outcomes."""
        return sum(each.outcome in outcomes for each in self.changes)


def upgrade(
    folder: Path, *, reference: Path, service: str = "", take: Sequence[str] = (), write: bool = True
) -> Upgrade:
    """Bring what the program gave a project to what it gives now.

    A file that nobody changed is replaced. One that people and program changed is merged where they changed different
    lines and the result can be read; else it stays as it is, and the text to decide about is written below `upgrade/`.
    Everything is written beside its place before the first file is moved there; after a break, run it again.

    Args:
        folder: the project.
        reference: the project of the program, whose ontology, shapes and general questions are given.
        service: also give the project the file of this service.
        take: paths or patterns of files whose text of the program is taken, whatever stands there.
        write: without it nothing is written, and what would be done is told.

    Raises:
        ConfigError: a newer version of the program gave the files, the record cannot be read, the project is that of
            the program, a pattern of `take` fits no file of the program, or a link lies where the record or what is to
            be decided about belongs.
        ExportError: a file cannot be written; nothing was changed.
    """
    if folder.resolve() == reference.resolve():
        raise ConfigError(sentence("files.upgrade_reference", folder=folder), fix=sentence("files.name_project"))
    if not write:
        return _plan(folder, reference, service, take)
    with locked(folder):
        done = _plan(folder, reference, service, take)
        _write(folder, done)
    return done


def _plan(folder: Path, reference: Path, service: str, take: Sequence[str]) -> Upgrade:
    record = read_record(folder)
    if record is not None and version_numbers(record.version) > version_numbers(__version__):
        message = sentence("files.newer_record", file=folder / RECORD, old=record.version, new=__version__)
        raise ConfigError(message, fix=sentence("files.install_newer", old=record.version))
    known = record.hashes if record else {}
    given = _given_files(reference, _services_in(folder, known) | ({service} if service else set()))
    for pattern in take:
        if not any(fnmatch(name, pattern) for name in given):
            raise ConfigError(sentence("files.take_nothing", pattern=pattern), fix=sentence("files.take_like"))
    changes = [
        _decide(folder, name, known.get(name, ""), given.get(name), take=any(fnmatch(name, each) for each in take))
        for name in sorted({*given, *known})
    ]
    return Upgrade(record.version if record else "", __version__, tuple(changes))


def _services_in(folder: Path, known: Mapping[str, str]) -> set[str]:
    """The services whose files the project was given; without a record, those whose file begins as ours does."""
    found = {service for service, path in SERVICES.items() if path in known}
    for service, path in SERVICES.items():
        place = folder / path
        if not known and place.is_file():
            ours = dict(_service_files([service]))[path].splitlines()[0]
            found |= {service} if place.read_bytes().splitlines()[:1] == [ours] else set()
    return found


def _decide(folder: Path, name: str, was: str, new: bytes | None, *, take: bool) -> FileChange:
    """What becomes of a file; `was` is the hash of what was given before, and `new` what is given now."""
    path = folder / name
    there = path.read_bytes() if path.is_file() else None
    mine = None if there is None else _hash(there)
    waits = (folder / BESIDE / name).is_file()
    if new is None:
        return FileChange(name, FileOutcome.GONE if path.exists() or path.is_symlink() else FileOutcome.SAME)
    if mine == _hash(new):
        return FileChange(name, FileOutcome.SAME, given=new)
    if end_inside(path, folder) != name or (path.exists() and there is None):
        return FileChange(name, FileOutcome.BLOCKED)
    if there is None:
        if take or not was:
            return FileChange(name, FileOutcome.COMES, new, given=new)
        return FileChange(name, FileOutcome.SAME if was == _hash(new) else FileOutcome.AWAY, given=new)
    if take or (was == mine and not waits):
        return FileChange(name, FileOutcome.REPLACED, _with_ends_of(there, new), given=new)
    if not was:
        change = FileChange(name, FileOutcome.UNKNOWN, beside=new, given=new)
    elif was == _hash(new):
        change = FileChange(name, FileOutcome.YOURS, given=new)
    else:
        change = _merge(name, _base(folder, name, was), there, new)
    # What a run that broke off has put beside it is that of this one.
    if waits and not (change.beside is not None and _is_there(folder / BESIDE / name, change.beside)):
        return FileChange(name, FileOutcome.WAITS, given=new if was == _hash(new) else None)
    return change


def _base(folder: Path, name: str, was: str) -> bytes | None:
    """The file as it was given; nothing when that is gone or was changed."""
    path = folder / _AS_GIVEN / name
    data = path.read_bytes() if path.is_file() and not path.is_symlink() else None
    return data if data is not None and _hash(data) == was else None


def _with_ends_of(there: bytes, text: bytes) -> bytes:
    """A text with the ends of lines that the file in its place has."""
    return text.replace(b"\n", b"\r\n") if b"\r\n" in there else text


def _write(folder: Path, done: Upgrade) -> None:
    """Write what was decided: the files, then what is beside them, and then the record, so that a second run mends a break."""
    contents = {each.name: each.content for each in done.changes if each.content is not None}
    contents |= {f"{BESIDE}/{each.name}": each.beside for each in done.changes if each.beside is not None}
    before = (read_record(folder) or GivenFiles()).hashes
    there = {each.name for each in done.changes if each.given is not None or each.outcome is not FileOutcome.SAME}
    stays = {name: digest for name, digest in before.items() if name in there}
    contents |= _recorded(
        {each.name: each.given for each in done.changes if each.given is not None}, GivenFiles("", stays)
    )
    for name in (*contents, *(f"{top}/{name}" for top in (BESIDE, _AS_GIVEN) for name in before)):
        if end_inside(folder / name, folder) != name:
            raise ConfigError(sentence("files.upgrade_link", file=folder / name), fix=sentence("files.no_link_there"))
    # What is as it was is left alone: a second run writes nothing.
    write_files({folder / name: data for name, data in contents.items() if not _is_there(folder / name, data)})
    for each in done.changes:
        if each.outcome in {FileOutcome.REPLACED, FileOutcome.COMES}:
            (folder / BESIDE / each.name).unlink(missing_ok=True)
    for name in before.keys() - there:
        (folder / _AS_GIVEN / name).unlink(missing_ok=True)


def _is_there(path: Path, data: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == data


# -- three texts -------------------------------------------------------------------------------------


def _merge(name: str, base: bytes | None, there: bytes, new: bytes) -> FileChange:
    """What becomes of a file that people and program changed since it was `base`."""
    if base is None:
        return FileChange(name, FileOutcome.UNKNOWN, beside=new, given=new)
    pieces = [*_pieces(*(_plain(each).splitlines(keepends=True) for each in (base, there, new)))]
    collisions = tuple(each for each in pieces if isinstance(each, Collision))
    merged = b"".join(_marked(each) if isinstance(each, Collision) else each for each in pieces)
    if collisions:
        return FileChange(name, FileOutcome.COLLIDES, beside=merged, given=new, collisions=collisions)
    if not _can_be_read(name, merged):
        return FileChange(name, FileOutcome.UNREADABLE, beside=merged, given=new)
    if merged == _plain(there):
        return FileChange(name, FileOutcome.YOURS, given=new)
    return FileChange(name, FileOutcome.MERGED, _with_ends_of(there, merged), given=new)


def _pieces(base: list[bytes], yours: list[bytes], new: list[bytes]) -> Iterator[bytes | Collision]:
    """The merged text in pieces (the way of diff3): where only one side differs from `base` it is taken."""
    b = y = n = 0
    for begin, end, in_yours, in_new in _unchanged(base, yours, new):
        before, mine, theirs = (b"".join(each) for each in (base[b:begin], yours[y:in_yours], new[n:in_new]))
        if theirs in {mine, before}:
            yield mine
        elif mine == before:
            yield theirs
        else:
            yield Collision(y + 1, mine, before, theirs)
        yield b"".join(base[begin:end])
        b, y, n = end, in_yours + end - begin, in_new + end - begin


def _unchanged(base: list[bytes], yours: list[bytes], new: list[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """The lines of `base` that stand in both: from, to, and where they begin in each; the end of all is the last."""
    ours, theirs = (SequenceMatcher(None, base, each, autojunk=False).get_matching_blocks() for each in (yours, new))
    i = j = 0
    while i < len(ours) and j < len(theirs):
        one, other = ours[i], theirs[j]
        begin, end = max(one.a, other.a), min(one.a + one.size, other.a + other.size)
        if begin < end:
            yield begin, end, one.b + begin - one.a, other.b + begin - other.a
        if one.a + one.size < other.a + other.size:
            i += 1
        else:
            j += 1
    yield len(base), len(base), len(yours), len(new)


def _marked(each: Collision) -> bytes:
    """Both texts and the one before, between the marks of git, which editors know."""
    parts = (b"<<<<<<< yours", each.yours, b"||||||| before", each.before, b"=======", each.new)
    lines = [part if part.endswith(b"\n") or not part else part + b"\n" for part in parts]
    return b"".join(lines) + f">>>>>>> citygraph {__version__}\n".encode()


def _can_be_read(name: str, data: bytes) -> bool:
    """Whether a merged file is still Turtle, or a question."""
    if name.endswith(".ttl"):
        return not parse(data, format="ttl").problems
    if not name.endswith(".rq"):
        return True
    with tempfile.TemporaryDirectory(prefix="citygraph-upgrade-") as place:
        path = Path(place) / Path(name).name
        path.write_bytes(data)
        try:
            read_saved_query(path, check=name.startswith("queries/checks/"))
        except QueryError:
            return False
    return True
