"""An extract of Wikidata in a file: N-Triples, or JSON lines of entities; it can stand in for the service."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from citygraph.errors import ReconciliationError
from citygraph.files import write_file
from citygraph.link.items import Item, entity_json, item_from_json, items_from_triples
from citygraph.rdf import parse

__all__ = ["read_extract", "write_extract"]


def read_extract(path: Path) -> dict[str, Item]:
    """The items of an extract by id: `.nt` is N-Triples, anything else one entity a line; `.gz` is unpacked.

    Raises:
        ReconciliationError: it cannot be read; the line is in the message.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {error}."
        raise ReconciliationError(message, fix="Make one: citygraph link fetch extract.jsonl") from error
    if ".nt" in path.suffixes:
        parsed = parse(data, format="nt", most_problems=1)
        if parsed.problems:
            problem = parsed.problems[0]
            message = f"{path}:{problem.line}: {problem.message}"
            raise ReconciliationError(message, fix="The extract is cut or not N-Triples; fetch it again.")
        return items_from_triples(quad.triple for quad in parsed.quads)
    return _read_lines(path, data)


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
