"""Documents that are broken in one place, by hand as people break them and by chance; entities and encodings of XML."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator

import pytest
import rdflib

from citygraph.documents import DocumentBounds, place_of, plain_xml, problems_of, xml_text
from citygraph.rdf import Literal, parse, to_rdflib

BOUNDS = DocumentBounds(1_000_000, 200)
TURTLE = '''@prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:a a ex:City ;
    ex:name "Oslo"@nb , "Christiania"@en-GB ;
    ex:since "1838-01-01"^^xsd:date ;
    ex:list ( 1 2.5 "x" ) ;
    ex:node [ ex:p true ; ex:q """long
text""" ] .
# a comment
_:b ex:knows ex:a , <http://example.org/b> .
'''
TRIPLES = """<http://example.org/a> <http://example.org/p> "x" .
<http://example.org/a> <http://example.org/p> "y"@nb .
_:b <http://example.org/q> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://example.org/a> <http://example.org/p> <http://example.org/c> .
"""
QUADS = TRIPLES.replace(" .\n", " <http://example.org/g> .\n")
TRIG = """@prefix ex: <http://example.org/> .
ex:g {
  ex:a a ex:City ;
     ex:name "Oslo"@nb .
}
GRAPH ex:h { ex:b ex:p 1 . }
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:ex="http://example.org/">
  <ex:City rdf:about="http://example.org/a">
    <ex:name xml:lang="nb">Oslo</ex:name>
    <ex:since rdf:datatype="http://www.w3.org/2001/XMLSchema#date">1838-01-01</ex:since>
    <ex:knows rdf:resource="http://example.org/b"/>
    <ex:node rdf:parseType="Resource">
      <ex:p>1</ex:p>
    </ex:node>
    <ex:list rdf:parseType="Collection">
      <rdf:Description rdf:about="http://example.org/c"/>
    </ex:list>
  </ex:City>
  <rdf:Description rdf:nodeID="b">
    <ex:q rdf:nodeID="c"/>
  </rdf:Description>
