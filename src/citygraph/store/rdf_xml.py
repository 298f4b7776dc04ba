"""RDF/XML that is XML: what pyoxigraph 0.5 writes without a look is refused here, or written so that it comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from citygraph.rdf import Iri, Literal, Term, Triple

__all__ = ["XmlBytes", "for_xml", "refuse_not_xml"]

# XML 1.0, production 2: everything else cannot stand in a document, escaped or not.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Namespaces in XML 1.0, production 4 (NCName): how a name begins, and how it goes on.
_START: Final = (
    r"A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_AT_END: Final = re.compile(rf"[{_START}][{_START}0-9.\-\xb7\u0300-\u036f\u203f\u2040]*\Z")


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


class XmlBytes:
    """XML on its way to somewhere: a carriage return is written as a reference, or it is read as a newline (2.11)."""

    def __init__(self, to: _Writable) -> None:
        """Write on to `to`."""
        self._to = to

    def write(self, data: bytes) -> int:
        """Write these bytes of XML."""
        self._to.write(bytes(data).replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        """Hand on what is waiting."""
        self._to.flush()


def refuse_not_xml(text: str) -> None:
    """See that XML can carry a text (XML 1.0, production 2).

    Raises:
        ValueError: it cannot.
    """
    found = _NOT_XML.search(text)
    if found:
        message = f"a value holds the character U+{ord(found[0]):04X}, which XML cannot carry; ask for JSON"
        raise ValueError(message)


def for_xml(triples: Iterable[Triple]) -> Iterator[Triple]:
    """The triples, as long as RDF/XML can carry them.

    Raises:
        ValueError: a property has no XML name at its end (RDF 1.1 XML Syntax, 2.2), or a value is no text of XML.
    """
    for triple in triples:
        if not _NAME_AT_END.search(triple.predicate.value):
            message = f"RDF/XML has no name for the property <{triple.predicate.value}>"
            raise ValueError(message)
        for term in (triple.subject, triple.predicate, triple.object):
            _refuse_term(term)
        yield triple


def _refuse_term(term: Term) -> None:
    if isinstance(term, Iri | Literal):
        refuse_not_xml(term.value)
    if isinstance(term, Literal):
        refuse_not_xml(term.datatype.value)
