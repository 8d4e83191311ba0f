# SPDX-License-Identifier: Apache-2.0
"""What the emitters see: modules of structs and enums with every name and width decided.

Built once by lower.py and never changed.  Must not refer to schema nodes other than by their place.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as PyEnum
from typing import Optional, Tuple, Union

from .error import Place


class Kind(PyEnum):
    """Of one value; the names of enum oci_kind."""

    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    STRING = "string"
    ENUM = "enum"
    OBJECT = "object"
    RAW = "raw"


class Shape(PyEnum):
    """How often a value stands; the names of enum oci_shape."""

    ONE = "one"
    ARRAY = "array"
    MAP = "map"


@dataclass(frozen=True)
class Value:
    """The type of a member, or of the elements of an array or map."""

    kind: Kind
    width: int = 0  # bytes, of integers and enums
    minimum: int = 0
    maximum: int = 0
    pattern: Optional[str] = None
    of: Optional[str] = None  # name of the struct or enum
    raw_object: bool = False


@dataclass(frozen=True)
class Field:
    """One member of a struct."""

    name: str  # in JSON
    c_name: str
    aux_name: Optional[str]  # has_x or x_count
    doc: str
    required: bool
    shape: Shape
    min_items: int
    value: Value
    nullable: bool  # null is allowed, and leaves the member absent
    default: Union[str, int, bool, None]
    place: Place


@dataclass(frozen=True)
class Struct:
    """An object of the schema."""

    name: str  # without prefix
    module: str
    doc: str
    root: bool  # parsed as a document of its own
    fields: Tuple[Field, ...]
    max_bytes: int  # of a document by default; 0: the engine's
    place: Place


@dataclass(frozen=True)
class Enum:
    """A set of strings."""

    name: str
    module: str
    doc: str
    values: Tuple[Tuple[str, str], ...]  # text in JSON, end of the enumerator's name
    place: Place


@dataclass(frozen=True)
class Module:
    """One schema file: one header and one table file."""

    name: str
    path: str
    doc: str
    private: bool
    includes: Tuple[str, ...]  # names of other modules
    enums: Tuple[Enum, ...]
    structs: Tuple[Struct, ...]  # parts before wholes
    place: Place


@dataclass(frozen=True)
class Program:
    """Everything of one run."""

    prefix: str
    folder: str  # of the generated headers in #include lines
    modules: Tuple[Module, ...]
    mapped: Tuple[str, ...]  # names of structs that are values of a map
