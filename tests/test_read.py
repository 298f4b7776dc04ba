"""A document becomes text: what a reader sees of each kind of file, guesses at what it is, and refusals in words.

`documents/` has files as python-docx, odfpy and reportlab write them; the others are made here, as small as they can be.
"""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citygraph.errors import ReadError
from citygraph.messages import said_in
from citygraph.read.guess import Guess, Guesses, guess_about
from citygraph.read.run import KeptRecord, extract, extract_apart, files_to_keep, kept_document, read_bytes
from citygraph.read.text import Extracted, ReadBounds, tidy, without_line_hyphens

DOCUMENTS = Path(__file__).parent / "documents"
TODAY = date(2026, 12, 1)
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
O = 'xmlns:office="urn:o" xmlns:text="urn:t" xmlns:table="urn:b" xmlns:style="urn:s"'  # noqa: E741
MAIL = """From: Kari Nordmann <kari@example.no>
Subject: =?utf-8?q?M=C3=B8te_i_Nordnett?=
Date: Thu, 5 Nov 2020 10:12:00 +0100
Content-Type: text/plain; charset=utf-8; format=flowed

Nordnett har nå 41 \nmedlemmer.

Med vennlig hilsen
Kari, tlf. 99 99 99 99

Den 3. nov. 2020 kl. 09:00 skrev Ola <ola@example.no>:
> Hvor mange medlemmer?
"""
PAGE = """<!doctype html><title>Members | Nordnett</title><meta charset=utf-8>
<meta property="article:published_time" content="2020-10-01T10:00:00Z"><script>var a="<p>x"</script>
<body><div id="cookie-banner">We use cookies</div><nav><ul><li>Home<li>About</ul></nav>
<main><h1>Our members</h1><p>Nordnett has <b>41</b> members,&nbsp;since
 2019.<p>Second &amp; last.<ul><li>Fjordby<li>Skogstad</ul><table><tr><th>City<th>Since<tr><td>Fjordby<td>2019</table>
<p hidden>secret</p></main><footer>Contact us</footer>"""


def archive(**parts: str) -> bytes:
    """A zip file; `word__document` is `word/document.xml`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/") + ("" if name == "mimetype" else ".xml"), content)
    return out.getvalue()


def docx(body: str, **parts: str) -> bytes:
    return archive(word__document=f"<w:document {W}><w:body>{body}</w:body></w:document>", **parts)


def odt(body: str, before: str = "") -> bytes:
    content = f"<office:document-content {O}>{before}<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    return archive(mimetype="application/vnd.oasis.opendocument.text", content=content)


def paragraph(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def pdf(*pages: str, stream: bytes | None = None) -> bytes:
    """A PDF with lines of text 14 points apart, an empty one for a gap."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    for page in pages:
        drawn = "".join(
            f"BT /F1 11 Tf 1 0 0 1 72 {720 - 14 * place} Tm ({line}) Tj ET\n"
            for place, line in enumerate(page.split("\n"))
            if line
        )
        packed = stream if stream is not None else zlib.compress(drawn.encode("latin-1"))
        number = len(objects) + 2
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents {number} 0 R>>".encode()
        )
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed))
    kids = " ".join(f"{4 + 2 * each} 0 R" for each in range(len(pages)))
    objects[1] = f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{rows}"
    return out + f"{table}trailer<</Size {len(places) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF".encode()


def locked() -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def lines(found: Extracted) -> list[str]:
    return [f"{part.kind} {part.place}: {found.kept.words(part)}" for part in found.kept.parts]


def real(name: str) -> Extracted:
    return extract((DOCUMENTS / name).read_bytes(), name)


# -- what is read ---------------------------------------------------------------------------------------


def test_a_word_document_is_read_as_it_is_seen() -> None:
    assert lines(real("memo.docx")) == [
        "title paragraph=1: Notat om bynettverk",
        "paragraph paragraph=2: Oslo, 5. november 2020",
        "heading paragraph=3: Medlemmer",
        "paragraph paragraph=4: Oslo er medlem av Eurocities siden 2001.\xa0Nettverket har nær 140 medlemmer.",
        "item paragraph=5: Bergen",
        "item paragraph=6: Tromsø 🏙",
        "cell table=1&row=1&column=1: r1c1\nr1c2",
        "cell table=1&row=1&column=3: r1c3",
        "cell table=1&row=2&column=1: r2c1",
        "cell table=1&row=2&column=2: r2c2",
        "cell table=1&row=2&column=3: r2c3",
        "paragraph paragraph=7: Slutt.",
    ]


