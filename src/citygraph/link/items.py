"""Items of Wikidata as data: names, statements with rank and qualifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["DAY", "ENTITY", "YEAR", "Item", "Statement", "Value", "cut_time", "plain_number"]

ENTITY: Final = "http://www.wikidata.org/entity/"
DAY, YEAR = 11, 9
"""Precisions of a time."""


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """One value: an item's id, a text, a time cut to its precision, a number, or "latitude/longitude"."""

    kind: str
    text: str
    precision: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of an item."""

    property: str
    value: Value
    rank: str = "normal"
    qualifiers: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    has_reference: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item; `redirect` is where it has been merged to, and `missing` that it has been deleted."""

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    redirect: str = ""
    missing: bool = False

    def of(self, property_: str) -> list[Statement]:
        """The statements that count: the preferred ones, else the normal ones; deprecated ones never."""
        found = [each for each in self.statements if each.property == property_ and each.rank != "deprecated"]
        return [each for each in found if each.rank == "preferred"] or found

    def values(self, property_: str) -> list[str]:
        """The texts of the values that count."""
        return [each.value.text for each in self.of(property_)]

    def label(self, *languages: str) -> str:
        """The first label there is, in the order of the languages; else any, else the id."""
        for language in (*languages, "mul", "en", "nb"):
            if language in self.labels:
                return self.labels[language]
        return next(iter(self.labels.values()), self.id)


def plain_number(text: str) -> str:
    """A number without its plus sign, as Wikidata writes one."""
    return text.removeprefix("+")


def cut_time(text: str, precision: int) -> Value:
    """A time cut to what is known: `1986`, `1986-05` or `1986-05-17`."""
    plain = text.removeprefix("+").partition("T")[0]
    length = {YEAR: 1, YEAR + 1: 2}.get(precision, 3 if precision >= DAY else 1)
    sign, plain = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    parts = plain.split("-")[:length]
    return Value("time", sign + "-".join(parts), precision=min(precision, DAY))
