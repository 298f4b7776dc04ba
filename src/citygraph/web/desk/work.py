"""What the desk does to the project: an edit shown before it is written, written, kept so that it can be taken back, and built."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citygraph.compare import AnswerChange, Changes
from citygraph.edit.plan import EditedFile, EditPlan, take_back
from citygraph.errors import CitygraphError, ConfigError, EditError
from citygraph.files import git, locked, write_file
from citygraph.messages import Text, sentence

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.kinds import Kinds
    from citygraph.labels import Labels
    from citygraph.project import Project
    from citygraph.project.editing import CheckedEdit

_KEPT: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")
_BRANCH: Final = "desk/"


@dataclass(frozen=True, slots=True)
class PreviewedEdit:
    """An edit that is not written yet, what a check says of it, and how the graph and its answers would change.

    `seal` is the same as long as the edit says the same, whatever else is changed in its files meanwhile.
    """

    checked: CheckedEdit
    answers: tuple[AnswerChange, ...]
    labels: Labels | None
    seal: str


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


class EditJournal:
    """The edits that were made at the desk, the newest of them, in files beside what is built."""

    def __init__(self, folder: Path) -> None:
        """The journal in a folder, which need not be there yet."""
        self.folder = folder

    def next_number(self) -> int:
        """The number of the next edit."""
        return max(self._numbers(), default=0) + 1

    def newest(self, most: int) -> list[WrittenEdit]:
        """The last edits, the newest first; what cannot be read is left out."""
        found = (self.one(str(number)) for number in sorted(self._numbers(), reverse=True)[:most])
        return [each for each in found if each is not None]

    def one(self, number: str) -> WrittenEdit | None:
        """The edit of that number; `None` when there is none."""
        if not _NUMBER.match(number):
            return None
        try:
            return _read(json.loads((self.folder / f"{int(number)}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def keep(self, edit: WrittenEdit) -> None:
        """Keep an edit, new or as it is now; the oldest go when there are many.

        Raises:
            ExportError: it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_file(self.folder / f"{edit.number}.json", json.dumps(_written(edit), ensure_ascii=False).encode())
        for number in sorted(self._numbers())[:-_KEPT]:
            (self.folder / f"{number}.json").unlink(missing_ok=True)

    def drop(self, edit: WrittenEdit) -> None:
        """Forget an edit that was not made after all."""
        (self.folder / f"{edit.number}.json").unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self.folder.glob("*.json") if _NUMBER.match(path.stem)]


def _written(edit: WrittenEdit) -> dict[str, Any]:
    return {
        **asdict(edit),
        "files": [
            {"path": each.path, "before": _packed(each.before), "after": _packed(each.after)} for each in edit.files
        ],
    }


def _read(said: dict[str, Any]) -> WrittenEdit:
    files = tuple(
        EditedFile(str(each["path"]), _unpacked(each["before"]), _unpacked(each["after"]) or b"")
        for each in said["files"]
    )
    told = tuple(Text(each["nb"], each["en"]) for each in said["told"])
    return WrittenEdit(**{**said, "files": files, "told": told, "facts": tuple(said["facts"])})


def _packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(zlib.compress(data)).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else zlib.decompress(base64.b64decode(text))


