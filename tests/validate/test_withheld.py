"""A name that is withheld is seen wherever it stands, and its office stays."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from citygraph.config import read_config
from citygraph.load import load_files
from citygraph.validate import check_values
from clean_project import clean_project
from conftest import TODAY

HEAD = """@prefix cg: <https://w3id.org/citygraph/ontology#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix id: <https://w3id.org/citygraph/id/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
WITHHELD = 'cg:withheldSince "2026-11-30"^^xsd:date'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        # The name is known from the person while it is there: in its address, as its name, and in other addresses.
        (f'id:person-gro-lund a foaf:Person ; {WITHHELD} ;\nfoaf:name "Gro Lund" .\nid:m-gro-lund-x skos:note "x" .', [6, 7, 8]),
        (f'id:person-withheld-2 a foaf:Person ; {WITHHELD} ;\nfoaf:name "Gro Åse Lund" .\n# GRO ASE LUND led it.', [7, 8]),
        # And from its hash when it is gone.
        (
            (f'id:person-withheld a foaf:Person ; foaf:name "N.N." ; {WITHHELD} ;\ncg:sha256 "{hashlib.sha256(b"gro lund").hexdigest()}" .\n'
            'id:x skos:note "As Grø-Lund said", "Grolund", "Lund, Gro" .'),
            [8],
        ),
        (f'id:person-withheld a foaf:Person ; foaf:name "N.N." ; {WITHHELD} .\nid:x skos:note "N. N. said" .', []),
        # Of somebody who is not withheld nothing is said.
        ('id:person-gro-lund a foaf:Person ; foaf:name "Gro Lund" .', []),
    ],
)  # fmt: skip
def test_the_lines_with_a_withheld_name_are_found(text: str, lines: list[int], tmp_path: Path) -> None:
    folder = clean_project(tmp_path, questions=False)
    (folder / "data" / "more.ttl").write_text(HEAD + text, encoding="utf-8")
    config = read_config(folder)
    found = [
        each for each in check_values(load_files(config).graphs, config, today=TODAY) if each.code == "withheld-name"
    ]
    assert [(each.file, each.line) for each in found] == [("data/more.ttl", line) for line in lines]
    assert "lund" not in str([each.message.en + each.message.nb + each.fix.en + each.fix.nb for each in found]).lower()
