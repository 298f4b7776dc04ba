"""The desk as an office has it: behind nginx that asks for a password, in a browser with and without scripts."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from citygraph import Project
from citygraph.web.desk.journal import EditJournal, WrittenEdit
from clean_project import NETWORK, clean_project
from conftest import ROOT, TODAY
from desk_client import hidden_of, values_of
from headless import NEEDS_BROWSER, barriers, headless_browser, show
from patience import PATIENCE, wait_until
from web.conftest import serving

PEOPLE = {"kari": "hush", "ola": "hysj"}
SAID = {
    "f-member": "Fjordby",
    "f-organization": "Nordnett",
    "f-role": "concept:role-observer",
    "f-since": "2019",
    "f-source": "notat.txt",
}
ADD = "/desk/add/membership?lang=en"
MEMBER = "https://w3id.org/citygraph/id/m-skogstad-kommun-nordnett"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address at nginx, set up as docs/desk.md says, and the folder of the graph."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not here: apt-get install nginx")
    folder, port = tmp_path_factory.mktemp("office"), free_port()
    graph = clean_project(folder / "graph", questions=False)
    page = (ROOT / "docs" / "desk.md").read_text(encoding="utf-8")
    settings, recipe = (
        re.findall(rf"^```{each}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0] for each in ("toml", "nginx")
    )
    public = f"http://127.0.0.1:{port}"
    with (graph / "graph.toml").open("a", encoding="utf-8") as file:
        file.write(settings.replace("https://graph.your-city.example", public).replace('"each"', '"never"'))
    project = Project.open(graph, today=TODAY)
    assert not project.build().report.violations
    # An edit that waits for another person, as `edit.approve` has them.
    plan = project.edits.editor().end("m-skogstad-kommun-nordnett", [("on", "2020-06-30")])
    waits = WrittenEdit(1, "2020-11-05T10:00:00+00:00", "ola", plan.told, plan.changes, plan.facts, waits=True)
    EditJournal(project.snapshots.folder / "desk").keep(waits)
    passwords = "".join(f"{name}:{{PLAIN}}{password}\n" for name, password in PEOPLE.items())
    (folder / "graph.htpasswd").write_text(passwords, encoding="utf-8")
    with serving(graph, "--edit", "--workers", "1") as server:
        for before, after in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port}"), ("/etc/nginx/graph.htpasswd", f"{folder}/graph.htpasswd"),
            ("127.0.0.1:8000", f"127.0.0.1:{server.port}"), ("$host;", "$http_host;"),
        ):  # fmt: skip
            assert before in recipe
            recipe = recipe.replace(before, after)
        user = "user root; " if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; {user}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{recipe}}}\n",
            encoding="utf-8",
        )
        nginx = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        )
        try:

            def answers() -> bool:
                assert nginx.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
                with socket.socket() as tried:
                    return tried.connect_ex(("127.0.0.1", port)) == 0

            wait_until(answers, "nginx")
            yield public, graph
        finally:
            nginx.terminate()
            nginx.wait(PATIENCE)


def test_a_person_who_logged_in_writes_under_her_name_and_nobody_else_does(office: tuple[str, Path]) -> None:
    public, graph = office
    before = (graph / NETWORK).read_bytes()
    origin = {"Origin": public}
    with httpx.Client(base_url=public, timeout=PATIENCE, trust_env=False) as http:
        assert http.get("/desk").status_code == 401
        assert http.get("/desk", auth=("kari", "wrong")).status_code == 401
        http.auth = ("kari", PEOPLE["kari"])
        page = http.get(ADD, headers={"X-Forwarded-User": "ola"}).text
        assert "You write as kari." in page
        fields = {**values_of(page), **SAID, "step": "preview"}
        shown = http.post(ADD, data=fields, headers=origin)
        assert "is in Nordic Net as observer since 2019" in shown.text
        written = {**hidden_of(shown.text), "step": "write"}
        # Another person, who is let in too, cannot send a form of hers.
        assert http.post(ADD, data=written, headers=origin, auth=("ola", PEOPLE["ola"])).status_code == 403
        assert http.post(ADD, data=written, headers={"Origin": "https://evil.example"}).status_code == 403
        assert (graph / NETWORK).read_bytes() == before
        done = http.post(ADD, data=written, headers=origin)
        assert done.status_code == 303
        desk = http.get(done.headers["location"]).text
        assert "Written." in desk
        assert "· kari" in desk
        # The graph is built of it, and its page says so.
        wait_until(
            lambda: "/record/m-fjordby-kommune-nordnett-observer" in http.get("/network/nordnett").text, "a version"
        )
        undo = hidden_of(desk.partition('class="done"')[2].partition("</form>")[0])
        assert http.post("/desk/undo", data=undo, headers=origin).status_code == 303
        assert (graph / NETWORK).read_bytes() == before


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window."""
    with headless_browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


