# SPDX-License-Identifier: Apache-2.0
"""Loads the schema files of one run and finds what a $ref refers to.  Judges no keyword."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from .error import Faults
from .source import Node, read_json


@dataclass(frozen=True, eq=False)
class Document:
    """One schema file."""

    path: str  # real path
    shown: str  # as on the command line; what messages say
    relative: str  # to the base folder; what generated files say
    name: str  # of the module: runtime_config_linux
    private: bool  # a record of the project's own: not in the umbrella header
    root: Node


class SchemaSet:
    """All schema files of one run, in the order of the command line."""

    def __init__(self, base: str, private: str) -> None:
        self._base = os.path.realpath(base)
        self._private = private
        self._by_path: Dict[str, Document] = {}

    @property
    def documents(self) -> List[Document]:
        """The files in their given order."""
        return list(self._by_path.values())

    def add(self, path: str) -> None:
        """Read one file."""
        real = os.path.realpath(path)
        root = read_json(path, path)
        relative = os.path.relpath(real, self._base).replace(os.sep, "/")
        if relative.startswith("../"):
            raise root.error("the file is not below the folder of --base")
        folder, _, rest = relative.rpartition("/")
        private = bool(self._private) and folder == self._private
        stem = os.path.splitext(rest if private else relative)[0]
        name = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_").lower()
        document = Document(real, path, relative, name, private, root)
        for other in self._by_path.values():
            if other.name == name:
                raise document.root.error(f"gives the same module name '{name}' as {other.shown}")
        self._by_path[real] = document

    def resolve(self, document: Document, ref: Node) -> Tuple[Document, Node]:
        """What ref, the value of a $ref in document, refers to."""
        text = str(ref.value)
        file, mark, fragment = text.partition("#")
        if file:
            path = os.path.realpath(os.path.join(os.path.dirname(document.path), file))
            if path not in self._by_path:
                raise ref.error(f"unresolvable $ref '{text}': '{file}' is not among the inputs")
            document = self._by_path[path]
        if mark and fragment and not fragment.startswith("/"):
            raise ref.error(f"unresolvable $ref '{text}': a pointer starts with '/'")
        node = document.root
        for token in fragment.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if not isinstance(node.value, dict) or key not in node.members:
                raise ref.error(f"unresolvable $ref '{text}': no '{key}' in {document.shown}")
            node = node.members[key]
        return document, node


def load(paths: Sequence[str], base: str, private: str, faults: Faults) -> SchemaSet:
    """Read every file of the run that can be read."""
    schemas = SchemaSet(base, private)
    for path in paths:
        with faults.catch():
            schemas.add(path)
    return schemas
