"""Real SPARQL servers on loopback, each in a folder of its own, ended by its process id: Oxigraph and Virtuoso."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from patience import PATIENCE, wait_until

# Debian's package; it starts nothing by itself. .ci/run installs it.
INSTALL_VIRTUOSO = "apt-get install --no-install-recommends virtuoso-opensource-7"
INSTALL_OXIGRAPH = "pip install oxigraph"

_VIRTUOSO_INI = """\
[Database]
DatabaseFile       = virtuoso.db
TransactionFile    = virtuoso.trx
ErrorLogFile       = virtuoso.log
LockFile           = virtuoso.lck
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile    = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort        = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
ServerThreads     = 20
NumberOfBuffers   = {buffers}
MaxDirtyBuffers   = {dirty}
MaxMemPoolSize    = 1600000000
DirsAllowed       = .
[HTTPServer]
ServerPort    = 127.0.0.1:{port}
ServerThreads = 15
[SPARQL]
ResultSetMaxRows      = {most_rows}
MaxQueryExecutionTime = {most_seconds}
"""


@dataclass(frozen=True)
class SparqlServer:
    """A SPARQL server that runs, and where its doors are."""

    name: str
    query: str
    update: str
    graph_store: str
    """Takes `?graph=…`; on Virtuoso it wants digest authentication."""
    update_with_password: str = ""
    """A second door for queries and updates that wants digest authentication, where there is one."""
    user: str = ""
    password: str = ""
    process_id: int = 0

    def graph_address(self, graph: str) -> str:
        """Where the Graph Store Protocol has this named graph."""
        return f"{self.graph_store}?{urllib.parse.urlencode({'graph': graph})}"


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def oxigraph_server(folder: Path, *files: Path, arguments: Sequence[str] = ()) -> Iterator[SparqlServer]:
    """An Oxigraph server that holds `files`, until the block ends.

    Args:
        folder: an empty folder for its data.
        files: RDF files to load before it starts.
        arguments: more for `oxigraph serve`, such as `--union-default-graph`.
    """
    beside = Path(sys.executable).parent / "oxigraph"
    program = str(beside) if beside.exists() else shutil.which("oxigraph")
    if program is None:
        pytest.skip(f"the Oxigraph server is not at hand: {INSTALL_OXIGRAPH}")
    for file in files:
        load = [program, "load", "--location", str(folder), "--file", str(file)]
        subprocess.run(load, check=True, capture_output=True)
    (port,) = free_ports(1)
    command = [program, "serve", "--location", str(folder), "--bind", f"127.0.0.1:{port}", *arguments]
    with _running(command, folder, f"http://127.0.0.1:{port}/query") as process:
        address = f"http://127.0.0.1:{port}"
        yield SparqlServer(
            "Oxigraph", f"{address}/query", f"{address}/update", f"{address}/store", process_id=process.pid
        )


@contextmanager
def virtuoso_server(
    folder: Path, *, most_rows: int = 10_000, most_seconds: int = 10, buffers: int = 10_000
) -> Iterator[SparqlServer]:
    """A Virtuoso server with nothing of ours in it, until the block ends.

    Args:
        folder: an empty folder for its data, configuration and log.
        most_rows: its `ResultSetMaxRows`, after which it silently cuts an answer.
        most_seconds: its `MaxQueryExecutionTime`.
        buffers: its `NumberOfBuffers`, pages of 8 kB in memory.
    """
    program, client = shutil.which("virtuoso-t"), shutil.which("isql-vt")
    if program is None or client is None:
        pytest.skip(f"the Virtuoso server is not at hand: {INSTALL_VIRTUOSO}")
    port, sql_port = free_ports(2)
    ini = folder / "virtuoso.ini"
    ini.write_text(
        _VIRTUOSO_INI.format(
            port=port,
            sql_port=sql_port,
            most_rows=most_rows,
            most_seconds=most_seconds,
            buffers=buffers,
            # Three quarters, as Virtuoso's own configuration file advises.
            dirty=buffers * 3 // 4,
        ),
        encoding="utf-8",
    )
    command = [program, "+foreground", "+configfile", str(ini)]
    address = f"http://127.0.0.1:{port}"
    with _running(command, folder, f"{address}/sparql") as process:
        grant = 'GRANT SPARQL_UPDATE TO "SPARQL";'
        subprocess.run(
            [client, f"127.0.0.1:{sql_port}", "dba", "dba", f"exec={grant}"],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        yield SparqlServer(
            "Virtuoso",
            query=f"{address}/sparql",
            update=f"{address}/sparql",
            graph_store=f"{address}/sparql-graph-crud-auth",
            update_with_password=f"{address}/sparql-auth",
            user="dba",
            password="dba",  # noqa: S106  # what Virtuoso has when it is new, on loopback
            process_id=process.pid,
        )


@contextmanager
def citygraph_server(folder: Path) -> Iterator[SparqlServer]:
    """Our own server for the project in `folder`, which is built; it only reads."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "citygraph", "serve", str(folder), "--port", str(port), "--quiet"]
    address = f"http://127.0.0.1:{port}"
    with _running(command, folder, f"{address}/sparql") as process:
        yield SparqlServer("citygraph", f"{address}/sparql", update="", graph_store="", process_id=process.pid)


@contextmanager
def _running(command: Sequence[str], folder: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, from its first answer until the block ends."""
    log = folder / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_it_answers(process, address, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=PATIENCE)


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    asked = f"{address}?{urllib.parse.urlencode({'query': 'ASK {}'})}"
    request = urllib.request.Request(asked, headers={"Accept": "application/sparql-results+json"})  # noqa: S310
    open_ = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def answers() -> bool:
        assert process.poll() is None, f"{process.args!r} ended:\n{log.read_text('utf-8', errors='replace')[-2000:]}"
        try:
            open_(request, timeout=PATIENCE).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    wait_until(answers, f"an answer of {process.args!r}")
