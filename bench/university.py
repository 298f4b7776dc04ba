"""Seeded university data in the proportions of the published LUBM profile, with a vocabulary of our own."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from bench.city_graph import TYPE, link, text, vocabulary_lines

UB = "http://example.org/university#"
TRIPLES_PER_DEPARTMENT = 6_700

VOCABULARY = """\
@prefix : <http://example.org/university#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<http://example.org/university> a owl:Ontology .

:Unit a owl:Class .
:University a owl:Class ; rdfs:subClassOf :Unit .
:Department a owl:Class ; rdfs:subClassOf :Unit .
:ResearchGroup a owl:Class ; rdfs:subClassOf :Unit .
:ActiveUnit a owl:Class ;
  owl:equivalentClass [ a owl:Restriction ; owl:onProperty :hasMember ; owl:someValuesFrom :Person ] .
:Person a owl:Class .
:AcademicStaff a owl:Class ; rdfs:subClassOf :Person .
:Professor a owl:Class ; rdfs:subClassOf :AcademicStaff .
:FullProfessor a owl:Class ; rdfs:subClassOf :Professor .
:AssociateProfessor a owl:Class ; rdfs:subClassOf :Professor .
:AssistantProfessor a owl:Class ; rdfs:subClassOf :Professor .
:Lecturer a owl:Class ; rdfs:subClassOf :AcademicStaff .
:UndergraduateStudent a owl:Class ; rdfs:subClassOf :Person .
:GraduateStudent a owl:Class ; rdfs:subClassOf :Person .
:Student a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:unionOf ( :UndergraduateStudent :GraduateStudent ) ] .
:TeachingAssistant a owl:Class ; rdfs:subClassOf :Student .
:ResearchAssistant a owl:Class ; rdfs:subClassOf :Student .
:UnitHead a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf
  ( :AcademicStaff [ a owl:Restriction ; owl:onProperty :headOf ; owl:someValuesFrom :Unit ] ) ] .
:StudentAuthor a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf
  ( :Student [ a owl:Restriction ; owl:onProperty :wrote ; owl:someValuesFrom :Publication ] ) ] .
:Course a owl:Class .
:GraduateCourse a owl:Class ; rdfs:subClassOf :Course .
:Publication a owl:Class .