class DeskWork:
    """Plans, writes and takes back the edits of one project, one at a time, and builds the graph after each."""

    def __init__(self, project: Project) -> None:
        """Work on a project; nothing is read yet."""
        self.project = project
        self.journal = EditJournal(project.snapshots.folder / "desk")
        self.edits = project.edits
        self._commit = str(project.config.values["edit.commit"])
        self.building = Rebuilding(project)

    @property
    def kinds(self) -> Kinds:
        """The kinds of facts, as the files have them now."""
        return self.edits.kinds

    def editor(self) -> Editor:
        """What plans one edit, on the files as they are now."""
        return self.edits.editor()

    def preview(self, plan: EditPlan) -> PreviewedEdit:
        """What an edit would do.

        Raises:
            EditError: another text of a document is kept under the same name.
            ReasoningError: the reasoner stopped before it was done.
        """
        with self._turn():
            checked = self.edits.check(plan)
            changes: Changes | None = None
            if not checked.violations:
                changes = self.edits.changes(plan)
        answers = changes.answers if changes is not None else ()
        return PreviewedEdit(checked, answers, changes.labels if changes is not None else None, seal_of(plan))

    def _turn(self) -> AbstractContextManager[None]:
        """One at a time, also beside a desk of another process, or one whose settings were read before."""
        return locked(self.journal.folder)

    def check(self, plan: EditPlan) -> CheckedEdit:
        """An edit with what a check would find after it that it does not find now.

        Raises:
            EditError: another text of a document is kept under the same name.
            ReasoningError: the reasoner stopped before it was done.
        """
        with self._turn():
            return self.edits.check(plan)

    def write(self, plan: EditPlan, *, who: str) -> WrittenEdit:
        """Check an edit once more, write it, keep it in the journal, commit it when that is wanted, and begin to build.

        Raises:
            EditError: it breaks a rule that was kept before, or a file has changed since it was planned.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            checked = self.edits.check(plan)
            now = datetime.now(tz=UTC).isoformat(timespec="seconds")
            edit = WrittenEdit(
                self.journal.next_number(), now, who, plan.told, plan.changes, plan.facts, texts=self._new_texts(plan)
            )
            # Before the files: whatever happens in between, what was written can be taken back.
            self.journal.keep(edit)
            try:
                self.edits.write(checked)
            except CitygraphError:
                self.journal.drop(edit)
                raise
            edit = self._committed(edit, edit.told[0].en, who)
        self.building.begin()
        return edit

    def undo(self, number: str, *, who: str) -> WrittenEdit:
        """Put the files of an edit back as they were, byte for byte; the texts of documents that came with it go.

        Raises:
            EditError: there is no such edit, it was taken back already, or one of its files has changed since.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            edit = self.journal.one(number)
            if edit is None or edit.is_undone:
                raise EditError(sentence("desk.no_edit"), fix=sentence("desk.next.no_edit"))
            try:
                sources = self.project.config.sources_folder
                texts = {sources / name: digest for name, digest in edit.texts.items()}
                take_back(edit.files, self.project.folder, texts=texts)
            except EditError as error:
                raise EditError(error.message, fix=sentence("desk.next.later_first")) from error
            edit = replace(edit, is_undone=True)
            self.journal.keep(edit)
            edit = self._committed(edit, f"Undo: {edit.told[0].en}", who)
        self.building.begin()
        return edit

    def _new_texts(self, plan: EditPlan) -> dict[str, str]:
        """The texts of documents that an edit will keep and that are not kept yet, with their SHA-256."""
        folder = self.project.config.sources_folder
        return {
            name: hashlib.sha256(data).hexdigest()
            for name, data in plan.documents.items()
            if not (folder / name).is_file()
        }

    def can_undo(self, edit: WrittenEdit) -> bool:
        """Whether the files of an edit are still as it left them, or some of them back already as they were before."""
        now = [_bytes_of(self.project.folder / each.path) for each in edit.files]
        held = list(zip(now, edit.files, strict=True))
        is_left = all(data in {each.before, each.after} for data, each in held)
        return not edit.is_undone and is_left and any(data == each.after for data, each in held)

    def _committed(self, edit: WrittenEdit, message: str, who: str) -> WrittenEdit:
        """The edit with the commit that has it, or with the reason why there is none; the journal keeps that too."""
        if self._commit == "never":
            return edit
        try:
            if self._commit == "branch":
                _switch_branch(self.project.folder, edit.when[:10])
            commit = commit_files(self.project.folder, [each.path for each in edit.files], message, who=who)
            edit = replace(edit, commit=commit, problem="")
        except (ConfigError, EditError) as error:
            edit = replace(edit, problem=error.message)
        self.journal.keep(edit)
        return edit


