"""Settings from TOML: every wrong key and value is named at once, with a guess at what was meant.

The keys of a file stand in a TOML file of their own, from which the docs are made too: `["table.key"]` with the `kind`
of its value, its `default`, and what it is for (`about`); `required`, and `replaced`: what to write instead of values it
once had. graph.toml becomes a frozen `Config`; the maps of lists (`ingest.mapping`) are read by the same reader. What
the kinds mean is in `values`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from citygraph.errors import CitygraphError, ConfigError
from citygraph.findings import Finding, finding
from citygraph.matching.names import slug
from citygraph.messages import Sentence, Text, reason_of, said_in, sentence
from citygraph.values import KINDS, Expected, Key, KindCheck, as_toml, did_you_mean, expected
from citygraph.version import __version__
from citygraph.vocabularies import tables_of


@cache
def keys_of(path: Path) -> tuple[Key, ...]:
    """The keys that a file of ours describes, in its order."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Key(
            key=key,
            kind=each["kind"],
            default=tuple(default) if isinstance(default := each.get("default"), list) else default,
            about=Text.of(each["about"]),
            required=each.get("required", False),
            replaced={value: Text.of(words) for value, words in each.get("replaced", {}).items()},
        )
        for key, each in raw.items()
    )


def read_toml(path: Path, *, error: type[CitygraphError], fix: str) -> dict[str, Any]:
    """A TOML file of a person, as it stands there.

    Args:
        path: the file.
        error: the class of what is raised.
        fix: the next step when it is not there or cannot be read.

    Raises:
        CitygraphError: it cannot be read, is not UTF-8, or is not TOML; the place is in the message, `file:line:column`.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as cause:
        why = reason_of(cause) if isinstance(cause, OSError) else path.name
        raise error(sentence("keys.unreadable", path=path, why=why), fix=fix) from cause
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        before = data[: cause.start].decode("utf-8", errors="replace")
        where = f"{cause.start + 1}, {_at(path, before).rpartition('/')[2]}"
        message = sentence("keys.not_utf8", path=path, place=where)
        raise error(message, fix=sentence("keys.save_as_utf8"), line=before.count("\n") + 1) from cause
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as cause:
        line, column = _place(text, cause)
        why = sentence(f"keys.toml.{_reason(str(cause))}", column=column)
        place = f"{path}:{line}:{column}" if line else path
        written = as_toml(text.splitlines()[line - 1].strip()) if 0 < line <= len(text.splitlines()) else ""
        message = sentence("keys.not_toml", path=place, why=why, written=f" {written}" if written else "")
        raise error(message, fix=sentence("keys.how_toml_is"), line=line) from cause


def _at(path: Path, before: str) -> str:
    """The place behind a text, as editors read it."""
    return f"{path}:{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"


_TOML_REASONS: Final = (
    ("twice", r"twice|overwrite|mutate|[Rr]edefine|Duplicate"),
    ("no_equals", r"Expected '='|Invalid initial character|Invalid statement"),
    ("bracket", r"Unclosed|Expected '\]|declaration"),
    ("quotes", r"Unterminated|Expected \"|Expected .''|escape|Unescaped|hex|Illegal character|scalar"),
    ("more", r"Expected newline"),
    ("day", r"date or datetime"),
    ("value", r"Invalid value|Unexpected"),
    ("number", r"digits"),
    ("deep", r"recursion|nesting"),
)


def _reason(said: str) -> str:
    """Which of our sentences says what the parser says in words of its own."""
    return next((name for name, pattern in _TOML_REASONS if re.search(pattern, said)), "otherwise")


def _place(text: str, cause: Exception) -> tuple[int, int]:
    """Line and column of what the parser stumbled on; 0 when it does not say."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(cause))
    if found:
        return int(found[1]), int(found[2])
    if "end of document" in str(cause):
        lines = text.rstrip().splitlines() or [""]
        return len(lines), len(lines[-1]) + 1
    number = re.search(r"\d[\d_]{4299,}", text)
    if number and "digits" in str(cause):
        before = text[: number.start()]
        return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    return 0, 0


