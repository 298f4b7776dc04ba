"""graph.toml to a frozen Config; every wrong key and value is named, with a suggestion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from citygraph.errors import ConfigError
from citygraph.keys import KINDS, Key, check_values, expected, keys_of, read_toml
from citygraph.messages import Text, sentence

__all__ = ["CONFIG_FILE", "Config", "Duration", "read_config", "settings"]

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
