"""Turtle as text that people keep.

In reading order: `document` (the statements of a file with their comments and places), `layout` (how they are laid out,
and graphs as such documents). The tokens are those of `lexer`; `graphs` says where each statement stands.
"""
