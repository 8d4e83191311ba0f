# SPDX-License-Identifier: Apache-2.0
"""process: arguments, environment, directory, user, capabilities, limits, descriptors."""
import os
import resource
import signal
import subprocess

import pytest

import hostview
from runtime import Result

CAPS = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_KILL": 5, "CAP_SETGID": 6,
        "CAP_SETUID": 7, "CAP_NET_BIND_SERVICE": 10, "CAP_NET_RAW": 13, "CAP_AUDIT_WRITE": 29}


def mask(*names):
    return sum(1 << CAPS[name] for name in names)


def sets(report):
    return {name: int(report[name], 16) for name in ("CapBnd", "CapEff", "CapPrm", "CapInh",
                                                     "CapAmb")}


@pytest.mark.proves("/process", "/process/args")
def test_arguments(rt, bundle):
    words = ["/bin/payload", "report", "", "a b", "'\"\\", "é", "-x", "--", "x" * 5000]
    got = rt.report(bundle.args(*words))["args"]
    assert [word.encode("latin-1").decode("utf-8") for word in got] == words


@pytest.mark.proves("/process/env")
def test_environment_is_exactly_the_configured_one(rt, bundle):
    bundle.process["env"] = ["PATH=/bin", "EMPTY=", "A=b=c", "LONG=" + "y" * 4000, "HOME=/nowhere"]
    os.environ["OCIKIT_TEST_LEAK"] = "1"
    try:
        assert rt.report(bundle)["env"] == bundle.process["env"]
    finally:
        del os.environ["OCIKIT_TEST_LEAK"]


@pytest.mark.parametrize("number", [1, 2])
def test_null_can_be_written_to(rt, bundle, number):
    """containerd opens /dev/null for reading only and gives it as output."""
    bundle.args("/bin/sh", "-c", f"echo text >&{number}")
    null = os.open("/dev/null", os.O_RDONLY)
    output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
              ("stdout", "stderr")[number - 1]: null}
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=subprocess.DEVNULL, **output)
    os.close(null)
    assert process.wait(10) == 0


@pytest.mark.ocikit
def test_a_file_opened_for_reading_stays_so(rt, bundle, tmp_path):
    path = tmp_path / "file"
    path.write_text("old", encoding="ascii")
    bundle.args("/bin/sh", "-c", "echo text")
    with open(path, "rb") as file:
        process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=subprocess.DEVNULL, stdout=file,
                           stderr=subprocess.DEVNULL)
        assert process.wait(10) == 1
    assert path.read_text("ascii") == "old"


def test_home_is_added_from_passwd(rt, bundle):
    bundle.process["env"] = ["PATH=/bin"]
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    assert "HOME=/home/user" in rt.report(bundle)["env"]


def test_program_is_found_in_path(rt, bundle):
    bundle.process["env"] = ["PATH=/no/such:/usr/bin:/bin"]
    assert rt.report(bundle.args("payload", "report"))["args"][0] == "payload"


def test_path_of_the_caller_is_not_used(rt, bundle):
    bundle.process["env"] = ["PATH=/no/such"]
    rt.run(bundle.args("payload")).failed("payload")
    rt.assert_clean()


def test_relative_program(rt, bundle):
    bundle.process["cwd"] = "/bin"
    assert rt.report(bundle.args("./payload", "report"))["cwd"] == "/bin"


@pytest.mark.parametrize("program", ["/no/such", "nosuchprogram", "/etc/no/such"])
def test_missing_program(rt, bundle, program):
    result = rt.run(bundle.args(program)).failed(program)
    assert "no such file" in result.err.lower() or "not found in $path" in result.err.lower()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("program,code", [("/no/such", 127), ("nosuchprogram", 127),
                                          ("/bin/data", 126), ("/etc", 126)])
def test_exit_codes_of_a_program_that_cannot_run(rt, bundle, program, code):
    rt.run(bundle.args(program)).ok(code)
    rt.assert_clean()


