"""Saved queries: find them, fill in their parameters, run them, cite their sources."""

from citygraph.query.behind import statements_behind
from citygraph.query.cite import Citation, cite
from citygraph.query.entities import Candidate, resolve_entity
from citygraph.query.federate import ExtractService, Federated, Federation, RemoteService, Service, nobody
from citygraph.query.lists import ListStatement, lists_behind
from citygraph.query.naming import names_of
from citygraph.query.parameters import bind_parameters
from citygraph.query.properties import resolve_property
from citygraph.query.run import Answered, find_queries, get_query, problem_of, run_query

__all__ = [
    "Answered",
    "Candidate",
    "Citation",
    "ExtractService",
    "Federated",
    "Federation",
    "ListStatement",
    "RemoteService",
    "Service",
    "bind_parameters",
    "cite",
    "find_queries",
    "get_query",
    "lists_behind",
    "names_of",
    "nobody",
    "problem_of",
    "resolve_entity",
    "resolve_property",
    "run_query",
    "statements_behind",
]
