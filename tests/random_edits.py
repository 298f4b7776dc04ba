"""Edits with values that are made up, over all kinds of facts, and what each must keep: `python tests/random_edits.py 1000`.

Most are sensible for their field, some are not; what is refused is refused in words. What is written changes the blocks
of what the edit is about, loses no comment, leaves no new finding, and is undone to the byte. Of two windows with forms
of the same files, the second is refused with both values.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from citygraph import Project
from citygraph.edit import plan as plans
from citygraph.edit.changes import Editor
from citygraph.edit.facts import facts_of_kind, kind_of_fact
from citygraph.edit.kinds import FactField, FactKind
from citygraph.edit.plan import EditPlan
from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError, QueryError
from citygraph.lexer import TURTLE, tokens
from citygraph.load import load_files
from citygraph.messages import key_of
from citygraph.project.editing import CheckedEdit

Said = list[tuple[str, str]]
TEXTS = (
    'Å "sitere" \\ skrått',
    "to\nlinjer",
    "# ingen kommentar",
    "a . b ; c",
    "日本 🚲",
    "'''",
    "x" * 300,
    "\u00ad\u2028",
    "@prefix : <x> .",
)
VERBS = ("add", "add", "change", "end", "confirm", "retract", "dispute")


class RandomEdits:
    """Plans edits of one project, one after the other."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project, self.chance = project, random.Random(seed)  # noqa: S311  # the same edits in every run
        self.state = EditedGraph(load_files(project.config).graphs)
        self.kinds = project.edits.kinds

    def plan(self) -> tuple[str, EditPlan]:
        """One edit, with the verb and kind that it is of; EditError or QueryError when it is refused."""
        editor, chance = self._editor(), self.chance
        verb, kind = chance.choice(VERBS), chance.choice(list(editor.kinds.values()))
        name = f"{verb} {kind.name}"
        if verb == "add":
            fields = [each for each in kind.fields if each.option != "file"]
            chosen = [each for each in fields if each.required or chance.random() < 0.3]
            return name, editor.add(kind.name, self.said(chosen, editor))
        if not kind.has({"end": "until", "confirm": "as-of", "dispute": "rank"}.get(verb, kind.fields[0].option)):
            raise EditError("no such edit")
        facts = facts_of_kind(kind, {}, self.state)
        if not facts:
            raise EditError("none")
        fact = chance.choice(facts).iri
        return name, self.edit_of(fact, verb, kind, editor)

    def _editor(self) -> Editor:
        editor = self.project.edits.editor()
        self.state = editor.state
        return editor

    def edit_of(self, fact: str, verb: str, kind: FactKind, editor: Editor | None = None) -> EditPlan:
        """One edit of a fact that is there."""
        editor, chance = editor or self._editor(), self.chance
        fields = [each for each in kind.fields if each.option != "file"]
        short = f"<{fact}>" if chance.random() < 0.2 else fact
        if verb == "end":
            return editor.end(short, [("on", self.day())])
        if verb == "confirm":
            return editor.confirm(short, [("on", self.day())])
        if verb == "retract":
            return editor.retract(short, [("because", chance.choice(TEXTS))] if kind.has("rank") else [])
        telling = {"source"} if verb == "dispute" else set()
        chosen = chance.sample(fields, min(len(fields), chance.choice((1, 1, 2))))
        said = self.said([*chosen, *(each for each in fields if each.option in telling)], editor)
        if verb == "change":
            return editor.change(short, said)
        return editor.dispute(short, [*said, ("because", chance.choice(TEXTS))])

    def said(self, fields: list[FactField], editor: Editor) -> Said:
        """Something for each of these fields."""
        return [(each.option, self.value(each, editor)) for each in fields]

    def value(self, field: FactField, editor: Editor) -> str:
        """A value that fits a field, most of the time."""
        chance = self.chance
        if chance.random() < 0.03:
            return chance.choice(("", " ", "tull", "1.2.3", *TEXTS))
        if field.option == "source":
            documents = self.state.instances("http://xmlns.com/foaf/0.1/Document")
            return chance.choice([each for each in documents if "#" not in each])
        if field.choices or field.scheme:
            return chance.choice(editor.answers.choices(field) or ("",))
        if field.is_date or field.option in {"date", "end", "as-of", "not-before", "not-after"}:
            return self.day()
        if any(each.endswith("integer") for each in field.datatypes):
            return str(chance.randrange(1, 13 if field.option == "month" else 10**6))
        if field.classes:
            things = [each for each in self.state.said if self.state.classes(each).intersection(field.classes)]
            return chance.choice(things or [""])
        if field.option == "page":
            return f"https://example.org/{chance.randrange(10**6)}?a=b&c=%20"
        if field.is_text:
            return f"{chance.choice(TEXTS)} {chance.randrange(10**6)}"
        return f"{chance.randrange(10**8, 10**9)}"

    def day(self) -> str:
        """A day, a month or a year."""
        year, month, day = self.chance.randrange(1985, 2026), self.chance.randrange(1, 13), self.chance.randrange(1, 29)
        return self.chance.choice(
            (f"{year}-{month:02}-{day:02}", f"{year}-{month:02}", f"{year}", f"{day}.{month}.{year}")
        )


