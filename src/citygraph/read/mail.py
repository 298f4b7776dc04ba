"""The text of an e-mail: its subject and what its sender wrote; quoted mail and the signature are furniture."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr, parsedate_to_datetime
from functools import cache
from typing import Final

from citygraph.matching.names import words_of
from citygraph.messages import Sentence, sentence
from citygraph.read.plain_text import plain_parts
from citygraph.read.text import (
    DocumentProperties,
    Extracted,
    KeptText,
    PartKind,
    ReadBounds,
    TextBuilder,
    TextPart,
    read_error,
    tidy,
)
from citygraph.read.web_page import page_text

MAKER: Final = "citygraph mail 1"
_MOST_PARTS: Final = 1_000
_LONGEST_FAREWELL: Final = 40


def read_mail(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of an .eml file.

    Raises:
        ReadError: it is no e-mail, has no text, or is larger than the bounds.
    """
    if data.count(b"\nContent-Type:") > _MOST_PARTS:
        raise read_error("parts", fix="bomb", name=name, most=_MOST_PARTS)
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not isinstance(message, EmailMessage) or not any(message.keys()) or _said(message, "From", "Date") == ("", ""):
        raise read_error("not_mail", name=name)
    body = _body(message, bounds)
    builder = TextBuilder(bounds)
    (subject,) = _said(message, "Subject")
    builder.add("title", " ".join(subject.split()), "header=subject")
    for kind, words, place in _marked(body):
        builder.add(kind, words, place)
    return Extracted(builder.made, MAKER, _about(message, subject), tuple(_attached(message)))


def _said(message: EmailMessage, *names: str) -> tuple[str, ...]:
    """What some headers say; nothing for one that is not there, or that no program can read."""
    found = []
    for name in names:
        try:
            found.append(tidy(str(message.get(name, ""))))
        except (ValueError, IndexError, AttributeError, TypeError, LookupError):
            found.append("")
    return tuple(found)


def _about(message: EmailMessage, subject: str) -> DocumentProperties:
    sender, sent = _said(message, "From", "Date")
    name, address = parseaddr(sender)
    try:
        day = parsedate_to_datetime(sent).date().isoformat() if sent else ""
    except (ValueError, OverflowError, TypeError, IndexError):
        day = ""
    return DocumentProperties(title=" ".join(subject.split()), author=name or address, published=day, is_mail=True)


def _body(message: EmailMessage, bounds: ReadBounds) -> KeptText:
    """What the sender wrote: every part of it that is no attachment, and of several forms of one part the plain text."""
    written = [each for each in _written(message) if _content(each).strip()]
    pages = [each for each in written if each.get_content_type() == "text/html"]
    if len(written) == len(pages) == 1:
        return page_text(_content(pages[0]), "HTML", bounds)[0]
    texts = [
        page_text(_content(each), "HTML", bounds)[0].text if each in pages else _flowed(_content(each), each)
        for each in written
    ]
    return plain_parts("\n\n".join(texts), bounds)


def _written(part: MIMEPart) -> list[MIMEPart]:
    """The texts and pages of a message, in order; a mail that lies in it is somebody else's."""
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
        return []
    if not part.is_multipart():
        return [part] if kind in {"text/plain", "text/html"} else []
    found = [_written(each) for each in part.iter_parts()]
    if kind != "multipart/alternative":
        return [each for one in found for each in one]
    plain = [one for one in found if one and one[0].get_content_type() == "text/plain" and _content(one[0]).strip()]
    return next(iter([*plain, *(one for one in reversed(found) if one)]), [])


def _content(part: MIMEPart) -> str:
    """The characters of a part, whatever it says of its encoding."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = str(part.get_param("charset", "utf-8") or "utf-8")
    for encoding in (charset if re.fullmatch(r"[\w.:-]{1,40}", charset) else "utf-8", "utf-8"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _flowed(text: str, part: MIMEPart) -> str:
    """The lines of a text that was broken by the program that sent it, joined again (RFC 3676)."""
    if str(part.get_param("format", "")).casefold() != "flowed":
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    joined: list[str] = []
    is_open = False
    for line in lines:
        said = line.removeprefix(" ")
        if is_open and not said.startswith(">") and said != "-- ":
            joined[-1] += said
        else:
            joined.append(said)
        is_open = said.endswith(" ") and said != "-- " and bool(said.strip()) and not said.startswith(">")
    return "\n".join(joined)


def _attached(message: EmailMessage) -> Iterator[Sentence]:
    """That attachments are documents of their own."""
    names = []
    for part in message.walk():
        try:
            named = part.get_filename() or ""
        except (ValueError, IndexError, AttributeError, TypeError, LookupError):
            named = ""
        if named:
            names.append(tidy(named))
    if names:
        yield sentence("read.note.attached", names=", ".join(names[:10]))


# -- what is furniture ----------------------------------------------------------------------------------


def _marked(body: KeptText) -> Iterator[tuple[PartKind, str, str]]:
    """The parts of a body, line by line where a mail that was answered, or a signature, begins inside of one."""
    is_over = False
    for part in body.parts:
        lines: list[str] = []
        kind: PartKind = "paragraph" if part.kind in {"title", "heading"} else part.kind
        for line in body.words(part).split("\n"):
            begins = not is_over and (_is_signature(line) or _is_earlier(line, body, part))
            is_quoted = line.lstrip().startswith(">")
            if begins or (is_quoted and not is_over):
                yield kind, "\n".join(lines), part.place
                lines = []
            is_over = is_over or begins
            if is_over or is_quoted:
                yield "furniture", line, part.place
            else:
                lines.append(line)
        yield kind, "\n".join(lines), part.place


def _is_signature(line: str) -> bool:
    said = line.strip()
    if said == "--":
        return True
    return len(said) <= _LONGEST_FAREWELL and said.casefold().rstrip(" ,.!:") in _words("farewell")


def _is_earlier(line: str, body: KeptText, part: TextPart) -> bool:
    """Whether a mail that was answered or passed on begins with this line."""
    said = line.strip().casefold()
    bare = said.strip("-_ :")
    if said.startswith("--") and bare in _words("forwarded"):
        return True
    if said.endswith(":") and bare.rpartition(" ")[0] and set(bare.split()) & _words("wrote"):
        return bool(re.search(r"\d{4}|@|\d\d:\d\d", said))
    label, colon, _ = said.partition(":")
    if not colon or label.strip("* ") not in _words("sender"):
        return False
    after = body.text[body.text.index(line, part.start) :].casefold().split("\n")[1:5]
    return sum(each.partition(":")[0].strip("* ") in _words("sent") for each in after) > 1


@cache
def _words(heading: str) -> frozenset[str]:
    return frozenset(words_of(__package__, "mail", heading))