def test_what_word_hides_is_not_read() -> None:
    body = (
        "<w:p><w:r><w:t>Oslo</w:t></w:r><w:del><w:r><w:delText>er ikke</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t xml:space='preserve'> er</w:t></w:r></w:ins>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>skjult</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:r><w:t xml:space='preserve'> medlem</w:t></w:r><w:r><w:tab/><w:br/><w:footnoteReference w:id='2'/></w:r></w:p>"
        "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
        f"<w:sdtContent>{paragraph('Innhold 3')}</w:sdtContent></w:sdt>{paragraph('Slutt')}"
    )
    notes = f"<w:footnotes {W}><w:footnote w:id='2'>{paragraph('Siden 2001.')}</w:footnote></w:footnotes>"
    found = extract(
        docx(body, word__footnotes=notes, word__header1=paragraph("Topp").replace("<w:p>", f"<w:p {W}>", 1)), "a.docx"
    )
    assert lines(found) == [
        "paragraph paragraph=1: Oslo er medlem",
        "furniture paragraph=2: Innhold 3",
        "paragraph paragraph=3: Slutt",
        "paragraph footnote=1: Siden 2001.",
    ]
    assert found.about.marks == ("Topp",)


def test_an_open_document_text_is_read_as_it_is_seen() -> None:
    assert lines(real("memo.odt")) == [
        "title paragraph=1: Notat om bynettverk",
        "paragraph paragraph=2: Oslo er medlem. Mer tekst.",
        "paragraph footnote=1: En fotnote.",
        "item paragraph=3: Bergen",
        "item paragraph=4: Oslo",
        *(f"cell table=1&row={row}&column={column}: r{row}c{column}" for row in (1, 2) for column in (1, 2)),
    ]
    hidden = "<text:tracked-changes><text:p>gammelt</text:p></text:tracked-changes><text:p>Ett<text:s text:c='3'/>to</text:p>"
    assert lines(extract(odt(hidden), "a.odt")) == ["paragraph paragraph=1: Ett   to"]


def test_a_pdf_is_read_in_paragraphs_and_running_heads_are_no_part_of_it() -> None:
    found = real("memo.pdf")
    assert found.maker.startswith("citygraph pdf 2, pypdf ")
    heads = [line for line in lines(found) if line.startswith("furniture")]
    assert heads == [
        line
        for page in (1, 2, 3)
        for line in (
            f"furniture page={page}&paragraph=1: Notat om nettverk – INTERNT",
            f"furniture page={page}&paragraph=2: Side {page} av 3",
        )
    ]
    reading = [line for line in lines(found) if line not in heads]
    sentence_ = "Oslo er medlem av Eurocities siden 2001, og nettverket har nær 140 medlemmer i 39 land. "
    assert reading[:3] == [
        "title page=1&paragraph=3: Notat om bynettverk",
        "paragraph page=1&paragraph=4: Dato: 5. november 2020",
        "heading page=1&paragraph=5: Avsnitt 0",
    ]
    assert reading[3].startswith(f"paragraph page=1&paragraph=6: {sentence_}Styret ble valgt av generalforsamlingen")


def test_words_cut_at_the_end_of_a_line_of_a_pdf_are_whole() -> None:
    page = "Notat\n\nNettverket har by- og distrikts-\nmedlemmer i Nord-\nNorge, og by-\nog bydels-\nledere."
    assert lines(extract(pdf(page), "a.pdf"))[-1] == (
        "paragraph page=1&paragraph=2: Nettverket har by- og distriktsmedlemmer i Nord-Norge, og by- og bydelsledere."
    )


def test_a_page_without_text_among_others_is_told() -> None:
    (note,) = extract(pdf("Oslo er medlem av Eurocities siden 2001.", ""), "a.pdf").notes
    assert note == "These pages have no text, so nothing was read there: 2."


