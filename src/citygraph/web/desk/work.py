"""What the desk does to the project: an edit shown before it is written, written, kept so that it can be taken back, and built."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from citygraph.compare import AnswerChange, Changes
from citygraph.edit.plan import EditPlan, take_back, write_files
from citygraph.edit.waiting import on_files_now
from citygraph.errors import CitygraphError, ConfigError, EditError
from citygraph.files import git, locked
from citygraph.messages import sentence, text
from citygraph.namespaces import prefixes_for
from citygraph.web.desk.journal import EditJournal, WrittenEdit

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.kinds import Kinds
    from citygraph.labels import Labels
    from citygraph.project import Project
    from citygraph.project.editing import CheckedEdit

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


class DeskWork:
    """Plans, writes and takes back the edits of one project, one at a time, and builds the graph after each.

    Where `must_approve`, an edit waits until another person approves it.
    """

    def __init__(self, project: Project) -> None:
        """Work on a project; nothing is read yet."""
        self.project = project
        self.journal = EditJournal(project.snapshots.folder / "desk")
        self.edits = project.edits
        self._commit = str(project.config.values["edit.commit"])
        self.must_approve = bool(project.config.values["edit.approve"])
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

        Where another person has to approve, it is kept in the journal and waits, and no file is written.

        Raises:
            EditError: it breaks a rule that was kept before, a file has changed since it was planned, or it waits already.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            with suppress(EditError):
                # Somebody may have written another fact of the same file since this was planned; of the same fact, both are told.
                plan = self._on_files_now(plan)
            if self.must_approve:
                return self._put_off(plan, who)
            edit = self._written(plan, who)
        self.building.begin()
        return edit

    def _written(self, plan: EditPlan, who: str, *, approved_by: str = "") -> WrittenEdit:
        checked = self.edits.check(plan)
        edit = replace(self._new(plan, who), texts=self._new_texts(plan), approved_by=approved_by)
        # Before the files: whatever happens in between, what was written can be taken back.
        self.journal.keep(edit)
        try:
            self.edits.write(checked)
        except CitygraphError:
            self.journal.drop(edit)
            raise
        return self._committed(edit, edit.told[0].en, who, approved_by)

    def _new(self, plan: EditPlan, who: str) -> WrittenEdit:
        now = datetime.now(tz=UTC).isoformat(timespec="seconds")
        return WrittenEdit(self.journal.next_number(), now, who, plan.told, plan.changes, plan.facts)

    def keep(self, plan: EditPlan, *, who: str) -> WrittenEdit:
        """Write decisions that are no fact of the graph, keep them in the journal, and commit them when that is wanted.

        Raises:
            EditError: a file has changed since the edit was planned.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            edit = self._new(plan, who)
            self.journal.keep(edit)
            try:
                write_files(plan.changes, self.project.folder)
            except CitygraphError:
                self.journal.drop(edit)
                raise
            return self._committed(edit, edit.told[0].en, who)

    def undo(self, number: str, *, who: str) -> WrittenEdit:
        """Put the files of an edit back as they were, byte for byte; the texts of documents that came with it go.

        Where another person has to approve, that waits too. An edit that waits itself is withdrawn, by whoever wrote it.

        Raises:
            EditError: there is no such edit, it was taken back already, or one of its files has changed since; or it waits,
                and somebody else wrote it.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            edit = self.journal.one(number)
            if edit is None or edit.is_undone or edit.rejected_by:
                raise EditError(sentence("desk.no_edit"), fix=sentence("desk.next.no_edit"))
            if edit.waits:
                return self._withdrawn(edit, who)
            if self.must_approve:
                said = text("desk.undo_of").filled(said=edit.told[0])
                files = tuple(replace(each, before=each.after, after=each.before or b"") for each in edit.files)
                return self._put_off(EditPlan(files, (said,), edit.facts), who, undoes=edit.number)
            edit = self._taken_back(edit, who)
        self.building.begin()
        return edit

    def _taken_back(self, edit: WrittenEdit, who: str, *, approved_by: str = "") -> WrittenEdit:
        try:
            sources = self.project.config.sources_folder
            texts = {sources / name: digest for name, digest in edit.texts.items()}
            take_back(edit.files, self.project.folder, texts=texts)
        except EditError as error:
            raise EditError(error.message, fix=sentence("desk.next.later_first")) from error
        edit = replace(edit, is_undone=True)
        self.journal.keep(edit)
        return self._committed(edit, f"Undo: {edit.told[0].en}", who, approved_by)

    # -- what waits -----------------------------------------------------------------------------------

    def _put_off(self, plan: EditPlan, who: str, *, undoes: int = 0) -> WrittenEdit:
        """Keep an edit until another person approves it; what nobody could approve is refused at once."""
        self.edits.check(plan).refuse_violations()
        seal = seal_of(plan)
        for each in self.journal.waiting():
            if seal == seal_of(EditPlan(each.files, each.told, each.facts)):
                raise EditError(sentence("desk.waits_already", who=each.who), fix=sentence("desk.next.waits_already"))
        edit = replace(self._new(plan, who), waits=True, documents=plan.documents, undoes=undoes)
        self.journal.keep(edit)
        return edit

    def plan_now(self, edit: WrittenEdit) -> EditPlan:
        """What an edit that waits would write, on the files as they are now.

        Raises:
            EditError: what it says of a thing was said otherwise since.
        """
        if edit.undoes:
            done = self.journal.one(str(edit.undoes))
            if done is None or not self.can_undo(done):
                raise EditError(sentence("desk.undo_overtaken"), fix=sentence("edit.next.waited"))
            return EditPlan(edit.files, edit.told, edit.facts)
        return self._on_files_now(EditPlan(edit.files, edit.told, edit.facts, edit.documents))

    def _on_files_now(self, plan: EditPlan) -> EditPlan:
        config = self.project.config
        return replace(plan, changes=on_files_now(plan, config.folder, prefixes_for(config.base)))

    def may_decide(self, edit: WrittenEdit, who: str) -> bool:
        """Whether a person may approve or reject an edit that waits: another than the one who wrote it."""
        return not self.must_approve or _as_compared(who) != _as_compared(edit.who)

    def approve(self, number: str, *, who: str, seal: str) -> WrittenEdit:
        """Write an edit that waits, as it was seen, in the name of both persons.

        Args:
            number: the edit.
            who: the other person.
            seal: what she saw that it writes, see `seal_of`.

        Raises:
            EditError: there is no such edit, she wrote it herself, it is overtaken or another one than she saw, or it breaks
                a rule by now.
            ExportError: a file cannot be written; all are as they were.
        """
        with self._turn():
            edit = self._to_decide(number, who)
            plan = self.plan_now(edit)
            if seal != seal_of(plan):
                raise EditError(sentence("desk.seen_other"), fix=sentence("desk.next.seen_other"))
            done = self.journal.one(str(edit.undoes)) if edit.undoes else None
            if done is not None:
                written = self._taken_back(done, edit.who, approved_by=who)
            else:
                written = self._written(plan, edit.who, approved_by=who)
            self.journal.drop(edit)
        self.building.begin()
        return written

    def reject(self, number: str, *, who: str, reason: str) -> WrittenEdit:
        """Say that an edit that waits is not written, and why; the journal keeps that.

        Raises:
            EditError: there is no such edit, the person wrote it herself, or gives no reason.
            ExportError: the journal cannot be written.
        """
        with self._turn():
            edit = self._to_decide(number, who)
            if not reason:
                raise EditError(sentence("desk.no_reason"), fix=sentence("desk.next.no_reason"))
            rejected = replace(
                edit,
                number=self.journal.next_number(),
                waits=False,
                files=(),
                documents={},
                rejected_by=who,
                reason=reason,
            )
            self.journal.keep(rejected)
            self.journal.drop(edit)
        return rejected

    def _to_decide(self, number: str, who: str) -> WrittenEdit:
        edit = self.journal.one(number)
        if edit is None or not edit.waits:
            raise EditError(sentence("desk.not_waiting"), fix=sentence("desk.next.not_waiting"))
        if not self.may_decide(edit, who):
            raise EditError(sentence("desk.own"), fix=sentence("desk.next.own"))
        return edit

    def _withdrawn(self, edit: WrittenEdit, who: str) -> WrittenEdit:
        if _as_compared(who) != _as_compared(edit.who):
            raise EditError(sentence("desk.not_own", who=edit.who), fix=sentence("desk.next.not_own"))
        self.journal.drop(edit)
        return replace(edit, is_undone=True)

    # -- how ------------------------------------------------------------------------------------------

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
        return not edit.is_undone and not edit.waits and is_left and any(data == each.after for data, each in held)

    def _committed(self, edit: WrittenEdit, message: str, who: str, approved_by: str = "") -> WrittenEdit:
        """The edit with the commit that has it, or with the reason why there is none; the journal keeps that too."""
        if self._commit == "never":
            return edit
        try:
            if self._commit == "branch":
                _switch_branch(self.project.folder, edit.when[:10])
            message += f"\n\nApproved-by: {approved_by}" if approved_by else ""
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


def _as_compared(who: str) -> str:
    """A person as names are compared: "Kari" and "kari" are one, as many directories of people have it."""
    return normalize("NFKC", who).casefold().strip()


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