def opened(browser: Any, public: str, path: str) -> None:  # noqa: ANN401
    browser.get(public.replace("//", f"//kari:{PEOPLE['kari']}@") + path)


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
@pytest.mark.parametrize(("width", "scheme", "language"), [(390, "light", "en"), (1280, "dark", "nb")])
def test_axe_finds_nothing_on_any_page(
    browser: Any,  # noqa: ANN401
    office: tuple[str, Path],
    width: int,
    scheme: str,
    language: str,
) -> None:
    show(browser, width=width, scheme=scheme)
    for path in (
        "/desk?", "/desk/add/membership?", "/desk/add/network?", "/network/nordnett?", f"/desk/fact?fact={MEMBER}&",
        f"/desk/fact/change?fact={MEMBER}&", f"/desk/fact/retract?fact={MEMBER}&",
        "/desk/waiting/1?", "/desk/read/notat.txt?",
    ):  # fmt: skip
        opened(browser, office[0], f"{path}lang={language}")
        assert 'href="/desk?lang=' in browser.page_source
        assert barriers(browser) == [], path


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
def test_words_that_are_selected_are_those_of_the_form(browser: Any, office: tuple[str, Path]) -> None:  # noqa: ANN401
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    show(browser, width=390)
    opened(browser, office[0], "/desk/read/notat.txt?lang=en")
    chosen = browser.execute_script("""
        const form = document.querySelector(".what form"), words = form.closest(".sentence").querySelector(".words");
        const letters = document.createTreeWalker(words, NodeFilter.SHOW_TEXT), first = letters.nextNode();
        const end = first.data.trim().indexOf(" ", 3);
        getSelection().setBaseAndExtent(first, 0, first, end);
        return first.data.slice(0, end).trim();
    """)
    said = (
        "const f = document.querySelector('.what form'); return [f.quote.value, f.nth.value, f.closest('details').open]"
    )
    WebDriverWait(browser, PATIENCE).until(lambda each: each.execute_script(said) == [chosen, "0", True])


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
def test_a_fact_is_added_by_keyboard_and_without_scripts(browser: Any, office: tuple[str, Path]) -> None:  # noqa: ANN401
    from selenium.webdriver.common.by import By  # noqa: PLC0415
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    public, graph = office
    before = (graph / NETWORK).read_bytes()

    def press(value: str, wanted: str) -> None:
        browser.find_element(By.CSS_SELECTOR, value).send_keys(Keys.ENTER)
        WebDriverWait(browser, PATIENCE).until(lambda b: b.find_elements(By.CSS_SELECTOR, wanted))

    show(browser, width=390, scripts=False)
    try:
        opened(browser, public, f"{ADD}&organization=https://w3id.org/citygraph/id/nordnett")
        browser.find_element(By.NAME, "f-member").send_keys("Fjordbyy")
        browser.find_element(By.NAME, "f-since").send_keys("30.11.2019")
        # Enter in a field presses the only button of the form, and that writes nothing.
        press("[name=f-source]", "[aria-invalid=true]")
        show(browser, width=390)
        assert barriers(browser) == []
        show(browser, width=390, scripts=False)
        browser.find_element(By.CSS_SELECTOR, "[name=p-member-0]").send_keys(Keys.SPACE)
        browser.find_element(By.NAME, "f-source").send_keys("notat.txt")
        browser.find_element(By.CSS_SELECTOR, "[name=f-role]").send_keys("observer")
        press("button[value=preview]", "button[value=write]")
        show(browser, width=390)
        assert barriers(browser) == []
        show(browser, width=390, scripts=False)
        assert (graph / NETWORK).read_bytes() == before
        press("button[value=write]", ".done")
        assert b'"2019-11-30"^^xsd:date' in (graph / NETWORK).read_bytes()
        press(".done form button", ".done")
        WebDriverWait(browser, PATIENCE).until(lambda _: (graph / NETWORK).read_bytes() == before)
    finally:
        show(browser)