def test_a_page_is_read_without_what_stands_around_it() -> None:
    found = extract(PAGE.encode(), "page.htm")
    assert [line for line in lines(found) if not line.startswith("furniture")] == [
        "title paragraph=4: Our members",
        "paragraph paragraph=5: Nordnett has 41 members,\xa0since 2019.",
        "paragraph paragraph=6: Second & last.",
        "item paragraph=7: Fjordby",
        "item paragraph=8: Skogstad",
        "cell table=1&row=1&column=1: City",
        "cell table=1&row=1&column=2: Since",
        "cell table=1&row=2&column=1: Fjordby",
        "cell table=1&row=2&column=2: 2019",
    ]
    assert {"We use cookies", "Home", "About", "Contact us"} == {
        found.kept.words(part) for part in found.kept.parts if part.kind == "furniture"
    }
    framed = "<!doctype html><div class='site-nav'><p>Oslo er medlem av nettverket.</p></div>"
    assert lines(extract(framed.encode(), "a.html")) == ["paragraph paragraph=1: Oslo er medlem av nettverket."]


def test_a_mail_is_what_its_sender_wrote() -> None:
    found = extract(MAIL.encode(), "mail.eml")
    assert lines(found)[:2] == [
        "title header=subject: Møte i Nordnett",
        "paragraph line=1: Nordnett har nå 41 medlemmer.",
    ]
    assert {part.kind for part in found.kept.parts[2:]} == {"furniture"}
    as_page = MAIL.replace("text/plain; charset=utf-8; format=flowed", "text/html").replace(
        "Nordnett har", "<p>Nordnett har"
    )
    assert lines(extract(as_page.encode(), "mail.eml"))[1].startswith(
        "paragraph paragraph=1: Nordnett har nå 41 medlemmer."
    )


def test_all_that_a_sender_wrote_is_read_and_nothing_of_an_attached_mail() -> None:
    inner, mail = EmailMessage(), EmailMessage()
    inner.set_content("Theirs: Bergen joined.")
    mail["From"], mail["Subject"] = "Kari Nordmann <kari@example.no>", "Nordnett"
    mail.set_content(" ")
    mail.add_alternative("<p>Ours: Oslo joined.</p>", subtype="html")
    mail.add_attachment(inner)
    rest = EmailMessage()
    rest.set_content("The rest of it.")
    mail.attach(rest)
    said = [line.partition(": ")[2] for line in lines(extract(mail.as_bytes(), "mail.eml"))]
    assert [said.count(each) for each in ("Ours: Oslo joined.", "The rest of it.", "Theirs: Bergen joined.")] == [
        1,
        1,
        0,
    ]


def test_a_page_whose_head_has_no_end_is_read() -> None:
    found = extract(b"<head><title>T</title><body><p>Oslo er medlem av nettverket.</p>", "page.html")
    assert [line for line in lines(found) if line.endswith("Oslo er medlem av nettverket.")]


def test_a_picture_in_a_document_may_declare_its_type() -> None:
    svg = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd"><svg/>'
    found = extract(docx(paragraph("Oslo er medlem."), word__media__image1=svg), "memo.docx")
    assert lines(found)[0].endswith("Oslo er medlem.")


