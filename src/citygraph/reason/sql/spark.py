"""Larger than one machine: the rules as SQL joins on a Spark cluster, with Parquet between the rounds.

Every table is Parquet in one folder, so that no plan grows from round to round.
"""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from numpy.typing import NDArray

from citygraph.errors import ReasoningError
from citygraph.messages import reason_of, sentence
from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget
from citygraph.reason.columnar.relations import Columns, Ids
from citygraph.reason.columnar.terms import Dictionary, encode_terms
from citygraph.reason.sql import SqlClosure
from citygraph.reason.sql.compiler import Row

if TYPE_CHECKING:
    import duckdb

_ADDRESS: Final = re.compile(r"local(\[(\d{1,3}|\*)\])?|spark://[^/\s]+|yarn|k8s://\S+", re.ASCII)
_PATIENCE: Final = 60.0
"""Seconds that the first worker may take to come."""
_CONNECT: Final = 5.0
_PARTITIONS: Final = "spark.sql.shuffle.partitions"
_ROWS: Final = 100_000
"""So many of the given statements are one part of a join; what follows from them comes on top."""


def open_session(master: str, folder: Path) -> Any:  # noqa: ANN401  # a type of Spark, which need not be installed
    """A session of its own, whose tables nobody else sees; the connection to the cluster is shared and kept.

    All other settings of Spark stand in its own file: `spark-defaults.conf` in `SPARK_CONF_DIR`.

    Args:
        master: `local`, `local[N]`, `spark://host:port`, `yarn` or `k8s://…`.
        folder: where Spark may put what it writes for itself.

    Raises:
        ReasoningError: Spark or Java is not installed, or the cluster does not answer.
    """
    if not _ADDRESS.fullmatch(master):
        raise ReasoningError(
            sentence("reasoner.spark.address", master=master), fix=sentence("reasoner.spark.write_address")
        )
    try:
        import duckdb  # noqa: F401, PLC0415
        from py4j.protocol import Py4JError  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        message = sentence("reasoner.spark.missing", name=error.name)
        raise ReasoningError(message, fix=sentence("reasoner.spark.install")) from error
    home = os.environ.get("JAVA_HOME", "")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").is_file()):
        raise ReasoningError(sentence("reasoner.spark.no_java"), fix=sentence("reasoner.spark.java"))
    _answers(master)
    active = SparkSession.getActiveSession()
    if active is not None and active.sparkContext.master != master:
        active.stop()
    builder = SparkSession.builder.master(master).appName("citygraph")
    for key, value in _settings(master, folder).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate().newSession()
        _wait_for_workers(session, master)
    except (PySparkException, Py4JError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
        fix = sentence("reasoner.spark.check", master=master, java=sentence("reasoner.spark.java"))
        raise ReasoningError(sentence("reasoner.spark.no_start", why=reason), fix=fix) from error
    return session


def partitions(session: Any, rows: int) -> tuple[str, str]:  # noqa: ANN401
    """The setting that says into how many parts a join is cut, for so many statements.

    What `spark-defaults.conf` says stands. Otherwise there is a part for every core, and more when they would be
    large: Spark's own number, two hundred, is right for no graph that is small, and for none that is very large.
    """
    context = session.sparkContext
    configured = context.getConf().get(_PARTITIONS, None)
    return _PARTITIONS, configured or str(max(context.defaultParallelism, -(-rows // _ROWS)))


def _settings(master: str, folder: Path) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        # On one machine nothing listens to others.
        settings |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    return settings


def _answers(master: str) -> None:
    """One of the masters takes connections; Spark itself would try for minutes, and then end the program."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT):
                return
        except (OSError, ValueError, OverflowError):
            continue
    raise ReasoningError(sentence("reasoner.spark.silent", master=master), fix=sentence("reasoner.spark.start"))


def _wait_for_workers(session: Any, master: str) -> None:  # noqa: ANN401
    """A cluster without a free worker takes the work and never begins it."""
    if master.startswith("local"):
        return
    tracker = session.sparkContext._jsc.sc().statusTracker()  # noqa: SLF001  # Python has no other way to ask
    end = time.monotonic() + _PATIENCE
    while len(tracker.getExecutorInfos()) < 2:  # noqa: PLR2004  # the first one is this program
        if time.monotonic() > end:
            session.stop()
            message = sentence("reasoner.spark.busy", master=master, seconds=_PATIENCE)
            raise ReasoningError(message, fix=sentence("reasoner.spark.wait"))
        time.sleep(0.2)


_PIECE: Final = 10_000
_INLINE: Final = 500
"""A table with at most so many rows stands in the plan itself; a larger one is written to a file."""
_HERE: Final = 500_000
"""Tables with at most so many rows are looked through on this machine; to ask the cluster takes longer."""
_READ: Final = re.compile(r"\b(?:FROM|JOIN) (\w+)")
_GIVEN: Final = "given"
_TAKEN: Final = "taken"
_Result = TypeVar("_Result")


class SparkDatabase:
    """See `Database`. The folder must be one that this machine and all workers see under the same path, as one user.

    This machine writes the asserted triples as Parquet and reads what is inferred from it; everything between
    stays with the workers. A table that is made or added to is written out, which cuts the plan that led to it.
    """

    def __init__(self, master: str, folder: str) -> None:
        """A session of its own on the cluster at `master`, with its tables below `folder`.

        Raises:
            ReasoningError: Spark or Java is not installed, the cluster does not answer, or the folder is not there.
        """
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="citygraph-", dir=folder or None))
        except OSError as error:
            message = sentence("reasoner.spark.folder", why=reason_of(error), folder=folder)
            raise ReasoningError(message, fix=sentence("reasoner.spark.name_folder")) from error
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._session = open_session(master, self._folder)
        self._local = _reader()
        self._numbers = count()
        self._parts: dict[str, list[str]] = {}
        self._schemas: dict[str, Any] = {}
        self._inline: dict[str, int] = {}
        self._views: dict[str, str] = {}
        self._outdated: set[str] = set()

    def put(self, table: str, columns: Mapping[str, Ids], query: str = _GIVEN) -> None:
        """See `Database.put`."""
        rows = max(map(len, columns.values()))
        if query != _GIVEN:
            self._write_here(_GIVEN, columns)
            self._session.conf.set(*partitions(self._session, rows))
            self.make(table, query)
            self._forget(_GIVEN)
        elif rows > _INLINE:
            self._write_here(table, columns)
        else:
            self._write_inline(table, columns, rows)

    def make(self, table: str, query: str, *, most: int | None = None) -> None:
        """See `Database.make`: to stop at `most` would bring everything to one worker, so the caller counts."""
        del most
        self._use(table, *self._parts_of(table, query))

    def append(self, table: str, query: str) -> None:
        """See `Database.append`."""
        parts, schema = self._parts_of(table, query)
        self._use(table, [*self._parts[table], *parts], schema)

    def view(self, name: str, query: str) -> None:
        """See `Database.view`."""
        self._views[name] = query
        self._sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def count(self, table: str) -> int:
        """See `Database.count`; read from the ends of the Parquet files, without asking the cluster."""
        if table in self._inline:
            return self._inline[table]
        return int(self._local.execute(f"SELECT count(*) FROM {self._files(table)}").fetchall()[0][0])

    def rows(self, query: str) -> list[Row]:
        """See `Database.rows`."""
        if self._is_small(query):
            return list(self._local.execute(query).fetchall())
        return [tuple(row) for row in self._asked(lambda: self._sql(query).collect())]

    def numbers(self, query: str) -> dict[str, NDArray[Any]]:
        """See `Database.numbers`."""
        if self._is_small(query):
            return dict(self._local.execute(query).fetchnumpy())
        self.make(_TAKEN, query)
        return dict(self._local.execute(f"SELECT * FROM {self._files(_TAKEN)}").fetchnumpy())

    def stream(self, query: str) -> Iterator[list[Row]]:
        """See `Database.stream`."""
        self.make(_TAKEN, query)
        cursor = self._local.cursor()
        cursor.execute(f"SELECT * FROM {self._files(_TAKEN)}")
        while rows := cursor.fetchmany(_PIECE):
            yield rows

    # -- Parquet ----------------------------------------------------------------------------------

    def _parts_of(self, table: str, query: str) -> tuple[list[str], Any]:
        """The folders with what a query answers, and the columns: those of a table that it names, else a new one."""
        if query in self._parts:
            return self._parts[query], self._schemas[query]
        part = str(self._folder / f"{table}-{next(self._numbers)}")
        frame = self._sql(query)
        # A number that stands in the text is a short one to Spark, and all parts of a table must have one type.
        short = [name for name, kind in frame.dtypes if kind == "int"]
        if short:
            frame = frame.withColumns({name: frame[name].cast("bigint") for name in short})
        self._asked(lambda: frame.write.parquet(part))
        return [part], frame.schema

    def _write_inline(self, table: str, columns: Mapping[str, Ids], rows: int) -> None:
        """Make a table of a few rows that stands in the plan itself."""
        values = ", ".join(map(str, zip(*(each.tolist() for each in columns.values()), strict=True)))
        values = values.replace(",)", ")") or f"({', '.join('0' for _ in columns)})"
        cast = ", ".join(f"CAST({name} AS BIGINT) AS {name}" for name in columns)
        where = "" if rows else " WHERE FALSE"
        self._forget(table)
        self._inline[table] = rows
        self._sql(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT {cast} FROM VALUES {values} AS x({', '.join(columns)}){where}"
        )
        self._refresh_views(table)

    def _write_here(self, table: str, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write columns of this machine as a table."""
        part = self._folder / f"{table}-{next(self._numbers)}"
        part.mkdir()
        self._local.register("columns_here", dict(columns))
        cast = ", ".join(f"{name}::BIGINT AS {name}" for name in columns)
        self._local.execute(f"COPY (SELECT {cast} FROM columns_here) TO '{part}/part-0.parquet' (FORMAT parquet)")
        self._local.unregister("columns_here")
        frame = self._asked(lambda: self._session.read.parquet(str(part)))
        self._use(table, [str(part)], frame.schema)

    def _use(self, table: str, parts: list[str], schema: Any) -> None:  # noqa: ANN401  # a type of Spark
        """Make these folders the table of that name, and remove those that it no longer needs."""
        old = self._parts.get(table, [])
        self._inline.pop(table, None)
        self._parts[table], self._schemas[table] = parts, schema
        self._session.read.schema(schema).parquet(*parts).createOrReplaceTempView(table)
        self._refresh_views(table)
        self._discard(old)

    def _forget(self, table: str) -> None:
        self._discard(self._parts.pop(table, []))

    def _discard(self, parts: Sequence[str]) -> None:
        """Remove folders that no table reads any more."""
        for part in set(parts).difference(*self._parts.values()):
            shutil.rmtree(part, ignore_errors=True)

    def _refresh_views(self, table: str) -> None:
        """A view of Spark keeps the files of the table that it was made over, so it is made anew before it is used."""
        self._outdated |= {name for name, query in self._views.items() if f" {table} " in f"{query} "}

    def _is_small(self, query: str) -> bool:
        """Whether a query reads small tables only; then they can be read on this machine under their names."""
        tables = set(_READ.findall(query))
        if not tables <= self._parts.keys() or sum(map(self.count, tables)) > _HERE:
            return False
        for table in tables:
            self._local.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM {self._files(table)}")
        return True

    def _files(self, table: str) -> str:
        parts = ", ".join(f"'{part}/*.parquet'" for part in self._parts[table])
        return f"read_parquet([{parts}])"

    # -- Spark ------------------------------------------------------------------------------------

    def _sql(self, query: str) -> Any:  # noqa: ANN401  # a data frame of Spark
        for name in [name for name in self._outdated if re.search(rf"\b{name}\b", query)]:
            self._outdated.remove(name)
            self._sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {self._views[name]}")
        return self._asked(lambda: self._session.sql(query.replace(" ANTI JOIN ", " LEFT ANTI JOIN ")))

    def _asked(self, ask: Callable[[], _Result]) -> _Result:
        from py4j.protocol import Py4JError  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415

        try:
            return ask()
        except (PySparkException, Py4JError) as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
            raise ReasoningError(
                sentence("reasoner.spark.stopped", why=reason), fix=sentence("reasoner.spark.look")
            ) from error


def _reader() -> duckdb.DuckDBPyConnection:
    """What reads and writes Parquet on this machine."""
    import duckdb  # noqa: PLC0415  # comes with the extra spark

    return duckdb.connect(config={"autoinstall_known_extensions": "false"})


_MASTER: Final = "local[*]"


def close(
    asserted: Iterable[Triple] | Iterable[Quad] | Columns,
    *,
    dictionary: Dictionary | None = None,
    budget: Budget | None = None,
    master: str = _MASTER,
    folder: str = "",
) -> SqlClosure:
    """Everything that follows from these triples by OWL 2 RL, worked out by the workers of a cluster.

    Args:
        asserted: the triples, as terms or encoded with `dictionary`.
        dictionary: the numbers of the terms; needed with `Columns`, and extended by what the rules speak of. It
            stays in the memory of this machine.
        budget: limits; looked at between rounds.
        master: the address of the cluster, such as `spark://host:7077`, or `local[N]` for this machine.
        folder: where the tables lie as Parquet; every worker must see it under the same path. Without it the
            folder for temporary files of this machine.

    Raises:
        ReasoningError: Spark or Java is not installed, the cluster does not answer, or a limit was reached.
    """
    database = SparkDatabase(master, folder)
    dictionary = Dictionary() if dictionary is None else dictionary
    columns = asserted if isinstance(asserted, Columns) else encode_terms(asserted, dictionary)
    closure = SqlClosure(columns, dictionary, Budget() if budget is None else budget, database)
    closure.run()
    return closure
