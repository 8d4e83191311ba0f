# SPDX-License-Identifier: Apache-2.0
"""The Go module, with the libraries as they are installed: built, checked and run by Go's own tools."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import TOP

MODULE = TOP / "bindings/go"
EXAMPLES = TOP / "examples/go"
pytestmark = [pytest.mark.skipif(not shutil.which("go"), reason="go is not installed"),
              pytest.mark.skipif(not shutil.which("pkg-config"), reason="pkg-config is not installed")]


def go(environment, *args, cwd=MODULE, **more):
    done = subprocess.run(["go", *args], cwd=cwd, env={**environment, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_vet(environment):
    go(environment, "vet", "./...")
    go(environment, "vet", "./...", cwd=EXAMPLES)


def test_formatted():
    out = subprocess.run(["gofmt", "-l", str(MODULE), str(EXAMPLES)], check=True, capture_output=True, text=True).stdout
    assert out == ""


def test_go_test(environment):
    """With the race detector, and with every pointer that C is given looked at."""
    go(environment, "test", "-count=1", "-race", ".", "./spec", GODEBUG="cgocheck=2")


@pytest.mark.parametrize("package, name", [(".", "FuzzCalls"), ("./spec", "")])
def test_fuzz(environment, package, name):
    """OCIKIT_STATEFUL_SECONDS is how long (10)."""
    names = [name] if name else re.findall(r"^func (Fuzz\w+)", (MODULE / "spec/fuzz_test.go").read_text("utf-8"), re.M)
    for one in names:
        go(environment, "test", "-run", "NONE", "-fuzz", f"^{one}$", "-fuzztime",
           f"{os.environ.get('OCIKIT_STATEFUL_SECONDS', '10')}s", package)


def test_the_spec_package_needs_no_c(environment):
    go(environment, "build", "./spec", CGO_ENABLED="0")
    assert "ocikit/internal" not in go(environment, "list", "-deps", "./spec", CGO_ENABLED="0")


def test_what_swig_wrote_is_committed(tmp_path):
    if not shutil.which("swig"):
        pytest.skip("swig is not installed")
    subprocess.run([str(MODULE / "generate.sh"), str(tmp_path)], check=True, capture_output=True)
    for made in (path for path in tmp_path.rglob("*") if path.is_file()):
        name = made.relative_to(tmp_path)
        assert made.read_bytes() == (MODULE / "internal" / name).read_bytes(), \
            f"internal/{name} is not what bindings/swig makes: run bindings/go/generate.sh"


@pytest.mark.parametrize("package", [".", "./spec"])
def test_documentation(environment, package):
    """Everything exported has a comment, and nothing of SWIG shows."""
    out = go(environment, "doc", "-all", package)
    assert not re.search("swig", out.split("FUNCTIONS")[-1] if "FUNCTIONS" in out else out, re.IGNORECASE)
    lines = out.splitlines()
    bare = [line for number, line in enumerate(lines) if re.match(r"func (\(\w+ \*?\w+\) )?[A-Z]", line)
            and not lines[number + 1].startswith("    ")]
    assert [line for line in bare if "UnmarshalJSON" not in line and "MarshalJSON" not in line] == []


def test_hello(environment, tmp_path, rootfs):
    ocikit = pytest.importorskip("ocikit")
    config = ocikit.default_config(str(rootfs), ["/bin/sh", "-c", "echo out; exit 7"])
    (tmp_path / "config.json").write_text(config.to_json(), "utf-8")
    go(environment, "build", "-o", str(tmp_path / "hello"), "./hello", cwd=EXAMPLES)
    done = subprocess.run([str(tmp_path / "hello"), str(tmp_path)], env=environment, capture_output=True, text=True,
                          check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\nexit 7\n", "", 0)
    program = (EXAMPLES / "hello/main.go").read_text("utf-8")
    assert program.count("\n") <= 25 and f"```go\n{program}```" in (TOP / "README.md").read_text("utf-8")


def test_another_version_of_the_library_is_refused(environment, tmp_path):
    source = tmp_path / "other.c"
    source.write_text('const char *container_version(void) { return "9.9.9"; }\n', "ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "other.so"), str(source)], check=True)
    go(environment, "build", "-o", str(tmp_path / "hello"), "./hello", cwd=EXAMPLES)
    done = subprocess.run([str(tmp_path / "hello"), "x"], env={**environment, "LD_PRELOAD": str(tmp_path / "other.so")},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "the C library is 9.9.9: install the same version" in done.stderr


def test_versions_are_one():
    text = (TOP / "meson.build").read_text("utf-8")
    version = re.search(r"version: '([^']*)'", text)[1]
    assert f'const Version = "{version}"' in (MODULE / "runtime.go").read_text("utf-8")
    assert Path(MODULE / "go.mod").read_text("utf-8").startswith("module ocikit\n")
