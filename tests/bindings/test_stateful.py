# SPDX-License-Identifier: Apache-2.0
"""Random calls in random order: every answer is a result or an exception that is documented, never a crash, and a
document means what Python's own dicts would.

OCIKIT_STATEFUL_SECONDS is how long it goes on (10).
"""
import json
import os
import tempfile
import time

import pytest

pytest.importorskip("hypothesis")
ocikit = pytest.importorskip("ocikit")
from hypothesis import HealthCheck, settings, strategies as st  # noqa: E402
from hypothesis.configuration import set_hypothesis_home_dir  # noqa: E402
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test  # noqa: E402

from ocikit import spec  # noqa: E402

set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "ocikit-hypothesis"))
SECONDS = float(os.environ.get("OCIKIT_STATEFUL_SECONDS", "10"))
CLASSES = [getattr(spec, name) for name in spec.__all__
           if isinstance(getattr(spec, name), type) and issubclass(getattr(spec, name), spec.Object)
           and getattr(spec, name) not in (spec.Object, spec.Document)]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2 ** 70, 2 ** 70), st.floats(), st.text(max_size=8),
                    st.binary(max_size=4), st.sampled_from(["/", "bind", "SCMP_ACT_ALLOW", "1.3.0", "\ud800", "a\0b"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) |
                      st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6)
POINTERS = st.lists(st.sampled_from(["mounts", "0", "-", "process", "args", "linux", "resources", "memory", "limit",
                                     "annotations", "a~1b", "x", "hooks", "root", "path", "01", ""]), max_size=5).map(
                                         lambda steps: "".join(f"/{step}" for step in steps))
# What is said of wrong arguments.
REFUSALS = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, ocikit.Error)


class Documents(RuleBasedStateMachine):
    """Objects of all classes, changed through every door."""

    objects = Bundle("objects")

    def attempt(self, call):
        try:
            return call()
        except REFUSALS as error:
            assert not isinstance(error, SystemError)
            return None

    @initialize(target=objects)
    def config(self):
        return ocikit.default_config()

    @rule(target=objects, of=st.sampled_from(CLASSES), values=st.dictionaries(st.text(max_size=6), VALUES, max_size=3))
    def make(self, of, values):
        return self.attempt(lambda: of.from_dict(values)) or of()

    @rule(target=objects, of=st.sampled_from(CLASSES), text=st.text(max_size=20) | st.binary(max_size=20))
    def read(self, of, text):
        return self.attempt(lambda: of.from_json(text)) or of()

    @rule(target=objects, one=objects)
    def copy(self, one):
        return self.attempt(one.copy) or one

    @rule(one=objects, data=st.data(), value=VALUES)
    def set_attribute(self, one, data, value):
        names = [name for name in dir(type(one)) if isinstance(getattr(type(one), name), spec.Member)]
        if names:
            name = data.draw(st.sampled_from(names))
            self.attempt(lambda: setattr(one, name, value))
            self.attempt(lambda: getattr(one, name))

    @rule(one=objects, pointer=POINTERS, value=VALUES)
    def set_pointer(self, one, pointer, value):
        before = self.attempt(one.to_dict)
        try:
            one[pointer] = value
        except REFUSALS:
            assert self.attempt(one.to_dict) == before or before != before
        else:
            assert pointer in one or pointer.endswith("/-") or value is None

    @rule(one=objects, pointer=POINTERS)
    def delete_pointer(self, one, pointer):
        self.attempt(lambda: one.__delitem__(pointer))

    @rule(one=objects, pointer=POINTERS, value=VALUES)
    def change_list(self, one, pointer, value):
        found = self.attempt(lambda: one[pointer])
        if isinstance(found, list):
            for change in (lambda: found.append(value), lambda: found.insert(0, value), lambda: found.extend([value]),
                           lambda: found.__setitem__(0, value), lambda: found.pop(), found.reverse):
                self.attempt(change)

    @rule(one=objects, other=objects)
    def compare(self, one, other):
        self.attempt(lambda: one.diff(other))
        assert (one == other) in (True, False)

    @rule(one=objects)
    def use(self, one):
        text = self.attempt(one.to_json)
        if text is not None:
            assert json.loads(text) == one.to_dict()
        repr(one)
        self.attempt(one.validate)
        self.attempt(lambda: one.to_json(pretty=True))
        self.attempt(lambda: one.to_json(canonical=True))


def test_documents():
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        run_state_machine_as_test(Documents, settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, database=None,
            suppress_health_check=list(HealthCheck)))


class Containers(RuleBasedStateMachine):
    """Two containers at the most, used in any order, also after their end."""

    def __init__(self):
        super().__init__()
        self.runtime = ocikit.Runtime(Containers.root)
        self.made = []

    def attempt(self, call):
        try:
            return call()
        except (ocikit.Error, TypeError, ValueError) as error:
            return error

    def pick(self, number):
        return self.made[number % len(self.made)] if self.made else None

    @rule(number=st.integers(0, 1), args=st.sampled_from([["/bin/sleep", "100"], ["/bin/true"], ["/nope"]]))
    def create(self, number, args):
        made = self.attempt(lambda: self.runtime.create(f"{Containers.word}-{number}", ocikit.default_config(
            Containers.rootfs, args), stdin=ocikit.DEVNULL, stdout=ocikit.DEVNULL, stderr=ocikit.DEVNULL))
        if isinstance(made, ocikit.Container):
            self.made.append(made)

    @rule(number=st.integers(0, 5), name=st.sampled_from(
        ["start", "pause", "resume", "delete", "close", "state", "stats", "processes", "kill", "poll", "events"]))
    def call(self, number, name):
        one = self.pick(number)
        if one is not None:
            result = self.attempt(getattr(one, name))
            if isinstance(result, ocikit.Events):
                result.close()

    @rule(number=st.integers(0, 5), args=st.sampled_from([["/bin/true"], ["/nope"], [], None, "sh", [5]]))
    def run(self, number, args):
        one = self.pick(number)
        if one is not None:
            self.attempt(lambda: one.run(args, timeout=5, stdin=ocikit.DEVNULL))

    @rule(number=st.integers(0, 5), value=VALUES)
    def update(self, number, value):
        one = self.pick(number)
        if one is not None:
            self.attempt(lambda: one.update(value))
            self.attempt(lambda: one.kill(value))
            self.attempt(lambda: self.runtime.open(value))

    def teardown(self):
        for one in self.made:
            self.attempt(one.close)
            one._owned = False
        for name in self.runtime.list():
            self.runtime.delete(name, force=True)
        self.runtime.close()


def test_containers(tmp_path, rootfs, word):
    Containers.root, Containers.rootfs, Containers.word = tmp_path / "state", str(rootfs), word
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        run_state_machine_as_test(Containers, settings=settings(
            max_examples=5, stateful_step_count=20, deadline=None, database=None,
            suppress_health_check=list(HealthCheck)))