def seal_of(plan: EditPlan) -> str:
    """What an edit says: its sentences and the lines that go and come, wherever they stand."""
    lines = [line for line in plan.difference.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    said = [*(f"{each.nb}\n{each.en}" for each in plan.told), *(each.path for each in plan.changes), *lines]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


# -- git --------------------------------------------------------------------------------------------------


def commit_files(folder: Path, paths: Sequence[str], message: str, *, who: str) -> str:
    """Commit some files of a project, and nothing else that may wait there.

    Args:
        folder: the project.
        paths: the files, from the project folder.
        message: what the commit says.
        who: the person who made the edit; whoever git is set up for without it.

    Returns:
        The short name of the commit; empty when git has nothing to commit, as the files are what they are there.

    Raises:
        ConfigError: there is no git here.
        EditError: git refuses.
    """
    author = [f"--author={author_of(who)}"] if who else []
    own = (
        []
        if git(folder, "var", "GIT_COMMITTER_IDENT")
        else ["-c", "user.name=citygraph", "-c", "user.email=desk@localhost"]
    )
    changed = _staged(folder, paths)
    if not changed:
        return ""
    if git(folder, *own, "commit", "--quiet", "--only", *author, "-m", message, "--", *changed) is None:
        raise EditError(sentence("desk.no_commit"))
    return (git(folder, "rev-parse", "--short", "HEAD") or b"").decode().strip()


def _staged(folder: Path, paths: Sequence[str]) -> list[str]:
    """Stage some files as they are, also that they are gone, and say which of them the last commit has otherwise."""
    named = [(f":(literal){each}", (folder / each).exists()) for each in paths]
    there, gone = ([name for name, is_there in named if is_there is wanted] for wanted in (True, False))
    commands = [
        *([("add", "--", *there)] if there else []),
        # One that git never had is no mistake: an edit that was not committed is taken back.
        *([("rm", "--quiet", "--cached", "--ignore-unmatch", "--", *gone)] if gone else []),
    ]
    if any(git(folder, *each) is None for each in commands):
        raise EditError(sentence("desk.no_commit"))
    differing = git(folder, "diff", "--cached", "--name-only", "--relative", "-z", "--", *(name for name, _ in named))
    if differing is None:
        raise EditError(sentence("desk.no_commit"))
    return [f":(literal){each}" for each in differing.decode("utf-8", "surrogateescape").split("\0") if each]


def author_of(who: str) -> str:
    """A person as git writes it: a name, and an address when the name is one.

    >>> author_of("kari@example.org"), author_of("Kari <Nordmann>")
    ('kari <kari@example.org>', 'Kari Nordmann <>')
    """
    name = " ".join(re.sub(r"[<>\x00-\x1f]", " ", who).split()) or "unknown"
    return f"{name.partition('@')[0]} <{name}>" if re.fullmatch(r"[^@\s]+@[^@\s]+", name) else f"{name} <>"


def _switch_branch(folder: Path, day: str) -> None:
    """See that a branch for the edits of the desk is checked out; one that is goes on."""
    here = (git(folder, "symbolic-ref", "--short", "--quiet", "HEAD") or b"").decode().strip()
    if here.startswith(_BRANCH):
        return
    for number in range(1, 1000):
        name = f"{_BRANCH}{day}" + (f"-{number}" if number > 1 else "")
        if git(folder, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}") is None:
            if git(folder, "switch", "--quiet", "--create", name) is None:
                raise EditError(sentence("desk.no_commit"))
            return


# -- the graph --------------------------------------------------------------------------------------------


class Rebuilding:
    """Builds the graph in a thread after an edit, once for edits that come while it is being built."""

    def __init__(self, project: Project) -> None:
        """Nothing is being built."""
        self._project = project
        self._lock = threading.Lock()
        self._is_wanted = False
        self.thread: threading.Thread | None = None
        self.problem: CitygraphError | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a version is being built."""
        return self.thread is not None and self.thread.is_alive()

    def begin(self) -> None:
        """See that a version is built of the files as they are from now on."""
        with self._lock:
            self._is_wanted = True
            if not self.is_busy:
                self.thread = threading.Thread(target=self._build, name="citygraph-desk-build", daemon=True)
                self.thread.start()

    def _build(self) -> None:
        while True:
            with self._lock:
                if not self._is_wanted:
                    self.thread = None
                    return
                self._is_wanted = False
            try:
                outcome = self._project.build()
                stopped = ConfigError(sentence("desk.not_built")) if outcome.report.violations else None
                self.problem = stopped
            except CitygraphError as error:
                self.problem = error
            except Exception as error:  # noqa: BLE001  # whatever it was: the page must say that the old version is shown
                self.problem = ConfigError(str(error) or type(error).__name__)