</rdf:RDF>
"""
JSON = """{
  "@context": {
    "ex": "http://example.org/",
    "name": {"@id": "ex:name", "@language": "nb"}
  },
  "@graph": [
    {
      "@id": "ex:a",
      "@type": "ex:City",
      "name": "Oslo",
      "ex:since": {"@value": "1838-01-01", "@type": "http://www.w3.org/2001/XMLSchema#date"},
      "ex:list": {"@list": [1, 2, "x"]},
      "ex:knows": [{"@id": "ex:b"}]
    }
  ]
}
"""
DOCUMENTS = {"ttl": TURTLE, "nt": TRIPLES, "nq": QUADS, "trig": TRIG, "rdf": XML, "jsonld": JSON}
MISTAKES = {
    "ttl": [
        ("<http://example.org/> .", "<http://exa mple.org/> ."), ("ex:City", "foo:City"), ('"Oslo"', '"Oslo'),
        ("@nb", "@"), ("@nb", "@n_b"), ("@en-GB", "@-GB"), ("^^xsd:date", "^^"), ("^^xsd:date", "^xsd:date"),
        ("( 1 2.5", "( 1 2.5 ) )"), (" ) ;", " ;"), (" ] .", " ."), (" ] .", " ]"), ('"""long', '"long'),
        ('text"""', 'text"'), ("_:b", "_:"), ("_:b", "_: b"), ("ex:knows", '"knows"'),
        ("ex:knows", "ex:knows ex:b ex:c"), ("@prefix ex:", "@prefix ex"), ("@prefix ex:", "@prefx ex:"),
        ("@prefix ex:", "prefix ex:"), ("ex:a a", "a a"), ("ex:a a ex:City", "ex:a a"), ("true", "True"),
        ("2.5", "2.5.5"), ('"x"', '"\\x"'), ('"x"', '"\\u12"'), ("<http://example.org/b>", "<http://example.org/b"),
        ("<http://example.org/b>", "http://example.org/b"), ("<http://example.org/b>", "<b>"),
        ('"1838-01-01"', '\'1838-01-01"'), ("ex:a a", "ex:a\\ a"), ("ex:a a", "ex:a% a"), ("Oslo", "Os\nlo"),
        ("# a comment", "/* a comment */"), ("# a comment", "<<(ex:a ex:b"), ("ex:p true", "ex:p"),
        ("_:b ex:knows", "ex:knows"), ("<http://example.org/b>", "<http://example.org/\\u0020b>"),
        ("<http://example.org/b>", "<http://[example.org/b>"), ("<http://example.org/b>", "<http://example.org/%zz>"),
        ("ex:since", "ex:since ,"), (" ;\n    ex:since", " ,\n    ex:since"),
        ("@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .", ""), ('"x"', '"x\x00"'), ("Oslo", "Os\udcfflo"),
    ],
    "nt": [
        ('"x" .', '"x"'), ('"x"', '"x'), ("@nb", "@"), ("<http://example.org/a>", "<a>"),
        ("<http://example.org/a>", "ex:a"), ("_:b", "_:"), ('"1"^^', '"1"^'), ("<http://example.org/p>", '"p"'),
        ("<http://example.org/p>", "_:p"), ("<http://example.org/a> <http", "<http"), ('"y"', "'y'"),
        ('"y"', '"\\y"'), ('"y"', "y"), ("<http://example.org/c>", "<http://example.org/c"),
        ("<http://example.org/c>", "<http://exa mple.org/c>"), ('"x" .', '"x" <g> .'), ('"x" .', '"x" ;'),
        ('"x"', '"x\ny"'), ('"x"', "1"), ('"x"', "true"), (".", "#"), ('"x"', '"\\ud800"'), ('"y"', '"\udcff"'),
    ],
    "rdf": [
        ("</ex:name>", ""), ("</ex:name>", "</ex:nam>"), ('xml:lang="nb"', 'xml:lang="n b"'),
        ('xml:lang="nb"', "xml:lang=nb"), ("Oslo", "Os & lo"), ("Oslo", "Os < lo"), ("Oslo", "Os &foo; lo"),
        ("Oslo", "Os &#0; lo"), ("Oslo", "Os &#x110000; lo"), ('xmlns:ex="http://example.org/"', ""),
        ("xmlns:rdf=", "xmlns:rd="), ('rdf:about="http://example.org/a"', 'rdf:about="http://exa mple.org/a"'),
        ('rdf:about="http://example.org/a"', 'rdf:about="a"'), ('rdf:about="http://example.org/a"', 'rdf:ID="a b"'),
        ('rdf:about="http://example.org/a"', 'rdf:about="http://a/" rdf:ID="x"'),
        ('rdf:about="http://example.org/a"', 'rdf:about="http://a/" rdf:nodeID="x"'),
        ('rdf:about="http://example.org/a"', 'rdf:aboutEach="http://a/"'),
        ('rdf:resource="http://example.org/b"', 'rdf:resource="http://exa mple.org/b"'),
        ('rdf:resource="http://example.org/b"', 'rdf:resource="http://a/" rdf:nodeID="x"'),
        ('rdf:resource="http://example.org/b"', 'rdf:resource="b"'), ('rdf:nodeID="b"', 'rdf:nodeID="1b"'),
        ('rdf:nodeID="c"', 'rdf:nodeID="c d"'), ("</rdf:RDF>", ""), ("</rdf:RDF>", "</rdf:RDF><x/>"),
        ("</rdf:RDF>", "</rdf:RDF> text"), ("<ex:p>1</ex:p>", "1"),
        ("<ex:p>1</ex:p>", "<rdf:li>1</rdf:li><rdf:RDF/>"),
        ("<ex:p>1</ex:p>", "<rdf:Description>1</rdf:Description>"), ("<ex:knows ", "<rdf:aboutEachPrefix "),
        ("<ex:knows ", "<rdf:bagID "), ("<ex:City", "<rdf:li"), ("</ex:City>", "</ex:Cty>"),
        ("<ex:City", '<ex:City rdf:bagID="x"'), ('parseType="Resource"', 'parseType="Literal'), ("<?xml", "\n<?xml"),
        ('encoding="UTF-8"', 'encoding="foo"'), ("Oslo</ex:name>", "Oslo<b/></ex:name>"),
        ("Oslo</ex:name>", "Oslo<ex:b/></ex:name>"), ("<ex:name xml:lang", "<name xml:lang"),
        ("<ex:name xml:lang", "<foo:name xml:lang"),
        ('rdf:datatype="http://www.w3.org/2001/XMLSchema#date"', 'rdf:datatype="date"'), ("Oslo", "Os\x01lo"),
        ("Oslo", "Os\udcfflo"), ("<ex:knows", "text <ex:knows"), ('xml:lang="nb"', 'xml:lang="nb" xml:lang="en"'),
        ("<ex:q", "<!-- -- --><ex:q"), ('<?xml version="1.0"', '<?xml version="2.0"'),
    ],
    "jsonld": [
        ('"@id": "ex:a",', '"@id": "ex:a"'), ('"ex:a"', '"ex:a'), ('"Oslo",', '"Oslo",,'),
        ('[1, 2, "x"]', '[1, 2, "x",]'), ('{"@id": "ex:b"}', '{"@id": 1}'),
        ('{"@id": "ex:b"}', '{"@id": "ex:b", "@value": 1}'), ('"@type": "ex:City"', '"@type": 1'),
        ('"@language": "nb"', '"@language": 1'), ('"ex": "http', '"ex": 1, "x": "http'), ('"@list": [', '"@list": ['),
        ('"@value": "1838-01-01"', '"@value": {}'), ('"@value": "1838-01-01"', '"@value": "1838", "@language": "nb"'),
        ('"@context": {', '"@context": 1, "x": {'), ('"@context": {', '"@context": "nothing", "x": {'),
        ('"@graph": [', '"@graph": 1, "@included": ['), ('"@id": "ex:name"', '"@id": 1'),
        ('"@id": "ex:name"', '"@id": "@type"'), ('"name": {', '"@type": {'), ("}\n", "\n"), ('"Oslo"', "'Oslo'"),
        ('"Oslo"', "Oslo"), ('"Oslo"', '"Os\nlo"'), ('"Oslo"', '"Os\\xlo"'), ('"Oslo"', '"Os\\ud800lo"'),
        ("1, 2", "01, 2"), ("1, 2", "NaN, 2"), ('"@graph"', '// c\n"@graph"'),
        ('"ex:since"', '"ex:since": 1, "ex:since"'), ('"@id": "ex:a"', '"@id": "ex:a", "@id": "ex:c"'),
        ('"@list": [1', '"@list": [{"@list": [1]}, 1'),
        ('"@type": "http://www.w3.org/2001/XMLSchema#date"', '"@type": 1'),
        ('"@type": "http://www.w3.org/2001/XMLSchema#date"', '"@type": "@foo"'),
        ('"ex": "http://example.org/",', '"ex": "http://example.org/", "@vocab": 1,'),
        ('"ex": "http://example.org/",', '"ex": "http://example.org/", "@base": 1,'),
        ('"ex": "http://example.org/",', '"ex": "http://example.org/", "@version": 2,'),
        ('"ex": "http://example.org/",', '"ex": "http://example.org/", "a": "b", "b": "a",'),
        ('"ex": "http://example.org/",', '"ex": "http://example.org/", "@propagate": 1,'),
        ('"@id": "ex:a"', '"@reverse": 1'), ('"@id": "ex:a"', '"@index": 1'),
        ('"@language": "nb"}', '"@container": "@foo"}'), ('"@language": "nb"}', '"@reverse": "ex:x", "@id": "ex:y"}'),
        ('"Oslo"', '"Os\udcfflo"'), ("}\n", "}} \n"),
    ],
    "nq": [
        ("<http://example.org/g>", '"g"'), ("<http://example.org/g>", "g"),
    ],
    "trig": [
        ("ex:g {", "ex:g "), ("}\nGRAPH", "GRAPH"), ("ex:h {", "{"), ("ex:h {", "ex:h { {"), ("ex:h {", '"h" {'),
        ("ex:h", "foo:h"), ("GRAPH", "GRPH"), ('"Oslo"@nb', '"Oslo"@'), ('"Oslo"', '"Oslo'), ("ex:City", "<a b>"),
        ("1 . }", "1"), ("1 . }", "1 . } }"), ("ex:b ex:p", "ex:b"), ("a ex:City ;", "a ;"),
    ],
}  # fmt: skip
"""What is written, and what somebody writes in its place."""


