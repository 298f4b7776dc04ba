"""Ask: what somebody typed, read as the nearest saved questions with names and dates filled in. No language model.

Read `mentions` (the names and dates in a text), `phrasings` (words to what they mean, and how near a question comes),
then `reading` (both together).
"""

from citygraph.ask.phrasings import Phrasings
from citygraph.ask.reading import AskedText, Reading, read_question

__all__ = ["AskedText", "Phrasings", "Reading", "read_question"]