:subOrganizationOf a owl:ObjectProperty , owl:TransitiveProperty ; rdfs:domain :Unit ; rdfs:range :Unit .
:memberOf a owl:ObjectProperty ; rdfs:domain :Person ; rdfs:range :Unit ; owl:inverseOf :hasMember .
:hasMember a owl:ObjectProperty .
:worksFor a owl:ObjectProperty ; rdfs:subPropertyOf :memberOf .
:headOf a owl:ObjectProperty ; rdfs:subPropertyOf :worksFor .
:affiliatedWith a owl:ObjectProperty ; owl:propertyChainAxiom ( :memberOf :subOrganizationOf ) .
:graduateOf a owl:ObjectProperty ; rdfs:domain :Person ; rdfs:range :University ; owl:inverseOf :hasGraduate .
:hasGraduate a owl:ObjectProperty .
:undergraduateDegreeFrom a owl:ObjectProperty ; rdfs:subPropertyOf :graduateOf .
:mastersDegreeFrom a owl:ObjectProperty ; rdfs:subPropertyOf :graduateOf .
:doctoralDegreeFrom a owl:ObjectProperty ; rdfs:subPropertyOf :graduateOf .
:takesCourse a owl:ObjectProperty ; rdfs:range :Course .
:teacherOf a owl:ObjectProperty ; rdfs:domain :AcademicStaff ; rdfs:range :Course ; owl:inverseOf :taughtBy .
:taughtBy a owl:ObjectProperty .
:teachingAssistantOf a owl:ObjectProperty ; rdfs:domain :TeachingAssistant ; rdfs:range :Course .
:advisor a owl:ObjectProperty ; rdfs:range :AcademicStaff .
:publicationAuthor a owl:ObjectProperty ; rdfs:domain :Publication ; rdfs:range :Person ; owl:inverseOf :wrote .
:wrote a owl:ObjectProperty .
:name a owl:DatatypeProperty .
:emailAddress a owl:DatatypeProperty ; rdfs:domain :Person .
:telephone a owl:DatatypeProperty ; rdfs:domain :Person .
:researchInterest a owl:DatatypeProperty ; rdfs:domain :Person .
"""

# How many of each rank a department has, and how many publications each of them.
RANKS = (
    ("FullProfessor", (7, 10), (15, 20)),
    ("AssociateProfessor", (10, 14), (10, 18)),
    ("AssistantProfessor", (8, 11), (5, 10)),
    ("Lecturer", (5, 7), (0, 5)),
)


@dataclass
class Department:
    """What the people of one department refer to."""

    iri: str
    host: str
    staff: int = 0
    professors: list[str] = field(default_factory=list)
    courses: list[str] = field(default_factory=list)
    graduate_courses: list[str] = field(default_factory=list)
    publications: list[str] = field(default_factory=list)


def university_lines(departments: int, *, seed: int = 42) -> Iterator[str]:
    """So many departments, twenty to a university, one line of N-Triples after the other."""
    chance = random.Random(seed)  # not for secrets
    for i in range(departments):
        number, place = divmod(i, 20)
        university = f"http://university{number}.example.org"
        if place == 0:
            yield link(university, TYPE, UB + "University")
            yield text(university, UB + "name", f"University{number}")
        host = f"department{place}.university{number}.example.org"
        department = Department(f"http://{host}", host)
        yield link(department.iri, TYPE, UB + "Department")
        yield link(department.iri, UB + "subOrganizationOf", university)
        yield text(department.iri, UB + "name", f"Department{place}")
        yield from _staff(chance, department)
        yield from _students(chance, department)
        for k in range(chance.randint(10, 20)):
            yield link(f"{department.iri}/ResearchGroup{k}", TYPE, UB + "ResearchGroup")
            yield link(f"{department.iri}/ResearchGroup{k}", UB + "subOrganizationOf", department.iri)


def _person(department: Department, kind: str, number: int) -> Iterator[str]:
    person = f"{department.iri}/{kind}{number}"
    yield link(person, TYPE, UB + kind)
    yield text(person, UB + "name", f"{kind}{number}")
    yield text(person, UB + "emailAddress", f"{kind}{number}@{department.host}")
    yield text(person, UB + "telephone", "xxx-xxx-xxxx")


def _staff(chance: random.Random, department: Department) -> Iterator[str]:
    home = department.iri
    for rank, sizes, publications in RANKS:
        for k in range(chance.randint(*sizes)):
            person = f"{home}/{rank}{k}"
            department.staff += 1
            yield from _person(department, rank, k)
            yield link(person, UB + "worksFor", home)
            if rank == "FullProfessor" and k == 0:
                yield link(person, UB + "headOf", home)
            for degree in ("undergraduate", "masters", "doctoral"):
                yield link(person, f"{UB}{degree}DegreeFrom", f"http://university{chance.randrange(1000)}.example.org")
            if rank != "Lecturer":
                department.professors.append(person)
                yield text(person, UB + "researchInterest", f"Research{chance.randrange(30)}")
            for kind, courses in (("Course", department.courses), ("GraduateCourse", department.graduate_courses)):
                for _ in range(chance.randint(1, 2)):
                    course = f"{home}/{kind}{len(courses)}"
                    courses.append(course)
                    yield link(person, UB + "teacherOf", course)
                    yield link(course, TYPE, UB + kind)
                    yield text(course, UB + "name", f"{kind}{len(courses) - 1}")
            for j in range(chance.randint(*publications)):
                publication = f"{person}/Publication{j}"
                department.publications.append(publication)
                yield link(publication, TYPE, UB + "Publication")
                yield text(publication, UB + "name", f"Publication{j}")
                yield link(publication, UB + "publicationAuthor", person)


def _students(chance: random.Random, department: Department) -> Iterator[str]:
    home = department.iri
    for k in range(sum(chance.randint(8, 14) for _ in range(department.staff))):
        student = f"{home}/UndergraduateStudent{k}"
        yield from _person(department, "UndergraduateStudent", k)
        yield link(student, UB + "memberOf", home)
        for course in chance.sample(department.courses, chance.randint(2, 4)):
            yield link(student, UB + "takesCourse", course)
        if chance.random() < 0.2:
            yield link(student, UB + "advisor", chance.choice(department.professors))
    for k in range(sum(chance.randint(3, 4) for _ in range(department.staff))):
        student = f"{home}/GraduateStudent{k}"
        yield from _person(department, "GraduateStudent", k)
        yield link(student, UB + "memberOf", home)
        yield link(student, UB + "undergraduateDegreeFrom", f"http://university{chance.randrange(1000)}.example.org")
        yield link(student, UB + "advisor", chance.choice(department.professors))
        for course in chance.sample(department.graduate_courses, chance.randint(1, 3)):
            yield link(student, UB + "takesCourse", course)
        role = chance.random()
        if role < 0.22:
            yield link(student, TYPE, UB + "TeachingAssistant")
            yield link(student, UB + "teachingAssistantOf", chance.choice(department.courses))
        elif role < 0.5:
            yield link(student, TYPE, UB + "ResearchAssistant")
        for publication in chance.sample(department.publications, chance.randint(0, 5)):
            yield link(publication, UB + "publicationAuthor", student)


def write_university(out: BinaryIO, *, triples: int, seed: int = 42) -> int:
    """Vocabulary and data of about so many triples. Returns how many lines were written."""
    head = vocabulary_lines(VOCABULARY)
    written = len(head)
    out.write("".join(head).encode())
    for line in university_lines(max(1, round(triples / TRIPLES_PER_DEPARTMENT)), seed=seed):
        out.write(line.encode())
        written += 1
    return written


def main() -> None:
    """Write N-Triples to stdout: `python -m bench.university --triples 1000000 > lubm1m.nt`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--triples", type=int, default=170_000)
    parser.add_argument("--seed", type=int, default=42)
    asked = parser.parse_args()
    write_university(sys.stdout.buffer, triples=asked.triples, seed=asked.seed)


if __name__ == "__main__":
    main()