def check_values(
    raw: Mapping[str, Any],
    keys: Iterable[Key],
    *,
    where: str,
    kinds: Mapping[str, KindCheck],
    error: type[CitygraphError],
    fix: str,
    placeholders: Collection[str] = (),
) -> dict[str, Any]:
    """A value for each of the keys: the one given, as it is used, or else the default.

    Args:
        raw: what the file says; a table may stand for the keys that begin with its name.
        keys: the keys that there are.
        where: the file, named in front of every problem.
        kinds: what the kinds of the keys mean; see `KINDS`.
        error: the class of what is raised.
        fix: the next step.
        placeholders: texts that a program wrote where a person is to write something, one for each language.

    Raises:
        CitygraphError: a key is not known or missing, or a value is not of its kind; the message has a line for each.
    """
    values, problems = _read_values(raw, keys, kinds, placeholders)
    if problems:
        lines = ["\n".join(f"{where}: {said_in(each, language)}" for each in problems) for language in ("en", "nb")]
        raise error(Sentence(*lines), fix=fix)
    return values


def _read_values(
    raw: Mapping[str, Any], keys: Iterable[Key], kinds: Mapping[str, KindCheck], placeholders: Collection[str]
) -> tuple[dict[str, Any], list[Sentence]]:
    """The values, and a sentence for each key that is wrong."""
    known = {each.key: each for each in keys}
    tables = {key.partition(".")[0] for key in known if "." in key}
    flat = _flat(raw, known, tables)
    problems = [_unknown(key, flat[key], known, tables) for key in flat if key not in known]
    values: dict[str, Any] = {}
    for key, each in known.items():
        value = flat.get(key)
        if value is None:
            values[key] = each.default
            if each.required:
                problems.append(sentence("keys.missing", key=key, about=each.about))
            continue
        if placeholder := next((each for each in placeholders if each in str(value)), ""):
            problems.append(sentence("keys.placeholder", key=key, placeholder=placeholder, about=each.about))
            continue
        try:
            values[key] = kinds[each.kind.partition(":")[0]](value, each)
        except Expected as error:
            for wrong in (error, *error.others):
                what = each.replaced.get(value, wrong.what) if isinstance(value, str) else wrong.what
                shown = as_toml(value if wrong.value is None else wrong.value)
                problems.append(sentence("keys.wrong", key=key, value=shown, what=what, guess=wrong.guess))
    return values, problems


def _unknown(key: str, value: object, known: Mapping[str, Key], tables: Container[str]) -> Sentence:
    """What is said of a key that there is none of, or that names a table and has a value."""
    if key in tables:
        first = next(each for each in known if each.startswith(f"{key}.")).rpartition(".")[2]
        what = sentence("keys.a_table", key=key, first=first)
        return sentence("keys.wrong", key=key, value=as_toml(value), what=what, guess="")
    return sentence(
        "keys.unknown", key=key, guess=did_you_mean(key, [*known, *{each.partition(".")[0] for each in known}])
    )


def _flat(raw: Mapping[str, Any], known: Mapping[str, Key], tables: Container[str]) -> dict[str, Any]:
    """`{"reason": {"engine": …}}` to `{"reason.engine": …}`; a table that is the value of a key stays whole."""
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if key in tables and key not in known and isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            flat[key] = value
    return flat


