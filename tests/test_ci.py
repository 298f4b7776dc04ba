"""What services that run checks are given: reports by their own formats, and files whose commands do what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET  # what we wrote ourselves

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from citygraph import Project, compare
from citygraph.cli.ci import WRITERS, write_findings
from citygraph.cli.commands import Difference
from citygraph.cli.output import print_report
from citygraph.findings import Finding, Report, Severity, finding
from citygraph.messages import LANGUAGES, Text
from citygraph.new import SERVICES, add_service
from conftest import ROOT, TODAY

SCHEMAS = ROOT / "docs" / "schemas"
NASTY = "50 % of «a,b:c»\r\n::error::x <b>&amp;</b> \x1b[31m \ud83d\ude00"


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    nasty = Text(nb="", en=NASTY.encode("utf-16", "surrogatepass").decode("utf-16"))
    return [
        Finding("bad-date", Severity.VIOLATION, nasty, nasty, "data/a b,c:æ.ttl", 3, 5, "<urn:x:a>"),
        Finding("bad-date", Severity.VIOLATION, nasty, nasty, "data/a b,c:æ.ttl", 3, 5, "<urn:x:a>", value="2"),
        Finding("stale", Severity.WARNING, nasty, file="data/b.ttl"),
        finding("no-data", file=""),
    ]


def written(findings: list[Finding], name: str, tmp_path: Path, language: str = "en") -> str:
    return write_findings(findings, format=name, language=language, folder=tmp_path)


def test_sarif_has_a_rule_for_each_result_and_places_that_count_from_one(
    findings: list[Finding], tmp_path: Path
) -> None:
    document = json.loads(written(findings, "sarif", tmp_path))
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    assert {each["id"] for each in run["tool"]["driver"]["rules"]} == {each["ruleId"] for each in run["results"]}
    assert [each["level"] for each in run["results"]] == ["error", "error", "warning", "error"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "data/a%20b%2Cc%3A%C3%A6.ttl"
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    assert "locations" not in run["results"][-1]
    assert len({each["partialFingerprints"]["citygraph/v1"] for each in run["results"]}) == len(findings)


def test_gitlab_gets_what_its_report_requires(findings: list[Finding], tmp_path: Path) -> None:
    issues = json.loads(written(findings, "gitlab", tmp_path))
    assert all({"description", "check_name", "fingerprint", "severity", "location"} == set(each) for each in issues)
    assert [each["severity"] for each in issues] == ["critical", "critical", "minor", "critical"]
    assert all(each["location"]["path"] and each["location"]["lines"]["begin"] >= 1 for each in issues)
    assert len({each["fingerprint"] for each in [*issues, *issues]}) == len(findings)
    twice = json.loads(written([findings[0], findings[0]], "gitlab", tmp_path))
    assert len({each["fingerprint"] for each in twice}) == 2


def test_a_workflow_command_is_one_line_whatever_a_finding_says(findings: list[Finding], tmp_path: Path) -> None:
    lines = written(findings, "github", tmp_path).splitlines()
    assert len(lines) == len(findings)
    assert lines[0].startswith("::error file=data/a b%2Cc%3Aæ.ttl,line=3,col=5,title=bad-date::50 %25 of «a,b:c»")
    assert lines[2].startswith("::warning file=data/b.ttl,title=stale::")


@pytest.mark.parametrize("language", LANGUAGES)
def test_junit_is_xml_in_which_violations_fail(findings: list[Finding], language: str, tmp_path: Path) -> None:
    (suite,) = ET.fromstring(written(findings, "junit", tmp_path, language))  # noqa: S314  # ours
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    assert len(suite.findall("testcase")) == 4
    assert len(suite.findall("testcase/failure")) == 3
    (empty,) = ET.fromstring(written([], "junit", tmp_path))  # noqa: S314  # ours
    assert (empty.get("tests"), empty.get("failures")) == ("1", "0")


def test_a_file_whose_name_has_control_characters_breaks_neither_a_report_nor_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [finding("no-data", file="data/a\nb\x1b[31m\udcff.ttl", line=1)]
    (case,) = ET.fromstring(written(told, "junit", tmp_path)).iter("testcase")  # noqa: S314  # ours
    assert (case.get("name") or "").endswith(r"a\nb\x1b[31m\udcff.ttl:1")
    print_report(Report.of(told), "en", notes=False)
    assert capsys.readouterr().err.startswith(r"data/a\nb\x1b[31m\udcff.ttl:1:1 violation")


def test_paths_start_at_the_top_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    only = [finding("no-data", file="data/x.ttl", line=2)]
    for name in sorted(WRITERS):
        assert "graphs/city/data/x.ttl" in write_findings(
            only, format=name, language="en", folder=tmp_path / "graphs/city"
        )


def test_json_is_what_its_schema_says(findings: list[Finding]) -> None:
    validator = Draft202012Validator(json.loads((SCHEMAS / "findings.json").read_text(encoding="utf-8")))
    assert not list(validator.iter_errors([each.to_json() for each in Report.of(findings)]))
    assert list(validator.iter_errors([{**findings[0].to_json(), "severity": "fatal"}]))


@pytest.mark.slow
def test_a_comparison_is_what_its_schema_says_and_each_difference_is_told_apart(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "new", example=True)
    shutil.copytree(project.folder, tmp_path / "old")
    network = project.folder / "data/networks/example-network.ttl"
    text = network.read_text(encoding="utf-8")
    network.write_text(text.replace("role-full-member", "role-associated-partner"), encoding="utf-8")
    changes = Project.open(project.folder, today=TODAY).compare(str(tmp_path / "old"), as_of=date(2025, 2, 1))
    validator = Draft202012Validator(json.loads((SCHEMAS / "changes.json").read_text(encoding="utf-8")))
    assert not list(validator.iter_errors(json.loads(compare.write_json(changes))))
    there = {each.value for each in Difference if compare.has_difference(changes, each.value)}
    assert there == {"answers", "statements", "anything"}


# -- the files ---------------------------------------------------------------------------------------------


def commands(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What a file runs, in order, with the condition of each step."""
    if "jobs" in document:
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        return [(step["run"], step.get("if", "")) for step in steps if "run" in step]
    found = [(line, "") for line in document["default"]["before_script"]]
    for job in document.values():
        if isinstance(job, dict) and "script" in job:
            condition = str(job.get("rules", ""))
            found += [(line, condition) for line in job["script"]]
    return found


