"""Which addresses of the site become files, where each of them lies, and how the links of the pages lead there."""

from __future__ import annotations

import hashlib
import html
import itertools
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from citygraph.matching.names import slug
from citygraph.web.pages.urls import TWINS

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z")
# Names that Windows keeps for itself, and the one that a folder shows.
_KEPT: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index\.html?)(\..*)?\Z|.*\.\Z")
_LONGEST: Final = 60
# For each choice a page and the files that are used most; the answer by itself has them all.
_FILES_OF_CHOICES: Final = frozenset({"csv", "json", "geojson"})
_MOST_KNOWN: Final = 100_000
_PLAIN_PAGES: Final = {"/": "", "/queries": "queries/", "/news": "news/", "/search": "search/", "/editor": "sparql/"}
HOST: Final = "citygraph.invalid"
"""The host that the pages are asked for under: RFC 2606 keeps it free, so our own addresses are known by it."""
# Our templates quote every attribute and escape every value, so a tag ends at the first bracket.
_TAG: Final = re.compile(r"<(a|link|script|form|div|p)\b([^<>]*)>")
_ATTRIBUTE: Final = re.compile(r'\s(href|src|action|data-index|data-terms|data-graph|data-names)="([^"]*)"')
_OPTIONAL: Final = re.compile(r'<a class="(?:why|file)" href="([^"]*)"[^<>]*>.*?</a>', re.DOTALL)
_ALTERNATE: Final = re.compile(r'<link rel="alternate" type="[^"]*" href="([^"]*)"[^<>]*>\n?')
_ABSOLUTE: Final = re.compile(re.escape(f"http://{HOST}") + r"((?:[\w/.?=%+~-]|&amp;|\\u0026)*)")
_WITHOUT_PROOF: Final = re.compile(r'<p class="notes proofs-left-out">.*?</p>\n?', re.DOTALL)
_WITHOUT_CHOICE: Final = re.compile(r'<p class="notes choices-left-out">.*?</p>\n?', re.DOTALL)
_BARE_CHOICE: Final = re.compile(r"<a data-parameter=")


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """How much is written down: answers of one question by what is chosen, and proofs of derived statements."""

    answers: int = 60
    proofs: int = 5_000


@dataclass(frozen=True, slots=True)
class SiteFile:
    """Where an address leads: a file of the folder, and what follows it in the link."""

    path: str
    query: str = ""
    is_page: bool = True


@dataclass(frozen=True, slots=True)
class QuestionChoices:
    """What can be chosen on the page of one question: the values of each parameter, and the one it has by itself."""

    values: Mapping[str, Sequence[str]]
    chosen: Mapping[str, str]

    def resolve(self, given: Mapping[str, str]) -> dict[str, str] | None:
        """What is chosen beside the values a question has by itself; `None` when that cannot be chosen here."""
        resolved: dict[str, str] = {}
        for name, value in given.items():
            known = self.values.get(name, ())
            found = next((each for each in (value, f"id:{value}", f"concept:{value}") if each in known), None)
            if found is None:
                return None
            if found != self.chosen.get(name):
                resolved[name] = found
        return dict(sorted(resolved.items()))

    def variants(self, *, most: int) -> tuple[list[dict[str, str]], int]:
        """What may be chosen, everything combined when that is not too much, else one parameter at a time.

        Returns:
            the combinations, and how many were left out.
        """
        lists = {name: [each for each in found if each != self.chosen.get(name)] for name, found in self.values.items()}
        singles = [{name: value} for name, found in sorted(lists.items()) for value in found]
        everything = 1
        for found in lists.values():
            everything *= len(found) + 1
        everything -= 1
        if everything > most:
            return singles[:most], everything - len(singles[:most])
        names = sorted(lists)
        options = [("", *lists[name]) for name in names]
        combined = [
            {name: value for name, value in zip(names, values, strict=True) if value}
            for values in itertools.product(*options)
        ]
        return [each for each in combined if each], 0