CONFIG_FILE: Final = "graph.toml"
EDITIONS: Final = ("public", "internal")
"""What may leave this machine, and everything on it."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Years, months and days, as in `P1Y6M` (the part of xsd:duration that dates need)."""

    years: int = 0
    months: int = 0
    days: int = 0

    _PATTERN = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?\Z", re.ASCII)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """The duration written in `text`.

        Raises:
            ValueError: it is not of the form P…Y…M…D.
        """
        match = cls._PATTERN.match(text)
        if match is None:
            message = f"{text!r} is not a duration such as P5Y, P18M or P90D"
            raise ValueError(message)
        return cls(*(int(part or 0) for part in match.groups()))

    def before(self, day: date) -> date:
        """The day that lies this long before `day`; a day the month does not have becomes its last."""
        months = day.year * 12 + day.month - 1 - self.years * 12 - self.months
        year, month = max(months // 12, 1), months % 12 + 1
        last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
        moved = date(year, month, min(day.day, last)).toordinal() - self.days
        return date.fromordinal(max(moved, 1))


def _duration(value: object, key: Key) -> object:
    del key
    try:
        Duration.parse(value if isinstance(value, str) else "")
    except ValueError as error:
        raise expected("duration") from error
    return value


def _contacts(value: object, key: Key) -> tuple[Mapping[str, Any], ...]:
    """Further contacts: tables with the keys of `[contact]`."""
    mine = {name: each for each in settings() if (name := each.key.removeprefix("contact.")) not in {each.key, "more"}}
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise expected("contacts")
    found = []
    for each in value:
        values, problems = _read_values(each, [replace(one, key=name) for name, one in mine.items()], KINDS, "")
        if problems:
            lines = [" ".join(said_in(one, language) for one in problems).rstrip(".") for language in ("en", "nb")]
            raise Expected(Sentence(*lines), value=each)
        if not any(Text.of(values["name"]).to_json().values()) or not (values["email"] or values["url"]):
            raise Expected(expected("contacts").what, value=each)
        found.append(MappingProxyType(values))
    del key
    return tuple(found)


_BOUND: Final = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d{1,6}(?:\.\d{1,6}){0,3})", re.ASCII)
_COMPARE: Final = {">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt}


def _bounds(written: str) -> list[tuple[str, tuple[int, ...]]]:
    """Versions written as `>=0.2,<0.3`; a ValueError when they are written otherwise."""
    found = [_BOUND.fullmatch(each.strip()) for each in written.split(",")]
    if None in found:
        raise ValueError(written)
    return [(each[1], version_numbers(each[2])) for each in found if each]


def version_numbers(version: str) -> tuple[int, ...]:
    """The first four numbers of a version, so that 0.2 and 0.2.0 are one."""
    numbers = [int(each) for each in re.findall(r"\d+", re.split(r"[a-zA-Z+-]", version)[0])]
    return tuple([*numbers, 0, 0, 0, 0][:4])


def _requires(value: object, key: Key) -> object:
    del key
    try:
        if value != "":
            _bounds(value if isinstance(value, str) else "?")
    except ValueError as error:
        raise expected("requires") from error
    return value


def _check_version(raw: Mapping[str, Any], path: Path) -> None:
    """Stop at a project that is made for another version of the program, before its keys are read.

    Raises:
        ConfigError: `requires` names versions, and this is none of them.
    """
    wanted = raw.get("requires")
    try:
        bounds = _bounds(wanted) if isinstance(wanted, str) and wanted else []
    except ValueError:
        # Said with the other keys that are wrong.
        return
    if not all(_COMPARE[sign](version_numbers(__version__), number) for sign, number in bounds):
        message = sentence("keys.other_version", path=path, wanted=wanted, version=__version__)
        raise ConfigError(message, fix=sentence("keys.install_version", wanted=wanted))


_KINDS: Final = {**KINDS, "duration": _duration, "contacts": _contacts, "requires": _requires}


@cache
def settings() -> tuple[Key, ...]:
    """Every key of graph.toml, in the order of docs/settings.md, which is made of them."""
    return keys_of(Path(__file__).with_name("settings.toml"))


_LONGEST, _MARK = 60, 8


def identifier_from_base(base: str) -> str:
    """An identifier made of an address; two addresses give two."""
    plain = re.sub(r"\A\w+://", "", base)
    name = slug(plain)
    if name and len(name) <= _LONGEST and plain.isascii():
        return name
    mark = hashlib.sha256(base.encode()).hexdigest()[:_MARK]
    return f"{name[:_LONGEST]}-{mark}".lstrip("-")


@dataclass(frozen=True, slots=True)
class Config:
    """One project's settings, read and checked; `folder` is where graph.toml lies."""

    folder: Path
    title: Text
    base: str
    languages: tuple[str, ...]
    licence: str
    as_of: date | None
    values: Mapping[str, Any]
    edition: str = "internal"
    """What is seen of the project: everything on this machine (`internal`), or what may leave it (`public`)."""

    @property
    def identifier(self) -> str:
        """What the identifiers that data portals know the graph by begin with; without the key made of the base."""
        return str(self.values["identifier"]) or identifier_from_base(self.base)

    @property
    def internal(self) -> tuple[str, ...]:
        """The patterns of the files that may not leave: see `citygraph.graphs.covers`."""
        return tuple(self.values["publish.internal"])

    @property
    def hidden(self) -> tuple[str, ...]:
        """The same in the public edition, in which these files are not there; none when everything is seen."""
        return self.internal if self.edition == "public" else ()

    @property
    def has_internal(self) -> bool:
        """Whether internal files are seen, so that what is written is not for everybody."""
        return bool(self.internal) and not self.hidden

    def in_edition(self, edition: str) -> Config:
        """The same settings for what is seen in an edition, `public` or `internal`.

        Raises:
            ConfigError: there is no such edition.
        """
        if edition not in EDITIONS:
            raise ConfigError(sentence("keys.no_edition", edition=repr(edition)), fix=sentence("keys.editions"))
        return replace(self, edition=edition)

    @property
    def engine(self) -> str:
        """The name of the reasoning engine."""
        return str(self.values["reason.engine"])

    @property
    def sources_folder(self) -> Path:
        """Where source documents lie when they are at hand."""
        return self.folder / str(self.values["sources.folder"])

    def having(self, key: str, value: object) -> Config:
        """The same settings but for one, as an option of the command line asks for it.

        Raises:
            ConfigError: there is no such setting, or it cannot have this value.
        """
        values = _checked({**self.values, key: value}, self.folder / CONFIG_FILE)
        return replace(self, values=MappingProxyType(values))

    def number(self, key: str) -> int:
        """A setting that is a whole number."""
        return int(self.values[key])

    def duration(self, key: str) -> Duration:
        """A setting that is a length of time."""
        return Duration.parse(str(self.values[key]))


