"""A record against its profile, the harvester and the quality score: everything a portal would say, said beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from citygraph.findings import Finding, Severity, finding
from citygraph.language import LANGUAGES, Text
from citygraph.namespaces import PREFIXES, compress
from citygraph.publish.harvest import terms_by_dataset
from citygraph.publish.quality import Answers, Score, predict
from citygraph.publish.record import NAMESPACES, Profile
from citygraph.publish.shacl import Result, run_shapes, shapes_of
from citygraph.rdf import Literal, Triple

__all__ = ["check_foreign_shapes", "check_profile", "score_of"]

_BREAKS: Final[Mapping[str, Text]] = {
    "MinCountConstraintComponent": Text("mangler", "is missing"),
    "QualifiedMinCountConstraintComponent": Text("mangler en verdi av rett slag", "lacks a value of the right kind"),
    "MaxCountConstraintComponent": Text("står mer enn én gang", "stands more than once"),
    "DatatypeConstraintComponent": Text("har feil datatype", "has the wrong datatype"),
    "NodeKindConstraintComponent": Text(
        "er ikke en adresse der det skal være en", "is not an address where there must be one"
    ),
    "ClassConstraintComponent": Text("viser til noe av feil slag", "points to something of the wrong kind"),
    "PatternConstraintComponent": Text("er ikke skrevet slik profilen vil", "is not written as the profile wants"),
    "HasValueConstraintComponent": Text(
        "mangler verdien som profilen krever", "lacks the value that the profile wants"
    ),
    "UniqueLangConstraintComponent": Text("står to ganger på samme språk", "stands twice in one language"),
    "NodeConstraintComponent": Text(
        "har en verdi som profilen ikke godtar", "has a value that the profile does not accept"
    ),
    "OrConstraintComponent": Text("har ingen av delene profilen godtar", "has none of what the profile accepts"),
    "MinInclusiveConstraintComponent": Text("er mindre enn null", "is less than zero"),
    "LanguageMissing": Text("mangler på et språk som andre har", "is missing in a language that others have"),
    "LessThanOrEqualsConstraintComponent": Text("begynner etter at det slutter", "begins after it ends"),
}
_START, _END = PREFIXES["dcat"] + "startDate", PREFIXES["dcat"] + "endDate"
_IN_EACH_LANGUAGE: Final = frozenset({
    PREFIXES["dct"] + "title", PREFIXES["dct"] + "description", PREFIXES["dcat"] + "keyword", PREFIXES["foaf"] + "name",
    NAMESPACES["vcard"] + "fn", NAMESPACES["odrs"] + "attributionText", PREFIXES["rdfs"] + "label",
})  # fmt: skip
_STANDARDS: Final = ("<https://www.w3.org/TR/", "<https://spec.openapis.org/")
_OTHERWISE: Final = Text("følger ikke profilen", "does not follow the profile")


def check_profile(record: Sequence[Triple], profile: Profile, *, file: str = "") -> list[Finding]:
    """What our own shapes for the profile say."""
    results = [*run_shapes(record, shapes_of(profile.name)), *_backward_periods(record), *_one_language(record)]
    return [_finding(each, profile, file) for each in results]


def _one_language(record: Sequence[Triple]) -> list[Result]:
    """Titles and other words that lack a language which others have: no profile forbids it, and no reader wants it."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in record:
        if each.predicate.value in _IN_EACH_LANGUAGE and isinstance(each.object, Literal) and each.object.language:
            found.setdefault((str(each.subject), str(each.predicate)), set()).add(each.object.language)
    return [
        Result(Severity.WARNING, thing, path, f'"{language}"', "LanguageMissing", "")
        for (thing, path), languages in sorted(found.items())
        # The title of a standard is what it is.
        for language in sorted(set(LANGUAGES) & set().union(*found.values()) - languages)
        if not thing.startswith(_STANDARDS)
    ]


def _backward_periods(record: Sequence[Triple]) -> list[Result]:
    """Periods that end before they begin; pySHACL 0.40 fails on `sh:lessThanOrEquals` when a date is no date."""
    days: dict[str, dict[str, str]] = {}
    for each in record:
        if each.predicate.value in {_START, _END} and isinstance(each.object, Literal):
            days.setdefault(str(each.subject), {})[each.predicate.value] = each.object.value[:10]
    return [
        Result(Severity.VIOLATION, period, f"<{_START}>", found[_START], "LessThanOrEqualsConstraintComponent", "")
        for period, found in sorted(days.items())
        if len(found) > 1 and found[_START] > found[_END]
    ]


def check_foreign_shapes(
    record: Sequence[Triple], profile: Profile, shapes: Iterable[Triple], *, file: str = ""
) -> list[Finding]:
    """What shapes from elsewhere say, as the official ones of the profile; in their own words."""
    found = []
    for each in run_shapes(record, shapes):
        code = {Severity.VIOLATION: "publish-shapes", Severity.WARNING: "publish-shapes-advice"}.get(each.severity)
        if code:
            found.append(
                finding(
                    code,
                    file=file,
                    focus_node=each.focus,
                    path=each.path,
                    value=each.value,
                    profile=profile.title,
                    thing=_short(each.focus),
                    property=_short(each.path) or each.constraint,
                    message=each.message.rstrip("."),
                )
            )
    return list(dict.fromkeys(found))


def _finding(result: Result, profile: Profile, file: str) -> Finding:
    code = "publish-profile" if result.severity is Severity.VIOLATION else "publish-profile-advice"
    breaks = _BREAKS.get(result.constraint, _OTHERWISE)
    value = f": {_short(result.value)}" if result.value and result.value != result.focus else ""
    property_ = _short(result.path)
    return finding(
        code,
        file=file,
        focus_node=result.focus,
        path=result.path,
        value=result.value,
        profile=profile.title,
        thing=_short(result.focus),
        property=property_ or Text("selve tingen", "the thing itself"),
        breaks=Text(f"{breaks.nb}{value}", f"{breaks.en}{value}"),
    )


def _short(term: str) -> str:
    """A term as people read it: CURIE, else the end of the address."""
    if not term.startswith("<"):
        return term
    curie = compress(term[1:-1], NAMESPACES)
    return term[1:-1] if curie.startswith("<") else curie


def score_of(
    record: Sequence[Triple],
    findings: Iterable[Finding],
    *,
    answers: Answers | None = None,
    is_valid: Callable[[str, str], bool] | None = None,
) -> Score:
    """The quality score of a record in DCAT-AP 3 that gave these findings.

    A fault counts against each dataset that leads to it; one that none leads to, as of the catalogue, against all.
    """
    broken = {each.focus_node for each in findings if each.code in {"publish-profile", "publish-shapes"}}
    terms = terms_by_dataset(record) if broken else {}
    of_all = broken - set().union(*terms.values())

    def complies(dataset: str) -> bool:
        return not of_all and broken.isdisjoint(terms.get(f"<{dataset}>", ()))

    return predict(record, complies=complies, answers=answers, is_valid=is_valid)
