"""A document becomes text that is kept.

In reading order: `text` (the text and its parts).
"""
