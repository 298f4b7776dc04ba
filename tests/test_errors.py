"""The errors a caller may catch: one tree, each with a next step."""

from __future__ import annotations

from citygraph import errors
from citygraph.errors import CitygraphError


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), CitygraphError), name
        assert name in drawn, name


def test_an_error_keeps_its_two_parts() -> None:
    error = CitygraphError("The disk is full.", fix="Make room.")
    assert (str(error), error.message, error.fix) == ("The disk is full.", "The disk is full.", "Make room.")
    assert CitygraphError("x").fix == ""
