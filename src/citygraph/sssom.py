"""Reviewed links as SSSOM: the TSV form with its YAML header (https://mapping-commons.github.io/sssom/spec/)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml

from citygraph.messages import Sentence, sentence

NO_TERM_FOUND: Final = "sssom:NoTermFound"
COLUMNS: Final = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label",
    "mapping_justification", "author_id", "reviewer_id", "mapping_date", "confidence", "subject_match_field",
    "object_match_field", "comment",
)  # fmt: skip
"""The columns of a new file, in their order."""
_REQUIRED: Final = ("predicate_id", "mapping_justification")
_NAMED: Final = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_SEMAPV: Final = "https://w3id.org/semapv/vocab/"
_NONE_FOUND: Final = frozenset({"sssom:notermfound", "https://w3id.org/sssom/notermfound"})
# What a program proposes counts only once a person has looked at it.
_PROPOSALS: Final = (
    "LexicalMatching", "CompositeMatching", "LexicalSimilarityThresholdMatching", "SemanticSimilarityThresholdMatching",
)  # fmt: skip
_JUSTIFICATIONS: Final = (
    *_PROPOSALS, "ManualMappingCuration", "MappingReview", "LogicalReasoning", "InstanceBasedMatching",
    "BackgroundKnowledgeBasedMatching", "UnspecifiedMatching", "StructuralMatching", "MappingChaining", "MappingInversion",
)  # fmt: skip
_ENTITIES: Final = (
    "owl class", "owl object property", "owl data property", "owl annotation property", "owl named individual",
    "skos concept", "rdfs resource", "rdfs class", "rdfs literal", "rdfs datatype", "rdf property",
    "composed entity expression",
)  # fmt: skip
_CLOSED: Final[MappingType[str, tuple[str, ...]]] = {
    "predicate_modifier": ("Not",),
    "mapping_cardinality": ("1:1", "1:n", "n:1", "n:n", "1:0", "0:1", "0:0"),
    "subject_type": _ENTITIES, "predicate_type": _ENTITIES, "object_type": _ENTITIES,
}  # fmt: skip
"""The columns whose values are listed in the specification, and these values."""
_SLOTS: Final = frozenset({
    *COLUMNS, *_CLOSED, "predicate_label", "subject_category", "object_category", "author_label", "reviewer_label",
    "creator_id", "creator_label", "license", "subject_source", "subject_source_version", "object_source",
    "object_source_version", "mapping_provider", "mapping_source", "mapping_tool", "mapping_tool_id", "mapping_tool_version",
    "publication_date", "review_date", "curation_rule", "curation_rule_text", "subject_preprocessing", "object_preprocessing",
    "similarity_score", "similarity_measure", "see_also", "issue_tracker_item", "match_string", "other", "record_id",
})  # fmt: skip


class SssomError(ValueError):
    """The text is not an SSSOM/TSV file: `what` says why in both languages, and `line` counts from 1."""

    def __init__(self, what: Sentence, line: int) -> None:
        """What is wrong, and in which line."""
        super().__init__(what)
        self.what, self.line = what, line


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row: subject, predicate and object as CURIEs, the justification, and every other column.

    `problem` says which of its values is in none of the closed lists: such a row is neither a link nor a proposal.
    """

    subject_id: str
    predicate_id: str
    object_id: str
    justification: str
    line: int
    slots: dict[str, str] = field(default_factory=dict)
    problem: str = field(default="", compare=False)
    written: str = field(default="", compare=False)

    @property
    def accepted(self) -> bool:
        """A link that counts: not negated, not "nothing found", not a proposal that nobody has looked at."""
        found_none = NO_TERM_FOUND in {self.subject_id, self.object_id}
        return not self.problem and not self.rejected and not found_none and not self.proposed

    @property
    def rejected(self) -> bool:
        """A candidate that somebody has turned down, in whatever words, kept so that it does not come back."""
        return bool(self.slots.get("predicate_modifier"))

    @property
    def proposed(self) -> bool:
        """A candidate that waits for somebody to look at it."""
        is_proposal = self.justification in {f"semapv:{each}" for each in _PROPOSALS}
        return is_proposal and not self.problem and not self.rejected and not self.slots.get("reviewer_id")

    @property
    def none_found(self) -> bool:
        """Somebody has searched, and there is no such thing on the other side."""
        return self.object_id == NO_TERM_FOUND and not self.rejected

    def cells(self) -> dict[str, str]:
        """Every column that holds something, by its name."""
        values = (self.subject_id, self.predicate_id, self.object_id, self.justification)
        return {**dict(zip(_NAMED, values, strict=True)), **self.slots}


