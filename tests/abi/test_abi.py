# SPDX-License-Identifier: Apache-2.0
"""The installed library as a foreign program sees it: pkg-config alone, C99 and C++17."""
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("OCIKIT_BUILD", HERE.parents[1] / "build")).resolve()
PACKAGES = ["ocikit-container", "ocikit-spec"]
LANGUAGES = {
    "c99": ["gcc", "-std=c99", "-pedantic", "-x", "c"],
    "c99-clang": ["clang", "-std=c99", "-pedantic", "-x", "c"],
    "c++17": ["g++", "-std=c++17", "-pedantic", "-x", "c++"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def run(argv, **options):
    done = subprocess.run(list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=120, **options)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, f"{argv}\n{text}"
    return text


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A DESTDIR with everything that meson install puts there."""
    root = tmp_path_factory.mktemp("dest")
    run(["meson", "install", "-C", BUILD, "--no-rebuild"], env={**os.environ, "DESTDIR": str(root)})
    return root


def only(root, pattern):
    found = sorted(root.rglob(pattern))
    assert found, f"{pattern} is not installed"
    return found[0]


@pytest.fixture(scope="session")
def packages(installed):
    """An environment in which pkg-config finds the installed packages and the loader the libraries."""
    folder = only(installed, "ocikit-container.pc").parent
    libraries = only(installed, "libocikit-container.so").parent
    return {**os.environ, "PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(installed),
            "LD_LIBRARY_PATH": str(libraries)}


def flags(packages, package, *options):
    return run(["pkg-config", *options, package], env=packages).split()


@pytest.mark.parametrize("language", LANGUAGES)
def test_foreign_program(packages, tmp_path, language):
    program = tmp_path / "foreign"
    run([*LANGUAGES[language], *WARNINGS, HERE / "foreign.c", "-x", "none", "-o", program,
         *flags(packages, "ocikit-container", "--cflags", "--libs")], env=packages)
    assert run([program, tmp_path / "state"], env=packages).strip() == "foreign: all is well"


def headers(installed):
    found = sorted((only(installed, "container.h").parent).glob("*.h"))
    assert len(found) > 8, found
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_header_compiles_alone(installed, packages, tmp_path, language):
    options = flags(packages, "ocikit-container", "--cflags")
    for header in headers(installed):
        source = tmp_path / f"{header.stem}.c"
        source.write_text(f"#include <ocikit/{header.name}>\n#include <ocikit/{header.name}>\n",
                          encoding="ascii")
        run([*LANGUAGES[language], *WARNINGS, "-fsyntax-only", *options, source], env=packages)


@pytest.mark.parametrize("package", PACKAGES)
def test_package(packages, package):
    assert run(["pkg-config", "--modversion", package], env=packages).strip()
    assert f"-l{package}" in flags(packages, package, "--libs")


def test_private_things_are_not_installed(installed):
    names = {path.name for path in headers(installed)}
    assert "record.h" not in names
    for header in headers(installed):
        text = header.read_text(encoding="utf-8")
        assert "yajl" not in text, header


@pytest.mark.parametrize("package", PACKAGES)
def test_soname(installed, package):
    library = only(installed, f"lib{package}.so")
    text = run(["readelf", "-d", library])
    assert "SONAME" in text and f"lib{package}.so.0" in text


def test_command_runs_from_where_it_is_installed(installed, packages):
    command = next(path for path in sorted(installed.rglob("ocikit")) if path.is_file()
                   and os.access(path, os.X_OK))
    assert "version" in run([command, "--version"], env=packages)