def broken_documents(format_: str) -> Iterator[tuple[bytes, int]]:
    """Broken documents of a format, and the line on which each is broken; 0 when that is not known."""
    whole = DOCUMENTS[format_]
    for before, after in MISTAKES[format_]:
        for place in {whole.index(before), whole.rindex(before)}:
            text = whole[:place] + after + whole[place + len(before) :]
            yield text.encode("utf-8", "surrogateescape"), whole.count("\n", 0, place) + 1
    chance = random.Random(7)  # noqa: S311  # the same every time
    for number in range(40):
        place = chance.randrange(len(whole))
        cut = {0: chance.randint(1, 4), 1: 0, 2: len(whole)}[number % 3]
        more = chance.choice([*"<>\"'{}[]().;,@^_:&#\\\n%", "\x00", "\udc80", "<<", "@@"]) if number % 3 == 1 else ""
        yield (whole[:place] + more + whole[place + cut :]).encode("utf-8", "surrogateescape"), 0


def lines_of(data: bytes, format_: str) -> list[int]:
    """The lines of what is wrong with a document, as it is told when it is loaded."""
    try:
        data = (xml_text(data) if format_ == "rdf" else data.decode()).encode()
    except UnicodeDecodeError as error:
        return [place_of(error)[0]]
    refused = [each.line for each in problems_of(data, format_, BOUNDS)]
    return refused or [each.line for each in parse(data, format=format_).problems]


