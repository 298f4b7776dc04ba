"""A real CKAN on loopback, for tests: its own Python environment, PostgreSQL and Redis of Debian, a stand-in for Solr.

Nothing of CKAN (AGPL) is imported here: its programs run as processes of their own. `make .ckan/installed`
builds the environment; CITYGRAPH_CKAN names another place for it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from conftest import ROOT
from patience import PATIENCE, wait_until
from solr_stand_in import running_solr

__all__ = ["ENVIRONMENT", "Ckan", "read_as_ckan", "running_ckan", "skip_without_ckan", "skip_without_ckan_server"]

ENVIRONMENT: Final = Path(os.environ.get("CITYGRAPH_CKAN", ROOT / ".ckan"))
_SETTINGS: Final = """\
[app:main]
use = egg:ckan
SECRET_KEY = of-a-portal-that-lives-for-one-test
sqlalchemy.url = postgresql://ckan@/ckan?host={folder}/postgres
ckan.redis.url = unix://{folder}/redis.sock
solr_url = {solr}
ckan.site_id = citygraph-tests
ckan.site_url = {url}
ckan.storage_path = {folder}/storage
ckan.plugins = activity dcat
ckan.auth.create_user_via_api = true
ckan.auth.public_activity_stream_detail = true
ckan.devserver.threaded = true

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(levelname)s [%(name)s] %(message)s
"""


@dataclass(frozen=True)
class Ckan:
    """A portal that runs: its address and the token of its administrator."""

    url: str
    token: str
    version: str

    def call(self, action: str, *, token: str | None = None, **data: object) -> Any:  # noqa: ANN401  # whatever JSON holds
        """The result of one action, by the administrator or by whoever has the token."""
        answer = httpx.post(
            f"{self.url}/api/3/action/{action}",
            json=data,
            headers={"Authorization": self.token if token is None else token},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        return answer.json()["result"]

    def get(self, path: str) -> httpx.Response:
        """A page, as anybody sees it."""
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE, follow_redirects=True)

    def new_editor(self, name: str, *organizations: str) -> str:
        """The token of a user who may write in some organisations and nowhere else."""
        self.call("user_create", name=name, email=f"{name}@example.org", password="a-long-password")  # noqa: S106
        for each in organizations:
            self.call("organization_member_create", id=each, username=name, role="editor")
        return str(self.call("api_token_create", user=name, name="tests")["token"])


def skip_without_ckan() -> None:
    """Skip the test on a machine without the environment of CKAN."""
    if not (ENVIRONMENT / "bin" / "ckan").is_file():
        pytest.skip(f"there is no CKAN in {ENVIRONMENT}: make .ckan/installed")


def skip_without_ckan_server() -> None:
    """Skip the test on a machine that cannot run a whole CKAN."""
    skip_without_ckan()
    if not _postgres_programs() or not shutil.which("redis-server"):
        pytest.skip("CKAN needs PostgreSQL and Redis: apt-get install postgresql redis-server")


def read_as_ckan(jobs: Sequence[Mapping[str, object]]) -> list[list[dict[str, Any]]]:
    """The datasets that ckanext-dcat reads out of each catalogue; `read_as_ckan.py` says what a job is."""
    python, script = ENVIRONMENT / "bin" / "python", ROOT / "tests" / "read_as_ckan.py"
    answer = _run([str(python), str(script)], said=json.dumps(jobs))
    found: list[list[dict[str, Any]]] = json.loads(answer.splitlines()[-1])
    return found


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def running_ckan() -> Iterator[Ckan]:
    """A portal with nobody but its administrator in it; everything it keeps is gone afterwards."""
    with ExitStack() as stack:
        # The folder of pytest is closed to other users, and PostgreSQL refuses to run as root.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="citygraph-ckan-")))
        folder.chmod(0o755)
        stack.enter_context(_running_postgres(folder))
        redis = ["redis-server", "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--save", ""]
        stack.enter_context(_process([*redis, "--dir", str(folder)], folder / "redis.log"))
        _wait_for(folder / "redis.sock", folder / "redis.log")
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        settings = folder / "ckan.ini"
        settings.write_text(_SETTINGS.format(folder=folder, url=url, solr=stack.enter_context(running_solr())))
        ckan = [str(ENVIRONMENT / "bin" / "ckan"), "-c", str(settings)]
        _run([*ckan, "db", "init"])
        _run([*ckan, "db", "upgrade", "-p", "activity"])
        _run([*ckan, "sysadmin", "add", "admin", "email=admin@example.org", "password=a-long-password"], said="y\n")
        token = _run([*ckan, "user", "token", "add", "admin", "tests", "-q"]).split()[-1]
        log = folder / "ckan.log"
        served = [*ckan, "run", "--disable-reloader", "-H", "127.0.0.1", "-p", str(port)]
        process = stack.enter_context(_process(served, log))
        version = _version_of(url, process, log)
        yield Ckan(url, token, version)


@contextmanager
def _running_postgres(folder: Path) -> Iterator[None]:
    """PostgreSQL on a socket in the folder, with an empty database `ckan`."""
    programs = _postgres_programs()
    assert programs is not None
    data = folder / "postgres"
    data.mkdir()
    user = group = None
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        user, group = owner.pw_uid, owner.pw_gid
        os.chown(data, user, group)
    made = ["-D", str(data), "-U", "ckan", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    _run([str(programs / "initdb"), *made], user=user, group=group)
    control = [str(programs / "pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-w", "-t", str(PATIENCE)]
    options = f"-c listen_addresses= -c unix_socket_directories={data} -c fsync=off"
    _run([*control, "-o", options, "start"], user=user, group=group)
    try:
        _run([str(programs / "createdb"), "-h", str(data), "-U", "ckan", "ckan"], user=user, group=group)
        yield
    finally:
        _run([*control, "-m", "immediate", "stop"], user=user, group=group)


@contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _run(command: Sequence[str], *, said: str = "", user: int | None = None, group: int | None = None) -> str:
    done = subprocess.run(
        command,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd="/",
        user=user,
        group=group,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return str(done.stdout)


def _wait_for(path: Path, log: Path) -> None:
    wait_until(path.exists, f"{path.name}, which {log} is about")


def _version_of(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    def answer() -> httpx.Response | None:
        assert process.poll() is None, f"CKAN did not start:\n{log.read_text(errors='replace')[-4000:]}"
        try:
            return httpx.get(f"{url}/api/3/action/status_show", timeout=PATIENCE)
        except httpx.TransportError:
            return None

    found = wait_until(answer, "an answer of CKAN")
    assert found is not None
    return str(found.raise_for_status().json()["result"]["ckan_version"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
