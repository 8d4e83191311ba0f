# SPDX-License-Identifier: Apache-2.0
"""From checked schemas to the IR: follows $ref, merges allOf, decides kinds, widths and names.

Every decision that depends on more than one schema object is made here, once.  Must not emit text.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Set, Tuple, Union

from . import ir
from .check import INT_TYPES, is_null, takes_null, type_of
from .error import Faults, Place, SchemaError
from .load import Document, SchemaSet
from .names import check_names, enumerator, member, snake
from .regex import PatternError, compile_pattern
from .source import Node

_DEFINITIONS = ("definitions", "$defs")
_NOTES = _DEFINITIONS + ("description", "title", "$schema", "$id", "$comment", "examples",
                         "deprecated", "x-field", "default", "x-null")
_LINKS = ("$ref", "anyOf", "oneOf")
_HAS = (ir.Kind.BOOL, ir.Kind.INT, ir.Kind.UINT)
_WIDTHS = (1, 2, 4, 8)

# The 64-bit bounds as tools write them that hold numbers in double precision.
_ROUNDED = {-9223372036854776000: -(2**63), 9223372036854776000: 2**63 - 1,
            18446744073709552000: 2**64 - 1}

# The keywords that each kind of type looks at; any other beside them would be ignored.
_LOOKED_AT = {
    "an enum": ("enum", "const", "x-name", "x-strip", "x-also"),
    "an object": ("properties", "required", "allOf", "x-name", "x-root", "x-more", "x-as",
                  "x-max-bytes"),
    "a map": ("additionalProperties", "patternProperties"),
    "an array": ("items", "minItems", "x-min-items"),
    "an integer": ("minimum", "maximum", "x-int", "x-maximum"),
    "a string": ("pattern",),
    "an open enum": ("enum", "x-open"),
    "a boolean": (),
    "any object": (),
    "a value without a type": (),
}


@dataclass(frozen=True)
class _View:
    """A schema object with its references followed."""

    document: Document
    owner: Node  # the object that carries the type, at the end of the references
    keys: Dict[str, Node]
    doc: str  # the description nearest to the place of use
    nullable: bool = False

    def text(self, keyword: str) -> Optional[str]:
        return str(self.keys[keyword].value) if keyword in self.keys else None

    def integer(self, keyword: str) -> Optional[int]:
        if keyword not in self.keys:
            return None
        value = int(str(self.keys[keyword].value))
        return _ROUNDED.get(value, value)


@dataclass
class _Part:
    """A member type before it becomes a field: an element, its shape, and its bound."""

    shape: ir.Shape
    value: ir.Value
    min_items: int = 0


def _one_type(keys: Dict[str, Node]) -> Tuple[Dict[str, Node], bool]:
    """The keywords with a list of types as the one beside null, and whether null was there."""
    if "type" not in keys or not isinstance(keys["type"].value, list):
        return keys, False
    kind = keys["type"]
    return {**keys, "type": Node(type_of(kind), kind.place)}, takes_null(kind)


def _doc(keys: Dict[str, Node]) -> str:
    return str(keys["description"].value) if "description" in keys else ""


class _Lowerer:
    def __init__(self, schemas: SchemaSet, prefix: str, faults: Faults) -> None:
        self.schemas = schemas
        self.prefix = prefix
        self.faults = faults
        self.failed: Dict[int, SchemaError] = {}  # named types that cannot be made, and why
        self.partial: Set[str] = set()  # structs that lack members for an error
        self.types: Dict[int, Union[ir.Struct, ir.Enum]] = {}
        self.order: List[Union[ir.Struct, ir.Enum]] = []
        self.names: Dict[str, Place] = {}
        self.active: List[Node] = []
        self.mapped: Set[str] = set()
        self.merged: Set[int] = set()  # objects that exist only as branches of an allOf
        self.uses: Dict[str, Set[str]] = {}

    # --- references ---------------------------------------------------------------------------

    def view(self, document: Document, node: Node, chain: Tuple[Node, ...] = ()) -> _View:
        """Follow $ref and single alternatives from node to the object that says the type."""
        if not isinstance(node.value, dict):
            raise node.error("a schema must be an object")
        keys = node.members
        links = [keyword for keyword in _LINKS if keyword in keys]
        if not links:
            keys, nullable = _one_type(keys)
            return _View(document, node, keys, _doc(keys), nullable)
        if len(links) > 1:
            raise keys[links[1]].error(f"'{links[1]}' beside '{links[0]}'")
        link = keys[links[0]]
        if any(node is other for other in chain):
            raise link.error("recursive $ref")
        if links[0] == "$ref":
            base = self.view(*self.schemas.resolve(document, link), chain + (node,))
        else:
            taken = [item for item in link.items if not is_null(item)]
            base = self.view(document, taken[0], chain + (node,))
            if len(link.items) > len(taken):
                base = replace(base, nullable=True)
        return self.overlay(document, node, base, links[0])

    def overlay(self, document: Document, node: Node, base: _View, link: str) -> _View:
        """Base with the keywords that stand beside the reference in node."""
        result = dict(base.keys)
        changed = False
        beside, null = _one_type(node.members)
        nullable = base.nullable and (null or "type" not in beside)
        for keyword, value in beside.items():
            if keyword == link or keyword in _NOTES:
                continue
            if keyword in base.keys and base.keys[keyword].plain() == value.plain():
                continue
            if keyword in base.keys:
                value = self.narrower(keyword, value, base.keys[keyword], link)
            if "x-name" in base.keys:
                raise value.error(f"'{keyword}' beside a '{link}' to the named type "
                                  f"'{base.text('x-name')}'")
            result[keyword] = value
            changed = True
        doc = _doc(node.members) or base.doc
        if not changed:
            return _View(base.document, base.owner, base.keys, doc, nullable)
        return _View(document, node, result, doc, nullable)

    @staticmethod
    def narrower(keyword: str, one: Node, other: Node, link: str) -> Node:
        """The bound that holds when both do; other keywords cannot both be obeyed."""
        if keyword not in ("minimum", "maximum"):
            raise one.error(f"'{keyword}' contradicts what the '{link}' beside it says")
        pick = max if keyword == "minimum" else min
        return pick(one, other, key=lambda node: int(str(node.value)))

    @staticmethod
    def only(view: _View, kind: str) -> None:
        """Refuse keywords that this kind of type does not look at."""
        for keyword, node in view.keys.items():
            if keyword not in _LOOKED_AT[kind] + _NOTES + ("type",):
                raise node.error(f"'{keyword}' does not go with {kind}")

    # --- values -------------------------------------------------------------------------------

    def part(self, view: _View, use: Node) -> _Part:
        """The member type of a schema; use is where it is used, for messages."""
        keys = view.keys
        kind = view.text("type")
        if "x-open" in keys:
            self.only(view, "an open enum")
            return _Part(ir.Shape.ONE, ir.Value(ir.Kind.STRING))
        if "enum" in keys or "const" in keys:
            self.only(view, "an enum")
            name = self.named(view, use).name
            return _Part(ir.Shape.ONE, ir.Value(ir.Kind.ENUM, width=4, of=name))
        if "properties" in keys or "allOf" in keys:
            name = self.named(view, use).name
            return _Part(ir.Shape.ONE, ir.Value(ir.Kind.OBJECT, of=name))
        if "additionalProperties" in keys or "patternProperties" in keys:
            return self.map_part(view)
        if kind == "array" or "items" in keys:
            return self.array_part(view)
        return _Part(ir.Shape.ONE, self.scalar(view))

    def array_part(self, view: _View) -> _Part:
        self.only(view, "an array")
        if "items" not in view.keys:
            raise view.owner.error("an array without 'items'")
        items = view.keys["items"]
        node = items.items[0] if isinstance(items.value, list) else items
        inner = self.part(self.element(view, node), node)
        if inner.shape is not ir.Shape.ONE:
            raise node.error(f"an array of {inner.shape.value}s is not supported")
        least, accepted = view.integer("minItems") or 0, view.integer("x-min-items")
        if accepted is not None and accepted > least:
            raise view.keys["x-min-items"].error(f"'x-min-items' is above 'minItems', {least}")
        return _Part(ir.Shape.ARRAY, inner.value, least if accepted is None else accepted)

    def element(self, view: _View, node: Node) -> _View:
        """The schema of the elements of an array or map."""
        found = self.view(view.document, node)
        if found.nullable:
            raise node.error("null is supported for members only, not for items and map values")
        return found

    def map_part(self, view: _View) -> _Part:
        keys = view.keys
        self.only(view, "a map")
        if "additionalProperties" in keys and "patternProperties" in keys:
            raise keys["patternProperties"].error("'patternProperties' beside "
                                                  "'additionalProperties' is not supported")
        if "additionalProperties" in keys:
            node = keys["additionalProperties"]
        else:
            node = next(iter(keys["patternProperties"].members.values()))
        inner = self.part(self.element(view, node), node)
        if inner.shape is not ir.Shape.ONE or inner.value.kind not in (
                ir.Kind.STRING, ir.Kind.OBJECT, ir.Kind.RAW):
            raise node.error("a map is supported with values that are strings or objects")
        if inner.value.kind is ir.Kind.OBJECT:
            assert inner.value.of is not None
            self.mapped.add(inner.value.of)
        return _Part(ir.Shape.MAP, inner.value)

    def scalar(self, view: _View) -> ir.Value:
        kind = view.text("type")
        if kind == "boolean":
            self.only(view, "a boolean")
            return ir.Value(ir.Kind.BOOL, width=1)
        if kind == "integer":
            self.only(view, "an integer")
            return self.integer(view)
        if kind == "string":
            self.only(view, "a string")
            return ir.Value(ir.Kind.STRING, pattern=self.pattern(view))
        if "required" in view.keys and view.keys["required"].items:
            raise view.keys["required"].items[0].error("'required' names no property")
        self.only(view, "any object" if kind == "object" else "a value without a type")
        return ir.Value(ir.Kind.RAW, raw_object=kind == "object")

    @staticmethod
    def pattern(view: _View) -> Optional[str]:
        text = view.text("pattern")
        if text is not None:
            try:
                compile_pattern(text)
            except PatternError as error:
                raise view.keys["pattern"].error(f"unsupported pattern: {error}") from None
        return text

    @staticmethod
    def integer(view: _View) -> ir.Value:
        low, high = view.integer("minimum"), view.integer("maximum")
        accepted = view.integer("x-maximum")
        if high is not None and accepted is not None:
            if accepted < high:
                raise view.keys["x-maximum"].error(f"'x-maximum' is below 'maximum', {high}")
            high = accepted
        stated = view.text("x-int")
        if stated is not None:
            bounds = INT_TYPES[stated]
            low = bounds[0] if low is None else low
            high = bounds[1] if high is None else high
            if low < bounds[0] or high > bounds[1]:
                raise view.keys["x-int"].error(f"the bounds {low} to {high} do not fit {stated}")
        if low is None or high is None:
            raise view.owner.error("an integer needs 'minimum' and 'maximum', or 'x-int', "
                                   "to have a width")
        if low > high:
            raise view.keys["minimum" if "minimum" in view.keys else "maximum"].error(
                f"contradictory bounds: minimum {low} is above maximum {high}")
        if high < 0 or low > INT_TYPES["int64"][1]:
            raise view.owner.error(f"the tables have no room for bounds such as {low} to {high}: "
                                   "the maximum must not be negative, nor the minimum above int64")
        if stated is not None:
            kind = ir.Kind.UINT if stated.startswith("u") else ir.Kind.INT
            return ir.Value(kind, int(stated.lstrip("uint")) // 8, low, high)
        sign = "u" if low >= 0 else ""
        for width in _WIDTHS:
            bounds = INT_TYPES[f"{sign}int{width * 8}"]
            if bounds[0] <= low and high <= bounds[1]:
                return ir.Value(ir.Kind.UINT if sign else ir.Kind.INT, width, low, high)
        raise view.owner.error(f"no 64-bit integer holds {low} to {high}")

    # --- named types --------------------------------------------------------------------------

    def named(self, view: _View, use: Node) -> Union[ir.Struct, ir.Enum]:
        """The struct or enum of a schema, made at its first use."""
        key = id(view.owner)
        if key in self.types:
            return self.types[key]
        if key in self.failed:
            raise self.failed[key]
        if any(view.owner is node for node in self.active):
            raise use.error("recursive $ref: the object would contain itself")
        if "x-as" in view.keys:
            return self.alias(view, use)
        if "x-name" not in view.keys:
            what = "an enum" if "enum" in view.keys else (
                "a 'const'" if "const" in view.keys else "an object with properties")
            raise view.owner.error(f"{what} needs 'x-name', the name of its C type")
        name = str(view.text("x-name"))
        place = view.keys["x-name"].place
        if name in self.names:
            other = self.names[name]
            raise view.keys["x-name"].error(f"duplicate x-name '{name}', also at {other}: "
                                            f"{other.pointer}")
        self.names[name] = place
        self.active.append(view.owner)
        try:
            made = (self.enum(view, name, place) if "enum" in view.keys or "const" in view.keys
                    else self.struct(view, name, place))
        except SchemaError as error:
            self.failed[key] = error
            raise
        finally:
            self.active.pop()
        self.types[key] = made
        self.order.append(made)
        return made

    def alias(self, view: _View, use: Node) -> ir.Struct:
        """The struct that stands for this object too, having all that it has."""
        link = view.keys["x-as"].members["$ref"]
        target = self.view(*self.schemas.resolve(view.document, link))
        if "properties" not in target.keys:
            raise link.error("'x-as' must refer to an object with properties")
        made = self.named(target, use)
        assert isinstance(made, ir.Struct)
        others = {field.name: field for field in made.fields}
        if "x-name" in view.keys or "x-root" in view.keys:
            raise link.error("'x-as' beside 'x-name' or 'x-root'")
        before = len(self.faults)
        own = self.fields(view)
        if made.name in self.partial or len(self.faults) > before:
            return made  # what is missing is no difference
        for field in own:
            other = others.get(field.name)
            if other is None:
                raise link.error(f"'{made.name}' has no '{field.name}'")
            if (field.shape, field.min_items, field.value, field.required, field.nullable) != (
                    other.shape, other.min_items, other.value, other.required, other.nullable):
                raise link.error(f"'{field.name}' is not the same in '{made.name}'")
        missing = {field.name for field in made.fields if field.required} - {
            str(node.value) for node in (view.keys["required"].items if "required" in view.keys
                                         else [])}
        if missing:
            raise link.error(f"'{made.name}' requires '{sorted(missing)[0]}'")
        self.types[id(view.owner)] = made
        return made

    @staticmethod
    def enum(view: _View, name: str, place: Place) -> ir.Enum:
        nodes = view.keys["enum"].items if "enum" in view.keys else [view.keys["const"]]
        if "x-also" in view.keys:
            nodes = list(nodes) + list(view.keys["x-also"].items)
        strip = view.text("x-strip") or ""
        values = []
        for node in nodes:
            if node.value is None:
                continue
            text = str(node.value)
            end = enumerator(text, strip)
            if strip and not text.startswith(strip):
                raise node.error(f"'{text}' does not start with '{strip}', which x-strip removes")
            if not end:
                raise node.error(f"no C name can be made of '{text}'")
            values.append((text, end))
        return ir.Enum(name, view.document.name, _doc(view.keys), tuple(values), place)

    def struct(self, view: _View, name: str, place: Place) -> ir.Struct:
        before = len(self.faults)
        fields = self.fields(view)
        if len(self.faults) > before:
            self.partial.add(name)
        if len(fields) > 254:
            raise view.owner.error(f"{len(fields)} properties; the tables hold at most 254")
        self.note_uses(view.document.name, fields)
        return ir.Struct(name, view.document.name, _doc(view.keys), "x-root" in view.keys,
                         tuple(fields), view.integer("x-max-bytes") or 0, place)

    def fields(self, view: _View) -> List[ir.Field]:
        """The members of an object."""
        properties, required = self.gather(view)
        fields = []
        for key, (document, node) in properties.items():
            with self.faults.catch():
                fields.append(self.field(document, key, node, key in required))
        for key, node in required.items():
            if key not in properties:
                self.faults.add(node.error(f"'required' names no property: '{key}'"))
        for key, node in (view.keys["x-more"].members if "x-more" in view.keys else {}).items():
            with self.faults.catch():
                if key in properties:
                    raise node.error(f"'{key}' stands in 'properties' already")
                fields.append(self.field(view.document, key, node, False))
        return fields

    def gather(self, view: _View, chain: Tuple[Node, ...] = ()
               ) -> Tuple[Dict[str, Tuple[Document, Node]], Dict[str, Node]]:
        """The properties and required names of an object, with those of its allOf."""
        properties: Dict[str, Tuple[Document, Node]] = {}
        required: Dict[str, Node] = {}
        self.only(view, "an object")
        if view.text("type") not in (None, "object"):
            raise view.keys["type"].error("'allOf' is supported for objects only")
        if "properties" in view.keys and view.text("type") is None:
            raise view.keys["properties"].error("'properties' needs \"type\": \"object\" beside it")
        for key, node in (view.keys["properties"].members if "properties" in view.keys
                          else {}).items():
            properties[key] = (view.document, node)
        for node in view.keys["required"].items if "required" in view.keys else []:
            required[str(node.value)] = node
        for branch in view.keys["allOf"].items if "allOf" in view.keys else []:
            inner = self.view(view.document, branch)
            if not ("properties" in inner.keys or "allOf" in inner.keys):
                raise branch.error("'allOf' is supported for objects with properties only")
            if any(inner.owner is node for node in chain + (view.owner,)):
                raise branch.error("recursive 'allOf'")
            more, names = self.gather(inner, chain + (view.owner,))
            for key, found in more.items():
                if key in properties:
                    raise found[1].error(f"'{key}' stands in two branches of one 'allOf'")
                properties[key] = found
            required.update(names)
        return properties, required

    def field(self, document: Document, key: str, node: Node, required: bool) -> ir.Field:
        view = self.view(document, node)
        if "x-null" in node.members:
            if view.nullable or required:
                raise node.members["x-null"].error("'x-null' goes with an optional property that "
                                                   "the schema itself does not let be null")
            view = replace(view, nullable=True)
        part = self.part(view, node)
        stem = str(node.members["x-field"].value) if "x-field" in node.members else snake(key)
        if not stem or stem[0].isdigit():
            raise node.error(f"no C name can be made of '{key}'; give it one with 'x-field'")
        aux = None
        if part.shape is not ir.Shape.ONE:
            aux = stem + "_count"
        elif part.value.kind in _HAS and (view.nullable or not required):
            aux = "has_" + stem
        default = None
        if "default" in node.members:
            default = self.default(part, node.members["default"])
        return ir.Field(key, member(stem), aux, view.doc, required, part.shape, part.min_items,
                        part.value, view.nullable, default, node.place)

    def default(self, part: _Part, node: Node) -> Union[str, int, bool]:
        """A default that is a value of the member's type."""
        given, value = node.value, part.value
        assert isinstance(given, (str, int))
        kind = {bool: (ir.Kind.BOOL,), int: (ir.Kind.INT, ir.Kind.UINT),
                str: (ir.Kind.STRING, ir.Kind.ENUM)}[type(given)]
        if part.shape is not ir.Shape.ONE or value.kind not in kind:
            raise node.error("'default' is not of the member's type")
        if isinstance(given, int) and value.kind is not ir.Kind.BOOL and not (
                value.minimum <= given <= value.maximum):
            raise node.error(f"'default' is not from {value.minimum} to {value.maximum}")
        if value.pattern is not None and not compile_pattern(value.pattern).matches(str(given)):
            raise node.error("'default' does not match the pattern")
        if value.kind is ir.Kind.ENUM:
            made = next(one for one in self.order if one.name == value.of)
            assert isinstance(made, ir.Enum)
            if given not in [text for text, _ in made.values]:
                raise node.error("'default' is not one of the enum's values")
        return given

    def note_uses(self, module: str, fields: List[ir.Field]) -> None:
        for field in fields:
            if field.value.of is not None:
                self.uses.setdefault(module, set()).add(field.value.of)

    # --- documents ----------------------------------------------------------------------------

    def find_merged(self, document: Document, node: Node) -> None:
        """Note the objects that an allOf takes apart: they need no name of their own."""
        if isinstance(node.value, list):
            for item in node.items:
                self.find_merged(document, item)
        if not isinstance(node.value, dict):
            return
        branches = node.members.get("allOf")
        if branches is not None and isinstance(branches.value, list):
            for branch in branches.items:
                with self.faults.catch():
                    self.merged.add(id(self.view(document, branch).owner))
        for keyword, child in node.members.items():
            # The keyword holds an array; a property of that name holds a schema.
            if keyword != "examples" or isinstance(child.value, dict):
                self.find_merged(document, child)

    def document(self, document: Document) -> None:
        """Lower all that one file names."""
        root = document.root
        for keyword in root.members:
            for node in root.members[keyword].members.values() if keyword in _DEFINITIONS else ():
                with self.faults.catch():
                    self.definition(document, node)
        if set(root.members) - set(_NOTES):
            view = self.view(document, root)
            part = self.part(view, root)
            if view.nullable or part.value.kind is not ir.Kind.OBJECT or part.shape is not ir.Shape.ONE:
                raise root.error("the root of a file is an object with properties, "
                                 "or nothing but definitions")

    def definition(self, document: Document, node: Node) -> None:
        view = self.view(document, node)
        if id(view.owner) in self.merged and "x-name" not in view.keys:
            self.gather(view)
            return
        self.part(view, node)


