# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any point of any command: one `delete --force` removes everything, and a create that
was killed does not stand in the way of the next one.

A point is the entry of one system call, of the command ("c") or of the init that it started ("i").
OCIKIT_FAULTS=all visits every point; otherwise those after which something had changed, up to a
bound, and some of the rest.
"""
import json

import pytest

import faults

MOST = {"c": 15, "i": 10}


class Verb:
    """What happens before the command, untouched, and the command itself."""

    def __init__(self, prepare, *command):
        self.prepare = prepare
        self.command = command

    def arguments(self, bundle, name):
        places = {"BUNDLE": str(bundle.path), "ID": name, "MOUNTS": str(bundle.path / "mounts.json")}
        return [places.get(word, word) for word in self.command]


def nothing(_rt, _bundle, _name):
    pass


def created(rt, bundle, name):
    rt.create(bundle.path, name=name)


def running(rt, bundle, name):
    rt.launch(bundle.path, name=name)


def stopped(rt, bundle, name):
    running(rt, bundle, name)
    rt.stop(name)


VERBS = {
    "create": Verb(nothing, "create", "-b", "BUNDLE", "ID"),
    "start": Verb(created, "start", "ID"),
    "exec": Verb(running, "exec", "ID", "/bin/true"),
    "exec-detach": Verb(running, "exec", "--detach", "ID", "/bin/sleep", "1000"),
    "delete-created": Verb(created, "delete", "ID"),
    "delete-stopped": Verb(stopped, "delete", "ID"),
    "delete-running": Verb(running, "delete", "--force", "ID"),
    "mounts-add": Verb(running, "mounts", "add", "ID", "MOUNTS"),
    "mounts-remove": Verb(running, "mounts", "remove", "ID", "/dev/shm"),
    "run": Verb(nothing, "run", "-b", "BUNDLE", "ID"),
    "run-detach": Verb(nothing, "run", "--detach", "-b", "BUNDLE", "ID"),
}


def own_namespaces(bundle):
    """One stage; the end of the first process takes all others along."""


def shared_pids(bundle):
    """Nothing but the control groups tells which processes are the container's."""
    bundle.namespace("pid", False)


def user_namespace(bundle):
    """Two stages, and the maps that the command writes for the second."""
    bundle.user_namespace()


def with_hooks(bundle):
    """An init of its own for each kind of hook that runs outside."""
    for stage in ("createRuntime", "poststart", "poststop"):
        bundle.hook(stage, "/bin/true")


def deep_groups(bundle):
    """Several components of the control groups' paths are to be made, and removed."""
    bundle.linux["cgroupsPath"] = f"{bundle.token}-outer/middle/inner"


def mapped_mounts(bundle):
    """A user namespace for each id mapping, held by an init of its own; and mounts that are added later."""
    maps = [{"containerID": 0, "hostID": 5, "size": 9}]
    mount = {"destination": "/mapped", "source": str(bundle.path), "options": ["bind", "idmap"],
             "uidMappings": maps, "gidMappings": maps}
    bundle.config["mounts"].append(mount)
    (bundle.path / "mounts.json").write_text(json.dumps([{**mount, "destination": "/one"},
                                                         {"destination": "/two", "type": "tmpfs"}]),
                                             encoding="utf-8")


KINDS = {kind.__name__: kind
         for kind in (own_namespaces, shared_pids, user_namespace, with_hooks, deep_groups,
                                             mapped_mounts)}


@pytest.fixture
def kind_of_bundle(rt, bundle):
    def make(kind, verb):
        bundle.token = rt.token
        # A run that stays ends with its program; all other containers go on.
        bundle.payload(*(("exit", "0") if verb == "run" else ("sleep",)))
        KINDS[kind](bundle)
        bundle.save()
        return bundle

    return make


def sweep(lab, bundle, verb, who, victim, thorough):
    """Yield (where, id) after each kill."""
    name = lab.rt.new_id()
    verb.prepare(lab.rt, bundle, name)
    counted = lab.step("none", *verb.arguments(bundle, name))
    assert counted.end == "exit 0", f"without a fault: {counted.end}, {counted.result!r}"
    calls = counted.calls[who]
    lab.check_delete("without a fault", name)
    for at in faults.kill_points(calls, thorough, MOST[who]):
        if lab.full():
            return
        name = lab.rt.new_id()
        verb.prepare(lab.rt, bundle, name)
        report = lab.step(f"kill:{who}:{at}:{victim}", *verb.arguments(bundle, name))
        before = calls[at - 2] if at > 1 else "nothing"
        where = f"{who} {at}/{len(calls)} (after {before}, before {calls[at - 1]})"
        lab.check(where, report.end != "timeout", f"no end within {faults.HANG} s")
        if (who, victim) == ("c", "c"):
            lab.check(where, report.end == "signal 9" or not report.done,
                      f"killed, and yet {report.end}")
        yield where, name, report