@pytest.mark.parametrize("format_", DOCUMENTS)
def test_whatever_is_refused_is_refused_with_a_line(format_: str) -> None:
    told = [(lines_of(data, format_), line) for data, line in broken_documents(format_)]
    refused = [(lines[0], line) for lines, line in told if lines]
    assert len(refused) > len(told) * 0.7
    assert all(line for line, _ in refused)
    by_hand = [abs(line - wanted) <= 1 for line, wanted in refused if wanted]
    assert sum(by_hand) >= len(by_hand) * 0.8, [each for each in refused if each[1] and abs(each[0] - each[1]) > 1]
    assert not lines_of(DOCUMENTS[format_].encode(), format_)


@pytest.mark.parametrize("end", [XML.index("</rdf:RDF>"), XML.index("<rdf:Description rdf:nodeID")])
def test_xml_that_is_cut_off_is_refused_with_what_could_be_read(end: int) -> None:
    parsed = parse(XML[:end].encode(), format="rdf")
    assert [each.line for each in parsed.problems] == [XML[:end].count("\n") + 1]
    assert parsed.quads


ONTOLOGY = """<?xml version="1.0"?>

<!DOCTYPE rdf:RDF [
    <!ENTITY owl "http://www.w3.org/2002/07/owl#" >
    <!ENTITY rdf 'http://www.w3.org/1999/02/22-rdf-syntax-ns#' >
    <!-- <!ENTITY no "&no;"> -->
    <!ENTITY said "&#60;" >
    <!ENTITY said "a &amp; b, &#229;&#10;c &quot;d&apos;" >
    <!ENTITY amp "&#38;#38;" >
]>
<rdf:RDF xmlns="http://ex.org/o#" xml:base="http://ex.org/o" xmlns:owl="&owl;" xmlns:rdf="&rdf;">
  <owl:Class rdf:about="&owl;Thing"><title rdf:datatype="http://ex.org/&said;">&said; &amp; &lt;</title>
    <other><![CDATA[&owl;]]></other></owl:Class>
</rdf:RDF>
"""


