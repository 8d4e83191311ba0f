# SPDX-License-Identifier: Apache-2.0
"""Containers in Python."""
import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import pytest

ocikit = pytest.importorskip("ocikit")
from ocikit import spec  # noqa: E402


def shell(config, text):
    return config("/bin/sh", "-c", text)


# ---- a life ----

def test_life(runtime, config, word):
    with runtime.create(word, shell(config, "exit 7"), stdin=ocikit.DEVNULL) as container:
        assert (container.id, container.status, runtime.list()) == (word, "created", [word])
        assert container.pid and os.path.exists(f"/proc/{container.pid}")
        container.start()
        status = container.wait(20)
        assert (status.code, status.signal, status.ok, status.returncode, str(status)) == (7, 0, False, 7, "exit 7")
        assert container.wait() is status and container.poll() == status
        assert container.status == "stopped" and container.pid is None
        state = container.state()
        assert state.id == word and state.status == "stopped" and state.rootfs.startswith("/")
        container.delete()
        assert container.wait() == status
    assert runtime.list() == []


def test_a_bundle(runtime, config, word, tmp_path):
    (tmp_path / "config.json").write_text(shell(config, "exit 3").to_json(), "utf-8")
    assert runtime.run(bundle=tmp_path, id=word).returncode == 3
    with pytest.raises(TypeError, match="config or bundle"):
        runtime.create(word)


def test_config_as_dict(runtime, config, word):
    assert runtime.run(shell(config, "exit 4").to_dict(), id=word).returncode == 4