@dataclass(frozen=True, slots=True)
class MappingSet:
    """A whole file: its metadata and its rows."""

    metadata: dict[str, Any]
    mappings: tuple[Mapping, ...]
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = COLUMNS
    newline: str = "\n"

    @property
    def curie_map(self) -> dict[str, str]:
        """The prefixes that the file's CURIEs use."""
        return {str(k): str(v) for k, v in (self.metadata.get("curie_map") or {}).items()}


def read_mappings(text: str) -> MappingSet:
    """The rows of an SSSOM/TSV document.

    Raises:
        SssomError: the header is not YAML, or a required column or value is missing.
    """
    # Only these end a line of a TSV file; str.splitlines knows many more.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    try:
        metadata = yaml.safe_load("\n".join(line[1:] for line in lines[:count])) or {}
    except yaml.YAMLError as error:
        raise SssomError(sentence("mapping.not_yaml", why=error), 1) from error
    if not isinstance(metadata, dict):
        raise SssomError(sentence("mapping.no_keys"), 1)
    columns = tuple(lines[count].split("\t")) if count < len(lines) else ()
    for column in _REQUIRED:
        if column not in columns:
            raise SssomError(sentence("mapping.no_column", column=column), count + 1)
    _closed_names(metadata, columns, lines[:count])
    prefixes = {"semapv": _SEMAPV, **{str(key): str(each) for key, each in (metadata.get("curie_map") or {}).items()}}
    rows = [(number, line) for number, line in enumerate(lines[count + 1 :], start=count + 2) if line]
    mappings = tuple(_mapping(columns, line, number, prefixes) for number, line in rows)
    newline = "\r\n" if "\r\n" in text else "\n"
    return MappingSet(metadata, mappings, tuple(lines[:count]), columns, newline)


def _closed_names(metadata: MappingType[str, Any], columns: Sequence[str], header: Sequence[str]) -> None:
    """Refuse a name that hides a column or value which would undo links.

    Raises:
        SssomError: a column is there twice or nearly has the name of one of SSSOM; the header has a value of a closed list
            that is not in it, or a modifier, which holds for no row.
    """
    known = {_bare(each): each for each in _SLOTS}
    for place, column in enumerate(columns):
        meant = known.get(_bare(column), column)
        if column in columns[:place] or meant != column:
            key = "mapping.twice" if column == meant else "mapping.written"
            raise SssomError(sentence(key, column=column, meant=meant), len(header) + 1)
    for key, values in _CLOSED.items():
        said = str(metadata.get(key) or "")
        if said and (key == "predicate_modifier" or not _listed(said, values)):
            line = next((number for number, each in enumerate(header, start=1) if each.lstrip("# ").startswith(key)), 1)
            problem = "mapping.modifier" if key == "predicate_modifier" else "mapping.header"
            raise SssomError(sentence(problem, key=key, said=said, values=", ".join(values)), line)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _listed(said: str, values: Iterable[str]) -> str:
    """The value of a closed list that a cell means: case and blanks make no other value; empty when it is none."""
    bare = " ".join(said.replace("_", " ").casefold().split())
    return next((each for each in values if each.casefold() == bare), "")


