# SPDX-License-Identifier: Apache-2.0
"""A create whose system calls fail, one at a time, or that is short of descriptors or memory: it
ends with a message and code 1, in time, and leaves nothing behind.

A call that is made to fail is not carried out at all.  Some may fail without harm: then the
container must be whole.  Memory is made short by a limit, not by a result put in its place: the
kernel's own brk returns no error.  OCIKIT_FAULTS=all tries every error at every call.
"""
import errno
import platform
import resource

import pytest

import faults

pytestmark = pytest.mark.ocikit

# Without these no create can be right, whichever of them fails.
NEEDED = {
    "write": ("ENOSPC", "EIO"),
    "mkdirat": ("ENOSPC", "EIO", "EPERM"),
    "renameat": ("ENOSPC", "EIO"),
    "fsync": ("EIO", "ENOSPC"),
    "clone3": ("ENOMEM", "EPERM"),
    "memfd_create": ("EMFILE", "ENOMEM", "EPERM"),
    "socketpair": ("EMFILE", "ENOMEM"),
    "bind": ("ENOSPC", "EIO"),
    "listen": ("EIO",),
    "sendto": ("ENOMEM",),
    "recvmsg": ("ENOMEM", "EIO"),
}
USEFUL = {
    "openat": ("EMFILE", "EIO", "EPERM", "ENOMEM"),
    "read": ("EIO",),
    "close": ("EIO",),
    "fcntl": ("EMFILE",),
    "flock": ("ENOMEM",),
    "poll": ("ENOMEM",),
    "socket": ("EMFILE",),
}
MOST = 10


def failures(call, first, count, thorough):
    """(which of count occurrences, error name): all, or each of a sample with one error."""
    names = {**NEEDED, **USEFUL}[call]
    if thorough:
        return [(at, name) for at in range(first, count + 1) for name in names]
    chosen = faults.even_sample(range(first, count + 1), max(MOST, len(names)))
    if len(chosen) < len(names):
        return [(at, name) for at in chosen for name in names]
    return [(at, names[i % len(names)]) for i, at in enumerate(chosen)]


def judge(lab, where, name, report, needed):
    err = report.result.err.strip()
    if report.end == "exit 0" and not (needed and report.done):
        state = lab.rt.call("state", name)
        lab.check(where, state.code == 0 and state.json()["status"] == "created",
                  f"success, and then {state!r}")
        lab.check_delete(where, name)
        return
    lab.check(where, report.end == "exit 1", f"{report.end}: {err[:200]}")
    lab.check(where, err, "a failure without a message")
    lab.check_clean(where)


@pytest.fixture(scope="module", params=["own_namespaces", "user_namespace"])
def kind(request):
    return request.param


@pytest.fixture
def prepared(bundle, kind):
    bundle.payload("sleep")
    bundle.process.pop("rlimits", None)  # nothing that a limit of the command's own could forbid
    if kind == "user_namespace":
        bundle.user_namespace()
    bundle.save()
    return bundle


@pytest.mark.skipif(platform.machine() != "x86_64",
                    reason="the stepper changes the result of a call on x86-64 only")
@pytest.mark.parametrize("call", [*NEEDED, *USEFUL])
def test_failing_call(lab, prepared, thorough, kind, call):
    name = lab.rt.new_id()
    report = lab.step("none", "create", "-b", prepared.path, name)
    assert report.end == "exit 0", repr(report.result)
    lab.check_delete("without a fault", name)
    calls = report.calls["c"]
    count = calls.count(call)
    linker = calls[:faults.before_main(calls)].count(call)
    for at, error in failures(call, linker + 1, count, thorough):
        if lab.full():
            break
        name = lab.rt.new_id()
        number = getattr(errno, error)
        report = lab.step(f"fail:{faults.NUMBERS[call]}:{at}:{number}",
                          "create", "-b", prepared.path, name)
        judge(lab, f"{call} {at}/{count} with {error}", name, report, call in NEEDED)
    lab.verdict()


def test_the_calls_are_made(lab, prepared):
    """A name that create does not call any more would make its test say nothing."""
    name = lab.rt.new_id()
    report = lab.step("none", "create", "-b", prepared.path, name)
    lab.check_delete("without a fault", name)
    missing = {*NEEDED, *USEFUL} - set(report.calls["c"])
    assert not missing, f"create makes no {sorted(missing)}"


def limited_create(lab, prepared, kind_of_limit, limit, where):
    """One create under a limit; one that forbids even to load the command says nothing."""
    def lower():
        resource.setrlimit(kind_of_limit, (limit, limit))

    if lab.rt.call("--version", preexec_fn=lower).code != 0:
        return False
    name = lab.rt.new_id()
    result = lab.rt.call("create", "-b", prepared.path, name, preexec_fn=lower,
                         timeout=faults.HANG)
    if result.code == 0:
        lab.check(where, lab.becomes(name, "created"), "success, and no created container")
        lab.check_delete(where, name)
        return True
    lab.check(where, result.code == 1, repr(result))
    lab.check(where, result.err.strip(), "a failure without a message")
    lab.check_clean(where)
    return False


def limit_sweep(lab, prepared, kind_of_limit, limits):
    """The largest limit is enough for a container, or this would say nothing."""
    good = [limit for limit in limits
            if limited_create(lab, prepared, kind_of_limit, limit, f"limit {limit}")]
    lab.verdict()
    assert limits[-1] in good, f"{limits[-1]} is not enough either"


def test_few_file_descriptors(lab, prepared, thorough):
    limits = range(3, 81) if thorough else [4, 8, 12, 14, 16, 18, 20, 22, 24, 28, 32, 64]
    limit_sweep(lab, prepared, resource.RLIMIT_NOFILE, limits)


def test_little_memory(lab, prepared, thorough):
    """Both the heap and new mappings end at this limit."""
    step = 4096 if thorough else 32768
    limits = [*range(step, 768 * 1024, step), 8 << 20]
    limit_sweep(lab, prepared, resource.RLIMIT_DATA, limits)