def published_schema(service: str) -> Draft7Validator:
    """The schema of a service's files, as SchemaStore and GitLab publish it; that of GitHub for Forgejo, which has none."""
    spec = find_spec("check_jsonschema")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the published schemas are not at hand: pip install check-jsonschema")
    name = "gitlab-ci" if service == "gitlab" else "github-workflows"
    file = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor" / f"{name}.json"
    return Draft7Validator(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_file_of_a_service_is_what_its_published_schema_says(service: str, tmp_path: Path) -> None:
    validator = published_schema(service)
    add_service(tmp_path, service)
    # In YAML 1.1, as PyYAML has it, `on` is true.
    text = (tmp_path / SERVICES[service]).read_text(encoding="utf-8").replace("\non:\n", '\n"on":\n')
    document = yaml.safe_load(text)
    assert not list(validator.iter_errors(document))
    job = document["check"] if service == "gitlab" else document["jobs"]["check"]["steps"][1]
    job["scripts"] = job.pop("script", job.pop("run", job.pop("uses", None)))
    assert list(validator.iter_errors(document)), "a mistyped key is not seen"


# What Forgejo says that its workflows may have (https://forgejo.org/docs/latest/user/actions/reference/), written down here
# since it publishes no schema; what GitHub has beyond it, such as `permissions`, is passed over there in silence.
FORGEJO = {
    "": {"name", "run-name", "on", "env", "defaults", "concurrency", "enable-openid-connect", "jobs"},
    "on": {"push", "pull_request", "pull_request_target", "issues", "release", "schedule", "workflow_call", "workflow_dispatch"},
    "push": {"branches", "tags", "paths"},
    "job": {
        "name", "needs", "if", "runs-on", "strategy", "container", "services", "steps", "outputs", "env", "defaults",
        "timeout-minutes", "uses", "with", "secrets",
    },
    "container": {"image", "env", "credentials", "volumes", "options"},
    "step": {
        "id", "name", "if", "uses", "with", "env", "run", "shell", "working-directory", "continue-on-error", "timeout-minutes"
    },
}  # fmt: skip
CONTEXTS = {"github", "forgejo", "vars", "secrets", "env", "matrix", "steps", "needs", "inputs", "runner"}
FILES_OF_GITHUB = ("GITHUB_STEP_SUMMARY",)


def not_in_forgejo(text: str) -> list[str]:
    """What a workflow uses that Forgejo does not have: keys, contexts, files; and pipes whose first command may fail unseen."""
    document = yaml.safe_load(text.replace("\non:\n", '\n"on":\n'))
    jobs = document["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    used = [("", document), ("on", document["on"]), ("push", document["on"].get("push") or {})]
    used += [("job", job) for job in jobs] + [("step", step) for step in steps]
    used += [("container", job["container"]) for job in jobs if isinstance(job.get("container"), dict)]
    found = [f"{kind}.{key}" for kind, mapping in used for key in mapping if key not in FORGEJO[kind]]
    said = " ".join([*re.findall(r"\$\{\{(.*?)\}\}", text), *(str(step.get("if", "")) for step in steps)])
    found += [name for name in re.findall(r"(?<![\w.'])([a-z]+)\.", said) if name not in CONTEXTS]
    found += [name for name in FILES_OF_GITHUB if name in text]
    return found + [step["run"] for step in steps if "|" in step.get("run", "") and step.get("shell") != "bash"]


def test_the_file_of_forgejo_has_what_forgejo_has(tmp_path: Path) -> None:
    for service in ("forgejo", "github"):
        add_service(tmp_path, service)
    text = (tmp_path / SERVICES["forgejo"]).read_text(encoding="utf-8")
    assert not_in_forgejo(text) == []
    # What is told is told: a file for GitHub is none for Forgejo, and each of these would be passed over in silence.
    of_github = not_in_forgejo((tmp_path / SERVICES["github"]).read_text(encoding="utf-8"))
    assert {".permissions", "GITHUB_STEP_SUMMARY"} <= set(of_github)
    for wrong in (
        text.replace("shell: bash", "shel: bash"),
        text.replace("vars.", "variables."),
        text.replace("push:", "pushed:"),
    ):
        assert not_in_forgejo(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_commands_of_a_service_run_in_a_fresh_clone(service: str, tmp_path: Path) -> None:
    folder = Project.new(tmp_path / "city", example=True).folder
    assert add_service(folder, service) == [SERVICES[service], ".pre-commit-config.yaml"]
    hooks = yaml.safe_load((folder / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_WORKSPACE": str(tmp_path / "clone"),
        "CI_PROJECT_DIR": str(tmp_path / "clone"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "BASE": "main",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }

    def run(command: str, where: Path) -> str:
        script = ["bash", "-eo", "pipefail", "-c", command]
        done = subprocess.run(script, cwd=where, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    # Somebody has filled in who publishes.
    settings = (ROOT / "graph.toml").read_text(encoding="utf-8")
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write(settings[settings.index("[publisher]") :])
    identity = "git config user.name Test && git config user.email test@example.org"
    run(f"git init -q -b main && {identity} && git add . && git commit -qm graph", folder)
    run(f"git clone -q {folder} clone", tmp_path)
    clone = tmp_path / "clone"
    network = clone / "data/networks/example-network.ttl"
    text = network.read_text(encoding="utf-8")
    network.write_text(text.replace("role-full-member", "role-associated-partner"), encoding="utf-8")
    run(f"{identity} && git commit -qam change && git checkout -q --detach", clone)
    # In the container of a service the checkout belongs to somebody else, and git reads nothing of it before that is said.
    environment["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"
    document = yaml.safe_load((clone / SERVICES[service]).read_text(encoding="utf-8"))
    ran = [
        run(line, clone)
        for line, _ in commands(document)
        if not any(word in line for word in ("pip", "apt-get", "ln -s", "mkdir"))
    ]
    assert len(ran) == 5
    summary = tmp_path / "summary.md"
    compared = "".join(ran) + (summary.read_text(encoding="utf-8") if summary.exists() else "")
    assert "associated partner" in compared
    assert any((place / "SHA256SUMS").is_file() for place in (clone / "public", tmp_path / "runner" / "public"))
    for hook in hooks["repos"][0]["hooks"]:
        run(hook["entry"], clone)


def test_a_fault_of_the_program_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    broken = "import sys; app = sys.modules['citygraph.cli.app']\ndef fail(*a, **k): raise RuntimeError('ours')\napp.app = fail\napp.run()"
    broken = f"import importlib; importlib.import_module('citygraph.cli.app')\n{broken}"
    done = subprocess.run([sys.executable, "-c", broken], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "RuntimeError: ours" in done.stderr
    assert "70" in done.stderr.splitlines()[-1]
