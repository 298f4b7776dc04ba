"""Links in the pages: from the addresses of the site to files of the folder, relative to the page they stand on."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from citygraph.web.site.plan import SiteFile

__all__ = ["HOST", "SiteLinks"]

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
            link = self.absolute(target) if lasting else relative(target, path)
            return f' {each[1]}="{html.escape(link + mark + fragment)}"'

        return f"<{name}{_ATTRIBUTE.sub(rewrite, attributes)}>"


def relative(target: SiteFile, path: str) -> str:
    """The way from one file of the folder to another."""
    way = posixpath.relpath(target.path, posixpath.dirname(path) or ".")
    return quote(way, safe="/~") + (f"?{target.query}" if target.query else "")
