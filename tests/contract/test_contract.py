# SPDX-License-Identifier: Apache-2.0
"""The contract with the host process: state untouched, threads, inert load, no forbidden calls."""
import json
import os
import re
import subprocess

import pytest

import bundles

pytestmark = pytest.mark.ocikit

# What a library must not call: it ends or changes the process, prints, or reads the environment.
FORBIDDEN = set("""
    exit _exit _Exit quick_exit abort getenv secure_getenv setenv putenv unsetenv clearenv
    printf fprintf vprintf vfprintf puts fputs putchar perror __printf_chk __fprintf_chk
    __vfprintf_chk system popen fork vfork daemon atexit on_exit __cxa_atexit
    signal sigaction chdir fchdir umask setrlimit setrlimit64
    wait waitpid wait3 wait4 syslog setlocale strtok localtime gmtime
""".split())
ALLOWED_PREFIX = re.compile(r"^(oci|container)_\w+$|^OCIKIT_(SPEC|CONTAINER)_[\d.]+$")


def make(work, rootfs, config, name, change=None):
    bundle = bundles.Bundle(work / name, json.loads(json.dumps(config)), rootfs)
    bundle.payload("exit", "7")
    if change:
        change(bundle)
    bundle.save()


def id_mapped(bundle, destination, source, maps=({"containerID": 0, "hostID": 5, "size": 9},)):
    bundle.mount(destination, source, options=["bind", "idmap"])
    bundle.config["mounts"][-1].update({"uidMappings": list(maps), "gidMappings": list(maps)})


FAILING = {
    "mount": lambda b: b.mount("/data", "/no/such/source"),
    "id-map": lambda b: id_mapped(b, "/data", "/sys/kernel"),
    "id-map-range": lambda b: id_mapped(b, "/data", "/etc", [{"containerID": 0, "hostID": 1, "size": 5},
                                                            {"containerID": 2, "hostID": 9, "size": 5}]),
    "filesystem": lambda b: b.mount("/data", "none", "nosuchfs", []),
    "program": lambda b: b.args("/no/such/program"),
    "not-executable": lambda b: b.args("/bin/data"),
    "interpreter": lambda b: b.args("/bin/broken"),
    "rootfs": lambda b: b.config["root"].update(path="missing"),
    "cwd": lambda b: b.process.update(cwd="/etc/passwd"),
    "namespace": lambda b: b.namespace("network", "/no/such/namespace"),
    "hook": lambda b: b.hook("createRuntime", "/bin/false"),
    "container-hook": lambda b: b.hook("startContainer", "/bin/false"),
    "poststart-hook": lambda b: b.hook("poststart", "/bin/false"),
    "hook-timeout": lambda b: b.hook("createRuntime", "/bin/sleep", "50", timeout=1),
    "sysctl": lambda b: b.linux.update(sysctl={"net.no.such": "1"}),
    "rlimit": lambda b: b.process.update(rlimits=[{"type": "RLIMIT_NO", "soft": 1, "hard": 1}]),
    "seccomp": lambda b: b.seccomp("SCMP_ACT_NO", "mkdir"),
    "mapping": lambda b: b.user_namespace().linux.update(uidMappings=[]),
    "type": lambda b: b.config.update(hostname=5),
    "version": lambda b: b.config.update(ociVersion="9.9.9"),
    "no-process": lambda b: b.config.pop("process"),
}


@pytest.fixture(scope="session")
def collection(rootfs, default_config, tmp_path_factory):
    """Bundles for the programs: good, sleep, ready, terminal, bad-*."""
    work = tmp_path_factory.mktemp("collection")
    config = bundles.base_config(default_config)
    make(work, rootfs, config, "good", lambda b: id_mapped(b, "/mapped", b.path))
    make(work, rootfs, config, "sleep", lambda b: b.payload("sleep"))
    make(work, rootfs, config, "ready", lambda b: b.payload("ready"))
    make(work, rootfs, config, "terminal",
         lambda b: b.payload("sleep").process.update(terminal=True))
    for name, change in FAILING.items():
        make(work, rootfs, config, f"bad-{name}", change)
    script = work / "bad-interpreter/rootfs/bin/broken"
    script.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    script.chmod(0o755)
    return work


def run_program(build, rt, name, *arguments, timeout=120):
    program = build / "tests/contract" / f"contract-{name}"
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, check=False,
                          timeout=timeout)
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")
    rt.assert_clean()
    return done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("mode", ["plain", "ignore-sigchld", "closed-stdio"])
def test_host_state_is_untouched(build, rt, collection, tmp_path, mode):
    text = run_program(build, rt, "host-state", collection, tmp_path, mode)
    assert int(re.search(r"(\d+) calls", text)[1]) > 200


