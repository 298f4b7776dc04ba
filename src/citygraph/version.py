"""The version of this program; a snapshot made by another version is made again."""

from typing import Final

__version__: Final = "0.1.0"
