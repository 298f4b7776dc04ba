"""The search index of the folder: one file when it is small, else one for each letter that a word begins with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, Self

from citygraph.namespaces import fold

__all__ = ["MOST_IN_ONE", "SearchIndex"]

MOST_IN_ONE: Final = 20_000
"""Things in a single file; about two megabytes."""
_OTHER: Final = "other"


class SearchIndex:
    """Rows gathered on disk, one line each, so that memory does not grow with the graph.

    A row is `[kind, page, short IRI, name in nb, name in en, every name]`, where the names of the languages are places
    in the list of names.
    """

    def __init__(self, kinds: dict[str, Any], first: Iterable[str], *, most_in_one: int = MOST_IN_ONE) -> None:
        """An index without rows.

        Args:
            kinds: what each kind is called, by the word in its addresses.
            first: the kinds in the order in which equally good hits come.
            most_in_one: more things than this are split into parts.
        """
        self._kinds, self._first, self._most = kinds, list(first), most_in_one
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="citygraph-index-")))
        self._all = self._open("all")
        self._parts: dict[str, IO[str]] = {}
        self.count = 0

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Throw the gathered rows away."""
        self._stack.close()

    def add(self, kind: str, page: str, thing: dict[str, Any]) -> None:
        """One thing: its kind, its page below the folder of a language, and what `names.json` says about it."""
        names = thing["names"]
        row = [kind, page, thing["term"], names.index(thing["nb"]), names.index(thing["en"]), names]
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._all.write(line)
        self.count += 1
        for part in sorted({_part(word) for name in names for word in fold(name).split()}):
            if part not in self._parts:
                self._parts[part] = self._open(part)
            self._parts[part].write(line)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files of the index by path."""
        head = {"kinds": self._kinds, "first": self._first, "count": self.count}
        if self.count <= self._most:
            yield "search/index.json", _document(head, self._rows("all"))
            return
        parts = sorted(self._parts)
        yield "search/index.json", _document({**head, "parts": parts}, ())
        for part in parts:
            yield f"search/part-{part}.json", _document({}, self._rows(part))

    def _open(self, name: str) -> IO[str]:
        return self._stack.enter_context((self._folder / name).open("w+", encoding="utf-8"))

    def _rows(self, name: str) -> list[str]:
        file = self._all if name == "all" else self._parts[name]
        file.seek(0)
        return file.read().splitlines()


def _part(word: str) -> str:
    first = word[:1]
    return first if first.isascii() and first.isalnum() else _OTHER


def _document(head: dict[str, Any], rows: Iterable[str]) -> bytes:
    """JSON with a row on each line, so that two versions can be compared."""
    start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    body = ",\n".join(rows)
    return f'{start}{"," if head else ""}"rows":[\n{body}\n]}}\n'.encode()
