# SPDX-License-Identifier: Apache-2.0
"""The Python package as a whole: types, installation, other ways of running Python."""
import ast
import multiprocessing
import os
import pydoc
import re
import shutil
import subprocess
import sys
import textwrap
import typing
from pathlib import Path

import pytest
from conftest import BUILD, PACKAGE, TOP

ocikit = pytest.importorskip("ocikit")
EXAMPLES = sorted((TOP / "examples/python").glob("*.py"))
STUBS = ("ocikit._types", "ocikit._member", "ocikit._object", "ocikit._spec", "ocikit._container")


def python(*args, path=PACKAGE, **options):
    environment = {**os.environ, "PYTHONPATH": str(path), "MYPYPATH": str(path)}
    return subprocess.run([sys.executable, *map(str, args)], env=environment, capture_output=True, text=True, check=False,
                          **options)


def code(text, *args, **options):
    return python("-X", "dev", "-W", "error", "-c", textwrap.dedent(text), *args, **options)


# ---- types ----

@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory):
    pytest.importorskip("mypy")
    return tmp_path_factory.mktemp("mypy")


def test_hello_stands_whole_in_the_readme():
    program = (TOP / "examples/python/hello.py").read_text("utf-8")
    assert program.count("\n") <= 25 and f"```python\n{program}```" in (TOP / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_typed(path, mypy_cache):
    done = python("-m", "mypy", "--strict", "--cache-dir", mypy_cache, path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_precise(tmp_path, mypy_cache):
    """What is wrong is found, and what is right is known."""
    (tmp_path / "wrong.py").write_text(textwrap.dedent("""
        from ocikit import Runtime, spec
        config = spec.RuntimeConfig(hostname=5)
        config.mounts.append("x")
        config.mounts[0].destination = 5
        print(config.process.cwd)
        spec.LinuxNamespace(type="nothing")
        with Runtime() as runtime:
            reveal_type(runtime.create("a", config).wait())
            reveal_type(config.mounts[0].options)
            reveal_type(runtime.list())
    """), "utf-8")
    done = python("-m", "mypy", "--strict", "--cache-dir", mypy_cache, tmp_path / "wrong.py")
    found = [re.sub(r"^.*?:(\d+): (\w+): ", r"\1 \2 ", line) for line in done.stdout.splitlines()]
    assert [line.split(" ")[:2] for line in found[:-1]] == \
        [["3", "error"], ["4", "error"], ["5", "error"], ["6", "error"], ["7", "error"], ["9", "note"], ["10", "note"],
         ["11", "note"]], done.stdout
    assert "ExitStatus" in found[5] and "List[builtins.str]" in found[6] and "list[builtins.str]" in found[7].lower()


def test_stubs_are_those_of_the_code(tmp_path, mypy_cache):
    """stubtest does not understand names for Literal[...], which are compared here."""
    names = {name: typing.get_args(value) for name, value in vars(ocikit.spec).items()
             if typing.get_origin(value) is typing.Literal}
    assert len(names) > 15
    (tmp_path / "allowed").write_text("".join(f"ocikit._types.{name}\n" for name in names), "utf-8")
    done = python("-m", "mypy.stubtest", "--allowlist", tmp_path / "allowed", *STUBS, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    tree = ast.parse((PACKAGE / "ocikit/_types.pyi").read_text("utf-8"))
    stubbed = {node.targets[0].id: ast.literal_eval(node.value.slice) for node in tree.body
               if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)}
    assert {name: value if isinstance(value, tuple) else (value,) for name, value in stubbed.items()} == names


def test_help_reads_well():
    for thing in (ocikit, ocikit.spec, ocikit.Container, ocikit.Runtime, ocikit.spec.Mount, ocikit.ExitStatus):
        text = pydoc.plain(pydoc.render_doc(thing))
        assert "Swig" not in text and "swig" not in text
    assert "Where to mount, as a path inside the container. Required." in pydoc.render_doc(ocikit.spec.Mount.destination) or \
        "Where to mount" in pydoc.plain(pydoc.render_doc(ocikit.spec.Mount))


def public(thing):
    """Every public function, method and property of a class or module, with its name."""
    for name, value in vars(thing).items():
        if name.startswith("_"):
            continue
        if isinstance(value, type) and value.__module__.startswith("ocikit"):
            yield name, value
            if not issubclass(value, (ocikit.spec.Object, list, dict)):
                yield from ((f"{name}.{inner}", one) for inner, one in public(value))
        elif callable(value) or isinstance(value, (property, classmethod, staticmethod)):
            yield name, value


@pytest.mark.parametrize("module", [ocikit, ocikit.spec], ids=lambda module: module.__name__)
def test_everything_public_has_a_docstring(module):
    names = set(module.__all__)
    bare = [name for name, value in public(module) if name.split(".")[0] in names
            and getattr(value, "__module__", "ocikit").startswith("ocikit") and not getattr(value, "__doc__", None)]
    assert bare == []


# ---- installation ----

@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """What `pip install .` would install: from a copy of what git has, or would have."""
    pytest.importorskip("mesonpy")
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True,
                            capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (TOP / name).is_file():
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, folder / "tree" / name)
    done = python("-m", "pip", "wheel", "-q", "--no-index", "--no-build-isolation", "--no-deps", "-w", folder / "out", ".",
                  cwd=folder / "tree")
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = (folder / "out").iterdir()
    return made


def test_the_wheel_works_in_a_fresh_environment(wheel, tmp_path, rootfs, word):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    inside = tmp_path / "venv/bin/python"
    subprocess.run([str(inside), "-m", "pip", "install", "-q", "--no-index", str(wheel)], check=True)
    config = ocikit.default_config(str(rootfs), ["/bin/sh", "-c", "echo out; exit 7"])
    (tmp_path / "config.json").write_text(config.to_json(), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(inside), "-W", "error", "-X", "dev", str(TOP / "examples/python/hello.py"), str(tmp_path)],
                          env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == "" and (done.stdout, done.returncode) == ("out\nexit 7\n", 0)
    listed = subprocess.run(["ldd", *map(str, (tmp_path / "venv").rglob("_*ocikit*.so")),
                             *map(str, (tmp_path / "venv").rglob("ocikit/_*.so"))], capture_output=True, text=True,
                            check=True).stdout
    assert "libocikit" not in listed and "libyajl" in listed


def test_another_version_of_the_library_is_refused(tmp_path):
    source = tmp_path / "other.c"
    source.write_text('const char *container_version(void) { return "9.9.9"; }\n', "ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "other.so"), str(source)], check=True)
    done = subprocess.run([sys.executable, "-c", "import ocikit"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE), "LD_PRELOAD": str(tmp_path / "other.so")})
    assert done.returncode == 1 and "ImportError: ocikit 0.1.0 found libocikit-container 9.9.9" in done.stderr


# ---- other ways of running Python ----

def test_import_does_nothing():
    """No thread, no child, no output, no fd, no handler."""
    done = code("""
        import gc, os, signal, sys, threading
        def state():
            return (sorted(os.listdir("/proc/self/fd")), threading.active_count(), dict(os.environ), os.getcwd(),
                    [signal.getsignal(number) for number in range(1, 65) if number not in (32, 33)])
        import json, subprocess, asyncio, select, selectors, uuid, weakref, dataclasses
        before = state()
        import ocikit
        assert state() == before, (before, state())
        try:
            os.waitpid(-1, os.WNOHANG)
            raise SystemExit("there is a child")
        except ChildProcessError:
            pass
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_sub_interpreters_are_refused():
    done = code("""
        import _xxsubinterpreters as inner
        made = inner.create()
        try:
            inner.run_string(made, "import ocikit")
        except inner.RunFailedError as error:
            print(error)
        inner.destroy(made)
    """)
    assert "main interpreter only" in done.stdout and "ImportError" in done.stdout, done.stderr


def _run_one(root, state, name):
    with ocikit.Runtime(state) as runtime:
        return runtime.run(ocikit.default_config(root, ["/bin/sh", "-c", "exit 9"]), id=name).returncode


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_multiprocessing(way, rootfs, tmp_path, word, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{PACKAGE}:{Path(__file__).parent}")
    with multiprocessing.get_context(way).Pool(2) as pool:
        found = pool.starmap(_run_one, [(str(rootfs), str(tmp_path / "state"), f"{word}-{number}") for number in range(4)])
    assert found == [9] * 4


def test_a_fork_does_not_remove_the_parent_s_container(runtime, config, word, tmp_path):
    with runtime.create(word, config("/bin/sleep", "1000")) as container:
        container.start()
        child = os.fork()
        if child == 0:
            try:
                try:
                    container.status
                except ocikit.ClosedError:
                    container.__exit__(None, None, None)
                    del container
                    with ocikit.Runtime(tmp_path / "state") as other, other.open(word) as mine:
                        os._exit(7 if mine.status == "running" else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert container.status == "running"


def test_pytest_xdist(tmp_path, rootfs, word):
    pytest.importorskip("xdist")
    (tmp_path / "test_it.py").write_text(textwrap.dedent(f"""
        import ocikit, pytest
        @pytest.mark.parametrize("number", range(6))
        def test_run(number):
            with ocikit.Runtime({str(tmp_path / 'state')!r}) as runtime:
                config = ocikit.default_config({str(rootfs)!r}, ["/bin/sh", "-c", f"exit {{number}}"])
                assert runtime.run(config, id=f"{word}-{{number}}").returncode == number
    """), "utf-8")
    done = python("-m", "pytest", "-q", "-n", "3", "-p", "no:cacheprovider", tmp_path / "test_it.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_no_leak_warnings():
    """SWIG speaks of memory leaks when a type has no destructor."""
    done = code("""
        import gc, ocikit
        for _ in range(100):
            ocikit.spec.RuntimeConfig.from_json('{"ociVersion": "1.3.0"}').mounts
            runtime = ocikit.Runtime()
            try:
                runtime.open("none")
            except ocikit.NotFoundError:
                pass
            del runtime
        gc.collect()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0), BUILD