def test_plain_text_and_markdown_are_their_own_text() -> None:
    plain = "Notat\n\nDato: 5. mai 2020\nTil: Byrådet\n\nOslo er medlem\nsiden 2001.\n- Bergen\n- Oslo\n\nSide 1 av 2\n"
    found = extract(plain.encode(), "a.txt")
    assert found.kept.text == plain
    assert lines(found) == [
        "title line=1: Notat",
        "paragraph line=3: Dato: 5. mai 2020",
        "paragraph line=4: Til: Byrådet",
        "paragraph line=6: Oslo er medlem\nsiden 2001.",
        "item line=8: Bergen",
        "item line=9: Oslo",
        "furniture line=11: Side 1 av 2",
    ]
    marked = "---\ndate: 2020-05-03\n---\n# Notat\n\nOslo er *medlem*.\n\n* Bergen\n\n| By | Land |\n|---|---|\n| Oslo | Norge |\n\n```\ncode\n```\n"
    found = extract(marked.encode(), "a.md")
    assert found.kept.text == marked
    assert [line for line in lines(found) if not line.startswith("furniture")] == [
        "title line=4: Notat",
        "paragraph line=6: Oslo er *medlem*.",
        "item line=8: Bergen",
        "cell table=1&row=1&column=1: By",
        "cell table=1&row=1&column=2: Land",
        "cell table=1&row=3&column=1: Oslo",
        "cell table=1&row=3&column=2: Norge",
    ]
    assert found.about.published == "2020-05-03"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\ufeffOslo\r\ner medlem.\r\n".encode(), "Oslo\ner medlem.\n"),
        ("Møte i Tromsø".encode("utf-16"), "Møte i Tromsø"),
        ("Møte i Tromsø".encode("utf-16-le"), "Møte i Tromsø"),
        ("Møte i Tromsø".encode("cp1252"), "Møte i Tromsø"),
        ("A\u030alesund 1\u00a0000 med\u00adlem\u200bmer \U0001f3d9".encode(), "Ålesund 1\u00a0000 medlemmer \U0001f3d9"),
        ("Oslo \x1b[31mer medlem av nettverket siden året 2001, og Bergen er med.".encode(), "Oslo [31mer medlem av nettverket siden året 2001, og Bergen er med."),
        ("Nettverkets sam\u00ad\narbeid".encode(), "Nettverkets samarbeid"),
    ],
)  # fmt: skip
def test_characters_are_kept_as_they_are_seen(data: bytes, text: str) -> None:
    assert extract(data, "a.txt").kept.text == text


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_a_text_is_kept_the_same_for_ever_and_its_parts_are_all_of_its_words(words: str) -> None:
    once = without_line_hyphens(tidy(words))
    assert tidy(once) == once == unicodedata.normalize("NFC", once)
    assert "\r" not in once
    once.encode()
    data = once.encode()
    try:
        found = extract(data, "a.txt")
    except ReadError:
        return
    assert [part.start for part in found.kept.parts] == sorted(part.start for part in found.kept.parts)
    covered = {place for part in found.kept.parts for place in range(part.start, part.end)}
    missed = "".join(each for place, each in enumerate(found.kept.text) if place not in covered)
    assert not any(each.isalpha() for each in missed if each not in "abcdefghijklmnopqrstuvwxyzæøå")


# -- guesses --------------------------------------------------------------------------------------------


def guesses(text: str, name: str = "et_notat.txt") -> Guesses:
    return guess_about(extract(text.encode(), name), name, today=TODAY)


def value(guess: Guess | None) -> str:
    return guess.value if guess is not None else ""


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("Dato: 5. november 2020", "2020-11-05"), ("Oslo, 05.11.2020", "2020-11-05"), ("November 5, 2020", "2020-11-05"),
        ("Bergen, den 5/11-2020", "2020-11-05"), ("Last updated: 5th May 2020", "2020-05-05"), ("mai 2020", "2020-05"),
        ("Dato: 31.02.2020", ""), ("Styret møttes 5. november 2020 i Oslo.", ""), ("Dato: 5. november 2031", ""),
    ],
)  # fmt: skip
def test_the_day_is_read_where_the_document_says_that_it_is_its_own(line: str, day: str) -> None:
    found = guesses(f"Notat om nettverk\n\n{line}\n\nOslo er medlem av nettverket.\n")
    assert value(found.date) == day
    assert value(found.not_after) == ("" if day else "2026-12-01")


@pytest.mark.parametrize(
    ("line", "access"),
    [
        ("Unntatt offentlighet, jf. offl. § 23", "NON_PUBLIC"), ("CONFIDENTIAL", "NON_PUBLIC"), ("Gradering: Internt", "RESTRICTED"),
        ("Internt notat", "RESTRICTED"), ("Pressemelding", "PUBLIC"), ("Offentlig sektor i Norden", "RESTRICTED"),
        ("Internt er vi enige", "RESTRICTED"),
    ],
)  # fmt: skip
def test_who_may_see_it_is_read_from_marks_and_never_more_open_than_said(line: str, access: str) -> None:
    found = guesses(f"Notat om nettverk\n\n{line}\n\nOslo er medlem av nettverket.\n")
    assert found.access.value == access
    is_mark = line not in {"Offentlig sektor i Norden", "Internt er vi enige"}
    assert (line in found.access.why.en) == is_mark


