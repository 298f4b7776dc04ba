"""Reviewed links as SSSOM: the TSV form with its YAML header (https://mapping-commons.github.io/sssom/spec/)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

__all__ = ["NO_TERM_FOUND", "Mapping", "MappingSet", "SssomError", "read_mappings"]

NO_TERM_FOUND: Final = "sssom:NoTermFound"
_REQUIRED: Final = ("predicate_id", "mapping_justification")


class SssomError(ValueError):
    """The text is not an SSSOM/TSV file; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        """What is wrong, and in which line."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row: subject, predicate and object as CURIEs, the justification, and every other column."""

    subject_id: str
    predicate_id: str
    object_id: str
    justification: str
    line: int
    slots: dict[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """A link that a person has confirmed: not negated, not "nothing found"."""
        return self.slots.get("predicate_modifier", "") != "Not" and self.object_id != NO_TERM_FOUND


@dataclass(frozen=True, slots=True)
class MappingSet:
    """A whole file: its metadata and its rows."""

    metadata: dict[str, Any]
    mappings: tuple[Mapping, ...]

    @property
    def curie_map(self) -> dict[str, str]:
        """The prefixes that the file's CURIEs use."""
        return {str(k): str(v) for k, v in (self.metadata.get("curie_map") or {}).items()}


def read_mappings(text: str) -> MappingSet:
    """The rows of an SSSOM/TSV document.

    Raises:
        SssomError: the header is not YAML, or a required column or value is missing.
    """
    lines = text.splitlines()
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    try:
        metadata = yaml.safe_load("\n".join(line[1:] for line in lines[:count])) or {}
    except yaml.YAMLError as error:
        message = f"the header is not YAML: {error}"
        raise SssomError(message, 1) from error
    if not isinstance(metadata, dict):
        message = "the header is not a list of keys and values"
        raise SssomError(message, 1)
    rows = csv.DictReader(io.StringIO("\n".join(lines[count:]) + "\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    for column in _REQUIRED:
        if column not in (rows.fieldnames or ()):
            message = f"the column {column} is missing"
            raise SssomError(message, count + 1)
    return MappingSet(metadata, tuple(_mapping(row, count + 2 + number) for number, row in enumerate(rows)))


def _mapping(row: dict[str | Any, str | Any], line: int) -> Mapping:
    if None in row or None in row.values():
        message = "the row has more or fewer cells than the heading"
        raise SssomError(message, line)
    slots = {str(key): str(value).strip() for key, value in row.items() if value}
    for column in _REQUIRED:
        if not slots.get(column):
            message = f"the cell {column} is empty"
            raise SssomError(message, line)
    named = {key: slots.pop(key, "") for key in ("subject_id", "predicate_id", "object_id", "mapping_justification")}
    return Mapping(
        subject_id=named["subject_id"],
        predicate_id=named["predicate_id"],
        object_id=named["object_id"],
        justification=named["mapping_justification"],
        line=line,
        slots=slots,
    )
