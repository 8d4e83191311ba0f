# SPDX-License-Identifier: Apache-2.0
"""examples/ocigen-custom: a project of its own generates a parser for its schema, and uses it."""
import os
import shutil
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def call(*arguments, code=0, **options):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, check=False, **options)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def only_yajl(tmp_path_factory):
    """An environment in which yajl is the one package that can be found."""
    folder = tmp_path_factory.mktemp("packages")
    found = call("pkg-config", "--variable=pcfiledir", "yajl").strip()
    shutil.copy(os.path.join(found, "yajl.pc"), folder)
    return {**os.environ, "PKG_CONFIG_LIBDIR": str(folder), "PKG_CONFIG_PATH": ""}


def project_in(folder):
    """The example, outside of the tree."""
    project = folder / "project"
    shutil.copytree(os.path.join(TOP, "examples", "ocigen-custom"), project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "ocikit").symlink_to(TOP)
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory, only_yajl):
    """The build folder of the example, where libcap and libseccomp cannot be found."""
    project = project_in(tmp_path_factory.mktemp("custom"))
    call("meson", "setup", "build", f"-Docikit:python={sys.executable}", cwd=project, env=only_yajl)
    call("ninja", "-C", "build", cwd=project, env=only_yajl)
    return project / "build"


@pytest.fixture
def show(built):
    return str(built / "show")


def test_the_runtime_is_left_out(built):
    with open(built / "meson-logs" / "meson-log.txt", encoding="utf-8") as file:
        log = file.read()
    assert "yajl" in log and "libcap" not in log and "libseccomp" not in log
    with open(built / "build.ninja", encoding="utf-8") as file:
        assert "libcontainer/" not in file.read()


def test_the_runtime_would_need_libcap(only_yajl, tmp_path):
    out = call("meson", "setup", "build", f"-Docikit:python={sys.executable}", "-Docikit:runtime=true",
               cwd=project_in(tmp_path), env=only_yajl, code=1)
    assert 'Dependency "libcap" not found' in out


def test_what_the_subproject_installs(built, tmp_path):
    environment = {**os.environ, "DESTDIR": str(tmp_path)}
    call("meson", "install", "-C", str(built), "--no-rebuild", env=environment)
    names = {path.name for path in tmp_path.rglob("*")}
    assert "ocikit-spec.pc" in names and not names & {"ocigen", "run.py", "ocikit-container.pc"}
    text = next(tmp_path.rglob("ocikit-spec.pc")).read_text()
    assert "ocigen" not in text


def test_the_library_alone(only_yajl, tmp_path):
    """ocikit itself without the runtime: built and installed whole, with ocigen."""
    build, dest = str(tmp_path / "build"), tmp_path / "dest"
    call("meson", "setup", build, TOP, f"-Dpython={sys.executable}", "-Druntime=false", "-Dtests=false",
         env=only_yajl)
    call("ninja", "-C", build, env=only_yajl)
    call("meson", "install", "-C", build, "--no-rebuild", env={**only_yajl, "DESTDIR": str(dest)})
    names = {path.name for path in dest.rglob("*")}
    assert {"ocigen", "ocigen.1", "ocikit-spec.pc", "spec.h", "oci_parse.3", "oci_parse_fd.3"} <= names
    assert not [name for name in names if "container" in name and "runtime" not in name], names
    assert not names & {"ocikit-run.1", "ocikit.1"}


def test_good(show, tmp_path):
    path = tmp_path / "web.json"
    path.write_text('{"name": "web", "command": ["httpd", "-f"], "restart": "always", "port": 80}')
    assert call(show, path) == "web runs httpd, restarted always\n"


def test_bad(show, tmp_path):
    path = tmp_path / "web.json"
    path.write_text('{"name": "Web", "command": [],\n "restart": "alway", "port": 0, "limits": 1}')
    out = call(show, path, code=1)
    assert f"{path}:1:10: error: /name: expected a string that matches" in out
    assert f"{path}:1:28: error: /command: expected at least 1 item, found 0" in out
    assert 'did you mean "always"?' in out
    assert f"{path}:2:30: error: /port: expected an integer from 1 to 65535, found the number 0" in out
    assert "/limits: expected an object" in out
