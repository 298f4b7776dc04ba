"""Settings from TOML: every wrong key and value is named at once, with a guess at what was meant.

The keys of a file stand in a TOML file of their own, from which the docs are made too: `["table.key"]` with the `kind`
of its value, its `default`, and what it is for (`about`); `required`, and `replaced`: what to write instead of values it
once had. graph.toml becomes a frozen `Config`; the maps of lists (`ingest.mapping`) are read by the same reader.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from citygraph.errors import CitygraphError, ConfigError
from citygraph.messages import LANGUAGES, Sentence, Text, said_in, sentence, text
from citygraph.namespaces import is_absolute_iri


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file: its place, the kind of its value, the default, and what it is for."""

    key: str
    kind: str
    default: Any
    about: Text
    required: bool = False
    replaced: Mapping[str, Text] = field(default_factory=dict)


class Expected(ValueError):  # noqa: N818  # named by what it says
    """A value is not of its kind; the text says what is expected."""

    def __init__(self, what: Sentence) -> None:
        """What a value of this kind looks like."""
        super().__init__(what)
        self.what = what


KindCheck: TypeAlias = Callable[[Any, Key], Any]
"""Gives a value as it is used, or raises `Expected`."""


def expected(what: str, **values: object) -> Expected:
    """The error for a value that is not `what`, a key of `messages/keys.toml`."""
    return Expected(sentence(f"keys.{what}", **values))


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
        CitygraphError: it cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as cause:
        message = sentence("keys.not_utf8", path=path, place=cause.start + 1)
        raise error(message, fix=sentence("keys.save_as_utf8")) from cause
    except OSError as cause:
        raise error(sentence("keys.unreadable", path=path, why=cause.strerror or cause), fix=fix) from cause
    except tomllib.TOMLDecodeError as cause:
        raise error(sentence("keys.not_toml", path=path, why=cause), fix=sentence("keys.how_toml_is")) from cause


def check_values(
    raw: Mapping[str, Any],
    keys: Iterable[Key],
    *,
    where: str,
    kinds: Mapping[str, KindCheck],
    error: type[CitygraphError],
    fix: str,
    placeholder: str = "",
) -> dict[str, Any]:
    """A value for each of the keys: the one given, as it is used, or else the default.

    Args:
        raw: what the file says; a table may stand for the keys that begin with its name.
        keys: the keys that there are.
        where: the file, named in front of every problem.
        kinds: what the kinds of the keys mean; see `KINDS`.
        error: the class of what is raised.
        fix: the next step.
        placeholder: a text that a program wrote where a person is to write something.

    Raises:
        CitygraphError: a key is not known or missing, or a value is not of its kind; the message has a line for each.
    """
    known = {each.key: each for each in keys}
    tables = {key.partition(".")[0] for key in known if "." in key}
    flat = _flat(raw, known, tables)
    problems = [
        sentence("keys.unknown", key=key, guess=did_you_mean(key, [*known, *tables]))
        for key in flat
        if key not in known
    ]
    values: dict[str, Any] = {}
    for key, each in known.items():
        value = flat.get(key)
        if value is None:
            values[key] = each.default
            if each.required:
                problems.append(sentence("keys.missing", key=key, about=each.about))
            continue
        if placeholder and placeholder in str(value):
            problems.append(sentence("keys.placeholder", key=key, placeholder=placeholder, about=each.about))
            continue
        try:
            values[key] = kinds[each.kind.partition(":")[0]](value, each)
        except Expected as wrong:
            what = each.replaced.get(str(value), wrong.what)
            problems.append(sentence("keys.wrong", key=key, value=repr(value), what=what))
    if problems:
        lines = ["\n".join(f"{where}: {said_in(each, language)}" for each in problems) for language in ("en", "nb")]
        raise error(Sentence(*lines), fix=fix)
    return values


def _flat(raw: Mapping[str, Any], known: Mapping[str, Key], tables: Container[str]) -> dict[str, Any]:
    """`{"reason": {"engine": …}}` to `{"reason.engine": …}`; a table that is the value of a key stays whole."""
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if key in tables and key not in known and isinstance(value, dict):
            flat |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            flat[key] = value
    return flat


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """The question whether `word` means one of `known`, behind a space; empty when nothing resembles it."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return text("keys.guess").filled(word=near[0]) if near else Text()


# -- kinds of values ------------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_text, value))


def _are_addresses(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and is_absolute_iri(each) for each in value)


def _is_name(value: object) -> bool:
    parts = list(value.values()) if isinstance(value, dict) else [value]
    return bool(parts) and all(map(_is_text, parts))


def _are_words(value: object) -> bool:
    parts = value.items() if isinstance(value, dict) else [("en", value)]
    return all(language in LANGUAGES and isinstance(part, str) for language, part in parts)


def _are_keywords(value: object) -> bool:
    return isinstance(value, dict) and all(key in LANGUAGES and _are_texts(each) for key, each in value.items())


def _are_languages(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(each in LANGUAGES for each in value)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _plain(fits: Callable[[Any], bool], what: str) -> KindCheck:
    def check(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
        del key
        if not fits(value):
            raise expected(what)
        return value

    return check


def _choice(value: object, key: Key) -> object:
    choices = key.kind.partition(":")[2].split(",")
    if value not in choices:
        raise expected("choice", choices=", ".join(choices))
    return value


def _folder(value: object, key: Key) -> object:
    """An address that others are put below; it may be empty unless it has a default."""
    if value == "" and key.default == "":
        return value
    if not isinstance(value, str) or not is_absolute_iri(value):
        raise expected("address")
    if not value.endswith("/"):
        raise expected("folder")
    return value


KINDS: Final[Mapping[str, KindCheck]] = {
    "name": _plain(_is_name, "text"),
    "text": _plain(lambda value: isinstance(value, str), "text"),
    "texts": _plain(_are_texts, "texts"),
    "words": _plain(_are_words, "words"),
    "keywords": _plain(_are_keywords, "keywords"),
    "languages": _plain(_are_languages, "languages"),
    "iri": _plain(lambda value: isinstance(value, str) and is_absolute_iri(value), "address"),
    "address": _plain(lambda value: isinstance(value, str) and (not value or is_absolute_iri(value)), "address"),
    "addresses": _plain(_are_addresses, "addresses"),
    "folder": _folder,
    "integer": _plain(lambda value: _is_whole(value, 1), "integer"),
    "number": _plain(lambda value: _is_whole(value, 0), "number"),
    "boolean": _plain(lambda value: isinstance(value, bool), "boolean"),
    "date": _plain(lambda value: type(value) is date, "date"),
    "choice": _choice,
}
"""What a value of each kind must be; `choice:a,b` is one of those named."""


CONFIG_FILE: Final = "graph.toml"


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


_KINDS: Final = {**KINDS, "duration": _duration}


@cache
def settings() -> tuple[Key, ...]:
    """Every key of graph.toml, in the order of docs/settings.md, which is made of them."""
    return keys_of(Path(__file__).with_name("settings.toml"))


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

    @property
    def engine(self) -> str:
        """The name of the reasoning engine."""
        return str(self.values["reason.engine"])

    @property
    def sources_folder(self) -> Path:
        """Where source documents lie when they are at hand."""
        return self.folder / str(self.values["sources.folder"])

    def having(self, key: str, value: str | int) -> Config:
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
    values = _checked(read_toml(path, error=ConfigError, fix=sentence("keys.check_path")), path)
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
    return check_values(
        raw, settings(), where=str(path), kinds=_KINDS, error=ConfigError, fix=sentence("keys.settings")
    )
