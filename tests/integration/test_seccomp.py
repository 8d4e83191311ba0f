# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp: actions, argument comparison, the same filter for exec."""
import errno

import pytest

GETPPID, MKDIR, PERSONALITY, SOCKET = 110, 83, 135, 41


def call(rt, bundle, number, *args):
    return rt.report(bundle.payload("call", str(number), *map(str, args)))


def test_allowed_by_default(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "mkdir")
    assert call(rt, bundle, GETPPID)["errno"] == 0


@pytest.mark.proves("/linux/seccomp")
@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EXDEV])
def test_errno(rt, bundle, number):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid", errnoRet=number)
    assert call(rt, bundle, GETPPID)["errno"] == number


def test_errno_is_eperm_by_default(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid")
    assert call(rt, bundle, GETPPID)["errno"] == errno.EPERM


def test_kill(rt, bundle):
    bundle.namespace("pid", False).seccomp("SCMP_ACT_KILL_PROCESS", "getppid")
    assert rt.run(bundle.payload("call", str(GETPPID))).code == 128 + 31
    rt.assert_clean()


def test_argument(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "personality", errnoRet=errno.ENODEV,
                   args=[{"index": 0, "value": 4, "op": "SCMP_CMP_EQ"}])
    assert call(rt, bundle, PERSONALITY, 4)["errno"] == errno.ENODEV
    assert call(rt, bundle, PERSONALITY, "0xffffffff")["errno"] == 0


def test_masked_argument(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "personality", errnoRet=errno.ENODEV, args=[
        {"index": 0, "value": 0xff00, "valueTwo": 0x4200, "op": "SCMP_CMP_MASKED_EQ"}])
    assert call(rt, bundle, PERSONALITY, 0x4207)["errno"] == errno.ENODEV


def test_default_action(rt, bundle):
    """A list of what is allowed; the rest fails with the default number."""
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid")
    bundle.linux["seccomp"].update(defaultAction="SCMP_ACT_LOG")
    assert call(rt, bundle, GETPPID)["errno"] == errno.EPERM


def test_unknown_call_is_skipped(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "no_such_call", "getppid")
    assert call(rt, bundle, GETPPID)["errno"] == errno.EPERM


def test_mode_without_new_privileges(rt, bundle):
    bundle.process["noNewPrivileges"] = False
    bundle.seccomp("SCMP_ACT_ERRNO", "mkdir")
    report = rt.report(bundle.payload())
    assert (report["Seccomp"], report["NoNewPrivs"]) == ("2", "0")


def test_no_profile_no_filter(rt, bundle):
    assert rt.report(bundle)["Seccomp"] == "0"


@pytest.mark.parametrize("user", [0, 1000])
def test_exec_gets_the_filter(rt, bundle, user):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid", errnoRet=errno.ENODEV)
    name = rt.launch(bundle.payload("sleep"))
    result = rt.call("exec", "--user", user, name, "/bin/payload", "call", str(GETPPID))
    assert result.json()["errno"] == errno.ENODEV


def test_architectures(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid", errnoRet=errno.ENODEV)
    bundle.linux["seccomp"]["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert call(rt, bundle, GETPPID)["errno"] == errno.ENODEV


def test_an_engine_sized_profile(rt, bundle):
    """Some hundred names in several rules, as engines generate them."""
    names = [f"no_such_call_{n}" for n in range(50)] + ["getppid", "mkdir", "mkdirat", "chroot"]
    bundle.seccomp("SCMP_ACT_ERRNO", *names, errnoRet=errno.ENODEV)
    bundle.linux["seccomp"]["syscalls"] += [
        {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EINVAL,
         "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}]}]
    assert call(rt, bundle, GETPPID)["errno"] == errno.ENODEV
    assert call(rt, bundle, SOCKET, 16, 3, 9)["errno"] == errno.EINVAL


@pytest.mark.parametrize("change", [
    {"defaultAction": "SCMP_ACT_NOPE"},
    {"architectures": ["SCMP_ARCH_NOPE"]},
    {"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOPE"}]},
    {"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO",
                   "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_NOPE"}]}]},
])
def test_bad_profiles(rt, bundle, change):
    bundle.seccomp("SCMP_ACT_ERRNO", "mkdir")
    bundle.linux["seccomp"].update(change)
    rt.run(bundle).failed("NOPE")
    rt.assert_clean()


@pytest.mark.parametrize("name", ["write", "read", "close", "fcntl"])
def test_a_profile_that_kills_what_the_runtime_needs(rt, bundle, name):
    """It ends, well or badly; it never hangs."""
    # The payload writes with writev; the runtime itself need not write any more.
    bundle.seccomp("SCMP_ACT_KILL_PROCESS", name, *(["writev"] if name == "write" else []))
    rt.run(bundle.payload("report"), timeout=10)
    rt.assert_clean()
