"""Approval by a second person: what somebody wrote, seen by another, who lets it be written or says why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.edit.plan import EditedFile
from citygraph.errors import EditError, ExportError, QueryError, ReasoningError
from citygraph.messages import said_in
from citygraph.web.desk.access import Access
from citygraph.web.desk.journal import WrittenEdit
from citygraph.web.desk.lists import shown_answer
from citygraph.web.desk.work import DeskWork, PreviewedEdit
from citygraph.web.pages.page import NotFound, Page, as_fault

_LONGEST: Final = 20_000
_MOST_FIELDS: Final = 10
_LONGEST_REASON: Final = 1_000
_OK, _SEE_OTHER, _CONFLICT = 200, 303, 409
_FAILURES: Final = (EditError, QueryError, ExportError, ReasoningError)


class Approval:
    """The page of an edit that waits."""

    def __init__(self, work: DeskWork, access: Access) -> None:
        """Approval of what `work` has waiting, by those whom `access` lets in."""
        self._work, self._access = work, access

    def routes(self, let_in: Callable[[Callable[[Page, str], Response]], Callable[[Request], Response]]) -> list[Route]:
        """The addresses of the pages; `let_in` is who may come."""
        return [Route("/desk/waiting/{number}", let_in(self._waiting), methods=["GET", "POST"])]

    def all_waiting(self, user: str) -> list[dict[str, Any]]:
        """What waits, the newest first: the edit, whether it is overtaken, and whether `user` may decide it."""
        return [
            {"edit": each, "is_overtaken": self._is_overtaken(each), "may_decide": self._work.may_decide(each, user)}
            for each in self._work.journal.waiting()
        ]

    def _is_overtaken(self, edit: WrittenEdit) -> bool:
        try:
            self._work.plan_now(edit)
        except EditError:
            return True
        return False

    def _waiting(self, page: Page, user: str) -> Response:
        """`/desk/waiting/{number}`: what an edit would do now, and the decision about it."""
        number = str(page.request.path_params["number"])
        if page.request.method != "POST":
            return self._shown(page, user, number)
        given = self._access.form(page.request, user, longest=_LONGEST, fields=_MOST_FIELDS)
        step, seal, reason = (given.get(each, [""])[0] for each in ("step", "seal", "reason"))
        try:
            if step == "approve":
                edit = self._work.approve(number, who=user, seal=seal)
                return RedirectResponse(page.urls.desk(done=str(edit.number)), _SEE_OTHER)
            if step == "withdraw":
                self._work.undo(number, who=user)
                return RedirectResponse(page.urls.desk(), _SEE_OTHER)
            if step != "reject":
                return self._shown(page, user, number)
            edit = self._work.reject(number, who=user, reason=" ".join(reason.split())[:_LONGEST_REASON])
        except _FAILURES as error:
            return self._shown(page, user, number, fault=as_fault(error, page.language))
        return RedirectResponse(page.urls.desk(done=str(edit.number)), _SEE_OTHER)

    def _shown(self, page: Page, user: str, number: str, *, fault: Sequence[str] = ()) -> Response:
        edit = self._work.journal.one(number)
        if edit is None or not edit.waits:
            raise NotFound(page.request.url.path, [(page.words("desk.title"), page.urls.desk())])
        about: dict[str, Any] = {"findings": [], "answers": [], "files": [], "difference": "", "is_refused": False}
        overtaken: list[str] = []
        try:
            about = shown_preview(self._work.preview(self._work.plan_now(edit)), page)
        except _FAILURES as error:
            overtaken = as_fault(error, page.language)
        return page.render(
            "desk_waiting.html",
            status=_CONFLICT if fault else _OK,
            user=user,
            token=self._access.token(user),
            edit=edit,
            is_own=not self._work.may_decide(edit, user),
            fault=[] if list(fault) == overtaken else fault,
            overtaken=overtaken,
            **{**about, "told": [each.in_language(page.language) for each in edit.told]},
        )


def shown_preview(previewed: PreviewedEdit, page: Page) -> dict[str, Any]:
    """What a page shows of an edit before it is written: sentences, findings, answers and files."""
    plan = previewed.checked.plan
    return {
        "told": [each.in_language(page.language) for each in plan.told],
        "files": [(each.path, *_counted(each)) for each in plan.changes],
        "difference": plan.difference,
        "findings": [
            (
                each.severity,
                said_in(each.message.in_language(page.language), page.language),
                each.fix.in_language(page.language),
            )
            for each in previewed.checked.findings
        ],
        "answers": [shown_answer(each, previewed.labels, page) for each in previewed.answers],
        "seal": previewed.seal,
        "is_refused": bool(previewed.checked.violations),
    }


def _counted(file: EditedFile) -> tuple[int, int]:
    """How many lines come and go in a file."""
    lines = file.difference.splitlines()[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
