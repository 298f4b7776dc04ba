"""The one writer: the smallest change of the right file for a fact that is added, changed, ended, confirmed or retracted.

In reading order: `kinds` (what a fact of each kind is made of, read from SHACL), `state` (the graph that an edit starts
from), `facts` (a fact as values and as statements, both ways), `answers` (what a person typed, as values), `passages`
(documents, and exact words in them), `blocks` (the smallest change of a Turtle file), `plan` (which statement goes to
which file, and the writing), `withhold` (a name that goes from every file), `changes` (the edits
themselves), `waiting` (an edit that waited, on the files as they are now), `taking` (networks of another graph). That an edit breaks no check is looked at by `project`.
"""