def read_config(folder: Path) -> Config:
    """The settings of the project in `folder`.

    Raises:
        ConfigError: graph.toml is missing, not TOML, or has a key or value that is not known.
    """
    path = folder / CONFIG_FILE
    if not path.exists():
        message = sentence("keys.no_config", file=CONFIG_FILE, folder=folder)
        raise ConfigError(message, fix=sentence("keys.start_project"))
    raw = read_toml(path, error=ConfigError, fix=sentence("keys.check_path"))
    _check_version(raw, path)
    values = _checked(raw, path)
    return Config(
        folder=folder,
        title=Text.of(values["title"]),
        base=values["base"],
        languages=tuple(values["languages"]),
        licence=values["licence"],
        as_of=values["as_of"],
        values=MappingProxyType(values),
    )


def _checked(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    several = raw.get("contact")
    if isinstance(several, list) and all(isinstance(each, dict) for each in several):
        # [[contact]] for each: the first is the contact, the others are more of them.
        raw = {**raw, "contact": {**several[0], "more": several[1:]} if several else {}}
    return check_values(
        raw, settings(), where=str(path), kinds=_KINDS, error=ConfigError, fix=sentence("keys.settings")
    )


def check_terms(config: Config, *tables: str) -> list[Finding]:
    """The addresses at the keys of terms that no table of the portals has.

    Args:
        config: the settings; whatever is no address has been refused when they were read.
        tables: the tables of graph.toml whose keys are looked at; without any all keys are.
    """
    found = []
    for each in settings():
        if not each.kind.startswith(("term:", "terms:", "term_address:")):
            continue
        if tables and each.key.partition(".")[0] not in tables:
            continue
        value, known = config.values[each.key], tables_of(each.choices[0])
        codes = ", ".join(code for one in known for code in one.terms if "/" not in code)
        found += [
            finding(
                "publish-unknown-value", file=CONFIG_FILE, key=each.key, word=term, codes=codes, scheme=each.choices[0]
            )
            for term in (value if isinstance(value, tuple) else [value])
            if term and not any(one.has(one.iri(term)) for one in known)
        ]
    return found