def test_program_that_is_not_executable(rt, bundle):
    rt.run(bundle.args("/bin/data")).failed("permission denied")
    rt.assert_clean()


def test_script_without_its_interpreter(rt, bundle):
    script = bundle.rootfs / "bin/script"
    script.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    script.chmod(0o755)
    assert rt.run(bundle.args("/bin/script")).code != 0
    rt.assert_clean()


@pytest.mark.proves("/process/cwd")
def test_working_directory(rt, bundle):
    bundle.process["cwd"] = "/home/user"
    assert rt.report(bundle)["cwd"] == "/home/user"


def test_working_directory_is_made(rt, bundle):
    bundle.process["cwd"] = "/home/new/deep"
    assert rt.report(bundle)["cwd"] == "/home/new/deep"


@pytest.mark.parametrize("cwd", ["/etc/passwd", "relative", ""])
def test_bad_working_directory(rt, bundle, cwd):
    bundle.process["cwd"] = cwd
    rt.run(bundle).failed("cwd" if cwd != "/etc/passwd" else "/etc/passwd")
    rt.assert_clean()


@pytest.mark.parametrize("fd", [3, 7, 10])
def test_working_directory_of_a_leaked_descriptor(rt, bundle, fd):
    """CVE-2024-21626: the host's directory must not be reachable by number."""
    bundle.process["cwd"] = f"/proc/self/fd/{fd}"
    result = rt.run(bundle, **LEAKY)
    assert result.code != 0, result
    rt.assert_clean()


LEAKED = (3, 7, 10, 100)


def leak_directories():
    """The host's root open and inheritable under numbers that are easily guessed.  In the child: the test process
    may need what it has under them."""
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    for number in LEAKED:
        if number != root:
            os.dup2(root, number)
        os.set_inheritable(number, True)


LEAKY = {"close_fds": False, "preexec_fn": leak_directories}


def test_descriptors_are_closed(rt, bundle):
    fds = rt.report(bundle, **LEAKY)["fds"]
    assert set(fds) == {"0", "1", "2"}, fds


def test_descriptors_of_a_created_container(rt, bundle):
    name = rt.create(bundle.payload("sleep"), **LEAKY)
    rt.start(name, **LEAKY)
    assert set(os.listdir(f"/proc/{rt.pid(name)}/fd")) == {"0", "1", "2"}


def test_preserved_descriptors(rt, bundle, tmp_path):
    (tmp_path / "kept").write_text("kept\n", encoding="utf-8")
    kept = os.open(tmp_path / "kept", os.O_RDONLY)
    copy = os.dup2(kept, 23, inheritable=True)
    os.close(kept)
    line = " ".join(rt.argv("run", "-b", bundle, "--preserve-fds", 2, rt.new_id()))
    result = rt_shell(rt, f"exec 3<&23 4<&23 5<&23; exec {line}", pass_fds=(copy,))
    os.close(copy)
    fds = result.json()["fds"]
    assert set(fds) == {"0", "1", "2", "3", "4"}
    assert fds["3"].endswith("/kept") and fds["4"].endswith("/kept")


def rt_shell(rt, script, **options):
    """A shell line in the place of the runtime's command line."""

    return Result(subprocess.run(["bash", "-c", script], capture_output=True, check=False, timeout=30,
                                 **options))


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_descriptors(rt, bundle, closed):
    """The container runs, and no file of the runtime ends up as its 0, 1 or 2."""
    bundle.args("/bin/sh", "-c", "ls -l /proc/self/fd > /fds; exit 4")
    line = " ".join(rt.argv("run", "-b", bundle, rt.new_id()))
    assert rt_shell(rt, f"exec {closed}; exec {line}").code == 4
    listing = (bundle.rootfs / "fds").read_text(encoding="utf-8")
    assert "state" not in listing and "config.json" not in listing
    rt.assert_clean()


def test_standard_input_and_output(rt, bundle):
    report = rt.report(bundle.payload("report", "--stdin"), stdin=b"hello \x01\n")
    assert report["stdin"] == "hello \x01\n"