@dataclass
class SitePlan:
    """Which addresses become files; filled before the first page is written, and asked for every link."""

    languages: Sequence[str]
    has_file: Callable[[str], bool]
    entities: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    facets: set[tuple[str, str, str]] = field(default_factory=set)
    """What a list is narrowed by: kind, facet, value; one at a time, so that their number is that of the values."""
    questions: dict[str, QuestionChoices] = field(default_factory=dict)
    letters: dict[str, set[str]] = field(default_factory=dict)
    limits: SiteLimits = field(default_factory=SiteLimits)
    proofs: set[str] = field(default_factory=set)
    has_all_proofs: bool = True
    _known: dict[str, SiteFile] = field(default_factory=dict)
    _variants: dict[str, dict[tuple[tuple[str, str], ...], str]] = field(default_factory=dict)

    def add_question(self, name: str, choices: QuestionChoices) -> int:
        """Plan the answers of one question; how many are left out."""
        self.questions[name] = choices
        variants, left_out = choices.variants(most=self.limits.answers)
        self._variants[name] = {
            tuple(sorted(each.items())): _variant_name(dict(sorted(each.items()))) for each in variants
        }
        return left_out

    def question_addresses(self, language: str) -> Iterator[str]:
        """The addresses of all answers."""
        for name, variants in self._variants.items():
            for values in [(), *variants]:
                yield f"/queries/{name}?{urlencode([*values, ('lang', language)])}"

    def facet_addresses(self, language: str) -> Iterator[str]:
        """The addresses of all lists that are narrowed by one value."""
        for kind, facet, value in sorted(self.facets):
            yield f"/{kind}?{urlencode([(facet, value), ('lang', language)])}"

    def target(self, address: str) -> SiteFile | None:
        """Where an address of the site leads in the folder; `None` when it has no file there."""
        known = self._known.get(address)
        if known is None:
            known = self._target(address)
            # What leads somewhere goes on doing so, but for proofs, whose number is limited.
            if known is not None and not address.startswith("/why"):
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[address] = known
        return known

    def forget(self) -> None:
        """Look everything up again: more has been planned."""
        self._known.clear()

    def _target(self, address: str) -> SiteFile | None:
        parts = urlsplit(address)
        path = unquote(parts.path)
        parameters = dict(parse_qsl(parts.query))
        language = parameters.pop("lang", self.languages[0])
        page = self._page(path, parameters, language)
        if page is not None:
            return SiteFile(page, f"example={file_name(parameters['example'])}" if "example" in parameters else "")
        file = self._file(path, parameters, language)
        return SiteFile(file, parts.query if path.startswith("/static/") else "", is_page=False) if file else None

    def _page(self, path: str, parameters: Mapping[str, str], language: str) -> str | None:
        folder: str | None = None
        if path in _PLAIN_PAGES:
            folder = _PLAIN_PAGES[path]
        elif path in self.entities:
            _, kind, slug = path.split("/", 2)
            folder = f"{kind}/{file_name(slug)}/"
        elif path.removeprefix("/") in self.kinds:
            folder = self._list(path[1:], parameters)
        elif path.startswith("/a-z"):
            # A letter that names of one language begin with may be missing in the other.
            folder = f"{path[1:]}/" if path in self.letters.get(language, ()) else "a-z/"
        elif path == "/why":
            folder = self._proof(parameters)
        elif path.startswith("/queries/"):
            variant = self._variant(path.removeprefix("/queries/"), parameters)
            folder = f"queries/{variant}/" if variant is not None else None
        return f"{language}/{folder}index.html" if folder is not None else None

    def _list(self, kind: str, parameters: Mapping[str, str]) -> str | None:
        if not parameters:
            return f"{kind}/"
        facet, value = next(iter(parameters.items()))
        is_planned = len(parameters) == 1 and (kind, facet, value) in self.facets
        return f"{kind}/by/{facet}.{file_name(value)}/" if is_planned else None

    def _variant(self, name: str, parameters: Mapping[str, str]) -> str | None:
        if name not in self.questions:
            return None
        resolved = self.questions[name].resolve(parameters)
        if not resolved:
            return name if resolved is not None else None
        variant = self._variants[name].get(tuple(resolved.items()))
        return f"{name}/{variant}" if variant is not None else None

    def _proof(self, parameters: Mapping[str, str]) -> str | None:
        """The folder of a proof; the first so many get one, in the order in which the pages name them."""
        key = _proof_key(parameters)
        if key not in self.proofs:
            if len(self.proofs) >= self.limits.proofs:
                self.has_all_proofs = False
                return None
            self.proofs.add(key)
        return f"why/{key}/"

    def _file(self, path: str, parameters: Mapping[str, str], language: str) -> str | None:
        if path == "/editor/terms.json":
            return f"{language}/sparql/terms.json"
        if path == "/why.json":
            return f"why/{_proof_key(parameters)}.json"
        stem, _, ending = path.rpartition(".")
        if ending in TWINS and stem in self.entities:
            _, kind, slug = stem.split("/", 2)
            return f"{kind}/{file_name(slug)}.{ending}"
        if stem.startswith("/queries/"):
            variant = self._variant(stem.removeprefix("/queries/"), parameters)
            if variant is None or ("/" in variant and ending not in _FILES_OF_CHOICES):
                return None
            return f"{language}/queries/{variant}/feed.atom" if ending == "atom" else f"queries/{variant}.{ending}"
        if path.startswith("/static/") or path == "/search/index.json" or self.has_file(path[1:]):
            return path[1:]
        return None


