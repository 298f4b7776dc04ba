"""An extract of Wikidata in a file: N-Triples, or JSON lines of entities; it can stand in for the service."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from citygraph.errors import ReconciliationError
from citygraph.files import write_file
from citygraph.link.item_json import entity_json, item_from_json
from citygraph.link.item_rdf import items_from_triples, triples_of_items
from citygraph.link.items import Item
from citygraph.rdf import Triple, parse

__all__ = ["read_extract", "read_extract_triples", "write_extract"]


def read_extract(path: Path) -> dict[str, Item]:
    """The items of an extract by id: `.nt` is N-Triples, anything else one entity a line; `.gz` is unpacked.

    Raises:
        ReconciliationError: it cannot be read; the line is in the message.
    """
    data = _read(path)
    return items_from_triples(_parsed(path, data)) if ".nt" in path.suffixes else _read_lines(path, data)


def read_extract_triples(path: Path) -> list[Triple]:
    """An extract as the query service would have it: N-Triples as they stand, entities as their statements.

    Raises:
        ReconciliationError: it cannot be read; the line is in the message.
    """
    data = _read(path)
    return _parsed(path, data) if ".nt" in path.suffixes else list(triples_of_items(_read_lines(path, data).values()))


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {error}."
        raise ReconciliationError(message, fix="Make one: citygraph link fetch extract.jsonl") from error


def _parsed(path: Path, data: bytes) -> list[Triple]:
    parsed = parse(data, format="nt", most_problems=1)
    if parsed.problems:
        problem = parsed.problems[0]
        message = f"{path}:{problem.line}: {problem.message}"
        raise ReconciliationError(message, fix="The extract is cut or not N-Triples; fetch it again.")
    return [quad.triple for quad in parsed.quads]


def _read_lines(path: Path, data: bytes) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        # Wikidata's own dumps are one list with a comma behind every entity.
        text = line.strip().removesuffix(b",")
        if text in {b"", b"[", b"]"}:
            continue
        try:
            item = item_from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            message = f"{path}:{number}: not an entity of Wikidata in JSON."
            raise ReconciliationError(message, fix="The extract is cut or not JSON lines; fetch it again.") from error
        found[item.id] = item
    return found


def write_extract(path: Path, items: Iterable[Item]) -> int:
    """One entity a line, by id; the same items give the same bytes. How many there are.

    Raises:
        ExportError: the file cannot be written.
    """
    by_id = {item.id: item for item in items}
    ordered = sorted(by_id, key=lambda each: (len(each), each))
    text = "".join(f"{entity_json(by_id[each])}\n" for each in ordered).encode()
    write_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return len(ordered)
