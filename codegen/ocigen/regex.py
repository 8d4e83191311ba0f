# SPDX-License-Identifier: Apache-2.0
"""Compiles the regular expressions of schemas to small automata over the bytes of UTF-8 text.

parse -> parts -> NFA -> DFA -> minimal DFA -> byte classes.  JSON Schema's meaning: a pattern is
searched for, unless ^ and $ tie it to the ends; $ is the very end of the text.  What is not regular
(back references, look-around) or not known here is refused.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Dict, FrozenSet, List, Optional, Tuple, Union

Ranges = Tuple[Tuple[int, int], ...]  # sorted, apart; code points or bytes

_TOP = 0x10FFFF
_MAX_REPEAT = 1000
_MAX_NFA = 50000
_MAX_STATES = 4096
_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
                  (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
                  (0xFEFF, 0xFEFF))
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0}


class PatternError(Exception):
    """A pattern that cannot be compiled."""


@dataclass(frozen=True)
class Automaton:
    """A pattern as tables; the layout of struct oci_pattern."""

    text: str
    classes: Tuple[int, ...]
    next: Tuple[Tuple[int, ...], ...]
    accept: Tuple[bool, ...]
    start: int

    def matches(self, text: str) -> bool:
        """What the C engine does with the tables."""
        state = self.start
        for byte in text.encode("utf-8", "surrogatepass"):
            state = self.next[state][self.classes[byte]]
        return self.accept[state]


def union(*sets: Ranges) -> Ranges:
    """All code points of any of the sets."""
    result: List[Tuple[int, int]] = []
    for low, high in sorted(pair for one in sets for pair in one):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    """All code points that are not in the set."""
    result = []
    at = 0
    for low, high in ranges:
        if at < low:
            result.append((at, low - 1))
        at = high + 1
    if at <= _TOP:
        result.append((at, _TOP))
    return tuple(result)


# --- parsing -------------------------------------------------------------------------------------

@dataclass(frozen=True)
class _Set:
    ranges: Ranges


@dataclass(frozen=True)
class _Sequence:
    parts: Tuple["_Tree", ...]


@dataclass(frozen=True)
class _Choice:
    parts: Tuple["_Tree", ...]


@dataclass(frozen=True)
class _Repeat:
    part: "_Tree"
    low: int
    high: Optional[int]


_Tree = Union[_Set, _Sequence, _Choice, _Repeat]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at:self.at + 1]

    def take(self) -> str:
        if self.at >= len(self.text):
            raise PatternError("ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def search(self) -> _Tree:
        """The whole pattern, with what may stand before and after it."""
        branches = [self.tied()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.tied())
        if self.at < len(self.text):
            raise PatternError(f"')' without '(' at {self.at}")
        return _Choice(tuple(branches))

    def tied(self) -> _Tree:
        anything = _Repeat(_Set(((0, _TOP),)), 0, None)
        before: Tuple[_Tree, ...] = (anything,)
        after: Tuple[_Tree, ...] = (anything,)
        if self.peek() == "^":
            self.at += 1
            before = ()
        middle = self.sequence()
        if self.peek() == "$":
            self.at += 1
            after = ()
            if self.peek() not in ("", "|"):
                raise PatternError("'$' is supported only at the end")
        return _Sequence(before + (middle,) + after)

    def choice(self) -> _Tree:
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def sequence(self) -> _Tree:
        parts: List[_Tree] = []
        while self.peek() not in ("", "|", ")", "$"):
            parts.append(self.repeated())
        return _Sequence(tuple(parts))

    def repeated(self) -> _Tree:
        part = self.atom()
        low, high = 1, 1  # type: int, Optional[int]
        mark = self.peek()
        if mark not in ("*", "+", "?", "{") or not mark:
            return part
        self.at += 1
        if mark == "{":
            low, high = self.counts()
        else:
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        if self.peek() == "?":
            self.at += 1  # lazy or greedy: the same set of strings
        if self.peek() and self.peek() in "*+?{":
            raise PatternError(f"two repetitions in a row at {self.at}")
        return _Repeat(part, low, high)

    def counts(self) -> Tuple[int, Optional[int]]:
        low = self.number()
        high: Optional[int] = low
        if self.peek() == ",":
            self.at += 1
            high = None if self.peek() == "}" else self.number()
        if self.take() != "}":
            raise PatternError("'{' needs a count, as in {2}, {2,} or {2,5}")
        if high is not None and high < low:
            raise PatternError(f"a repetition from {low} to {high}")
        return low, high

    def number(self) -> int:
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        if start == self.at:
            raise PatternError("'{' needs a count, as in {2}, {2,} or {2,5}")
        value = int(self.text[start:self.at])
        if value > _MAX_REPEAT:
            raise PatternError(f"a repetition above {_MAX_REPEAT}")
        return value

    def atom(self) -> _Tree:
        character = self.take()
        if character == "(":
            return self.group()
        if character == "[":
            return _Set(self.set())
        if character == ".":
            return _Set(complement(_LINE_ENDS))
        if character == "\\":
            return _Set(self.escape(False))
        if character == "^":
            raise PatternError("'^' is supported only at the start")
        if character in "*+?{}]":
            raise PatternError(f"'{character}' at {self.at - 1} has nothing to act on")
        return _Set(((ord(character), ord(character)),))

    def group(self) -> _Tree:
        if self.peek() == "?":
            self.at += 1
            if self.take() != ":":
                raise PatternError("of the groups that start with '(?' only '(?:' is supported")
        inner = self.choice()
        if self.peek() == "$":
            raise PatternError("'$' is supported only at the end")
        if self.take() != ")":
            raise PatternError("'(' without ')'")
        return inner

    def escape(self, in_set: bool) -> Ranges:
        character = self.take()
        known = {"d": _DIGIT, "w": _WORD, "s": _SPACE, "D": complement(_DIGIT),
                 "W": complement(_WORD), "S": complement(_SPACE)}
        if character in known:
            return known[character]
        if character in "xu":
            code = self.hexadecimal(2 if character == "x" else 4)
        elif character in _CONTROLS:
            code = _CONTROLS[character]
            if character == "0" and self.peek().isdigit():
                raise PatternError("octal escapes are not supported")
        elif character == "b" and in_set:
            code = 8
        elif character.isalnum() or character == "_":
            raise PatternError(f"the escape '\\{character}' is not supported")
        else:
            code = ord(character)
        return ((code, code),)

    def hexadecimal(self, digits: int) -> int:
        text = self.text[self.at:self.at + digits]
        if len(text) != digits or any(c not in "0123456789abcdefABCDEF" for c in text):
            raise PatternError(f"{digits} hexadecimal digits expected at {self.at}")
        self.at += digits
        return int(text, 16)

    def set(self) -> Ranges:
        negated = self.peek() == "^"
        self.at += negated
        parts: List[Ranges] = []
        while self.peek() != "]":
            low = self.set_item()
            if self.peek() == "-" and self.text[self.at + 1:self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.set_item()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] \
                        or high[0][0] != high[0][1] or low[0][0] > high[0][0]:
                    raise PatternError("a range in '[]' that goes nowhere")
                low = ((low[0][0], high[0][0]),)
            parts.append(low)
        self.at += 1
        found = union(*parts)
        return complement(found) if negated else found

    def set_item(self) -> Ranges:
        if not self.peek():
            raise PatternError("'[' without ']'")
        character = self.take()
        if character == "\\":
            return self.escape(True)
        return ((ord(character), ord(character)),)


# --- code points to bytes ------------------------------------------------------------------------

def utf8_sequences(low: int, high: int) -> List[Ranges]:
    """Sequences of byte ranges that together are the UTF-8 of the code points low to high."""
    for limit in (0x7F, 0x7FF, 0xFFFF):
        if low <= limit < high:
            return utf8_sequences(low, limit) + utf8_sequences(limit + 1, high)
    if high <= 0x7F:
        return [((low, high),)]
    for bits in (6, 12, 18):
        mask = (1 << bits) - 1
        if low & ~mask != high & ~mask:
            if low & mask:
                return utf8_sequences(low, low | mask) + utf8_sequences((low | mask) + 1, high)
            if high & mask != mask:
                edge = high & ~mask
                return utf8_sequences(low, edge - 1) + utf8_sequences(edge, high)
    first = chr(low).encode("utf-8", "surrogatepass")
    last = chr(high).encode("utf-8", "surrogatepass")
    return [tuple(zip(first, last))]


# --- automata ------------------------------------------------------------------------------------

@dataclass
class _Nfa:
    moves: List[List[Tuple[int, int, int]]] = field(default_factory=list)  # low, high, target
    free: List[List[int]] = field(default_factory=list)

    def state(self) -> int:
        if len(self.moves) >= _MAX_NFA:
            raise PatternError("too large")
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def add(self, tree: _Tree, start: int) -> int:
        """Add the tree after start; the state where it ends."""
        if isinstance(tree, _Set):
            return self.add_set(tree, start)
        if isinstance(tree, _Sequence):
            for part in tree.parts:
                start = self.add(part, start)
            return start
        if isinstance(tree, _Choice):
            end = self.state()
            for part in tree.parts:
                entry = self.state()
                self.free[start].append(entry)
                self.free[self.add(part, entry)].append(end)
            return end
        return self.add_repeat(tree, start)

    def add_set(self, tree: _Set, start: int) -> int:
        end = self.state()
        for low, high in tree.ranges:
            for sequence in utf8_sequences(low, high):
                at = start
                for index, (first, last) in enumerate(sequence):
                    target = end if index == len(sequence) - 1 else self.state()
                    self.moves[at].append((first, last, target))
                    at = target
        return end

    def add_repeat(self, tree: _Repeat, start: int) -> int:
        for _ in range(tree.low):
            start = self.add(tree.part, start)
        if tree.high is None:
            loop = self.state()
            self.free[start].append(loop)
            self.free[self.add(tree.part, loop)].append(loop)
            return loop
        end = self.state()
        self.free[start].append(end)
        for _ in range(tree.high - tree.low):
            start = self.add(tree.part, start)
            self.free[start].append(end)
        return end

    def closure(self, states: FrozenSet[int]) -> FrozenSet[int]:
        seen = set(states)
        todo = list(states)
        while todo:
            for target in self.free[todo.pop()]:
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return frozenset(seen)


def _byte_classes(nfa: _Nfa) -> Tuple[List[int], List[int]]:
    """Class of each byte, and one byte of each class: bytes that no move tells apart."""
    cuts = {0, 256}
    for moves in nfa.moves:
        for low, high, _ in moves:
            cuts.update((low, high + 1))
    edges = sorted(cuts)
    classes = [0] * 256
    for number, (low, high) in enumerate(zip(edges, edges[1:])):
        classes[low:high] = [number] * (high - low)
    return classes, edges[:-1]


def _determine(nfa: _Nfa, start: int, end: int, samples: List[int]) -> Tuple[
        List[List[int]], List[bool], int]:
    """Subset construction; state 0 is the empty set, which is dead."""
    empty: FrozenSet[int] = frozenset()
    first = nfa.closure(frozenset((start,)))
    numbers: Dict[FrozenSet[int], int] = {empty: 0, first: 1}
    table: List[List[int]] = [[0] * len(samples)]
    accept = [False]
    todo = [first]
    while todo:
        states = todo.pop(0)
        accept.append(end in states)
        row = []
        for byte in samples:
            targets = frozenset(target for state in states for low, high, target
                                in nfa.moves[state] if low <= byte <= high)
            found = nfa.closure(targets)
            if found not in numbers:
                if len(numbers) >= _MAX_STATES:
                    raise PatternError(f"needs more than {_MAX_STATES} states")
                numbers[found] = len(numbers)
                todo.append(found)
            row.append(numbers[found])
        table.append(row)
    return table, accept, 1


def _minimise(table: List[List[int]], accept: List[bool]) -> List[int]:
    """Which group each state is in, by refining until nothing changes."""
    group = [int(flag) for flag in accept]
    while True:
        keys: Dict[Tuple[int, ...], int] = {}
        fresh = []
        for state, row in enumerate(table):
            key = (group[state],) + tuple(group[target] for target in row)
            fresh.append(keys.setdefault(key, len(keys)))
        if len(keys) == len(set(group)):
            return fresh
        group = fresh


@lru_cache(maxsize=None)
def compile_pattern(text: str) -> Automaton:
    """The automaton of a pattern; PatternError if it is not supported."""
    nfa = _Nfa()
    start = nfa.state()
    end = nfa.add(_Parser(text).search(), start)
    classes, samples = _byte_classes(nfa)
    table, accept, first = _determine(nfa, start, end, samples)
    group = _minimise(table, accept)  # state 0 comes first, so its group is 0: dead
    count = max(group) + 1
    members = [group.index(number) for number in range(count)]
    columns: Dict[Tuple[int, ...], int] = {}
    kinds = []
    for column in range(len(samples)):
        key = tuple(group[table[state][column]] for state in members)
        kinds.append(columns.setdefault(key, len(columns)))
    rows = tuple(tuple(column[state] for column in columns) for state in range(count))
    return Automaton(text, tuple(kinds[number] for number in classes), rows,
                     tuple(accept[state] for state in members), group[first])