def test_entities_that_stand_for_a_text_are_read_as_another_parser_reads_them() -> None:
    text = ONTOLOGY.replace('    <!ENTITY said "&#60;" >\n', "").replace(' rdf:datatype="http://ex.org/&said;"', "")
    assert not list(problems_of(text.encode(), "rdf", BOUNDS))
    parsed = parse(text.encode(), format="rdf")
    assert not parsed.problems
    assert set(to_rdflib(parsed.quads)) == set(rdflib.Graph().parse(data=text, format="xml"))
    assert plain_xml(text.encode()).count(b"\n") == text.count("\n")
    broken = parse(text.replace("</other>", "").encode(), format="rdf")
    assert broken.problems[0].line == text[: text.index("</owl:Class>")].count("\n") + 1


BOMBS = {
    "nested": '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    "nested by a character": '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&#38;a;&#x26;a;">]><r>&b;</r>',
    "of itself": '<!DOCTYPE r [<!ENTITY a "&a;">]><r>&a;</r>',
    "markup": "<!DOCTYPE r [<!ENTITY a '<b/>'>]><r>&a;</r>",
    "markup by a character": "<!DOCTYPE r [<!ENTITY a '&#60;b/>'>]><r>&a;</r>",
    "a file": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
    "a public file": '<!DOCTYPE r [<!ENTITY a PUBLIC "x" "http://127.0.0.1:9/">]><r>&a;</r>',
    "a parameter": "<!DOCTYPE r [<!ENTITY % p \"<!ENTITY a 'x'>\"> %p;]><r>&a;</r>",
    "behind a space": ' <?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    "behind the root": '<r/><!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>',
    "behind a comment": '<!DOCTYPE r [<!-- "> ]> --><!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    "wide": f'<!DOCTYPE r [<!ENTITY a "{"a" * 20_000}">]><r>{"&a;" * 20_000}</r>',
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "cp037"])
def test_entities_that_stand_for_more_are_refused_in_every_encoding(name: str, encoding: str) -> None:
    declared = "" if encoding in {"utf-8", "utf-16"} else f'<?xml version="1.0" encoding="{encoding}"?>'
    data = (declared + BOMBS[name]).encode("latin-1" if encoding == "cp037" else encoding)
    tracemalloc.start()
    codes = {each.code for each in problems_of(data, "rdf", DocumentBounds(100_000_000, 200))}
    parsed = parse(data, format="rdf")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes <= {"entity-declaration", "encoding"}
    assert codes or parsed.problems
    assert not parsed.quads
    assert most < 30_000_000


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8-sig", ""), ("utf-16", ""), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "utf-16"),
        ("utf-32", ""), ("iso-8859-1", "ISO-8859-1"), ("iso-8859-15", "iso-8859-15"), ("cp1252", "windows-1252"),
        ("utf-8", "utf-8"), ("koi8-r", "KOI8-R"), ("shift_jis", "Shift_JIS"), ("gb18030", "GB18030"),
    ],
)  # fmt: skip
def test_xml_is_read_in_the_encoding_that_it_has(encoding: str, declared: str) -> None:
    word = {"koi8-r": "Осло", "shift_jis": "オスロ", "gb18030": "奥斯陆"}.get(encoding, "Tromsø")
    said = f' encoding="{declared}"' if declared else ""
    text = XML.replace(' encoding="UTF-8"', said).replace("Oslo", word)
    parsed = parse(text.encode(encoding), format="rdf")
    assert not parsed.problems
    plain = XML.replace("Oslo", word).encode()
    assert Literal(word, language="nb") in {quad.object for quad in parsed.quads}
    assert len(parsed.quads) == len(rdflib.Graph().parse(data=plain, format="xml"))


@pytest.mark.parametrize("name", ["foo", "idna", "unicode_escape", "utf-7", "hex", "zlib", "undefined", "a\x00b", ""])
def test_an_encoding_that_is_none_of_texts_is_refused(name: str) -> None:
    text = XML.replace("UTF-8", name, 1).encode()
    assert [(each.code, each.line) for each in problems_of(text, "rdf", BOUNDS)] == [("encoding", 1)]
    assert [each.line for each in parse(text, format="rdf").problems] == [1]
