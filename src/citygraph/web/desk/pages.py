"""The pages of the desk: what can be added, the forms, an edit before it is written, and taking the last ones back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.edit.answers import SOURCE
from citygraph.edit.changes import Editor
from citygraph.edit.facts import Fact, fits_field, told
from citygraph.edit.kinds import FactField, FactKind, Kinds
from citygraph.edit.plan import EditPlan
from citygraph.errors import EditError, ExportError, QueryError, ReasoningError
from citygraph.messages import key_of
from citygraph.rdf import Iri
from citygraph.web.desk.access import Access, Form
from citygraph.web.desk.approval import Approval, shown_preview
from citygraph.web.desk.forms import Faults, Group, KindForm, Typed, state_of_fact
from citygraph.web.desk.links import ACTIONS, DeskLinks, actions_of
from citygraph.web.desk.lists import DroppedLists
from citygraph.web.desk.reading import ASKS, OF_NEW, DeskReading, DoubtError, new_kinds
from citygraph.web.desk.work import DeskWork, PreviewedEdit, seal_of
from citygraph.web.pages.page import NotFound, Page, as_fault, kindly

if TYPE_CHECKING:
    from citygraph.project import Project

_LONGEST: Final = 100_000
_MOST_FIELDS: Final = 400
_SHOWN_EDITS: Final = 10
_OK, _SEE_OTHER, _BAD_REQUEST, _CONFLICT = 200, 303, 400, 409
_ADD: Final = "add"
_OF_ACTION: Final = {
    "end": ("until", "ended-by", SOURCE),
    "confirm": ("as-of", SOURCE),
    "retract": ("note", SOURCE),
}
"""The fields that are asked for in an edit of a fact, where those are not all."""
_FAILURES: Final = (EditError, QueryError, ExportError, ReasoningError)


@dataclass(frozen=True, slots=True)
class DeskTask:
    """What a person is about to do: add a fact of a kind, or one of the edits of a fact."""

    action: str
    kind: FactKind
    fact: Fact | None
    form: KindForm
    editor: Editor

    def said(self, typed: Typed) -> tuple[list[Group], list[str]]:
        """What a form says, and the fields that lose their values."""
        if self.action == "change" and self.fact is not None:
            return self.form.difference(self.fact, typed)
        return self.form.groups(typed), []

    def plan(self, groups: Sequence[Group], cleared: Sequence[str]) -> EditPlan:
        """The edit.

        Raises:
            EditError, QueryError: as the edit has it.
        """
        said = [pair for _, group in groups for pair in group]
        if self.fact is None:
            return self.editor.add(self.kind.name, said)
        what = f"<{self.fact.iri}>"
        match self.action:
            case "change":
                return self.editor.change(what, said, cleared=cleared)
            case "end":
                return self.editor.end(what, said)
            case "confirm":
                return self.editor.confirm(what, said)
            case "dispute":
                return self.editor.dispute(what, said)
        return self.editor.retract(what, said)


class Desk:
    """The pages with which a person adds and changes facts; made for one start of the server."""

    def __init__(self, project: Project, host: str, *, root_path: str = "") -> None:
        """The desk of a project, on `host`.

        Raises:
            ConfigError: others could write too, or nobody could say who did.
        """
        values = project.config.values
        self.access = Access(
            host,
            path="/desk",
            root_path=root_path,
            user_header=str(values["edit.user_header"]),
            proxies=str(values["serve.trusted_proxies"]),
            has_name=bool(values["serve.public_url"] or values["serve.hosts"]),
            must_approve=bool(values["edit.approve"]),
        )
        self.work = DeskWork(project)
        self.approval = Approval(self.work, self.access)
        self._reading = DeskReading(self.work, self.access)
        self.routes = [
            Route("/desk", self._let_in(self._home), methods=["GET"]),
            Route("/desk/undo", self._let_in(self._undo), methods=["POST"]),
            Route("/desk/add/{kind}", self._let_in(self._add), methods=["GET", "POST"]),
            Route("/desk/fact", self._let_in(self._fact), methods=["GET"]),
            Route("/desk/fact/{action}", self._let_in(self._act), methods=["GET", "POST"]),
            *self.approval.routes(self._let_in),
            *DroppedLists(self.work, self.access).routes(self._let_in),
            *self._reading.routes(self._let_in),
        ]

    def links(self, request: Request, page: Page) -> DeskLinks | None:
        """The ways from a page of a thing to the forms; `None` for somebody who may not write."""
        if not self.access.may_write(request):
            return None
        stamp = self.work.project.stamp()
        kinds: Kinds = page.memory.once("desk-kinds", stamp, lambda: self.work.kinds)
        return DeskLinks(kinds, page.urls)

    def _let_in(self, endpoint: Callable[[Page, str], Response]) -> Callable[[Request], Response]:
        """The endpoint for those who may write; what it answers is kept nowhere."""

        def answer(request: Request) -> Response:
            user = self.access.user(request)
            response = kindly(lambda asked: endpoint(Page(asked), user))(request)
            # The token is a secret, and what stands here changes with every edit.
            response.headers["Cache-Control"] = "no-store"
            if "ETag" in response.headers:
                del response.headers["ETag"]
            return response

        return answer

    # -- the first page -------------------------------------------------------------------------------

    def _home(self, page: Page, user: str, *, fault: Sequence[str] = (), status: int = _OK) -> Response:
        """`/desk`: what can be added, and the last edits."""
        editor, asked = self.work.editor(), page.request.query_params
        labels = editor.state.labels_with()
        about = asked.get("about", "")
        about = about if about in editor.state.said else ""
        done = self.work.journal.one(asked.get("done", ""))
        return page.render(
            "desk_home.html",
            status=status,
            user=user,
            token=self.access.token(user),
            fault=fault,
            done=done,
            undo=done is not None and self.work.can_undo(done),
            waiting=self.approval.all_waiting(user),
            edits=[(each, self.work.can_undo(each)) for each in self.work.journal.newest(_SHOWN_EDITS)],
            fact_of=lambda edit: next((each for each in edit.facts if each in editor.state.said), ""),
            building=self.work.building.is_busy,
            problem=as_fault(self.work.building.problem, page.language) if self.work.building.problem else [],
            about=page.formatter.iri(about) if about else None,
            about_name=labels.describe(Iri(about), page.language) if about else "",
            groups=_grouped(
                _kinds_about(about, editor) if about else [(each, "") for each in editor.kinds.values()], page
            ),
        )

    def _undo(self, page: Page, user: str) -> Response:
        """`/desk/undo`: the files of an edit as they were."""
        given = self.access.form(page.request, user, longest=_LONGEST, fields=_MOST_FIELDS)
        try:
            edit = self.work.undo(_one(given, "edit"), who=user)
        except (EditError, ExportError) as error:
            return self._home(page, user, fault=as_fault(error, page.language), status=_CONFLICT)
        read, done = _one(given, "read"), str(edit.number)
        return RedirectResponse(page.urls.desk_read(read, done=done) if read else page.urls.desk(done=done), _SEE_OTHER)

    # -- forms ----------------------------------------------------------------------------------------

    def _add(self, page: Page, user: str) -> Response:
        """`/desk/add/{kind}`: a form for a new fact."""
        editor, name = self.work.editor(), str(page.request.path_params["kind"])
        if name not in editor.kinds:
            raise NotFound(page.request.url.path, [(page.words("desk.title"), page.urls.desk())])
        kind = editor.kinds[name]
        return self._answer(page, user, DeskTask(_ADD, kind, None, KindForm(kind, editor, page.language), editor))

    def _act(self, page: Page, user: str) -> Response:
        """`/desk/fact/{action}?fact=…`: a form for an edit of a fact."""
        action, fact, editor = str(page.request.path_params["action"]), *self._found(page)
        if action not in ACTIONS:
            raise NotFound(page.request.url.path, [(page.words("desk.title"), page.urls.desk())])
        options: Iterable[str] | None = _OF_ACTION.get(action)
        if action == "dispute":
            options = [each.option for each in fact.kind.fields if each.option not in {*fact.kind.known_by, "rank"}]
        elif action == "retract" and not fact.kind.has("rank"):
            options = ()
        form = KindForm(fact.kind, editor, page.language, options=options)
        return self._answer(page, user, DeskTask(action, fact.kind, fact, form, editor))

    def _fact(self, page: Page, user: str) -> Response:
        """`/desk/fact?fact=…`: a fact, and what can be done with it."""
        fact, editor = self._found(page)
        labels, form = editor.state.labels_with(), KindForm(fact.kind, editor, page.language)
        shown = [
            (each.name.in_language(page.language), [form.shown(value, each) for value in fact.values[each.option]])
            for each in fact.kind.fields
            if fact.values.get(each.option)
        ]
        return page.render(
            "desk_fact.html",
            user=user,
            kind=fact.kind,
            iri=fact.iri,
            told=told(fact, labels).in_language(page.language),
            shown=shown,
            actions=[(each, page.urls.desk_fact(fact.iri, each)) for each in actions_of([fact.kind])],
            address=page.urls.entity(fact.iri),
        )

    def _found(self, page: Page) -> tuple[Fact, Editor]:
        """The fact that the address names, in the files as they are now.

        Raises:
            NotFound: there is none, or it is nothing that can be changed here.
        """
        editor, iri = self.work.editor(), page.request.query_params.get("fact", "")
        try:
            if iri in editor.state.said:
                return editor.fact(iri), editor
        except EditError:
            pass
        raise NotFound(page.request.url.path, [(page.words("desk.title"), page.urls.desk())])

    def _answer(self, page: Page, user: str, task: DeskTask) -> Response:
        """A form, the edit that it would make, or the edit made, by what was sent."""
        if page.request.method != "POST":
            return self._form_page(page, user, task, _first(task, page, user))
        given = self.access.form(page.request, user, longest=_LONGEST, fields=_MOST_FIELDS)
        typed, step = task.form.typed(given), _one(given, "step")
        if step == "form":
            return self._form_page(page, user, task, typed)
        if task.fact is not None and _one(given, "seen") != state_of_fact(task.fact):
            return self._form_page(page, user, task, typed, is_overtaken=True, status=_CONFLICT)
        groups, cleared = task.said(typed)
        if step == "take" and task.fact is None:
            return self._take(page, user, task, typed, groups, given)
        faults = task.form.faults(groups, is_whole=task.fact is None)
        try:
            if not faults:
                plan = task.plan(groups, cleared)
                if step == "write" and _one(given, "seal") == seal_of(plan):
                    edit = self.work.write(plan, who=user)
                    return RedirectResponse(_behind(page, str(edit.number)), _SEE_OTHER)
                return self._preview_page(page, user, task, typed, self.work.preview(plan), is_other=step == "write")
        except _FAILURES as error:
            task.form.add_error(faults, error)
        return self._form_page(page, user, task, typed, faults, status=_BAD_REQUEST)

    def _take(
        self, page: Page, user: str, task: DeskTask, typed: Typed, groups: Sequence[Group], given: Form
    ) -> Response:
        """Write a fact of the document that is being read at once, as a yes there does, or say what is in the way."""
        said = [pair for _, group in groups for pair in group]
        said += [(each, value) for each in OF_NEW if not task.kind.has(each) and (value := _one(given, f"f-{each}"))]
        faults = self._misspelled(page, task, groups)
        if faults:
            return self._form_page(page, user, task, typed, faults, status=_BAD_REQUEST)
        try:
            return self._reading.take(page, user, task.kind.name, said, is_sure=bool(_one(given, "sure")))
        except DoubtError as doubt:
            faults = Faults(doubt.words(page), is_doubted=not doubt.is_refused)
        except _FAILURES as error:
            is_asked = key_of(error.message) in ASKS
            of_new = {each: _one(given, f"f-{each}") for each in OF_NEW}
            of_new["new"] = of_new["new"] or ("working-group" if task.kind.name == "lead" else "")
            faults = Faults(is_asked=True, said_of_new=of_new) if is_asked else task.form.faults(groups, is_whole=True)
            if not faults or not isinstance(error, QueryError):
                task.form.add_error(faults, error)
        return self._form_page(page, user, task, typed, faults, status=_CONFLICT)

    def _misspelled(self, page: Page, task: DeskTask, groups: Sequence[Group]) -> Faults:
        """The fields with a name that neither the graph nor the document has: nothing new is made of a slip of the pen."""
        names = {option: said[0][1] for option, said in groups}
        faults = task.form.faults(groups, is_whole=False)
        for option in list(faults.fields):
            if task.form.takes_words(option) or self._reading.stands_there(page, names[option]):
                del faults.fields[option]
        return faults

    def _form_page(
        self,
        page: Page,
        user: str,
        task: DeskTask,
        typed: Typed,
        faults: Faults | None = None,
        *,
        is_overtaken: bool = False,
        status: int = _OK,
    ) -> Response:
        found = faults or Faults()
        fields = task.form.shown_fields(typed, found, fact=task.fact)
        return page.render(
            "desk_form.html",
            status=status,
            **self._common(page, user, task),
            fields=fields,
            guess=found.said_of_new,
            new_kinds=new_kinds(task.editor.kinds, page.language) if found.is_asked else [],
            suggestions=task.form.suggestions,
            faults=found,
            in_the_way=page.urls.desk_fact(found.fact) if found.fact else "",
            conflicts=task.form.conflicts(task.fact, typed) if is_overtaken and task.fact is not None else None,
        )

    def _preview_page(
        self, page: Page, user: str, task: DeskTask, typed: Typed, previewed: PreviewedEdit, *, is_other: bool
    ) -> Response:
        about = shown_preview(previewed, page)
        return page.render(
            "desk_preview.html",
            status=_BAD_REQUEST if about["is_refused"] else _CONFLICT if is_other else _OK,
            **self._common(page, user, task),
            **about,
            hidden=[(f"f-{name}", value) for name, values in typed.items() for value in values],
            is_other=is_other,
            must_approve=self.work.must_approve,
        )

    def _common(self, page: Page, user: str, task: DeskTask) -> dict[str, Any]:
        """What the form and the edit before it is written both show."""
        labels = task.editor.state.labels_with()
        return {
            "user": user,
            "token": self.access.token(user),
            "action": task.action,
            "kind": task.kind,
            "fact": told(task.fact, labels).in_language(page.language) if task.fact is not None else "",
            "seen": state_of_fact(task.fact) if task.fact is not None else "",
            "address": page.urls.desk_fact(task.fact.iri, task.action)
            if task.fact is not None
            else page.urls.desk_add(task.kind.name, _of_reading(page)),
            "read": page.request.query_params.get("read", "") if task.fact is None else "",
        }


def _first(task: DeskTask, page: Page, user: str) -> Typed:
    """What stands in a form that nobody has filled in yet."""
    if task.action == "change" and task.fact is not None:
        return task.form.typed_from(task.fact)
    if task.action == "confirm":
        return {"as-of": [datetime.now(tz=UTC).date().isoformat()]}
    typed: Typed = {}
    if task.action != _ADD:
        return typed
    for each in task.form.fields:
        asked = page.request.query_params.getlist(each.option)
        if each.default is not None and not each.default_with and not each.other_defaults:
            typed[each.option] = [task.form.exact(each.default)]
        if each.option == "judge" and user:
            typed[each.option] = [user]
        if asked:
            known = [Iri(value) for value in asked if value in task.editor.state.said]
            typed[each.option] = [task.form.unmistakable(value, each) for value in known]
    if page.request.query_params.get("read"):
        typed |= {name: values for name, values in task.form.typed(_answers(page)).items() if any(values)}
    return typed


def _answers(page: Page) -> dict[str, list[str]]:
    """What the address of a form fills in, by the names of its inputs."""
    asked = page.request.query_params
    return {name: asked.getlist(name) for name in asked if name.startswith("f-")}


def _of_reading(page: Page) -> dict[str, str]:
    """Which document is being read, and where."""
    return {name: value for name in ("read", "at") if (value := page.request.query_params.get(name, ""))}


def _behind(page: Page, done: str) -> str:
    """Where a form leads that was sent: back to the document that is being read, else to the first page."""
    read = page.request.query_params.get("read", "")
    return page.urls.desk_read(read, done=done) if read else page.urls.desk(done=done)


def _kinds_about(about: str, editor: Editor) -> list[tuple[FactKind, str]]:
    """The kinds of facts about a thing, each with the option that has the thing."""
    found = []
    for kind in editor.kinds.values():
        options = [each for each in dict.fromkeys((kind.beside, *kind.known_by)) if each]
        found += [
            (kind, each)
            for each in options
            if _takes(kind.field(each)) and fits_field(kind.field(each), Iri(about), editor.state)
        ]
    return found


def _takes(field_: FactField) -> bool:
    return bool(field_.classes) and not field_.datatypes


def _grouped(kinds: Iterable[tuple[FactKind, str]], page: Page) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Kinds under the names of their groups: what each is called, what it is for, and its form."""
    about = page.request.query_params.get("about", "")
    found: dict[str, list[tuple[str, str, str]]] = {}
    listed = list(kinds)
    for kind, option in listed:
        title = kind.title.in_language(page.language)
        if sum(each is kind for each, _ in listed) > 1:
            title = f"{title} ({kind.field(option).name.in_language(page.language)})"
        values = {option: about} if option else {}
        entry = (title, kind.about.in_language(page.language), page.urls.desk_add(kind.name, values))
        found.setdefault(kind.group.in_language(page.language), []).append(entry)
    return list(found.items())


def _one(given: Form, name: str) -> str:
    return given.get(name, [""])[0]
