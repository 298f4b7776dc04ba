"""A question on file: the `#+` header that is its whole interface, and the SPARQL below it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from citygraph.errors import QueryError
from citygraph.files import end_inside
from citygraph.findings import Severity
from citygraph.graphs import is_internal
from citygraph.messages import LANGUAGES, Text, framed, reason_of, sentence
from citygraph.sparql.service import ServiceBlock, read_service
from citygraph.sparql.text import Form, QueryText, read_query
from citygraph.values import did_you_mean, is_identifier

PARAMETER_TYPES: Final = ("string", "integer", "date", "entity", "enum")
VIEWS: Final = ("table", "map", "timeline", "network", "bar", "line", "tree")
_KEYS: Final = frozenset(
    {"title", "question", "params", "columns", "cite", "keywords", "view", "publish", "lists", "code", "severity", "fix",
     "message", "federates", "identifier", "replaces", "also"}
)  # fmt: skip
_PARAMETER_KEYS: Final = frozenset({"type", "class", "enum", "default", "required", "about"})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that the question leaves open; it is a variable of the query and a column of the answer."""

    name: str
    type: str
    default: str | int | None = None
    required: bool = False
    of_class: str = ""
    choices: tuple[str, ...] = ()
    about: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A saved question: its name is the name of its file, of its command and of its page."""

    name: str
    title: Text
    question: Text
    text: str
    parsed: QueryText
    columns: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    cite: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    view: str = "table"
    publish: bool = True
    lists: tuple[str, ...] = ()
    code: str = ""
    severity: Severity = Severity.VIOLATION
    message: Text = field(default_factory=Text)
    fix: Text = field(default_factory=Text)
    federates: ServiceBlock | None = None
    identifier: str = ""
    replaces: str = ""
    also: tuple[str, ...] = ()

    @property
    def phrasings(self) -> tuple[str, ...]:
        """Everything in its header that says in words what it asks, in all languages."""
        return tuple(each for each in (*_both(self.title), *_both(self.question), *self.also) if each)

    @property
    def published_name(self) -> str:
        """The name that its dataset goes on under: the one it had when it was first published."""
        return self.replaces or self.name


def query_files(folder: Path, *, project: Path, hidden: Collection[str] = ()) -> list[Path]:
    """The files of the saved queries in `folder`, sorted; a link that ends outside of the project is passed over.

    Args:
        folder: where they lie.
        project: the folder of the project.
        hidden: patterns of files that are not there in this edition; see `Config.hidden`.
    """
    return [
        path
        for path in sorted(folder.glob("*.rq"))
        if end_inside(path, project) is not None
        and not (hidden and is_internal(path.relative_to(project).as_posix(), hidden, base=""))
    ]


def read_saved_query(path: Path, *, check: bool = False) -> SavedQuery:
    """The question in the file at `path`.

    Args:
        path: a `.rq` file; its stem is the name of the question.
        check: it is a check query, which has a code and a severity and asks nobody.

    Raises:
        QueryError: the file cannot be read, or its header or its SPARQL breaks a rule; with file and line.
    """
    try:
        if path.exists() and not path.is_file():
            # Whoever reads a pipe waits for it.
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # noqa: TRY301  # told as any other
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = sentence("saved_query.unreadable", path=path, why=reason_of(error))
        raise QueryError(message, fix=sentence("saved_query.save_as_utf8")) from error
    except UnicodeDecodeError as error:
        message = sentence("saved_query.not_utf8", path=path, byte=error.start + 1)
        raise QueryError(message, fix=sentence("saved_query.save_as_utf8")) from error
    return _Reader(path, text, check=check).read()


def saved_query_of(name: str, text: str) -> SavedQuery:
    """The question that a text would be as the file of that name.

    Raises:
        QueryError: its header or its SPARQL breaks a rule.
    """
    return _Reader(Path(f"{name}.rq"), text, check=False).read()


class _Reader:
    def __init__(self, path: Path, text: str, *, check: bool) -> None:
        self._path, self._text, self._check = path, text, check
        self._header = self._read_header()

    def read(self) -> SavedQuery:
        if not _NAME.match(self._path.stem):
            raise self._error(1, sentence("saved_query.name", name=self._path.stem))
        try:
            parsed = read_query(self._text)
        except QueryError as error:
            raise self._error(0, error.message) from error
        if parsed.form is Form.SELECT and parsed.star:
            raise self._error(0, sentence("saved_query.star"))
        columns = self._names("columns")
        cite = self._names("cite")
        hidden = tuple(name for name in cite if name not in columns)
        if parsed.form is Form.SELECT and (*columns, *hidden) != parsed.columns:
            wanted = " ".join(f"?{name}" for name in (*columns, *hidden))
            raise self._error(self._line("columns"), sentence("saved_query.columns", wanted=wanted))
        parameters = tuple(self._parameter(name, value) for name, value in self._mapping("params").items())
        for parameter in parameters:
            self._check_parameter(parameter, parsed)
        federates = self._federates(parsed, parameters)
        view = str(self._header.get("view", "table"))
        if view not in VIEWS:
            raise self._error(
                self._line("view"), sentence("saved_query.one_of", key="view", value=view, choices=", ".join(VIEWS))
            )
        return SavedQuery(
            name=self._path.stem,
            title=self._words("title", required=True),
            question=self._words("question", required=not self._check),
            text=self._text,
            parsed=parsed,
            columns=columns,
            parameters=parameters,
            cite=cite,
            keywords=self._names("keywords", plain=True),
            view=view,
            publish=bool(self._header.get("publish", True)),
            lists=self._names("lists", plain=True),
            code=self._code(),
            severity=self._severity(),
            message=self._words("message", required=False),
            fix=self._words("fix", required=False),
            federates=federates,
            identifier=self._identifier(),
            replaces=self._replaces(),
            also=self._also(),
        )

    def _read_header(self) -> dict[str, Any]:
        lines = self._text.splitlines()
        header = [line.removeprefix("#+") if line.startswith("#+") else "" for line in lines]
        try:
            found = _read_yaml("\n".join(header))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "it is not YAML"
            raise self._error(
                mark.line + 1 if mark else 1, sentence("saved_query.not_yaml", problem=problem)
            ) from error
        if not isinstance(found, dict):
            raise self._error(1, sentence("saved_query.no_header"))
        for key in found:
            if key not in _KEYS:
                guess = did_you_mean(str(key), _KEYS)
                raise self._error(self._line(str(key)), sentence("saved_query.unknown", key=key, guess=guess))
        return found

    def _parameter(self, name: str, value: object) -> Parameter:
        line = self._line("params")
        if not isinstance(value, dict) or not set(value) <= _PARAMETER_KEYS:
            raise self._error(line, sentence("saved_query.parameter", name=name))
        kind = str(value.get("type", "string"))
        if kind not in PARAMETER_TYPES:
            raise self._error(
                line, sentence("saved_query.type", name=name, kind=kind, choices=", ".join(PARAMETER_TYPES))
            )
        choices = value.get("enum", [])
        if not isinstance(choices, list) or any(isinstance(choice, bool) for choice in choices):
            # YAML 1.1 reads a bare NO as false, and NO is Norway.
            raise self._error(line, sentence("saved_query.quote", name=name))
        default = value.get("default")
        if isinstance(default, date):
            default = default.isoformat()
        if default is not None and not isinstance(default, str | int):
            raise self._error(line, sentence("saved_query.default", name=name))
        if kind == "enum" and not choices:
            raise self._error(line, sentence("saved_query.enum", name=name))
        return Parameter(
            name=str(name),
            type=kind,
            default=default,
            required=bool(value.get("required", False)),
            of_class=str(value.get("class", "")),
            choices=tuple(map(str, choices)),
            about=Text.of(value.get("about", "")),
        )

    def _check_parameter(self, parameter: Parameter, parsed: QueryText) -> None:
        line = self._line("params")
        if parameter.name not in parsed.variables:
            raise self._error(line, sentence("saved_query.no_variable", name=parameter.name))
        if parsed.form is Form.SELECT and parameter.name not in parsed.columns:
            raise self._error(line, sentence("saved_query.no_column", name=parameter.name))
        if parsed.grouped is not None and parameter.name not in parsed.grouped:
            raise self._error(line, sentence("saved_query.no_group", name=parameter.name))

    def _federates(self, parsed: QueryText, parameters: tuple[Parameter, ...]) -> ServiceBlock | None:
        """The block for another server, which header and query both name."""
        name, line = self._header.get("federates"), self._line("federates")
        if name is None and not parsed.uses_service:
            return None
        if name is None:
            raise self._error(0, sentence("saved_query.federates"))
        if self._check:
            raise self._error(line, sentence("saved_query.check_asks"))
        try:
            block = read_service(self._text)
        except QueryError as error:
            raise self._error(error.line, error.message) from error
        if block.service != name:
            raise self._error(line, sentence("saved_query.other_service", name=name, service=block.service))
        for parameter in parameters:
            if parameter.name not in block.before:
                detail = sentence("saved_query.behind", name=parameter.name)
                raise self._error(self._line("params"), detail)
        return block

    def _code(self) -> str:
        code = str(self._header.get("code", ""))
        if self._check and code != self._path.stem:
            raise self._error(self._line("code"), sentence("saved_query.code", name=self._path.stem))
        return code

    def _identifier(self) -> str:
        value = self._header.get("identifier", "")
        if value != "" and not is_identifier(value):
            raise self._error(self._line("identifier"), sentence("saved_query.identifier", value=value))
        return str(value)

    def _replaces(self) -> str:
        value = self._header.get("replaces", "")
        if value != "" and not (isinstance(value, str) and _NAME.match(value)):
            raise self._error(self._line("replaces"), sentence("saved_query.replaces", value=value))
        return str(value)

    def _also(self) -> tuple[str, ...]:
        """Other ways to put the question: a list of texts for each language."""
        found: list[str] = []
        for language, phrasings in self._mapping("also").items():
            texts = phrasings if isinstance(phrasings, list) else []
            if language not in LANGUAGES or not texts or not all(isinstance(each, str) and each for each in texts):
                raise self._error(self._line("also"), sentence("saved_query.also"))
            found += texts
        return tuple(found)

    def _severity(self) -> Severity:
        value = str(self._header.get("severity", Severity.VIOLATION))
        if value not in set(Severity):
            raise self._error(
                self._line("severity"),
                sentence("saved_query.one_of", key="severity", value=value, choices=", ".join(Severity)),
            )
        return Severity(value)

    def _words(self, key: str, *, required: bool) -> Text:
        value = self._header.get(key)
        if value is None and not required:
            return Text()
        if not isinstance(value, dict) or not value.get("nb") or not value.get("en"):
            raise self._error(self._line(key), sentence("saved_query.words", key=key))
        return Text.of(value)

    def _names(self, key: str, *, plain: bool = False) -> tuple[str, ...]:
        value = self._header.get(key, [])
        if not isinstance(value, list) or any(isinstance(each, bool) for each in value):
            raise self._error(self._line(key), sentence("saved_query.names", key=key))
        if key == "columns" and not value:
            raise self._error(self._line(key), sentence("saved_query.no_columns"))
        names = tuple(map(str, value))
        return names if plain else tuple(name.removeprefix("?") for name in names)

    def _mapping(self, key: str) -> Mapping[str, object]:
        value = self._header.get(key) or {}
        if not isinstance(value, dict):
            raise self._error(self._line(key), sentence("saved_query.mapping", key=key))
        return value

    def _line(self, key: str) -> int:
        for number, line in enumerate(self._text.splitlines(), 1):
            if re.match(rf"#\+\s*{re.escape(key)}\s*:", line):
                return number
        return 1

    def _error(self, line: int, detail: str) -> QueryError:
        place = f"{self._path}:{line}" if line else f"{self._path}"
        message = framed(f"{place}: ", detail, "" if detail.endswith((".", "?")) else ".")
        return QueryError(message, fix=sentence("saved_query.described"), line=line)


def _both(words: Text) -> tuple[str, str]:
    return words.nb, words.en


def _read_yaml(text: str) -> object:
    """The value of a YAML text.

    libyaml reads it in a tenth of the time, where PyYAML has it; what is wrong with a text is told by PyYAML itself, in
    the same words everywhere.

    Raises:
        YAMLError: it is not YAML.
    """
    fast = getattr(yaml, "CSafeLoader", None)
    try:
        return yaml.load(text, Loader=fast) if fast else yaml.safe_load(text)  # noqa: S506  # it is a safe one
    except yaml.YAMLError:
        return yaml.safe_load(text)
