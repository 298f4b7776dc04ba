"""The house stays one that a stranger finds the way in: what docs/house.py measures, held."""

from __future__ import annotations

import ast

import pytest

from house import House


@pytest.fixture(scope="module")
def house() -> House:
    return House.read()


def test_a_class_name_means_one_thing_in_the_whole_package(house: House) -> None:
    assert house.classes_of_one_name() == {}


def test_imports_go_down_few_steps(house: House) -> None:
    assert len(house.longest_chain()) <= 24, house.longest_chain()


def test_files_are_chapters_and_functions_paragraphs(house: House) -> None:
    assert {name: lines for name, lines in house.lines.items() if lines > 620} == {}
    assert max(house.functions) <= 83


def test_every_folder_says_in_which_order_to_read_it(house: House) -> None:
    for name, tree in house.trees.items():
        files = [other for other in house.trees if other.rpartition(".")[0] == name]
        if not files or name == "citygraph":
            continue
        said = ast.get_docstring(tree) or ""
        missing = [other for other in files if f"`{other.rpartition('.')[2]}" not in said]
        assert missing == [], f"{name} does not speak of {missing}"


WRITERS = {
    "cli.commands": "exports",
    "cli.ingest": "the draft of a map",
    "cli.link": "batches for Wikidata",
    "cli.propose": "the table of proposals that a person decides",
    "edit.plan": "data files",
    "exchange": "answers of others that are kept",
    "files": "how a file is written",
    "link.wikidata": "extracts of Wikidata",
    "new": "settings, ontology and questions",
    "project.reading": "a page that was fetched, in a folder of its own until it is read",
    "project.publishing": "what Turtle looks like when it is published",
    "publish.folder": "what is published",
    "publish.identity": "what a portal knows a graph by",
    "store.mirror": "versions elsewhere",
    "store.server.capabilities": "what a server can do",
    "store.snapshot": "versions",
    "web.desk.arriving": "documents that were dropped and wait, beside what is built",
    "web.desk.reading": "the day that was said for a document without one, beside what is built",
    "web.desk.lists": "lists that were dropped and wait, beside what is built",
    "web.desk.journal": "which edits were made at the desk or wait, beside what is built",
    "web.site.write": "pages of a site",
}
"""What each module that writes files writes. Data files have one writer: edit.plan."""


def test_data_files_have_one_writer(house: House) -> None:
    """Who writes files names `write_file`, `replace_file` or a method of paths; who changes data hands it to `edit`."""
    found = {name for name, tree in house.trees.items() if any(map(_writes, ast.walk(tree)))}
    assert {name.removeprefix("citygraph.") for name in found} == set(WRITERS)


def _writes(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        names = {each.name for each in node.names}
        return node.module == "citygraph.files" and bool(names & {"write_file", "write_files", "replace_file"})
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    is_open = node.func.attr == "open" and any(set(mode) & set("wax+") for mode in modes if len(mode) <= 3)
    return is_open or node.func.attr in {"write_text", "write_bytes"}
