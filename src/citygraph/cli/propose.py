"""`citygraph read --propose` and `--decisions`: proposals of a document out as a table, and the decisions of a person in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from citygraph.cli.output import say
from citygraph.errors import ExportError
from citygraph.files import write_file
from citygraph.messages import text

if TYPE_CHECKING:
    from citygraph.project import Project
    from citygraph.project.reading import ReadDocument


def tell_revision(done: ReadDocument, project: Project, language: str) -> None:
    """Say how many facts of the edition that a document replaces are said again, in another sentence, and no more."""
    from citygraph.project.proposing import Proposals  # noqa: PLC0415

    found = Proposals(project.edits, project.config, today=project.today).asked(done.kept, done.name)
    counts = Counter(each.sort for each in found)
    told = text("proposals.asked.told").filled(name=done.name, again=counts["again"], changed=counts["choose"], gone=counts["gone"])  # fmt: skip
    say(told.in_language(language))


def propose_to(table: Path, done: ReadDocument, project: Project, language: str) -> None:
    """Write the proposals of a document as the table that a colleague decides, and say how many of each sort there are.

    Raises:
        ExportError: the table is there already, since it may have decisions, or it cannot be written.
    """
    from citygraph.project.proposing import Proposals  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.read.chat import dropped_in_words  # noqa: PLC0415

    if table.exists():
        message = text("proposals.table_there").filled(path=table)
        fix = text("proposals.next.table_there")
        raise ExportError(message.in_language(language), fix=fix.in_language(language))
    proposals = Proposals(project.edits, project.config, today=project.today)
    found = proposals.made(done.kept, done.name)
    model = proposals.modelled(done.kept, done.name, found)
    found += model.proposals if model is not None else ()
    write_file(table, proposals.table(done.kept, done.name, language=language, found=found))
    counts = {sort: sum(each.sort == sort for each in found) for sort in ("clear", "choose", "new")}
    if model is not None:
        why = dropped_in_words(model.dropped.items()) or "–"
        dropped = model.dropped.total()
        told = text("proposals.modelled").filled(count=len(model.proposals), dropped=dropped, why=why)
        say(told.in_language(language))
    say(text("proposals.proposed").filled(path=table, count=len(found), **counts).in_language(language))


def decide_from(table: Path, done: ReadDocument, project: Project, language: str) -> None:
    """Write what a table accepts, and say of each fact what was written, or why nothing was.

    Raises:
        EditError: the table cannot be read or is of another text; then nothing is written.
        typer.Exit: some of what was accepted was refused.
    """
    from citygraph.edit.passages import hash_of_file  # noqa: PLC0415
    from citygraph.project.proposing import Proposals  # noqa: PLC0415

    data, _ = hash_of_file(table)
    proposals = Proposals(project.edits, project.config, today=project.today)
    outcomes = proposals.decide(data, done.kept, done.name)
    for each in outcomes:
        for said in each.told:
            print(said.in_language(language))
        if each.refused:
            told = text("proposals.refused").filled(line=each.decided.line, why=each.refused, fix=each.fix)
            say(told.in_language(language))
    answers = Counter("refused" if each.refused else each.decided.answer for each in outcomes)
    refused, open_ = answers["refused"], answers.total() - answers["refused"] - answers["yes"] - answers["no"]
    said = text("proposals.decided").filled(written=answers["yes"], refused=refused, rejected=answers["no"], open=open_)
    say(said.in_language(language))
    if refused:
        raise typer.Exit(1)
