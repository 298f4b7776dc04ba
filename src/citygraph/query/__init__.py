"""Saved queries: find them, fill in their parameters, run them, cite their sources.

Read in this order:

- `run`: a saved query run, its rows stated or derived;
- `counted`: counts taken apart, what is of another time told besides;
- `lists`: how complete the lists are, and how many of a stated number are known;
- `account`: the rows that do not hold on the day, why, and how many;
- `citations`: where the facts behind a row were read;
- `names`: what a person typed to terms, and terms to what they are called;
- `entity`: what the graph says about one thing;
- `built`: a question put together by choosing, and what can be chosen next;
- `federate`: a question that needs another server; imported by those who ask one.
"""

from citygraph.query.account import Account, OtherRow, OtherTimes, statuses_of
from citygraph.query.citations import Citation, cite
from citygraph.query.names import NamedThing, names_of, resolve_entity, resolve_property, unknown_terms
from citygraph.query.run import (
    Answered,
    find_queries,
    get_query,
    problem_of,
    run_query,
    statements_behind,
)

__all__ = [
    "Account",
    "Answered",
    "Citation",
    "NamedThing",
    "OtherRow",
    "OtherTimes",
    "cite",
    "find_queries",
    "get_query",
    "names_of",
    "problem_of",
    "resolve_entity",
    "resolve_property",
    "run_query",
    "statements_behind",
    "statuses_of",
    "unknown_terms",
]