def test_run(runtime, config, word):
    done = runtime.run(shell(config, "cat; echo err >&2; exit 5"), id=word, input=b"in", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (5, b"in", b"err\n")
    with pytest.raises(subprocess.CalledProcessError):
        runtime.run(shell(config, "exit 1"), id=word, check=True)
    with pytest.raises(ocikit.TimeoutExpired):
        runtime.run(config("/bin/sleep", "1000"), id=word, timeout=0.5)
    assert runtime.list() == []


def test_signals(sleeping):
    sleeping.run(["/bin/true"], check=True)
    sleeping.kill("SIGWINCH")
    sleeping.kill(signal.SIGWINCH)
    assert sleeping.poll() is None
    sleeping.kill(all=True)
    status = sleeping.wait(20)
    assert (status.code, status.signal, status.returncode, str(status)) == (-1, 9, -9, "SIGKILL")
    for wrong in ("NOSUCH", 5.5, None, True, 0, -1, 65, 1 << 40):
        with pytest.raises((TypeError, ValueError)):
            sleeping.kill(wrong)
    with pytest.raises(ocikit.StateError) as caught:
        sleeping.kill()
    assert caught.value.code == ocikit.Code.NOT_RUNNING and caught.value.container_id == sleeping.id


def test_pause_update_stats(sleeping):
    sleeping.pause()
    assert sleeping.status == "paused"
    sleeping.resume()
    assert sleeping.status == "running"
    assert "cpu" in sleeping.stats() and sleeping.processes() == [sleeping.pid]
    sleeping.update(spec.LinuxResources(pids=spec.LinuxPids(limit=20)))
    sleeping.update({"pids": {"limit": 30}})
    with pytest.raises(ocikit.SpecError) as caught:
        sleeping.update({"pids": {"limit": "many"}})
    assert caught.value.pointer.endswith("/pids/limit")
    with pytest.raises(TypeError):
        sleeping.update(5)


def test_mounts(sleeping):
    sleeping.add_mount(spec.Mount(destination="/tmp", type="tmpfs", source="tmpfs"))
    assert b"tmpfs /tmp" in sleeping.run(["/bin/cat", "/proc/mounts"], capture_output=True).stdout
    sleeping.remove_mount("/tmp")
    assert b"tmpfs /tmp" not in sleeping.run(["/bin/cat", "/proc/mounts"], capture_output=True).stdout


def test_a_program_that_says_that_it_is_ready(runtime, config, word):
    made = config("/bin/sleep", "1000")
    with runtime.create(word, made, notify_socket=True) as container:
        fd = container.open_notify()
        try:
            container.start()
            assert container.exec(["/bin/sh", "-c", "test -S /run/notify/notify.sock"]).wait(20).ok
        finally:
            os.close(fd)
    with runtime.create(word, made) as container:
        with pytest.raises(ocikit.NotFoundError):
            container.open_notify()


def test_resctrl_is_refused_where_there_is_none(sleeping):
    with pytest.raises(ocikit.UnsupportedError):
        sleeping.update_rdt({"memBwSchema": "MB:0=50"})
    with pytest.raises(TypeError):
        sleeping.update_rdt(5)


def test_opened_containers_are_let_alone(runtime, sleeping):
    with runtime.open(sleeping.id) as other:
        assert other.pid == sleeping.pid
    assert sleeping.status == "running"


# ---- exec ----

def test_exec(sleeping):
    with sleeping.exec(["/bin/sh", "-c", "cat; echo $A $PWD >&2"], env={"A": "b c"}, cwd="/tmp", user="5:6",
                       stdin=ocikit.PIPE, stdout=ocikit.PIPE, stderr=ocikit.PIPE) as process:
        assert process.pid in sleeping.processes() and process.poll() is None
        out, err = process.communicate(b"x" * 300000, timeout=20)
    assert (out, err) == (b"x" * 300000, b"b c /tmp\n")
    done = sleeping.run(["/bin/id", "-u"], capture_output=True, user="5")
    assert done.stdout == b"5\n" and done.args == ["/bin/id", "-u"]
    joined = sleeping.exec(["/bin/sh", "-c", "echo a; echo b >&2"], stdout=ocikit.PIPE, stderr=ocikit.STDOUT)
    assert joined.communicate(timeout=20) == (b"a\nb\n", None)
    joined.close()


@pytest.mark.parametrize("args", ["sh", b"sh", None, 5, [5], ["a", None]])
def test_args_are_a_list_of_str(sleeping, args):
    for call in (sleeping.run, sleeping.exec):
        with pytest.raises(TypeError):
            call(args)


def test_exec_of_a_process_object(sleeping):
    process = spec.Process(args=["/bin/pwd"], cwd="/bin", user=spec.User(uid=0, gid=0))
    with sleeping.exec(process=process, stdout=ocikit.PIPE) as running:
        assert running.communicate(timeout=20)[0] == b"/bin\n"


def test_exec_timeout_kills(sleeping):
    with pytest.raises(ocikit.TimeoutExpired):
        sleeping.run(["/bin/sleep", "555"], timeout=0.5)
    assert sleeping.processes() == [sleeping.pid]


def test_exec_is_killed_at_the_end_of_with(sleeping):
    with pytest.raises(KeyError):
        with sleeping.exec(["/bin/sleep", "555"]) as process:
            raise KeyError
    assert sleeping.processes() == [sleeping.pid]
    process.close()
    with pytest.raises(ocikit.ClosedError):
        process.kill()


def test_preserved_fds(sleeping):
    reading, writing = os.pipe()
    with sleeping.exec(["/bin/sh", "-c", "echo hello >&3"], preserve_fds=[writing]) as process:
        os.close(writing)
        assert os.read(reading, 100) == b"hello\n"
        process.wait(20)
    os.close(reading)


def test_a_terminal(sleeping):
    with sleeping.exec(["/bin/sh", "-c", "stty size"], terminal=True, rows=33, columns=44) as process:
        data = b""
        while b"33 44" not in data:
            data += os.read(process.terminal_fd, 1000)
        process.wait(20)


# ---- waiting ----

def test_wait_lets_other_threads_go_on(sleeping):
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = time.monotonic()
    with pytest.raises(ocikit.TimeoutExpired) as caught:
        sleeping.wait(timeout=0.5)
    assert isinstance(caught.value, TimeoutError) and time.monotonic() - before >= 0.5
    stop.set()
    thread.join()
    assert counted[0] > 1000


def test_kill_from_another_thread_ends_a_wait(sleeping):
    threading.Timer(0.3, sleeping.kill).start()
    assert sleeping.wait(20).signal == 9


def test_asyncio(sleeping):
    async def both():
        ticks = 0
        waiting = asyncio.create_task(sleeping.wait_async())
        while ticks < 5:
            await asyncio.sleep(0.02)
            ticks += 1
        with pytest.raises(ocikit.TimeoutExpired):
            await sleeping.wait_async(0.1)
        sleeping.kill()
        return await asyncio.wait_for(waiting, 20), await asyncio.to_thread(sleeping.wait)

    first, second = asyncio.run(both())
    assert first == second and first.signal == 9


def test_events(sleeping):
    with sleeping.events(["exit"]) as events:
        assert events.next_now() is None
        with pytest.raises(ocikit.TimeoutExpired):
            events.next(0.1)
        sleeping.kill()
        assert [event.kind for event in events] == ["exit"] and events.next() is None
    with pytest.raises(ocikit.ClosedError):
        events.next_now()
    with pytest.raises(ValueError, match="fire"):
        sleeping.events(["fire"])


def test_events_in_an_event_loop(sleeping):
    async def collect():
        found = []
        with sleeping.events(["exit"]) as events:
            asyncio.get_running_loop().call_later(0.2, sleeping.kill)
            async for event in events:
                found.append(event.kind)
        return found

    assert asyncio.run(collect()) == ["exit"]


# ---- cleaning up ----

@pytest.mark.parametrize("started", [False, True])
def test_with_cleans_up(runtime, config, word, started):
    with pytest.raises(KeyError):
        with runtime.create(word, config("/bin/sleep", "1000")) as container:
            if started:
                container.start()
            raise KeyError
    assert runtime.list() == []
    container.close()
    container.close()
    for use in (container.start, container.wait, container.kill, container.state, container.delete, container.events,
                container.stats, lambda: container.exec(["/bin/true"]), lambda: container.status):
        with pytest.raises(ocikit.ClosedError):
            use()


def test_somebody_else_deleted_it(runtime, config, word):
    with runtime.create(word, config("/bin/sleep", "1000")):
        runtime.delete(word, force=True)
    assert runtime.list() == []


SCRIPT = """
import os, signal, sys, threading, time
import ocikit
runtime = ocikit.Runtime(sys.argv[1])
config = ocikit.spec.RuntimeConfig.from_file(sys.argv[2])
try:
    with runtime.create(sys.argv[3], config) as container:
        container.start()
        threading.Timer(0.3, lambda: (sys.stdout.write("now\\n"), sys.stdout.flush())).start()
        container.wait()
except KeyboardInterrupt:
    print("interrupted", runtime.list())
"""


def script(text, *args, **options):
    import ocikit as package
    folder = os.path.dirname(os.path.dirname(package.__file__))
    return subprocess.Popen([sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(text), *map(str, args)],
                            env={**os.environ, "PYTHONPATH": folder}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


def test_interrupt_of_a_wait(tmp_path, config, word):
    (tmp_path / "c.json").write_text(config("/bin/sleep", "1000").to_json(), "utf-8")
    running = script(SCRIPT, tmp_path / "state", tmp_path / "c.json", word)
    assert running.stdout.readline() == "now\n"
    before = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (out, err, running.returncode) == ("interrupted []\n", "", 0) and time.monotonic() - before < 5


def test_interrupt_of_a_create(tmp_path, config, word):
    """A hook hangs: the create is undone."""
    made = config("/bin/true")
    made.hooks = spec.Hooks(create_runtime=[spec.Hook(path="/bin/sh", args=["sh", "-c", f"touch {tmp_path}/here; sleep 1000"],
                                                      env=["PATH=/bin:/usr/bin"])])
    (tmp_path / "c.json").write_text(made.to_json(), "utf-8")
    running = script(SCRIPT, tmp_path / "state", tmp_path / "c.json", word)
    while not (tmp_path / "here").exists():
        time.sleep(0.02)
        assert running.poll() is None, running.communicate()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert err == "" and (out, running.returncode) == ("interrupted []\n", 0)


def test_a_create_that_takes_too_long(runtime, config, word):
    made = config("/bin/true")
    made.hooks = spec.Hooks(create_runtime=[spec.Hook(path="/bin/sleep", args=["sleep", "1000"])])
    with pytest.raises(ocikit.TimeoutExpired) as caught:
        runtime.create(word, made, timeout=0.4)
    assert caught.value.container_id == word and runtime.list() == []


def test_forgotten_objects_warn(runtime, config, word):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runtime.create(word, config("/bin/true"))
        gc.collect()
    assert [one.category for one in caught] == [ResourceWarning] and word in str(caught[0].message)
    runtime.delete(word)


def test_closing_the_runtime(tmp_path, config, word):
    with ocikit.Runtime(tmp_path / "state") as runtime:
        container = runtime.create(word, config("/bin/sleep", "1000"))
    with pytest.raises(ocikit.ClosedError):
        container.start()
    with pytest.raises(ocikit.ClosedError):
        runtime.list()
    runtime.close()
    with ocikit.Runtime(tmp_path / "state") as again:
        again.delete(word)


# ---- errors ----

def test_errors(runtime, config, word, tmp_path):
    with runtime.create(word, config("/bin/true")):
        for call, kind, base, code in [
                (lambda: runtime.open("none"), ocikit.NotFoundError, FileNotFoundError, "NOT_FOUND"),
                (lambda: runtime.create(word, config("/bin/true")), ocikit.ExistsError, FileExistsError, "EXISTS"),
                (lambda: runtime.create("a/b", config("/bin/true")), ocikit.InvalidArgumentError, ValueError, "INVALID_ID"),
                (lambda: runtime.run(config("/nope"), id=word + "2"), ocikit.ProgramNotFoundError, FileNotFoundError,
                 "EXEC_NOT_FOUND"),
                (lambda: runtime.run(config("/tmp"), id=word + "2"), ocikit.ProgramError, OSError, "EXEC_NOT_EXECUTABLE"),
                (lambda: runtime.create(word + "2", bundle=tmp_path / "none"), ocikit.Error, OSError, "BUNDLE")]:
            with pytest.raises(kind) as caught:
                call()
            error = caught.value
            assert isinstance(error, ocikit.Error) and isinstance(error, base) and error.code == ocikit.Code[code]
            assert error.message == str(error) and error.operation
            if isinstance(error, OSError):
                assert error.errno


def test_errors_tell_the_place(runtime, config, word):
    made = config("/bin/true").to_dict()
    made["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": -1}]
    with pytest.raises(ocikit.SpecError) as caught:
        runtime.create(word, made)
    assert caught.value.pointer == "/process/rlimits/0/hard" and caught.value.line == 1 and caught.value.column > 1
    assert caught.value.container_id == word and caught.value.operation == "create"


@pytest.mark.parametrize("call", [
    lambda r, c: r.create(5, c), lambda r, c: r.create(None, c), lambda r, c: r.create(b"x", c),
    lambda r, c: r.create("x", "{}"), lambda r, c: r.create("x", c, stdin="file"), lambda r, c: r.create("x", c, stdin=1.5),
    lambda r, c: r.create("x", c, env=["A=B"]), lambda r, c: r.create("x", c, env="A"),
    lambda r, c: r.create("x", c, timeout="1"), lambda r, c: r.create("x", c, preserve_fds=["a"]),
    lambda r, c: r.create("x", c, console_socket=5), lambda r, c: r.create("x", c, bundle=5),
    lambda r, c: r.open(7), lambda r, c: r.delete([]), lambda r, c: r.run(c, unknown=1), lambda r, c: r.plan(5),
    lambda r, c: ocikit.Runtime(log=5), lambda r, c: ocikit.Runtime(5), lambda r, c: ocikit.default_config(5),
    lambda r, c: ocikit.default_config(args="sh"), lambda r, c: ocikit.default_config(args=[5]),
])
def test_wrong_types(runtime, config, call):
    with pytest.raises((TypeError, AttributeError)):
        call(runtime, config("/bin/true"))


@pytest.mark.parametrize("call", [
    lambda r, c: r.create("x\0y", c), lambda r, c: r.create("x" * 2000, c), lambda r, c: r.create("", c),
    lambda r, c: r.create("x", c, stdin=9999), lambda r, c: r.create("x", c, stdin=-5),
    lambda r, c: r.create("x", c, stdin=1 << 70), lambda r, c: r.create("x", c, preserve_fds=[777]),
    lambda r, c: r.create("x", c, env={"A": "b\0"}), lambda r, c: r.open("\ud800"), lambda r, c: ocikit.Runtime("relative"),
    lambda r, c: ocikit.rootless_config(uid=1 << 40), lambda r, c: ocikit.rootless_config(uid=-1),
])
def test_wrong_values(runtime, config, call):
    with pytest.raises((ValueError, OverflowError, OSError)):
        call(runtime, config("/bin/true"))
    assert runtime.list() == []


def test_log(tmp_path, config, word):
    lines = []
    with ocikit.Runtime(tmp_path / "state", log=lambda *about: lines.append(about)) as runtime:
        runtime.run(config("/bin/true"), id=word)
    assert lines and all(isinstance(level, int) and isinstance(text, str) for level, _, text in lines)
    assert {name for _, name, _ in lines} == {word}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_log_function_that_raises(tmp_path, config, word):
    with ocikit.Runtime(tmp_path / "state", log=lambda *about: 1 / 0) as runtime:
        assert runtime.run(config("/bin/true"), id=word).returncode == 0


def test_plan_features_defaults(runtime, config):
    assert "exec" in runtime.plan(config("/bin/true"))
    assert ocikit.features().oci_version_max
    assert ocikit.default_config().process.terminal is True
    assert ocikit.rootless_config(uid=5, gid=6).linux.uid_mappings[0].host_id == 5
    assert json.loads(ocikit.features().to_json())


# ---- the process that it is in ----

def host_state():
    def text(name):
        with open(f"/proc/self/{name}", encoding="utf-8") as file:
            return file.read()

    status = dict(line.split(":\t", 1) for line in text("status").splitlines())
    names = ("SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
             "Umask", "Threads")
    return ({name: status.get(name) for name in names}, os.getcwd(), sorted(os.listdir("/proc/self/fd")), dict(os.environ),
            {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")},
            text("limits"), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0))


def test_the_process_stays_as_it_is(runtime, config, word):
    def everything():
        with runtime.create(word, shell(config, "exit 0"), stdout=ocikit.PIPE) as container:
            container.start()
            container.wait(20)
            container.events().close()
        for call in (lambda: runtime.open("none"), lambda: runtime.run(config("/nope"), id=word),
                     lambda: runtime.create(word, {"ociVersion": 5})):
            with pytest.raises(ocikit.Error):
                call()

    everything()
    gc.collect()
    before = host_state()
    everything()
    gc.collect()
    assert host_state() == before


def test_own_children_are_not_touched(runtime, config, word):
    children = [subprocess.Popen(["/bin/sh", "-c", f"exit {number}"]) for number in range(5)]
    runtime.run(shell(config, "exit 0"), id=word)
    assert [one.wait(20) for one in children] == list(range(5))


def test_eight_threads(runtime, config, word):
    problems = []

    def work(number):
        try:
            for turn in range(3):
                done = runtime.run(shell(config, f"echo {number}; exit {turn}"), id=f"{word}-{number}-{turn}",
                                   capture_output=True)
                assert (done.returncode, done.stdout) == (turn, b"%d\n" % number)
        except BaseException as error:  # pylint: disable=broad-except
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == [] and runtime.list() == []


# ---- ends in any order ----

@pytest.mark.parametrize("cycle", ["p.me = p", "c.p = p", "rt.p = p", "e.rt = rt", "pass"])
def test_the_interpreter_ends_with_objects_open(tmp_path, config, word, cycle):
    """Cycles are finalised in no order: the context has to be there until the last."""
    (tmp_path / "c.json").write_text(config("/bin/sleep", "1000").to_json(), "utf-8")
    running = script(f"""
        import ocikit, sys
        rt = ocikit.Runtime(sys.argv[1])
        c = rt.create(sys.argv[3], ocikit.spec.RuntimeConfig.from_file(sys.argv[2]))
        c.start()
        p, e = c.exec(["/bin/sh", "-c", "exit 4"]), c.events()
        p.wait()
        {cycle}
        c.delete(force=True)
        rt.close()
        print("end", rt)
    """, tmp_path / "state", tmp_path / "c.json", word)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 0 and out.startswith("end <ocikit.Runtime") and out.endswith("closed>\n"), err


def test_what_is_open_outlives_the_runtime(tmp_path, config, word):
    runtime = ocikit.Runtime(tmp_path / "state")
    container = runtime.create(word, config("/bin/sleep", "1000"))
    container.start()
    process, events = container.exec(["/bin/sleep", "1000"]), container.events()
    runtime.close()
    process.kill()
    assert process.wait(20).signal == 9 and events.next_now() is None
    process.close()
    events.close()
    with ocikit.Runtime(tmp_path / "state") as again:
        again.delete(word, force=True)


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_container_ends_though_nobody_waited_for_its_processes(sleeping, forgotten):
    """They are this process's children: until they are collected the first process of a pid namespace cannot end."""
    processes = [sleeping.exec(["/bin/sleep", "1000"]) for _ in range(3)]
    if forgotten:
        for one in processes:
            one.close()
    sleeping.kill()
    assert sleeping.wait(20).signal == 9
    if not forgotten:
        assert [one.wait(1).signal for one in processes] == [9] * 3


def test_the_same_in_an_event_loop(sleeping):
    process = sleeping.exec(["/bin/sleep", "1000"])
    sleeping.kill()
    assert asyncio.run(sleeping.wait_async(20)).signal == 9 and process.wait(1).signal == 9


# ---- as subprocess ----

def test_text(runtime, sleeping):
    assert sleeping.run(["/bin/cat"], input="äö", text=True, capture_output=True).stdout == "äö"
    with pytest.raises(TypeError, match="text=True"):
        sleeping.run(["/bin/cat"], input="x")
    with pytest.raises(TypeError, match="str are needed"):
        sleeping.run(["/bin/cat"], input=b"x", text=True)


def test_timeouts_are_those_of_subprocess_too(sleeping):
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        sleeping.run(["/bin/sleep", "100"], timeout=0.2)
    assert caught.value.stdout is None and caught.value.code == ocikit.Code.TIMEOUT
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError):
            sleeping.wait(wrong)


@pytest.mark.parametrize("call", [
    lambda c: c.run(["/bin/true"], env={"A": 1}), lambda c: c.run(["/bin/true"], env=["A=1"]), lambda c: c.events("exit"),
    lambda c: c.update(ocikit.default_config()), lambda c: c.add_mount(spec.Root(path="/")),
    lambda c: c.runtime.create("x", spec.Process(cwd="/")), lambda c: c.exec(process=ocikit.default_config()),
])
def test_arguments_of_another_kind(sleeping, call):
    with pytest.raises(TypeError):
        call(sleeping)
