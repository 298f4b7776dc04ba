"""What the capabilities of a server mean for the work: how to load, ask, derive and export there."""

from __future__ import annotations

from citygraph.store.server.capabilities import Capabilities

__all__ = ["advice"]


def advice(known: Capabilities) -> tuple[tuple[str, str], ...]:
    """Loading, deriving, asking and exporting, each with a sentence."""
    return (
        ("load", _loading(known)),
        ("derive", "here, before loading."),
        ("ask", _asking(known)),
        ("export", _exporting(known)),
    )


def _loading(known: Capabilities) -> str:
    can_update = known.update_form or known.update_direct
    if known.graph_store_put:
        words = "graph by graph through the graph store"
        if known.most_graph_bytes is not None:
            words += f", in pieces of at most {known.most_graph_bytes:,} bytes"
        if known.keeps_long_literals is False and can_update:
            words += "; long texts by updates"
        return words + "."
    if can_update:
        words = "by updates, a batch of triples in each"
        if known.most_insert_triples is not None:
            words += f", which may be at most {known.most_insert_triples:,}"
        return words + "."
    if known.graph_store_put is None and known.update_form is None:
        return "not tried; with --write it is."
    return "not possible: neither the graph store nor updates work. Check the addresses and the rights of the user."


def _asking(known: Capabilities) -> str:
    if not (known.query_form_post and known.json_results):
        return "not possible."
    words = "by POST as a form, in JSON"
    if known.default_graph_uri is False:
        return words + "; beware, graphs cannot be told apart here: use a server that holds nothing else."
    if known.needs_default_graph_uri:
        words += ", naming the graph each time, since otherwise all graphs of the server answer together"
    return words + "."


def _exporting(known: Capabilities) -> str:
    if known.graph_store_get:
        return "graph by graph through the graph store."
    if not known.ntriples:
        return "not possible as RDF; tables only."
    words = "by CONSTRUCT"
    if known.most_rows is not None:
        words += f", in pieces of fewer than {known.most_rows:,} rows"
    return words + "; the server counts before, citygraph counts after."