@pytest.mark.proves("/process/user", "/process/user/uid", "/process/user/gid",
                    "/process/user/additionalGids")
def test_user_and_groups(rt, bundle):
    bundle.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 6000]}
    report = rt.report(bundle)
    assert (report["uid"], report["euid"], report["gid"]) == (1000, 1000, 1001)
    assert sorted(set(report["groups"]) - {1001}) == [5, 6000]


def test_groups_of_the_caller_are_dropped(rt, bundle):
    assert set(rt.report(bundle)["groups"]) <= {0}


def test_numeric_user_wins_over_a_name(rt, bundle):
    """The image's passwd has a user called 1234 with uid 0."""
    bundle.process["user"] = {"uid": 1234, "gid": 1234}
    assert rt.report(bundle)["uid"] == 1234


@pytest.mark.proves("/process/user/umask")
def test_umask(rt, bundle):
    bundle.process["user"]["umask"] = 0o77
    assert rt.report(bundle)["umask"] == 0o77


def test_default_umask(rt, bundle):
    before = os.umask(0o5)
    try:
        assert rt.report(bundle)["umask"] == 0o22
    finally:
        os.umask(before)


@pytest.mark.proves("/process/capabilities", "/process/capabilities/bounding",
                    "/process/capabilities/permitted", "/process/capabilities/effective",
                    "/process/capabilities/inheritable", "/process/capabilities/ambient")
def test_capability_sets(rt, bundle):
    bundle.process["capabilities"] = {
        "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
        "effective": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    bundle.process["noNewPrivileges"] = True
    assert sets(rt.report(bundle)) == {
        "CapBnd": mask("CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"), "CapInh": mask("CAP_CHOWN"),
        "CapAmb": mask("CAP_CHOWN"), "CapPrm": mask("CAP_CHOWN"), "CapEff": mask("CAP_CHOWN")}


def test_capabilities_of_root(rt, bundle):
    bundle.capabilities("CAP_KILL", "CAP_CHOWN")
    got = sets(rt.report(bundle))
    wanted = mask("CAP_KILL", "CAP_CHOWN")
    assert got == {"CapBnd": wanted, "CapEff": wanted, "CapPrm": wanted, "CapInh": 0, "CapAmb": 0}


def test_no_capabilities(rt, bundle):
    bundle.process["capabilities"] = {}
    assert set(sets(rt.report(bundle)).values()) == {0}


def test_capabilities_left_out_means_none(rt, bundle):
    del bundle.process["capabilities"]
    assert sets(rt.report(bundle))["CapEff"] == 0


def test_unknown_capability_is_only_a_warning(rt, bundle):
    bundle.capabilities("CAP_KILL", "CAP_FROM_THE_FUTURE")
    assert sets(rt.report(bundle))["CapEff"] == mask("CAP_KILL")


@pytest.mark.proves("/process/rlimits", "/process/rlimits/[]/type", "/process/rlimits/[]/soft",
                    "/process/rlimits/[]/hard")
def test_limits(rt, bundle):
    bundle.process["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
        {"type": "RLIMIT_AS", "soft": 1 << 33, "hard": 1 << 34}]
    limits = rt.report(bundle)["rlimits"]
    assert limits["RLIMIT_NOFILE"] == [100, 200]
    assert limits["RLIMIT_CORE"] == [0, 0]
    assert limits["RLIMIT_AS"] == [1 << 33, 1 << 34]


LIMITS = {"AS": 9, "CORE": 4, "CPU": 0, "DATA": 2, "FSIZE": 1, "LOCKS": 10, "MEMLOCK": 8,
          "MSGQUEUE": 12, "NICE": 13, "NOFILE": 7, "NPROC": 6, "RSS": 5, "RTPRIO": 14, "RTTIME": 15,
          "SIGPENDING": 11, "STACK": 3}


@pytest.mark.parametrize("kind", LIMITS)
def test_every_limit(rt, bundle, kind):
    """Lowered from what there is, so that no right is needed for it."""
    hard = resource.getrlimit(LIMITS[kind])[1]
    most = 1 << 30 if hard == resource.RLIM_INFINITY else hard
    wanted = (max(most - 2, 0), max(most - 1, 0))
    if kind in ("RTPRIO", "NICE"):
        wanted = (0, 0)
    bundle.process["rlimits"] = [{"type": f"RLIMIT_{kind}", "soft": wanted[0], "hard": wanted[1]}]
    name = rt.launch(bundle.payload("sleep"))
    assert resource.prlimit(rt.pid(name), LIMITS[kind]) == wanted


@pytest.mark.ocikit
@pytest.mark.parametrize("value,groups", [("1", True), ("true", True), ("0", False)])
def test_groups_that_are_kept(rt, bundle, value, groups):
    """What podman's --group-add keep-groups asks for."""
    bundle.config["annotations"] = {"run.oci.keep_original_groups": value}
    rt.wrapper = ["setpriv", "--groups", "4242,4243"]
    assert {4242, 4243} <= set(rt.report(bundle)["groups"]) or not groups
    name = rt.launch(bundle.payload("sleep"))
    found = rt.call("exec", name, "/bin/payload").json()["groups"]
    assert ({4242, 4243} <= set(found)) == groups


@pytest.mark.ocikit
def test_groups_that_are_kept_in_a_user_namespace(rt, bundle):
    """They have no number there, and count all the same."""
    bundle.user_namespace().config["annotations"] = {"run.oci.keep_original_groups": "1"}
    bundle.process["user"]["additionalGids"] = [7]
    rt.wrapper = ["setpriv", "--groups", "4242"]
    result = rt.run(bundle).ok()
    assert Result.json(result)["groups"] == [65534]
    assert "additionalGids" in result.err


@pytest.mark.ocikit
def test_without_a_process(rt, bundle):
    """Nothing could ever start it, as a configuration cannot be changed after the create."""
    del bundle.config["process"]
    rt.run(bundle).failed("process is missing")
    rt.assert_clean()


@pytest.mark.parametrize("limits", [
    [{"type": "RLIMIT_NOPE", "soft": 1, "hard": 1}],
    [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}],
    pytest.param([{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}] * 2, marks=pytest.mark.ocikit),
])
def test_bad_limits(rt, bundle, limits):
    bundle.process["rlimits"] = limits
    rt.run(bundle).failed("rlimit")
    rt.assert_clean()