def _proof_key(parameters: Mapping[str, str]) -> str:
    text = "\0".join(parameters.get(name, "") for name in ("s", "p", "o"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def file_name(text: str) -> str:
    """The text when it is a plain name; otherwise what is left of it, with a hash that keeps it apart from others.

    >>> file_name("eurocities"), file_name("../etc/passwd"), file_name("Oslo")
    ('eurocities', 'etc-passwd-7fef78f534', 'oslo-43152cc97f')
    """
    if _PLAIN.match(text) and not _KEPT.match(text):
        return text
    left = slug(text)[:_LONGEST].rstrip("-") or "x"
    return f"{left}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _variant_name(values: Mapping[str, str]) -> str:
    """The name of an answer by what was chosen: `network.eurocities`, several joined by `~`."""
    return "~".join(
        f"{name}.{file_name(value.removeprefix('id:').replace(':', '.'))}" for name, value in values.items()
    )


# -- links in the pages ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Rewrites the links of pages and feeds.

    Attributes:
        target: where an address of the site leads in the folder, `None` when nowhere.
        planned: the same without looking whether the file could be made.
        site: the address that the folder is put at, for what must be absolute.
    """

    target: Callable[[str], SiteFile | None]
    planned: Callable[[str], SiteFile | None]
    site: str

    def in_page(self, text: str, path: str) -> str:
        """A page as it stands at `path` in the folder."""
        left_out = 0

        def keep_or_drop(match: re.Match[str]) -> str:
            nonlocal left_out
            if self.target(html.unescape(match[1])) is not None:
                return match[0]
            left_out += match[0].startswith('<a class="why"')
            return ""

        text = _OPTIONAL.sub(keep_or_drop, text)
        text = _ALTERNATE.sub(keep_or_drop, text)
        if not left_out:
            text = _WITHOUT_PROOF.sub("", text)
        text = _TAG.sub(lambda match: self._in_tag(match, path), text)
        if not _BARE_CHOICE.search(text):
            text = _WITHOUT_CHOICE.sub("", text)
        return self.in_text(text)

    def in_text(self, text: str) -> str:
        """A text with absolute addresses of the site, which become those of the files."""
        return _ABSOLUTE.sub(self._absolute, text)

    def absolute(self, target: SiteFile) -> str:
        """The address of a file on the web; of a page the address of its folder."""
        path = target.path.removesuffix("index.html") if target.is_page else target.path
        return self.site + quote(path, safe="/~")

    def _absolute(self, match: re.Match[str]) -> str:
        address = html.unescape(match[1].replace("\\u0026", "&"))
        target = self.planned(address)
        if target is None:
            return self.site.rstrip("/") + match[1].partition("?")[0]
        return self.absolute(target)

    def _in_tag(self, match: re.Match[str], path: str) -> str:
        name, attributes = match[1], match[2]
        lasting = name == "link" and ('rel="canonical"' in attributes or "hreflang=" in attributes)

        def rewrite(each: re.Match[str]) -> str:
            address = html.unescape(each[2])
            if not address.startswith("/"):
                return each[0]
            address, mark, fragment = address.partition("#")
            target = self.target(address)
            if target is None:
                # Words that lead nowhere are better than a link to nothing.
                return ""
            link = self.absolute(target) if lasting else _relative(target, path)
            return f' {each[1]}="{html.escape(link + mark + fragment)}"'

        return f"<{name}{_ATTRIBUTE.sub(rewrite, attributes)}>"


def _relative(target: SiteFile, path: str) -> str:
    """The way from one file of the folder to another."""
    way = posixpath.relpath(target.path, posixpath.dirname(path) or ".")
    return quote(way, safe="/~") + (f"?{target.query}" if target.query else "")