def test_threads(build, rt, collection, tmp_path):
    text = run_program(build, rt, "threads", collection, tmp_path, 16, 8, 2)
    assert "256 containers" in text


def test_children_do_not_hold_up_the_end(build, rt, collection, tmp_path):
    run_program(build, rt, "children", collection / "sleep", tmp_path / "state", timeout=9)


def held_up(work, rootfs, default_config, kind):
    """A bundle with a hook of that kind that makes a file and does not end; and the file."""
    mark = work / "mark"

    def change(bundle):
        bundle.payload("sleep")
        if kind == "poststart":
            bundle.hook(kind, "/bin/sh", "-c", f"echo $$ > {mark}; exec sleep 100")
        else:
            bundle.mount(str(work), str(work), options=["bind", "rw"])
            bundle.hook(kind, "/bin/payload", "mark", str(mark))

    make(work, rootfs, bundles.base_config(default_config), "held", change)
    return work / "held", mark


@pytest.mark.parametrize("kind", ["poststart", "startContainer"])
def test_start_is_killed_and_cancelled_by_another_thread(build, rt, rootfs, default_config, tmp_path, kind):
    bundle, mark = held_up(tmp_path, rootfs, default_config, kind)
    run_program(build, rt, "start", bundle, tmp_path / "state", mark, timeout=20)
    if kind == "poststart":
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text(encoding="ascii")), 0)


def test_soak(build, rt, collection, tmp_path):
    """One short round; OCIKIT_SOAK=rounds makes it a soak."""
    rounds = int(os.environ.get("OCIKIT_SOAK", "0"))
    each = 50 if rounds else 4
    run_program(build, rt, "threads", collection, tmp_path, 16, each, max(rounds, 2), timeout=3600)


def shared_libraries(build):
    found = [path for path in build.rglob("libocikit-*.so.*")
             if not path.is_symlink() and path.is_file() and path.suffix != ".symbols"
             and path.suffix != ".p" and path.read_bytes()[:4] == b"\x7fELF"]
    assert len(found) == 2, found
    return found


def static_libraries(build):
    found = [build / "libcontainer/libocikit-container-all.a", build / "libspec/libocikit-spec.a"]
    assert all(path.exists() for path in found), found
    return found


def sanitized(build):
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    return next(item["value"] for item in options if item["name"] == "b_sanitize") != "none"


def test_load_is_inert(build, rt):
    if sanitized(build):
        pytest.skip("a sanitizer is not inert")
    for library in shared_libraries(build):
        run_program(build, rt, "inert", library)


def test_no_constructors(build):
    """The compiler's own frame_dummy is the one entry of .init_array."""
    if sanitized(build):
        pytest.skip("a sanitizer has constructors")
    for library in shared_libraries(build):
        text = subprocess.run(["readelf", "-SW", str(library)], check=True,
                              capture_output=True).stdout.decode()
        for section in (".init_array", ".fini_array"):
            match = re.search(rf"{re.escape(section)}\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)", text)
            assert not match or int(match[1], 16) <= 8, (library, section)


def test_forbidden_calls(build):
    for archive in static_libraries(build):
        text = subprocess.run(["nm", "-A", "-u", str(archive)], check=True,
                              capture_output=True).stdout.decode()
        found = [line for line in text.splitlines()
                 if line.split()[-1].split("@")[0] in FORBIDDEN]
        assert not found, "\n".join(found)


def test_no_writable_globals(build):
    """.data and .bss hold nothing of ours; the sanitizers' own are not looked at."""
    if sanitized(build):
        pytest.skip("a sanitizer has globals")
    writable = re.compile(r"\s(\.data|\.bss|\.data\.rel|\.data\.rel\.local|\*COM\*|\.tbss|\.tdata)"
                          r"\s+0*[1-9a-f][0-9a-f]*\s+(\S+)$")
    for archive in static_libraries(build):
        text = subprocess.run(["objdump", "-t", str(archive)], check=True,
                              capture_output=True).stdout.decode()
        found = [line for line in text.splitlines() if writable.search(line)]
        assert not found, "\n".join(found)


def test_exported_names(build):
    for library in shared_libraries(build):
        text = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True,
                              capture_output=True).stdout.decode()
        names = [line.split()[-1].split("@")[0] for line in text.splitlines()]
        assert names and all(ALLOWED_PREFIX.match(name) for name in names), names


def test_every_declared_function_is_exported(build):
    header = bundles.HERE.parents[1] / "libcontainer/include/ocikit/container.h"
    declared = set(re.findall(r"OCI_API[^;(]*?\b(container_\w+)\(", header.read_text("utf-8")))
    exported = set()
    for library in shared_libraries(build):
        text = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True,
                              capture_output=True).stdout.decode()
        exported |= {line.split()[-1].split("@")[0] for line in text.splitlines()}
    assert len(declared) > 40 and declared <= exported, declared - exported
