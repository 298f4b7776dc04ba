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
