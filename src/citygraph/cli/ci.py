"""Findings as the services read them that run checks on every change: SARIF, JUnit, GitLab, GitHub; and their files.

Sources: SARIF 2.1.0 (OASIS); JUnit XML as its Ant task writes it and as Jenkins, GitLab and Forgejo read it; Code Quality
report of GitLab; workflow commands of GitHub Actions, which Forgejo and Gitea take too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from citygraph.findings import Finding, Severity
from citygraph.messages import written_out
from citygraph.version import __version__

_SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITLAB: Final = {Severity.VIOLATION: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
_GITHUB: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write_findings(findings: Iterable[Finding], *, format: str, language: str, folder: Path) -> str:  # noqa: A002  # as on the command line
    """The findings for a service.

    Args:
        findings: worst first.
        format: `sarif`, `junit`, `gitlab` or `github`.
        language: of the messages.
        folder: the project; files are named from the folder that the command runs in, which is the top of a checkout.
    """
    return WRITERS[format]([*findings], language, folder)


def _path(finding: Finding, folder: Path) -> str:
    """The file of a finding, from the current folder if it lies below, else from the project."""
    place = (folder / finding.file).resolve()
    here = Path.cwd().resolve()
    return PurePath(place.relative_to(here)).as_posix() if place.is_relative_to(here) else finding.file


def _words(finding: Finding, language: str) -> str:
    """What is wrong and what to do, on one line without control characters."""
    said = " ".join(part for part in (finding.message.in_language(language), finding.fix.in_language(language)) if part)
    return "".join(c if c.isprintable() else " " for c in said)


def _fingerprint(finding: Finding) -> str:
    """The same for the same mistake when its line moves."""
    parts = (finding.code, finding.file, finding.focus_node, finding.path, finding.value)
    about = parts if finding.focus_node else (*parts, finding.message.en)
    return hashlib.sha256("\0".join(about).encode("utf-8", "surrogatepass")).hexdigest()


def _sarif(findings: list[Finding], language: str, folder: Path) -> str:
    rules = {each.code: _SARIF_LEVELS[each.severity] for each in findings}
    results = []
    for each in findings:
        result: dict[str, object] = {
            "ruleId": each.code,
            "level": _SARIF_LEVELS[each.severity],
            "message": {"text": _words(each, language)},
            "partialFingerprints": {"citygraph/v1": _fingerprint(each)},
        }
        if each.file:
            place: dict[str, object] = {"artifactLocation": {"uri": quote(_path(each, folder))}}
            if each.line:
                place["region"] = {"startLine": each.line, "startColumn": each.column or 1}
            result["locations"] = [{"physicalLocation": place}]
        results.append(result)
    driver = {
        "name": "citygraph",
        "version": __version__,
        "rules": [{"id": code, "defaultConfiguration": {"level": level}} for code, level in rules.items()],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _gitlab(findings: list[Finding], language: str, folder: Path) -> str:
    seen: dict[str, int] = {}
    issues = []
    for each in findings:
        key = _fingerprint(each)
        # Every entry wants a fingerprint of its own, two of the same mistake too.
        seen[key] = seen.get(key, 0) + 1
        mark = key if seen[key] == 1 else hashlib.sha256(f"{key}{seen[key]}".encode()).hexdigest()
        place = {"path": _path(each, folder) if each.file else "graph.toml", "lines": {"begin": max(each.line, 1)}}
        issues.append(
            {
                "description": _words(each, language),
                "check_name": each.code,
                "fingerprint": mark,
                "severity": _GITLAB[each.severity],
                "location": place,
            }
        )
    return _json(issues)


def _github(findings: list[Finding], language: str, folder: Path) -> str:
    lines = []
    for each in findings:
        place = {"file": _path(each, folder) if each.file else "", "line": each.line, "col": each.column}
        given = {**place, "title": each.code}
        properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in given.items() if value)
        lines.append(f"::{_GITHUB[each.severity]} {properties}::{_escaped(_words(each, language))}")
    return "\n".join(lines)


def _escaped(text: str, more: str = "") -> str:
    """What a workflow command reads back as `text` (actions/toolkit, `command.ts`)."""
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in text)


def _junit(findings: list[Finding], language: str, folder: Path) -> str:
    failures = sum(each.severity is Severity.VIOLATION for each in findings)
    counts = {"tests": str(max(len(findings), 1)), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", {"name": "citygraph", **counts})
    for each in findings:
        place = written_out(f"{_path(each, folder)}:{each.line}" if each.line else each.file)
        case = ET.SubElement(suite, "testcase", {"classname": each.code, "name": place or each.code})
        sort = "failure" if each.severity is Severity.VIOLATION else "system-out"
        said = ET.SubElement(case, sort, {"message": _words(each, language)} if sort == "failure" else {})
        said.text = f"{each.severity.value}: {_words(each, language)}"
    if not findings:
        ET.SubElement(suite, "testcase", {"classname": "citygraph", "name": "check"})
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


WRITERS: Final[dict[str, Callable[[list[Finding], str, Path], str]]] = {
    "sarif": _sarif,
    "junit": _junit,
    "gitlab": _gitlab,
    "github": _github,
}
"""The formats for services, by name."""
