"""Projects with internal files, made from a number: what is internal carries a mark that nothing public has.

The same number gives the same project; the second of a pair has the public files alone. Whatever leaves the first one
must be what leaves the second one, so that not even a count or a day gives an internal fact away.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

from citygraph import Project
from citygraph.namespaces import prefixes_for

MARK: Final = "zqhush"
"""In every name, text, address, file and question that is internal."""
DAY: Final = "2026-10-17"
"""Later than every public fact; an internal one has it."""
BASE: Final = "https://example.org/kin/"
_PLACES: Final = ("data/internal", "data/notes/internal", "data/networks/held-back", "data/Å slot")
_PREFIXES: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes_for(BASE).items()) + "\n"
_QUIET: Final = f"""id:quiet-network a cg:CityNetwork ;
    skos:prefLabel "Stille nett"@nb , "Quiet Network"@en ;
    prov:wasDerivedFrom <{BASE}source/example-list> .
"""


_PUBLISHED: Final = """
[publisher]
name = { nb = "Utgiver", en = "Publisher" }
homepage = "https://kin.no/"

[contact]
name = { nb = "Kontakt", en = "Contact" }
email = "post@kin.no"

[publish]
description = { nb = "En graf", en = "A graph" }
keywords = { nb = ["byer"], en = ["cities"] }
themes = ["GOVE"]
"""


def _membership(member: str, network: str) -> str:
    return f"""id:m-{MARK}-{member}-{network} a org:Membership ;
    org:member id:{member} ;
    org:organization id:{network} ;
    org:role concept:role-full-member ;
    cg:asOf "{DAY}"^^xsd:date ;
    cg:asOfBasis concept:basis-stated ;
    prov:wasDerivedFrom <{BASE}source/{MARK}-list> .
"""


_SECRETS: Final = {
    "source": f"""<{BASE}source/{MARK}-list> a prov:Entity , foaf:Document ;
    dct:title "Notat {MARK}"@nb , "Memo {MARK}"@en ;
    dct:date "{DAY}"^^xsd:date ;
    foaf:page <https://intranet.example/{MARK}> .
""",
    # Both ends are public, and so is what follows from it.
    "membership": _membership("example-kommune", "quiet-network"),
    "city": f"""id:place-{MARK} a cg:City ;
    skos:prefLabel "{MARK.title()}by"@nb , "{MARK.title()} City"@en ;
    cg:inCountry country:NOR ;
    prov:wasDerivedFrom <{BASE}source/{MARK}-list> .
id:{MARK}-kommune a cv:PublicOrganisation , org:Organization ;
    skos:prefLabel "{MARK.title()} kommune"@nb , "Municipality of {MARK.title()}"@en ;
    cg:administers id:place-{MARK} ;
    prov:wasDerivedFrom <{BASE}source/{MARK}-list> .
"""
    + _membership(f"{MARK}-kommune", "example-network"),
    "note": f'id:example-kommune skos:editorialNote "De vurderer å tre ut: {MARK}"@nb .\n',
    "name": f'id:example-network skos:altLabel "Nettet som {MARK} kaller det"@nb .\n',
}
_QUESTION: Final = f"""#+ title:    {{ nb: "Plan {MARK}", en: "Plan {MARK}" }}
#+ question: {{ nb: "Hva sier {MARK}?", en: "What does {MARK} say?" }}
#+ columns:  [thing]
# {MARK} is what this is about.
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?thing WHERE {{ ?thing skos:editorialNote ?note }}
"""
_MAPPINGS: Final = f"""#curie_map:
#  id: {BASE}id/
#  semapv: https://w3id.org/semapv/vocab/
#  skos: http://www.w3.org/2004/02/skos/core#
#  wd: http://www.wikidata.org/entity/
#license: https://creativecommons.org/publicdomain/zero/1.0/
#mapping_set_id: {BASE}mappings/wikidata
subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification
"""


def _row(subject: str, label: str, item: str) -> str:
    return f"id:{subject}\t{label}\tskos:exactMatch\twd:{item}\t{label}\tsemapv:ManualMappingCuration\n"


def make_project(folder: Path, number: int, *, with_internal: bool = True) -> Project:
    """The project of that number in a new folder; without its internal files it is the same for everybody else."""
    chance = random.Random(number)  # noqa: S311  # the same number gives the same project
    project = Project.new(folder, base=BASE, title="Kin", example=True)
    with (folder / "graph.toml").open("a", encoding="utf-8") as settings:
        settings.write(_PUBLISHED)
    (folder / "data" / "quiet.ttl").write_text(_PREFIXES + _QUIET, encoding="utf-8")
    place = chance.choice(_PLACES)
    pattern = chance.choice((f"{place}/*.ttl", place, f"{place}/", f"{place}/**/*.ttl"))
    kinds = ["source", *chance.sample(sorted(set(_SECRETS) - {"source"}), chance.randint(2, 4))]
    linked = chance.random() < 0.5  # half of them
    (folder / "data" / "mappings").mkdir()
    rows = _MAPPINGS + _row("example-network", "Example Network", "Q111")
    if with_internal:
        _write_internal(folder, place, pattern, kinds, chance, linked=linked)
        rows += _row(f"{MARK}-kommune", f"{MARK.title()} kommune", "Q999000999") if "city" in kinds else ""
    (folder / "data" / "mappings" / "wikidata.sssom.tsv").write_text(rows, encoding="utf-8")
    return Project.open(project.folder, today=project.today)


def _write_internal(
    folder: Path, place: str, pattern: str, kinds: list[str], chance: random.Random, *, linked: bool
) -> None:
    """Each secret in a file of its own, at any depth, some of them under a second name that is a link."""
    for kind in kinds:
        below = folder / place / chance.choice((".", "2026", "2026/08"))
        below.mkdir(parents=True, exist_ok=True)
        file = below / f"{MARK}-{kind}.ttl"
        file.write_text(_PREFIXES + _SECRETS[kind], encoding="utf-8")
        if linked:
            link = folder / place / f"{MARK}-again-{kind}.ttl"
            link.symlink_to(os.path.relpath(file, link.parent))
    (folder / "queries" / f"{MARK}-plan.rq").write_text(_QUESTION, encoding="utf-8")
    (folder / "sources").mkdir()
    (folder / "sources" / f"{MARK}-list").write_text(f"Hva {MARK} mente.\n", encoding="utf-8")
    names = ", ".join(f'"{each}"' for each in (pattern, f"queries/{MARK}-plan.rq", f"sources/{MARK}-*"))
    path = folder / "graph.toml"
    # The last table of the file is [publish].
    with path.open("a", encoding="utf-8") as settings:
        settings.write(f"internal = [{names}]  # {MARK}\n")
