"""A newer edition of a list, decisions in the review, and files that people have changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import EditError, IngestError
from citygraph.ingest import run
from citygraph.ingest.run import Import
from citygraph.results import Solutions
from conftest import TODAY
from ingest_words import Take, Taken


def _short(iris: tuple[str, ...]) -> list[str]:
    return [iri.rpartition("/")[2] for iri in iris]


def _decide(taken: Taken, *decisions: str) -> None:
    """Write the decisions into the first column of the review, in its order."""
    lines = taken.done.review.read_text(encoding="utf-8-sig").splitlines()
    for number, decision in enumerate(decisions, start=1):
        lines[number] = decision + lines[number]
    taken.done.review.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def test_a_newer_edition_tells_who_joined_left_and_changed_name(take: Take) -> None:
    take("Oslo;Norway;C40", "Bergen;Norway;C40", "Den Haag;Netherlands;C40", "Hamar;Norway;ICLEI")
    newer = take("Oslo;Norway;C40", "The Hague;Netherlands;C40", "Bodø;Norway;C40", day="2026-03-01")
    difference = newer.done.imported.difference
    assert difference is not None
    assert difference.since == "2025-03-01"
    assert _short(difference.joined) == ["m-city-of-bodo-c40"]
    assert _short(difference.left) == ["m-city-of-bergen-c40"]
    assert {iri.rpartition("/")[2]: names for iri, names in difference.renamed.items()} == {
        "m-city-of-den-haag-c40": ("Den Haag", "The Hague")
    }


def test_one_candidate_who_was_a_member_before_is_not_asked_about(take: Take) -> None:
    take("Halle (Saale);Germany;C40", "Bergen;Norway;C40", "Naumburg (Saale);Germany;ICLEI", "Hamburg;Germany;C40")
    newer = take(
        "Halle;Germany;C40",
        "Bergen;;C40",
        "Naumburg;Germany;C40",
        "Hambrug;Germany;C40",
        "Homburg;Germany;C40",
        day="2026-03-01",
    )
    assert [newer.member(row) for row in (2, 3)] == ["city-of-halle", "city-of-bergen"]
    assert "a member in the edition before" in newer.notes(2)
    # Naumburg was a member of another network, one name only resembles that of a member, and one was none.
    assert [newer.outcome(row) for row in (4, 5, 6)] == ["review"] * 3
    both = take("Halle;Germany;C40", "Halle (Saale);Germany;C40", day="2026-04-01")
    assert [both.outcome(row) for row in (2, 3)] == ["review", "imported"]


def test_lists_of_years_months_and_days_are_kept_as_exact_as_they_are_and_in_order(
    take: Take, project: Project
) -> None:
    take("Oslo;Norway;C40;;2024-05-01", "Bergen;Norway;C40", "Molde;Norway;C40;former;2001", day="2024")
    month = take("Oslo;Norway;C40", "Bodø;Norway;C40", day='"2025-05"')
    day = take("Oslo;Norway;C40", day="2025-05-20")
    assert [each.done.imported.difference.since for each in (month, day) if each.done.imported.difference] == [
        "2024", "2025-05",
    ]  # fmt: skip
    facts, sources = (
        [(project.folder / name).read_text(encoding="utf-8") for name in each]
        for each in (
            ("data/ingested/members/2024.ttl", "data/ingested/members/2025-05.ttl"),
            ("data/sources/members-2024.ttl", "data/sources/members-2025-05.ttl"),
        )
    )
    for texts, property_ in ((facts, "cg:asOf"), (sources, "dct:date")):
        assert f'{property_} "2024"^^xsd:gYear ' in texts[0]
        assert f'{property_} "2025-05"^^xsd:gYearMonth ' in texts[1]
    assert 'cg:dateNotAfter "2025-04-30"' in facts[1]
    assert 'cg:dateNotBefore "2024-01-01"' in facts[1]
    assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []
    assert take("Oslo;Norway;C40", day="2024").done.later == ("2025-05", "2025-05-20")


def test_who_may_have_stood_in_a_row_that_was_not_taken_in_has_not_joined(take: Take) -> None:
    take("Trondheim;Norway;ICLEI", "Bodø;Norway;Eurocities", day="2024")
    take(
        "Trondhiem;Norway;C40",
        "Hamar;Atlantis;C40",
        "Skien;Norway;Eurocites",
        "Molde;Atlantis;ICLEI",
        "Oslo;Norway;C40",
    )
    newer = take(
        "Trondheim;Norway;C40", "Hamar;Norway;C40", "Skien;Norway;Eurocities", "Oslo;Norway;C40", "Bergen;Norway;C40",
        day="2026-03-01",
    )  # fmt: skip
    difference = newer.done.imported.difference
    assert difference is not None
    assert _short(difference.joined) == ["m-city-of-bergen-c40"]
    assert _short(difference.unclear_before) == [
        "m-city-of-hamar-c40", "m-city-of-skien-eurocities", "m-city-of-trondheim-c40",
    ]  # fmt: skip


@pytest.mark.slow
def test_who_is_no_longer_listed_counts_until_then_and_no_leaving_date_is_invented(
    take: Take, project: Project
) -> None:
    take("Oslo;Norway;C40", "Bergen;Norway;C40")
    newer = take("Oslo;Norway;C40", day="2026-03-01")
    text = (project.folder / newer.done.files[0]).read_text(encoding="utf-8")
    block = text[text.index("id:m-city-of-bergen-c40-end a time:Instant") :].split("\n.\n")[0]
    assert "inXSD" not in block
    assert 'cg:dateNotBefore "2025-03-01"' in block
    assert 'cg:dateNotAfter "2026-02-28"' in block
    fresh = Project.open(project.folder, today=TODAY)
    assert [(each.code, each.message.en) for each in fresh.check().report] == []
    fresh.build()
    current = "SELECT ?m WHERE { ?m a org:Membership . ?who cg:hasCurrentMembership ?m . ?m org:organization ?n . ?n skos:prefLabel 'C40'@en }"
    bergen, oslo = "m-city-of-bergen-c40", "m-city-of-oslo-c40"
    for day, members in (
        (date(2025, 6, 1), [bergen, oslo]),
        (date(2026, 2, 28), [bergen, oslo]),
        (date(2026, 3, 1), [oslo]),
    ):
        answer = fresh.sparql(current, as_of=day)
        assert isinstance(answer, Solutions)
        assert sorted(str(row[0]).strip("<>").rpartition("/")[2] for row in answer.rows) == members


def test_a_row_that_waits_for_a_decision_is_not_taken_for_a_departure(take: Take) -> None:
    take("Trondheim;Norway;C40", "Oslo;Norway;C40")
    newer = take("Trondhiem;Norway;C40", "Oslo;Norway;C40", day="2026-03-01")
    difference = newer.done.imported.difference
    assert difference is not None
    assert (difference.left, _short(difference.unclear)) == ((), ["m-city-of-trondheim-c40"])


def test_who_comes_back_has_a_second_membership(take: Take, project: Project) -> None:
    take("Oslo;Norway;C40", "Bergen;Norway;C40")
    take("Oslo;Norway;C40", day="2026-03-01")
    back = take("Oslo;Norway;C40", "Bergen;Norway;C40", day="2026-06-01")
    assert back.report[-1]["membership"] == "m-city-of-bergen-c40-2026"
    assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []


def test_the_same_edition_imported_again_gives_the_same_files(take: Take, project: Project) -> None:
    rows = ("Oslo;Norway;C40;;1998;59,9;10,7", "Portland, OR;USA;C40", "Portland, ME;USA;C40", "北京;China;C40")
    first = take(*rows)
    before = [(project.folder / name).read_bytes() for name in first.done.files]
    take(*rows)
    assert [(project.folder / name).read_bytes() for name in first.done.files] == before


def test_the_graph_s_own_membership_is_confirmed_and_not_doubled(take: Take, project: Project) -> None:
    take("Oslo;Norway;C40;;1998")
    again = take("Oslo kommune;Norway;C40;;1999", day="2026-03-01")
    assert again.report[-1]["membership"] == "m-city-of-oslo-c40"
    assert "it began 1998, the list 1999: the graph is kept" in again.notes(2)
    text = (project.folder / again.done.files[0]).read_text(encoding="utf-8")
    assert "1999" not in text
    assert "asOfBasis" not in text


@pytest.mark.parametrize(("decision", "outcome", "member"), [
    ("1", "imported", "city-of-trondheim"), ("id:city-of-trondheim", "imported", "city-of-trondheim"),
    ("new", "imported", "city-of-trondhiem"), ("skip", "refused", ""),
])  # fmt: skip
def test_a_decision_in_the_review_is_followed_and_kept(take: Take, decision: str, outcome: str, member: str) -> None:
    rows = ("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    asked = take(*rows)
    assert asked.outcome(3) == "review"
    _decide(asked, decision)
    for _ in range(2):
        decided = take(*rows)
        assert (decided.outcome(3), decided.member(3)) == (outcome, member)
    kept = "id:city-of-trondhiem" if decision == "new" else decision
    assert decided.done.review.read_text(encoding="utf-8-sig").splitlines()[1].startswith(f"{kept},")
    newer = take(*rows, day="2026-03-01")
    assert (newer.outcome(3), newer.member(3)) == (outcome, member)


def test_a_review_that_a_spreadsheet_saved_is_read(take: Take) -> None:
    rows = ("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    asked = take(*rows)
    _decide(asked, "1")
    text = asked.done.review.read_text(encoding="utf-8-sig").replace(",", ";")
    asked.done.review.write_bytes(text.encode("cp1252"))
    assert take(*rows).member(3) == "city-of-trondheim"


def test_a_decision_that_nobody_understands_is_named_with_its_row(take: Take) -> None:
    asked = take("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    _decide(asked, "perhaps")
    with pytest.raises(IngestError, match=r"row 2: the decision 'perhaps' is not understood") as caught:
        take("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    assert "skip" in caught.value.fix


def test_what_a_person_has_changed_is_not_overwritten(take: Take, project: Project) -> None:
    taken = take("Oslo;Norway;C40")
    path = project.folder / taken.done.files[0]
    path.write_text(path.read_text(encoding="utf-8").replace("City of Oslo", "Oslo city"), encoding="utf-8")
    with pytest.raises(IngestError, match="changed by hand"):
        take("Oslo;Norway;C40", "Bergen;Norway;C40")
    assert "Oslo city" in path.read_text(encoding="utf-8")


def test_what_somebody_changes_meanwhile_stops_the_import_before_any_file_tells_of_it(
    take: Take, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = take("Oslo;Norway;C40", "Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    imported = run.import_list
    for changed in (project.folder / taken.done.files[0], taken.done.review):
        before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}

        def and_meanwhile(*given: Any, changed: Path = changed, **named: Any) -> Import:  # noqa: ANN401  # those of `import_list`
            changed.write_bytes(changed.read_bytes() + b"\n")
            return imported(*given, **named)

        monkeypatch.setattr(run, "import_list", and_meanwhile)
        with pytest.raises(EditError, match="somebody else"):
            take("Oslo;Norway;C40", "Trondhiem;Norway;ICLEI", "Bergen;Norway;C40")
        after = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
        assert {path for path in after if after[path] != before.get(path)} == {changed}
        changed.write_bytes(before[changed])


def test_a_dry_run_writes_nothing(project: Project, take: Take) -> None:
    taken = take("Oslo;Norway;C40")
    folder = taken.done.report.parents[4]
    before = sorted(path for path in project.folder.rglob("*") if path.is_file())
    (folder / "more.csv").write_text("City;Country;Network\nBergen;Norway;C40\n", encoding="utf-8")
    map_file = folder / "dry.toml"
    map_file.write_text('list="dry"\nas_of=2025-01-01\n[columns]\ncity="City"\ncountry="Country"\nnetwork="Network"\n')
    done = project.ingest(folder / "more.csv", map_file=map_file, dry_run=True)
    assert done.imported.read == 2
    assert sorted(path for path in project.folder.rglob("*") if path.is_file()) == before
