# SPDX-License-Identifier: Apache-2.0
"""How every pass refuses its input: one error, or all that a run has found.

Knows nothing of schemas.
"""
from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, List, Sequence


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


class Refused(Exception):
    """Everything that is wrong with the input of a run, one line each."""


class Faults:
    """Collects the errors of parts that can be judged without each other."""

    def __init__(self) -> None:
        self._found: List[SchemaError] = []

    def add(self, error: SchemaError) -> None:
        """Note one error; the same one, found again by another way, counts once."""
        if str(error) not in [str(other) for other in self._found]:
            self._found.append(error)

    @contextmanager
    def catch(self) -> Iterator[None]:
        """Note the error that ends the block, and go on after it."""
        try:
            yield
        except SchemaError as error:
            self.add(error)

    def __len__(self) -> int:
        return len(self._found)

    def stop(self, files: Sequence[str]) -> None:
        """End the run if there is an error; they come in the order of the files and their lines."""
        if not self._found:
            return
        order = {file: number for number, file in enumerate(files)}
        found = sorted(self._found, key=lambda error: (
            order.get(error.place.file, len(order)), error.place.line, error.place.column))
        raise Refused("\n".join(map(str, found)))