def test_a_mark_in_the_header_of_an_open_document_counts() -> None:
    content = f"<office:document-content {O}><office:body><office:text><text:p>Offentlig</text:p></office:text></office:body></office:document-content>"
    styles = f"<office:document-styles {O}><text:p>Unntatt offentlighet</text:p></office:document-styles>"
    data = archive(mimetype="application/vnd.oasis.opendocument.text", content=content, styles=styles)
    assert guess_about(extract(data, "notat.odt"), "notat.odt", today=TODAY).access.value == "NON_PUBLIC"


def test_what_a_document_is_comes_from_its_text_before_its_properties() -> None:
    found = {name: guess_about(real(name), name, today=TODAY) for name in ("memo.docx", "memo.odt", "memo.pdf")}
    assert {each.title.value for each in found.values()} == {"Notat om bynettverk"}
    assert [value(found[name].date) for name in found] == ["2020-11-05", "", "2020-11-05"]
    assert [value(found[name].author) for name in found] == ["Nordnett", "", "Nordnett"]
    assert found["memo.docx"].access.why.in_language("nb") == "teksten: «INTERNT»"
    mail = guess_about(extract(MAIL.encode(), "mail.eml"), "mail.eml", today=TODAY)
    assert (mail.title.value, value(mail.date), value(mail.author)) == (
        "Møte i Nordnett",
        "2020-11-05",
        "Kari Nordmann",
    )
    assert mail.access.why.en == "it is an e-mail"
    page = guess_about(extract(PAGE.encode(), "p.html"), "p.html", today=TODAY)
    assert (page.title.value, value(page.date), page.access.value) == ("Our members", "2020-10-01", "PUBLIC")
    assert guesses("a" * 200 + ".", "mitt_notat.txt").title.value == "mitt notat"


def test_an_undated_file_is_from_between_its_days() -> None:
    core = "<c><created>2019-01-02T10:00:00Z</created><modified>2020-03-04T10:00:00Z</modified><title>Dokument1</title></c>"
    found = guess_about(
        extract(docx(paragraph("Oslo er medlem."), docProps__core=core), "a.docx"), "a.docx", today=TODAY
    )
    assert (value(found.not_before), value(found.not_after), found.title.value) == (
        "2019-01-02",
        "2020-03-04",
        "Oslo er medlem.",
    )


# -- what is refused ------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "locked with a password": ("a.pdf", locked),
    "it was scanned": ("a.pdf", lambda: pdf("", "")),
    "cut.pdf is damaged": ("cut.pdf", lambda: (DOCUMENTS / "memo.pdf").read_bytes()[:3000]),
    "is made so that it grows": ("a.pdf", lambda: pdf("", stream=zlib.compress(bytes(200_000_000), 1))),
    "is really a .docx file": ("a.pdf", lambda: docx(paragraph("Oslo"))),
    "is really a .pdf file": ("a.docx", lambda: pdf("Oslo er medlem")),
    "is really a .html file": ("a.docx", PAGE.encode),
    "is no .pdf file": ("a.pdf", lambda: b"Oslo er medlem."),
    "old format .doc": ("a.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1"),
    "of a kind that is not read": ("a.rtf", lambda: b"{\\rtf1}"),
    "is a table": ("a.xlsx", lambda: b"PK\x03\x04"),
    "broken.docx is damaged": ("broken.docx", lambda: archive(word__document=f"<w:document {W}><w:body>")),
    "early.docx has XML that can grow": ("early.docx", lambda: archive(word__document="<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")),
    "late.docx is damaged": ("late.docx", lambda: archive(word__document=" " * 2_000_000 + "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")),
    "when it is unpacked": ("a.docx", lambda: archive(word__document=" " * 20_000_000)),
    "elements inside each other": ("a.odt", lambda: odt("<text:p>" * 2_000 + "</text:p>" * 2_000)),
    "paragraphs and cells": ("a.docx", lambda: docx("<w:tbl><w:tr>" + "<w:tc/>" * 6_000 + "</w:tr></w:tbl>")),
    "has more than 1000 parts": ("a.eml", lambda: b"From: a@b.no\n" + b"\nContent-Type: a/b" * 1_001),
    "is no e-mail": ("a.eml", lambda: b"Oslo er medlem.\n"),
    "is no text": ("a.txt", lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "is empty": ("a.txt", lambda: b" \n"),
    "has no words": ("a.html", lambda: b"<html><!-- " * 100_000),
    "The text has more than": ("a.txt", lambda: b"Oslo er medlem.\n" * 70_000),
    "has more than 30,000,000 bytes": ("a.txt", lambda: b" " * 30_000_001),
}  # fmt: skip
SMALL = ReadBounds(size=30_000_000, unpacked=10_000_000, characters=1_000_000, parts=5_000)


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence_with_the_next_step(words: str) -> None:
    name, made = REFUSED[words]
    with pytest.raises(ReadError, match=words) as refused:
        extract(made(), name, SMALL)
    error = refused.value
    assert error.fix
    for said in (error.message, error.fix):
        assert said_in(said, "nb") != said_in(said, "en")


