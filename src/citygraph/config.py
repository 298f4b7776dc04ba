"""graph.toml to a frozen Config; an unknown key is an error with a suggestion."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from citygraph.errors import ConfigError
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import is_absolute_iri
from citygraph.settings import SETTINGS, Setting

__all__ = ["CONFIG_FILE", "Config", "Duration", "read_config"]

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


_PUBLISHING_KINDS: Final = frozenset({"words", "keywords", "texts", "address"})
_FOLDERS: Final = frozenset({"publish.site", "publish.service"})
_HINT: Final = "Every key is described in docs/settings.md."


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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        message = f"There is no {CONFIG_FILE} in {folder}."
        raise ConfigError(message, fix="Go to a project folder, or start one: citygraph new my-city") from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 (byte {error.start + 1})."
        raise ConfigError(message, fix="Open it in an editor and save it with the encoding UTF-8.") from error
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise ConfigError(message, fix="Check that the file exists and that you may read it.") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{path} is not valid TOML: {error}."
        raise ConfigError(message, fix="Text values stand in quotation marks, one key to a line.") from error
    values = _checked(_flat(raw, path), path)
    return Config(
        folder=folder,
        title=Text.of(values["title"]),
        base=values["base"],
        languages=tuple(values["languages"]),
        licence=values["licence"],
        as_of=values["as_of"],
        values=MappingProxyType(values),
    )


def _flat(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """`{"reason": {"engine": …}}` to `{"reason.engine": …}`, every key known."""
    known = {setting.key for setting in SETTINGS}
    tables = {key.partition(".")[0] for key in known if "." in key}
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if key in tables and isinstance(value, dict):
            flat |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            flat[key] = value
    for key in flat:
        if key not in known:
            near = difflib.get_close_matches(key, [*known, *tables], n=1, cutoff=0.5)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            message = f"{path}: the key {key!r} is not known.{guess}"
            raise ConfigError(message, fix=_HINT)
    return flat


def _checked(flat: Mapping[str, Any], path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = flat.get(setting.key, setting.default)
        if value is None and setting.key == "title":
            message = f"{path}: the key 'title' is missing."
            raise ConfigError(message, fix='Add: title = { nb = "…", en = "…" }')
        problem = (_publishing_problem if setting.kind in _PUBLISHING_KINDS else _problem)(setting, value)
        if problem:
            message = f"{path}: {setting.key} = {value!r}: {problem}."
            raise ConfigError(message, fix=_HINT)
        values[setting.key] = value
    return values


_REPLACED: Final[Mapping[tuple[str, str], str]] = {
    ("store.reason", "pushed-down"): (
        "rules do not run on the server any more; what follows is worked out here and loaded with the rest: "
        'write reason = "upstream", or leave the line out'
    ),
    ("reason.engine", "sparql"): (
        'the rules do not run as SPARQL any more; write engine = "columnar", or "duckdb" for a graph larger than memory'
    ),
}
"""Values that settings once had, and what to write instead."""


def _problem(setting: Setting, value: Any) -> str:  # noqa: ANN401  # whatever TOML can hold
    """What is wrong with the value, or an empty text."""
    kind, _, choices = setting.kind.partition(":")
    match kind:
        case "text" if setting.key == "title":
            parts = value.values() if isinstance(value, dict) else [value]
            return "" if parts and all(isinstance(part, str) and part for part in parts) else "expected a text"
        case "text":
            return "" if isinstance(value, str) else "expected a text"
        case "iri":
            absolute = isinstance(value, str) and is_absolute_iri(value)
            if setting.key == "base" and absolute and not value.endswith("/"):
                return "the base address ends in /"
            return "" if absolute else "expected an absolute address such as https://example.org/"
        case "integer":
            fine = isinstance(value, int) and not isinstance(value, bool) and value > 0
            return "" if fine else "expected a whole number above 0"
        case "boolean" | "date":
            return _plain_problem(kind, value)
        case "duration":
            return _duration_problem(value)
        case "languages":
            fine = isinstance(value, list | tuple) and bool(value) and all(each in LANGUAGES for each in value)
            return "" if fine else f"expected a list of {' and '.join(LANGUAGES)}"
        case "addresses":
            fine = isinstance(value, list | tuple) and all(isinstance(e, str) and is_absolute_iri(e) for e in value)
            return "" if fine else "expected a list of addresses such as https://example.org/sparql"
        case "choice":
            expected = f"expected one of {', '.join(choices.split(','))}"
            return "" if value in choices.split(",") else _REPLACED.get((setting.key, str(value)), expected)
    message = f"unknown kind of setting {kind!r}"
    raise ValueError(message)


def _plain_problem(kind: str, value: object) -> str:
    if kind == "boolean":
        return "" if isinstance(value, bool) else "expected true or false"
    return "" if value is None or type(value) is date else "expected a date such as 2020-11-05, without quotes"


def _duration_problem(value: object) -> str:
    try:
        Duration.parse(value if isinstance(value, str) else "")
    except ValueError:
        return "expected a duration such as P5Y, P18M or P90D"
    return ""


def _publishing_problem(setting: Setting, value: object) -> str:
    """What is wrong with a value of the kinds that a catalogue needs; all of them may be empty."""
    match setting.kind:
        case "words":
            parts = value.items() if isinstance(value, dict) else [("en", value)]
            fine = all(language in LANGUAGES and isinstance(part, str) for language, part in parts)
            return "" if fine else 'expected a text, or { nb = "…", en = "…" }'
        case "keywords":
            fine = isinstance(value, dict) and all(key in LANGUAGES and _is_texts(each) for key, each in value.items())
            return "" if fine else 'expected { nb = ["…"], en = ["…"] }'
        case "texts":
            return "" if _is_texts(value) else 'expected a list of texts: ["…"]'
    if not isinstance(value, str) or (value and not is_absolute_iri(value)):
        return "expected an absolute address such as https://example.org/"
    return "the address ends in /" if value and setting.key in _FOLDERS and not value.endswith("/") else ""


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value)
