"""The journal of the desk: what was written and can be taken back, and what waits until another person approves it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from citygraph.edit.plan import EditedFile
from citygraph.files import write_file
from citygraph.messages import Text

_KEPT: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")


@dataclass(frozen=True, slots=True)
class WrittenEdit:
    """One edit as the journal keeps it.

    Attributes:
        number: which it is, from 1.
        when: the moment, in UTC.
        who: the person, as the proxy names her; empty at one's own machine.
        told: what it did.
        files: what they held before, and what was written.
        facts: the addresses of the facts that it was about.
        commit: the commit that has it; empty without one.
        problem: why there is no commit although one is wanted.
        is_undone: whether it was taken back.
        texts: the texts of documents that it kept, by the name of the file, with their SHA-256.
        waits: whether nothing is written until another person approves it.
        documents: the texts of documents that it will keep, as long as it waits.
        undoes: the number of the edit that it takes back; 0 when it is none that does.
        approved_by: the other person who approved it; empty where nobody was asked.
        rejected_by: the other person who rejected it, for `reason`; nothing was written.
    """

    number: int
    when: str
    who: str
    told: tuple[Text, ...]
    files: tuple[EditedFile, ...]
    facts: tuple[str, ...]
    commit: str = ""
    problem: str = ""
    is_undone: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False
    documents: Mapping[str, bytes] = field(default_factory=dict)
    undoes: int = 0
    approved_by: str = ""
    rejected_by: str = ""
    reason: str = ""


class EditJournal:
    """The edits that were made at the desk, the newest of them, and all that wait, in files beside what is built."""

    def __init__(self, folder: Path) -> None:
        """The journal in a folder, which need not be there yet."""
        self.folder = folder
        self._waiting = folder / "waiting"

    def next_number(self) -> int:
        """The number of the next edit."""
        return max([*_numbers(self.folder), *_numbers(self._waiting)], default=0) + 1

    def newest(self, most: int) -> list[WrittenEdit]:
        """The last edits that wait no longer, the newest first; what cannot be read is left out."""
        return _edits_in(self.folder, most)

    def waiting(self) -> list[WrittenEdit]:
        """The edits that wait, the newest first."""
        return _edits_in(self._waiting, None)

    def one(self, number: str) -> WrittenEdit | None:
        """The edit of that number; `None` when there is none."""
        if not _NUMBER.match(number):
            return None
        return _edit_in(self._waiting, int(number)) or _edit_in(self.folder, int(number))

    def keep(self, edit: WrittenEdit) -> None:
        """Keep an edit, new or as it is now; the oldest go when there are many, but none that waits.

        Raises:
            ExportError: it cannot be written.
        """
        # It holds internal files and texts of documents, too.
        write_file(self._place(edit), json.dumps(_written(edit), ensure_ascii=False).encode(), is_private=True)
        for number in sorted(_numbers(self.folder))[:-_KEPT]:
            (self.folder / f"{number}.json").unlink(missing_ok=True)

    def drop(self, edit: WrittenEdit) -> None:
        """Forget an edit that was not made after all, or waits no longer."""
        self._place(edit).unlink(missing_ok=True)

    def _place(self, edit: WrittenEdit) -> Path:
        return (self._waiting if edit.waits else self.folder) / f"{edit.number}.json"


def _numbers(folder: Path) -> list[int]:
    return [int(path.stem) for path in folder.glob("*.json") if _NUMBER.match(path.stem)]


def _edits_in(folder: Path, most: int | None) -> list[WrittenEdit]:
    found = (_edit_in(folder, number) for number in sorted(_numbers(folder), reverse=True)[:most])
    return [each for each in found if each is not None]


def _edit_in(folder: Path, number: int) -> WrittenEdit | None:
    try:
        return _read(json.loads((folder / f"{number}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None


def _written(edit: WrittenEdit) -> dict[str, Any]:
    return {
        **asdict(edit),
        "files": [
            {"path": each.path, "before": _packed(each.before), "after": _packed(each.after)} for each in edit.files
        ],
        "documents": {name: _packed(data) for name, data in edit.documents.items()},
    }


def _read(said: dict[str, Any]) -> WrittenEdit:
    files = tuple(
        EditedFile(str(each["path"]), _unpacked(each["before"]), _unpacked(each["after"]) or b"")
        for each in said["files"]
    )
    told = tuple(Text(each["nb"], each["en"]) for each in said["told"])
    documents = {name: _unpacked(data) for name, data in said.get("documents", {}).items()}
    return WrittenEdit(**{**said, "files": files, "told": told, "facts": tuple(said["facts"]), "documents": documents})


def _packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(zlib.compress(data)).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else zlib.decompress(base64.b64decode(text))
