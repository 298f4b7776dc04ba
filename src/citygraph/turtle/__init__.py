"""Turtle as text that people keep: its tokens, its statements with their comments and places, its layout."""

from citygraph.turtle.document import Block, Document, Node, Pair, TurtleError, read_document
from citygraph.turtle.layout import blocks_of, document_of, write_document
from citygraph.turtle.places import Place, places

__all__ = [
    "Block",
    "Document",
    "Node",
    "Pair",
    "Place",
    "TurtleError",
    "blocks_of",
    "document_of",
    "places",
    "read_document",
    "write_document",
]
