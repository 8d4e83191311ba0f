# SPDX-License-Identifier: Apache-2.0
"""What checks of documents give back."""
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

from ._codes import Code

__all__ = ["Difference", "Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a document, or odd.

    pointer is the place ("" the document itself); line and column (from 1, in bytes) where that is in the text, None
    where it has no text; offset and length the same in bytes (-1 and 0: not known).  text says what is wrong, message is the whole line.
    rule is the name of the rule that is broken, section where the specification states it.
    """

    code: Code
    is_error: bool
    pointer: str
    line: Optional[int]
    column: Optional[int]
    offset: int
    length: int
    text: str
    message: str
    expected: Optional[str]
    found: Optional[str]
    suggestion: Optional[str]
    rule: Optional[str]
    section: Optional[str]
    excerpt: str
    errno: Optional[int]

    @classmethod
    def _made(cls, row: Tuple[Any, ...]) -> "Finding":
        """From what the C module gives."""
        values: Any = list(row)
        values[0] = Code(row[0])
        for number in (3, 4, -1):  # line, column, errno
            values[number] = row[number] or None
        return cls(*values)

    @classmethod
    def _of_error(cls, code: Code, message: str, about: Mapping[str, Any]) -> "Finding":
        """Where only an error is known, of an operation that a wrong document has ended."""
        return cls(code, True, about.get("pointer") or "", about.get("line"), about.get("column"), -1, 0, message, message,
                   None, None, None, None, None, "", about.get("errno"))

    def __str__(self) -> str:
        return self.message


class _Missing:
    """Stands for a value that is not there, as None is JSON's null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True)
class Difference:
    """One place where two documents differ: left or right is MISSING where only the other has a value."""

    pointer: str
    left: Any
    right: Any
