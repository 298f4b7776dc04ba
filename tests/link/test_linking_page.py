"""The page on links, done word by word in a fresh project, with servers on loopback in the place of Wikidata."""

from __future__ import annotations

import doctest
import os
from pathlib import Path

import pytest

from conftest import ROOT
from test_docs import Block, blocks, shell, write

PAGE = ROOT / "docs" / "linking.md"


def written(block: Block, folder: Path, servers: str) -> None:
    """Do what the words before a block say: save it, or add it to a file."""
    if block.file:
        write(block, folder)
    elif block.before.endswith("Add to `graph.toml`:"):
        path = folder / "graph.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n{block.text}{servers}", encoding="utf-8")


def test_the_whole_way_is_as_the_page_says(
    tmp_path: Path, oxigraph: str, mediawiki: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CITYGRAPH_AUTHOR", "orcid:0000-0002-1825-0097")
    servers = f'api = "{mediawiki}"\nendpoint = "{oxigraph}"\n'
    folder, waiting, shown = tmp_path, blocks(PAGE), 0
    text = PAGE.read_text(encoding="utf-8")
    for number, block in enumerate(waiting):
        written(block, folder, servers)
        if block.language != "sh":
            continue
        printed, folder = shell(block.text, folder)
        printed = "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"
        assert "Error" not in printed, f"{block.text}\nprints\n{printed}"
        after = waiting[number + 1]
        if after.follows and after.language == "text":
            shown += 1
            if pytestconfig.getoption("--rewrite-expected"):
                old, new = (f"```sh\n{block.text}```\n\n```text\n{each}```" for each in (after.text, printed))
                text = text.replace(old, new)
                continue
            same = doctest.OutputChecker().check_output(after.text, printed, doctest.ELLIPSIS)
            assert same, f"{block.text}\nshould print\n{after.text}\nand prints\n{printed}"
    if pytestconfig.getoption("--rewrite-expected"):
        PAGE.write_text(text, encoding="utf-8")
    assert shown >= 5
    assert os.path.lexists(folder / "extract.jsonl")
