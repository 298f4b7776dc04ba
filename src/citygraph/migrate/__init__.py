"""Rewrite a project of an earlier vocabulary in the words of today's: the smallest edits, told file by file.

The table of words is the ontology itself: a term with `owl:deprecated` names what is written now (`dct:isReplacedBy`), and
with a second one the concept that says of what kind it is. Read in this order:

- `words`: the table, and where a project still has earlier words;
- `turtle`: the edits in Turtle files, and in the copy of the vocabulary;
- `questions`: the edits in saved questions;
- `run`: the whole project.
"""

from citygraph.migrate.run import Migrated, migrate
from citygraph.migrate.words import LeftOver, Replacement, old_words, replacements

__all__ = ["LeftOver", "Migrated", "Replacement", "migrate", "old_words", "replacements"]