def comments(text: str) -> list[str]:
    """All remarks of a file."""
    return sorted(token.text for token in tokens(text, TURTLE) if token.kind == "comment")


def blocks(text: str) -> dict[str, str]:
    """The text of each block by its first word; a remark above it, such as a heading, is no part of it."""
    body = re.sub(r"(?m)^@prefix.*\n", "", text)
    return {
        subject[1]: each[subject.start() :]
        for each in re.split(r"(?m)^\.\n| \.\n", body)
        if (subject := re.search(r"(?m)^([^\s#][^\s]*) ", each))
    }


def faults(plan: EditPlan) -> list[str]:
    """What a plan does that it must not do: to comments, and to blocks of others."""
    found = []
    texts = [[(data or b"").decode() for data in (each.before, each.after)] for each in plan.changes]
    facts = {f"id:{each.rpartition('/id/')[2]}" for each in plan.facts} | {
        f"concept:{each.rpartition('/concept/')[2]}" for each in plan.facts
    }
    facts |= {f"source:{each.rpartition('/source/')[2]}" for each in plan.facts}
    about = "".join(block for pair in texts for text in pair for name, block in blocks(text).items() if name in facts)
    for each, (before, after) in zip(plan.changes, texts, strict=True):
        lost = Counter(comments(before)) - Counter(comments(after))
        found += [f"{each.path} lost {comment}" for comment in lost]
        old, new = blocks(before), blocks(after)
        changed = [name for name, block in old.items() if new.get(name) != block]
        # Own is the fact, the nodes below it, and what it is about.
        # Of an identifier it is said by what it is of that it has it.
        own = [
            name
            for name in changed
            if name in about or any(fact in old[name] or fact in new.get(name, "") for fact in facts)
        ]
        found += [f"{each.path} changed {name}" for name in changed if name not in own]
        kept = [name for name in old if name not in changed]
        if [name for name in new if name in kept] != kept:
            found.append(f"{each.path} has another order")
    return found


def written_and_undone(project: Project, plan: EditPlan) -> list[str]:
    """The files that are not what they were after an edit was written and taken back."""
    project.edits.write(CheckedEdit(plan, ()))
    wrong = [each.path for each in plan.changes if (project.folder / each.path).read_bytes() != each.after]
    plans.take_back(plan.changes, project.folder)
    return wrong + [each.path for each in plan.changes if _bytes_of(project.folder / each.path) != each.before]


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def second_window(edits: RandomEdits, first: EditPlan) -> str:
    """What is wrong with an edit of the same fact that was planned on the same files, and is written after the first."""
    project, fact = edits.project, kind_of_fact(first.facts[0], edits.kinds, edits.state)
    if fact is None or fact.iri not in edits.state.said:
        return ""
    second = edits.edit_of(fact.iri, "retract" if fact.kind.has("rank") else "change", fact.kind)
    shared = {each.path for each in first.changes} & {each.path for each in second.changes}
    project.edits.write(CheckedEdit(first, ()))
    try:
        project.edits.write(CheckedEdit(second, ()))
    except EditError as error:
        is_told = key_of(error.message) == "edit.overtaken_both"
        return "" if shared and is_told else f"the second is told {error.message}"
    else:
        plans.take_back(second.changes, project.folder)
        return "the second was written over the first" if shared else ""
    finally:
        plans.take_back(first.changes, project.folder)


def main(count: int, seed: int) -> None:
    """Write so many edits of a copy of the reference graph, check every fourth, and keep some, so that the graph changes."""
    from conftest import ROOT, TODAY, copy_project  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as place:
        project = Project.open(copy_project(ROOT, Path(place) / "project"), today=TODAY)
        edits, done, refused = RandomEdits(project, seed), Counter[str](), Counter[str]()
        found = Counter[str]()
        while sum(done.values()) < count:
            number = sum(done.values())
            try:
                name, plan = edits.plan()
                other = second_window(edits, plan) if number % 3 == 0 else ""
            except (EditError, QueryError) as error:
                refused[str(error)[:60]] += 1
                continue
            done[name] += 1
            checked = project.edits.check(plan) if number % 4 == 0 else CheckedEdit(plan, ())
            found.update(f"{name} {each.severity} {each.code}" for each in checked.findings)
            for fault in [*faults(plan), *written_and_undone(project, plan), *([other] if other else [])]:
                print(number, name, fault, flush=True)  # noqa: T201
            if number % 20 == 0:
                print(number, sum(refused.values()), "refused", flush=True)  # noqa: T201
                if not checked.violations:
                    project.edits.write(checked)
        print(sum(done.values()), "done;", sum(refused.values()), "refused")  # noqa: T201
        print("done", done, "refused", refused, "findings", found, sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