COMMAND_SWEEPS = [
    ("create", "own_namespaces"), ("create", "shared_pids"), ("create", "user_namespace"),
    ("create", "with_hooks"), ("create", "deep_groups"),
    ("start", "own_namespaces"), ("start", "with_hooks"),
    ("exec", "own_namespaces"), ("exec-detach", "shared_pids"), ("exec", "user_namespace"),
    ("delete-created", "own_namespaces"), ("delete-stopped", "with_hooks"),
    ("delete-stopped", "deep_groups"), ("delete-running", "shared_pids"),
    ("run", "own_namespaces"), ("run-detach", "user_namespace"), ("create", "mapped_mounts"),
    ("mounts-add", "mapped_mounts"), ("mounts-remove", "mapped_mounts"),
]


@pytest.mark.ocikit
@pytest.mark.parametrize("verb, kind", COMMAND_SWEEPS)
def test_command_killed(lab, kind_of_bundle, thorough, verb, kind):
    bundle = kind_of_bundle(kind, verb)
    for where, name, _ in sweep(lab, bundle, VERBS[verb], "c", "c", thorough):
        lab.check_delete(where, name)
    lab.verdict()


@pytest.mark.ocikit
@pytest.mark.parametrize("verb, kind", [
    ("create", "own_namespaces"), ("create", "shared_pids"), ("create", "user_namespace"),
    ("create", "with_hooks"), ("exec-detach", "own_namespaces"), ("exec-detach", "shared_pids"),
    ("exec", "user_namespace"), ("run-detach", "shared_pids"), ("create", "mapped_mounts"),
    ("mounts-add", "mapped_mounts"), ("mounts-remove", "mapped_mounts")])
def test_command_killed_while_its_init_works(lab, kind_of_bundle, thorough, verb, kind):
    bundle = kind_of_bundle(kind, verb)
    for where, name, _ in sweep(lab, bundle, VERBS[verb], "i", "c", thorough):
        lab.check_delete(where, name)
    lab.verdict()


def create_again(lab, bundle, where, name):
    """A create that came to its end made a container, which stays; any other is replaced."""
    state = lab.rt.call("state", name)
    again = lab.rt.call("create", "-b", bundle.path, name)
    if state.code == 0 and state.json()["status"] == "created":
        lab.check(where, again.code == 1 and "exists" in again.err,
                  f"created, and yet the next create of its id: {again!r}")
    else:
        status = state.json()["status"] if state.code == 0 else "absent"
        lab.check(where, again.code == 0, f"{status}; the next create: {again.err.strip()}")
    after = lab.rt.call("state", name)
    lab.check(where, after.code == 0 and after.json()["status"] == "created",
              f"no created container after the next create: {after!r}")
    lab.check_delete(where, name)


@pytest.mark.ocikit
@pytest.mark.parametrize("who", ["c", "i"])
@pytest.mark.parametrize("kind", ["own_namespaces", "user_namespace"])
def test_create_after_a_killed_create(lab, kind_of_bundle, thorough, kind, who):
    bundle = kind_of_bundle(kind, "create")
    for where, name, _ in sweep(lab, bundle, VERBS["create"], who, "c", thorough):
        create_again(lab, bundle, where, name)
    lab.verdict()


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["own_namespaces", "user_namespace", "with_hooks"])
def test_init_killed_in_create(lab, kind_of_bundle, thorough, kind):
    """The command itself lives on: it has to say so, and to leave nothing without any delete."""
    bundle = kind_of_bundle(kind, "create")
    for where, name, report in sweep(lab, bundle, VERBS["create"], "i", "i", thorough):
        if report.end == "exit 0":
            # All was ready before: then this is a container that has stopped.
            # The command may end before the init gets there, and a first stage, or the init that runs
            # the host's hooks, that is killed after its last word is none of the container.
            whole = not report.done or (kind in ("user_namespace", "with_hooks")
                                        and lab.rt.call("state", name).code == 0)
            lab.check(where, whole or lab.becomes(name, "stopped"),
                      "success, and no stopped container")
            lab.check_delete(where, name)
            continue
        lab.check(where, report.end == "exit 1", f"the command: {report.end}")
        lab.check(where, report.result.err.strip(), "a failure without a message")
        lab.check_clean(where)
    lab.verdict()
