"""Lists that are dropped on the desk: what the columns mean, who is meant by doubtful rows, what comes of it, and writing it.

The engine is that of `citygraph ingest`; what it would write is one edit of the desk, seen before it is written, and undone
in one click. A dropped file, its map and the decisions about it wait beside what is built, and no more than some of them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.compare import AnswerChange
from citygraph.edit.plan import EditedFile, EditPlan
from citygraph.errors import EditError, ExportError, IngestError, ReasoningError
from citygraph.files import write_file
from citygraph.ingest.draft import columns_of, draft_map
from citygraph.ingest.report import CANDIDATES, COLUMNS, ReviewQuestion, RowOutcome, read_review, reasons
from citygraph.ingest.run import Import, Ingested, ingest_list
from citygraph.load import load_files
from citygraph.messages import said_in, sentence, text
from citygraph.namespaces import compress, prefixes_for
from citygraph.results import Row
from citygraph.web.desk.access import Access, Form
from citygraph.web.desk.work import DeskWork, seal_of
from citygraph.web.pages.page import NotFound, Page, as_fault

if TYPE_CHECKING:
    from starlette.requests import Request

    from citygraph.labels import Labels

_KEPT: Final = 20
_LONGEST_FORM: Final = 2_000_000
_MOST_FIELDS: Final = 5_000
_MOST_QUESTIONS: Final = 200
_SHOWN: Final = 12
_SHOWN_ROWS: Final = 5
_NUMBER: Final = re.compile(r"[0-9a-f]{16}\Z")
_ENDINGS: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
_KINDS: Final = ("city", "country", "region", "network", "status", "joined", "left", "kind", "latitude", "longitude", "as_of", "wide")  # fmt: skip
_FIELDS: Final = ("list", "as_of", "network", "title", "page")
_DATED: Final = re.compile(r"-?(?:19|20)\d\d(?:-\d\d){0,2}\Z")
_DAY: Final = re.compile(r"\d{4}(?:-\d{2}){0,2}\Z")
_NEW: Final = ("new", "region", "organisation")
_OK, _SEE_OTHER, _BAD_REQUEST, _CONFLICT = 200, 303, 400, 409

LetIn = Callable[[Callable[[Page, str], Response]], "Callable[[Request], Response]"]


@dataclass(frozen=True, slots=True)
class DroppedList:
    """A list that waits: its folder, its file, the map and the decisions beside it."""

    number: str
    path: Path

    @property
    def map_file(self) -> Path:
        """What its columns mean."""
        return self.path.parent / "map.toml"

    @property
    def review(self) -> Path:
        """Who is meant by its doubtful rows."""
        return self.path.parent / "review.csv"


class DroppedLists:
    """The pages on which a list is taken in."""

    def __init__(self, work: DeskWork, access: Access) -> None:
        """The pages of one desk."""
        self._work, self._access = work, access
        self._folder = work.project.snapshots.folder / "desk" / "lists"

    def routes(self, let_in: LetIn) -> list[Route]:
        """Where they are; `let_in` makes an endpoint of one for those who may write."""
        return [
            Route("/desk/lists", let_in(self._start), methods=["GET", "POST"]),
            Route("/desk/lists/{number}", let_in(self._list), methods=["GET", "POST"]),
        ]

    # -- a file comes -----------------------------------------------------------------------------------

    def _start(self, page: Page, user: str) -> Response:
        """`/desk/lists`: a file is dropped."""
        fault: list[str] = []
        if page.request.method == "POST":
            most = self._work.project.config.number("limits.file_size")
            name, data = self._access.upload(page.request, user, longest=most)
            ending = PurePath(name).suffix.lower()
            if data and ending in _ENDINGS:
                return RedirectResponse(page.urls.desk_lists(self._keep(name, data).number), _SEE_OTHER)
            fault = [page.words("lists.no_list")]
        return page.render(
            "desk_lists.html", status=_BAD_REQUEST if fault else _OK, user=user, token=self._access.token(user),
            fault=fault, step="drop", endings=",".join(sorted(_ENDINGS)),
            waiting=[(each.path.name, page.urls.desk_lists(each.number)) for each in self._waiting()],
        )  # fmt: skip

    def _keep(self, name: str, data: bytes) -> DroppedList:
        number = hashlib.sha256(data).hexdigest()[:16]
        for each in self._waiting()[_KEPT - 1 :]:
            if each.number != number:
                shutil.rmtree(each.path.parent, ignore_errors=True)
        known = self._found(number)
        if known is not None:
            return known
        stem, ending = PurePath(name.replace("\\", "/")).stem, PurePath(name).suffix.lower()
        stem = re.sub(r"[^\w .-]+", "-", stem)[:80].strip(" .-") or "list"
        write_file(self._folder / number / f"{stem}{ending}", data, is_private=True)
        return DroppedList(number, self._folder / number / f"{stem}{ending}")

    def _waiting(self) -> list[DroppedList]:
        """The lists that wait, the newest first."""
        folders = [each for each in self._folder.glob("*") if _NUMBER.match(each.name)]
        newest = sorted(folders, key=lambda each: each.stat().st_mtime, reverse=True)
        return [found for each in newest if (found := self._found(each.name)) is not None]

    def _found(self, number: str) -> DroppedList | None:
        if not _NUMBER.match(number):
            return None
        files = [each for each in (self._folder / number).glob("*") if each.name not in {"map.toml", "review.csv"}]
        return next((DroppedList(number, each) for each in files if each.suffix.lower() in _ENDINGS), None)

    # -- one list ----------------------------------------------------------------------------------------

    def _list(self, page: Page, user: str) -> Response:
        """`/desk/lists/{number}`: what its columns mean, what comes of its rows, and writing it."""
        dropped = self._found(str(page.request.path_params["number"]))
        if dropped is None:
            raise NotFound(page.request.url.path, [(page.words("lists.title"), page.urls.desk_lists())])
        try:
            if page.request.method != "POST":
                return self._columns(page, user, dropped)
            given = self._access.form(page.request, user, longest=_LONGEST_FORM, fields=_MOST_FIELDS)
            return self._step(page, user, dropped, given)
        except IngestError as error:
            return self._columns(page, user, dropped, fault=as_fault(error, page.language))

    def _step(self, page: Page, user: str, dropped: DroppedList, given: Form) -> Response:
        step = given.get("step", [""])[0]
        if step == "columns":
            return self._columns(page, user, dropped)
        if step == "check":
            write_file(dropped.map_file, _map_of(given, self._begun(dropped, page.language)).encode(), is_private=True)
        else:
            self._decide(given, dropped)
        if step in {"preview", "write"}:
            return self._preview(page, user, dropped, seal=given.get("seal", [""])[0] if step == "write" else "")
        return self._rows(page, user, dropped)

    def _ingested(self, dropped: DroppedList, language: str, *, is_planned: bool) -> Ingested:
        config = self._work.project.config
        if not dropped.map_file.is_file():
            write_file(dropped.map_file, _map_of({}, self._begun(dropped, language)).encode(), is_private=True)
        return ingest_list(
            config, load_files(config).graphs, dropped.path, map_file=dropped.map_file, language=language,
            delimiter=";" if language == "nb" else ",", dry_run=not is_planned, is_planned=is_planned,
            decided=read_review(dropped.review, prefixes=prefixes_for(config.base)),
        )  # fmt: skip

    def _begun(self, dropped: DroppedList, language: str) -> dict[str, Any]:
        """The map as it was left, or as the program begins it, without what a person has to mend."""
        if dropped.map_file.is_file():
            return tomllib.loads(dropped.map_file.read_text(encoding="utf-8"))
        try:
            begun = tomllib.loads(draft_map(dropped.path, language=language))
        except IngestError:
            begun = {"list": re.sub(r"[^a-z0-9]+", "-", dropped.path.stem.lower()).strip("-")}
        begun["list"] = _DATED.sub("", str(begun["list"])) or "list"  # the same for each edition
        mend = {text(f"ingest.draft.{each}").in_language(one) for each in ("mend", "network") for one in ("nb", "en")}
        return {key: value for key, value in begun.items() if not (isinstance(value, str) and value in mend)}

    def _columns(self, page: Page, user: str, dropped: DroppedList, *, fault: Sequence[str] = ()) -> Response:
        begun = self._begun(dropped, page.language)
        try:
            columns, remarks = columns_of(dropped.path), _remarks(dropped.path, page.language)
        except IngestError as error:
            columns, remarks, fault = (), [], fault or as_fault(error, page.language)
        kinds = {called: kind for kind, names in _listed(begun).items() for called in names}
        return page.render(
            "desk_lists.html", status=_BAD_REQUEST if fault else _OK, **self._common(page, user, dropped),
            fault=fault, step="columns", remarks=remarks, kinds=_KINDS,
            columns=[
                (at, each, kinds.get(each.called, "") if kinds else each.kind, isinstance(each.called, int))
                for at, each in enumerate(columns)
            ],
            values={each: _typed(begun.get(each, "")) for each in _FIELDS}, complete=begun.get("complete") is True,
            networks=self._networks(page),
        )  # fmt: skip

    def _networks(self, page: Page) -> list[str]:
        from citygraph.edit.taking import network_names  # noqa: PLC0415  # the names that a field offers

        named = network_names(self._work.editor().state)
        return sorted(each.in_language(page.language) for each in named.values())

    def _rows(self, page: Page, user: str, dropped: DroppedList) -> Response:
        done = self._ingested(dropped, page.language, is_planned=False)
        imported = done.imported
        decided = _decided_words(dropped.review)
        questions = [
            _asked(each, at, decided, self._short, page.language)
            for at, each in enumerate(imported.questions[:_MOST_QUESTIONS])
        ]
        refused = [
            (outcome.called.in_language(page.language), said_in(reason, page.language), count, row)
            for outcome in (RowOutcome.REFUSED, RowOutcome.NOTE)
            for reason, count, row in reasons(imported.lines, outcome)[:_SHOWN]
        ]
        return page.render(
            "desk_lists.html", **self._common(page, user, dropped), step="rows", fault=[], questions=questions, refused=refused,
            more=len(imported.questions) - len(questions), new=_NEW, **_told(imported, page),
        )  # fmt: skip

    def _short(self, iri: str) -> str:
        return compress(iri, prefixes_for(self._work.project.config.base))

    def _decide(self, given: Form, dropped: DroppedList) -> None:
        """Keep what a person says of doubtful rows, beside what was said before."""
        rows = {key: word for key, word in _decided_words(dropped.review).items() if word}
        for name, values in given.items():
            if name.startswith("k-"):
                key, word = values[0], given.get(f"v-{name[2:]}", [""])[0]
                country = given.get(f"n-{name[2:]}", [""])[0]
                rows[key] = f"{word} {country}".strip() if word in _NEW else word
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for key, word in rows.items():
            about = json.loads(key)
            if word and isinstance(about, list) and len(about) == 4 and all(isinstance(e, str) for e in about):  # noqa: PLR2004  # a key
                writer.writerow([word, *about, *[""] * (len(COLUMNS) - 5)])
        write_file(dropped.review, table.getvalue().encode(), is_private=True)

    def _preview(self, page: Page, user: str, dropped: DroppedList, *, seal: str) -> Response:
        done = self._ingested(dropped, page.language, is_planned=True)
        fault: list[str] = []
        try:
            plan = self._plan(done)
            if seal and seal == seal_of(plan):
                edit = self._work.write(plan, who=user)
                shutil.rmtree(dropped.path.parent, ignore_errors=True)
                return RedirectResponse(page.urls.desk(done=str(edit.number)), _SEE_OTHER)
            previewed = self._work.preview(plan)
        except (EditError, ExportError, ReasoningError) as error:
            return self._columns(page, user, dropped, fault=as_fault(error, page.language))
        checked = previewed.checked
        if checked.violations:
            fault = [page.words("desk.refused"), *(said_in(each.message.in_language(page.language), page.language) for each in checked.violations[:_SHOWN])]  # fmt: skip
        elif seal:
            fault = [page.words("desk.other")]
        return page.render(
            "desk_lists.html", status=_BAD_REQUEST if checked.violations else _CONFLICT if fault else _OK,
            **self._common(page, user, dropped), step="preview", fault=fault, seal=previewed.seal,
            is_refused=bool(checked.violations), told=[each.in_language(page.language) for each in plan.told],
            answers=[shown_answer(each, previewed.labels, page) for each in previewed.answers],
            files=[each.path for each in plan.changes], **_told(done.imported, page),
        )  # fmt: skip

    def _plan(self, done: Ingested) -> EditPlan:
        """The files of an edition as one edit of the desk."""
        folder = self._work.project.folder
        changes = []
        for each in done.changes:
            path = Path(each.path)
            inside = path.relative_to(folder.resolve()).as_posix() if path.is_absolute() else each.path
            if each.before != each.after:
                changes.append(EditedFile(inside, each.before, each.after))
        if not changes:
            raise EditError(sentence("edit.same"), fix=sentence("edit.next.same"))
        imported = done.imported
        counts = {each.value: count for each, count in imported.rows.items()}
        said = text("web.lists.told").filled(
            name=imported.document.rpartition("/")[2], count=imported.read, taken=counts.get(RowOutcome.IMPORTED, 0)
        )
        return EditPlan(tuple(changes), (said,), (imported.document,))

    def _common(self, page: Page, user: str, dropped: DroppedList) -> dict[str, Any]:
        return {
            "user": user, "token": self._access.token(user), "name": dropped.path.name,
            "must_approve": self._work.must_approve,
            "address": page.urls.desk_lists(dropped.number),
        }  # fmt: skip


# -- the map ----------------------------------------------------------------------------------------------


def _listed(begun: Mapping[str, Any]) -> dict[str, list[str | int]]:
    """The columns that a map names, by kind."""
    found: dict[str, list[str | int]] = {}
    for kind, names in begun.get("columns", {}).items():
        found[kind] = names if isinstance(names, list) else [names]
    if wide := begun.get("wide", {}).get("columns"):
        found["wide"] = list(wide)
    return found


def _map_of(given: Form, begun: Mapping[str, Any]) -> str:
    """The map as a form says it, with all that it does not ask for as it was."""
    said: dict[str, Any] = dict(begun)
    for name in _FIELDS if given else ():
        value = given.get(f"m-{name}", [""])[0]
        said.pop(name, None)
        if value:
            said[name] = value
    if given:
        said.pop("complete", None)
        said |= {"complete": True} if given.get("m-complete") else {}
        columns: dict[str, list[str | int]] = {}
        for name, values in given.items():
            if name.startswith("c-") and values[0] in _KINDS:
                called = given.get(f"h-{name[2:]}", [""])[0]
                columns.setdefault(values[0], []).append(int(called) if given.get(f"i-{name[2:]}") else called)
        wide = columns.pop("wide", [])
        said["columns"] = columns
        said["wide"] = {**begun.get("wide", {}), "columns": wide}
        said["wide"] = said["wide"] if wide else {}
    return _toml(said)


def _toml(said: Mapping[str, Any]) -> str:
    """A map as TOML: single values first, then its tables."""
    plain = [f"{_key(name)} = {_value(name, value)}" for name, value in said.items() if not isinstance(value, dict)]
    tables = [(name, value) for name, value in said.items() if isinstance(value, dict) and value]
    for name, value in tables:
        plain += ["", f"[{_key(name)}]", *(f"{_key(each)} = {_value(each, one)}" for each, one in value.items())]
    return "\n".join(plain) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)


def _value(name: str, value: object) -> str:
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, date) or (name == "as_of" and isinstance(value, str) and len(value) > len("2020-11") and _DAY.match(value)):  # fmt: skip
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(each)} = {_value(each, one)}" for each, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value("", each) for each in value) + "]"
    return json.dumps(str(value))


def _typed(value: object) -> str:
    """A value of a map as it stands in a field."""
    return next(iter(value.values()), "") if isinstance(value, dict) else str(value)


def _remarks(path: Path, language: str) -> list[str]:
    """What the program is not sure of: the comments of the draft."""
    lines = draft_map(path, language=language).splitlines()
    said = (line.partition("#")[2].strip() for line in lines if "#" in line)
    return [each for each in said if each and "=" not in each and not each.startswith("[")][:_SHOWN]


# -- what comes of it ---------------------------------------------------------------------------------------


def _decided_words(path: Path) -> dict[str, str]:
    """What was said of doubtful rows, by the key of the question as the form has it."""
    if not path.is_file():
        return {}
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    return {json.dumps(row[1:5], ensure_ascii=False): row[0] for row in rows if row and row[0] != COLUMNS[0]}


def _asked(
    question: ReviewQuestion, at: int, decided: Mapping[str, str], short: Callable[[str], str], language: str
) -> dict[str, Any]:
    """One question as the page shows it."""
    key = json.dumps([question.written, *question.key[1:]], ensure_ascii=False)
    return {
        "at": at, "key": key, "written": question.written, "reason": said_in(question.reason, language), "rows": question.rows[:_SHOWN],
        "is_city": question.key.kind != "network", "word": decided.get(key, ""), "country": question.key.country,
        "candidates": [(short(each.iri), each.name, each.country) for each in question.candidates[:CANDIDATES]],
    }  # fmt: skip


def _told(imported: Import, page: Page) -> dict[str, Any]:
    """The counts of rows, and who came, left and changed name."""
    names = {iri: iri.rpartition("/")[2] for iri in _members(imported)}
    difference = imported.difference
    parts: dict[str, Iterable[str]] = {}
    if difference is not None:
        parts = {
            word: [names.get(iri, iri.rpartition("/")[2]) for iri in list(getattr(difference, word))]
            for word in ("joined", "left", "renamed", "unclear")
        }
    return {
        "counts": [(each.called.in_language(page.language), count) for each, count in imported.rows.items()],
        "rows_read": imported.read,
        "since": difference.since if difference is not None else "",
        "difference": [(word, list(found)[:_SHOWN], max(len(list(found)) - _SHOWN, 0)) for word, found in parts.items() if found],
        "made": Counter(imported.made),
        "notes": [said_in(each, page.language) for each in imported.notes[:_SHOWN]],
    }  # fmt: skip


def _members(imported: Import) -> set[str]:
    return {each.membership for each in imported.lines if each.membership}


def shown_answer(change: AnswerChange, labels: Labels | None, page: Page) -> dict[str, Any]:
    """A saved question whose answer changes, with the first of its rows."""

    def words(row: Row) -> str:
        cells = (
            labels.describe(each, page.language) if labels is not None else str(each)
            for each in row
            if each is not None
        )
        return " · ".join(each for each in cells if each)

    return {
        "title": change.title.in_language(page.language),
        "href": page.urls.query(change.name),
        "added": [words(row) for row in change.added[:_SHOWN_ROWS]],
        "removed": [words(row) for row in change.removed[:_SHOWN_ROWS]],
        "more": max(len(change.added) - _SHOWN_ROWS, 0) + max(len(change.removed) - _SHOWN_ROWS, 0),
    }
