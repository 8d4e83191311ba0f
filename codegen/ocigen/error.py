# SPDX-License-Identifier: Apache-2.0
"""The one exception by which every pass refuses its input.  Knows nothing of schemas."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in which file a value stands."""

    file: str
    pointer: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class SchemaError(Exception):
    """An input that ocigen refuses, with the place that a person has to change."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place
        self.text = text

    def __str__(self) -> str:
        return f"{self.place}: {self.place.pointer or '/'}: {self.text}"