@pytest.mark.proves("/process/noNewPrivileges")
@pytest.mark.parametrize("value,text", [(True, "1"), (False, "0")])
def test_no_new_privileges(rt, bundle, value, text):
    bundle.process["noNewPrivileges"] = value
    assert rt.report(bundle)["NoNewPrivs"] == text


@pytest.mark.proves("/process/oomScoreAdj")
def test_oom_score(rt, bundle):
    bundle.process["oomScoreAdj"] = 500
    assert rt.report(bundle)["oom_score_adj"] == 500


def test_oom_score_is_inherited_when_left_out(rt, bundle):
    bundle.process.pop("oomScoreAdj", None)
    with open("/proc/self/oom_score_adj", encoding="ascii") as file:
        assert rt.report(bundle)["oom_score_adj"] == int(file.read())


@pytest.mark.ocikit
def test_signals_are_reset(rt, bundle):
    """Python ignores SIGPIPE; a container must not notice, nor a blocked signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        report = rt.report(bundle, restore_signals=False)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    assert int(report["SigIgn"], 16) == 0
    assert int(report["SigBlk"], 16) == 0


def test_no_arguments(rt, bundle):
    bundle.process["args"] = []
    rt.run(bundle).failed("args")
    rt.assert_clean()


def test_process_is_a_session_leader(rt, bundle):
    report = rt.report(bundle)
    assert report["sid"] == report["pgid"] == report["pid"]


def test_long_lived_container_has_one_process(rt, bundle):
    """No helper stays behind after create and start."""
    name = rt.launch(bundle.payload("sleep"))
    assert list(hostview.children()) == [rt.pid(name)]