def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "memo.txt")
    with pytest.raises(ReadError, match="pipe or a device"):
        read_bytes(tmp_path / "memo.txt")


def test_numbers_in_a_file_that_would_multiply_do_not() -> None:
    cell = "<table:table-cell table:number-columns-repeated='99999999'><text:p>x<text:s text:c='99999999'/>y</text:p></table:table-cell>"
    table = (
        f"<table:table><table:table-row table:number-rows-repeated='99999999'>{cell}</table:table-row></table:table>"
    )
    assert len(extract(odt(table), "a.odt").kept.text) < 200


@pytest.mark.slow
def test_a_file_is_read_in_a_process_that_has_an_end() -> None:
    assert extract_apart(b"Oslo er medlem.", "a.txt").kept.text == "Oslo er medlem."
    with pytest.raises(ReadError, match="is no text"):
        extract_apart(b"\0", "a.txt")
    with pytest.raises(ReadError, match="more memory"):
        extract_apart(b"<html><a " + b"x " * 400_000, "a.html", ReadBounds(memory=20_000_000))
    with pytest.raises(ReadError, match="took more than"):
        extract_apart(b"<html>" + b"<p>a" * 150_000, "a.html", ReadBounds(seconds=0.3))


# -- what is kept ---------------------------------------------------------------------------------------


def keep(folder: Path, name: str, data: bytes) -> Extracted:
    found = extract(data, name)
    for path, content in files_to_keep(name, data, found).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    return found


def test_what_is_kept_is_read_again_and_never_made_again(tmp_path: Path) -> None:
    found = keep(tmp_path, "memo.docx", (DOCUMENTS / "memo.docx").read_bytes())
    (tmp_path / "memo.docx").unlink()
    assert kept_document(tmp_path, "https://example.org/source/memo.docx") == (found.kept, found.maker)
    plain = keep(tmp_path, "a.txt", b"Oslo er medlem.\n")
    assert kept_document(tmp_path, "https://example.org/source/a.txt") == (plain.kept, plain.maker)
    assert not (tmp_path / "text/a.txt.txt").exists()
    (tmp_path / "hand.txt").write_bytes(b"Notat\r\n\r\nOslo er medlem.\r\n")
    by_hand = kept_document(tmp_path, "https://example.org/source/hand.txt")
    assert by_hand is not None
    assert [by_hand[0].words(part) for part in by_hand[0].parts] == ["Notat", "Oslo er medlem."]
    assert kept_document(tmp_path, "https://example.org/source/gone.txt") is None


def test_a_kept_text_or_map_that_was_changed_is_refused(tmp_path: Path) -> None:
    found = keep(tmp_path, "memo.docx", (DOCUMENTS / "memo.docx").read_bytes())
    map_ = tmp_path / "text/memo.docx.json"
    for wrong in ("{", "[]", '{"sha256": "", "textSha256": "", "madeBy": "", "parts": [["cell", 1, 99999, ""]]}'):
        before = map_.read_bytes()
        map_.write_text(wrong, encoding="utf-8")
        with pytest.raises(ReadError, match="cannot be read"):
            kept_document(tmp_path, "source/memo.docx")
        map_.write_bytes(before)
    (tmp_path / "text/memo.docx.txt").write_text(found.kept.text + "mer", encoding="utf-8")
    with pytest.raises(ReadError, match="has changed since"):
        kept_document(tmp_path, "source/memo.docx")


def test_a_map_of_a_text_without_parts_is_whole() -> None:
    record = KeptRecord("a", "b", "c", ())
    assert KeptRecord.from_bytes(record.to_bytes(), 0) == record