def _justified(said: str, prefixes: MappingType[str, str]) -> str:
    """The justification by the name that this program uses; empty when it is none.

    One written in other capitals is understood where it is a proposal, which counts for nothing by itself.
    """
    prefix, _, local = said.partition(":")
    address = prefixes[prefix] + local if prefix in prefixes else said
    name = address.removeprefix(_SEMAPV)
    if name == address:
        return ""
    found = name if name in _JUSTIFICATIONS else _listed(name, _PROPOSALS)
    return f"semapv:{found}" if found else ""


def _mapping(columns: Sequence[str], text: str, line: int, prefixes: MappingType[str, str]) -> Mapping:
    cells = text.split("\t")
    if len(cells) != len(columns):
        raise SssomError(sentence("mapping.cells"), line)
    slots = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
    for column in _REQUIRED:
        if not slots.get(column):
            raise SssomError(sentence("mapping.empty", column=column), line)
    problem = ""
    for column, values in _CLOSED.items():
        if column not in slots:
            continue
        said, slots[column] = slots[column], _listed(slots[column], values) or slots[column]
        if slots[column] not in values:
            problem = sentence("mapping.closed", column=column, said=said, values=", ".join(values))
    subject, predicate, object_, written = (slots.pop(key, "") for key in _NAMED)
    justification = _justified(written, prefixes)
    if not justification:
        names = ", ".join(f"semapv:{each}" for each in _JUSTIFICATIONS)
        problem = sentence("mapping.closed", column="mapping_justification", said=written, values=names)
    subject, object_ = (NO_TERM_FOUND if each.casefold() in _NONE_FOUND else each for each in (subject, object_))
    return Mapping(subject, predicate, object_, justification or written, line, slots, problem, text)


def new_mapping_set(metadata: MappingType[str, Any]) -> MappingSet:
    """An empty set with its header; the values are texts, or one level of keys and texts (`curie_map`)."""
    lines: list[str] = []
    for key, value in metadata.items():
        if isinstance(value, dict):
            lines += [f"#{key}:", *(f"#  {name}: {_quoted(str(each))}" for name, each in sorted(value.items()))]
        else:
            lines.append(f"#{key}: {_quoted(str(value))}")
    return MappingSet(dict(metadata), (), tuple(lines))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write_mappings(mapping_set: MappingSet) -> str:
    """The file: header and rows that were read as they stood, new rows in the file's columns.

    Raises:
        ValueError: a row has a column that the file does not have, or a cell with a tab or a line end in it.
    """
    lines = [*mapping_set.header, "\t".join(mapping_set.columns)]
    lines += [each.written or _row(each, mapping_set.columns) for each in mapping_set.mappings]
    return mapping_set.newline.join(lines) + mapping_set.newline


def _row(mapping: Mapping, columns: Sequence[str]) -> str:
    cells = mapping.cells()
    unknown = [column for column, cell in cells.items() if cell and column not in columns]
    if unknown or any(mark in cell for cell in cells.values() for mark in "\t\r\n"):
        message = f"a row that the file cannot hold: {cells}"
        raise ValueError(message)
    return "\t".join(cells.get(column, "") for column in columns)


def _key(mapping: Mapping) -> tuple[str, str]:
    return mapping.subject_id, mapping.object_id


def with_mappings(mapping_set: MappingSet, new: Iterable[Mapping], *, without: Iterable[Mapping] = ()) -> MappingSet:
    """The set with these rows too, each before the first one that sorts after it; the other rows stay where they are.

    A row with the same subject and object takes the place of the one there was.
    """
    gone = {id(each) for each in without}
    rows = [each for each in mapping_set.mappings if id(each) not in gone]
    for mapping in new:
        same = [number for number, each in enumerate(rows) if _key(each) == _key(mapping)]
        if same:
            rows[same[0]] = mapping
            continue
        after = (number for number, each in enumerate(rows) if _key(each) > _key(mapping))
        rows.insert(next(after, len(rows)), mapping)
    return replace(mapping_set, mappings=tuple(rows))
