"""Quads to files: stable Turtle so that differences are small, every RDF format, and a table per class."""

from citygraph.export.graph import EXPORT_FORMATS, export_bytes, write_graph
from citygraph.export.tables import class_tables, tables_per_class

__all__ = ["EXPORT_FORMATS", "class_tables", "export_bytes", "tables_per_class", "write_graph"]