def _modules(lowerer: _Lowerer, schemas: SchemaSet) -> Tuple[ir.Module, ...]:
    homes = {made.name: made.module for made in lowerer.order}
    places = {document.name: document.root.place for document in schemas.documents}
    includes: Dict[str, Tuple[str, ...]] = {}
    for document in schemas.documents:
        used = {homes[name] for name in lowerer.uses.get(document.name, ())} - {document.name}
        includes[document.name] = tuple(name for name in places if name in used)
    _refuse_cycles(includes, schemas)
    result = []
    for document in schemas.documents:
        own = [made for made in lowerer.order if made.module == document.name]
        result.append(ir.Module(
            document.name, document.relative, _doc(document.root.members), document.private,
            includes[document.name],
            tuple(made for made in own if isinstance(made, ir.Enum)),
            tuple(made for made in own if isinstance(made, ir.Struct)), document.root.place))
    return tuple(result)


def _refuse_cycles(includes: Dict[str, Tuple[str, ...]], schemas: SchemaSet) -> None:
    left = {name: set(others) for name, others in includes.items()}
    while True:
        ready = {name for name, others in left.items() if not others}
        if not ready:
            break
        left = {name: others - ready for name, others in left.items() if name not in ready}
    for document in schemas.documents:
        if document.name in left:
            raise document.root.error("files refer to each other in a circle: "
                                      + ", ".join(sorted(left)))


def lower(schemas: SchemaSet, prefix: str, folder: str, faults: Faults) -> ir.Program:
    """The IR of all files, with its names checked; the run ends here if anything is wrong."""
    lowerer = _Lowerer(schemas, prefix, faults)
    files = [document.shown for document in schemas.documents]
    for document in schemas.documents:
        lowerer.find_merged(document, document.root)
    for document in schemas.documents:
        with faults.catch():
            lowerer.document(document)
    faults.stop(files)
    program = ir.Program(prefix, folder, _modules(lowerer, schemas), tuple(sorted(lowerer.mapped)))
    check_names(program, faults)
    faults.stop(files)
    return program
