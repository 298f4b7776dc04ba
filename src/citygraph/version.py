"""The version of this program; a snapshot made by another version is made again."""

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = "0.1.0"
