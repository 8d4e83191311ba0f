# SPDX-License-Identifier: Apache-2.0
"""The commands of codegen/README.md, run as a user of the installed library would."""
import os
import re
import shutil
import subprocess

import pytest

from test_abi import HERE, installed, packages, run  # noqa: F401  pylint: disable=unused-import

TOP = HERE.parents[1]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (TOP / "codegen/README.md").read_text(encoding="utf-8"), re.S | re.M)


def of_readme(start):
    """The one command of the README that starts so."""
    found = [line for block in BLOCKS for line in block.splitlines() if line.startswith(start)]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def project(tmp_path):
    """The example without Meson, with the source tree at `ocikit`."""
    for name in ("show.c", "svc/service.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / "examples/ocigen-custom" / name, tmp_path / name)
    (tmp_path / "ocikit").symlink_to(TOP)
    return tmp_path


def shell(command, project, environment):
    return run(["sh", "-ec", command], cwd=project, env=environment)


@pytest.fixture
def installed_command(installed):
    """The link in the folder of commands, not the package of that name."""
    return next(path for path in sorted(installed.rglob("ocigen")) if path.is_symlink())


@pytest.fixture
def environment(packages, installed_command):
    return {**packages, "PATH": f"{installed_command.parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize("generate", ["ocigen ", "python3 ocikit/codegen/run.py "])
def test_readme(generate, project, environment):
    shell(of_readme(generate), project, environment)
    shell(of_readme("cc "), project, environment)
    (project / "web.json").write_text('{"name": "web", "command": ["httpd"], "restart": "always"}')
    assert run([project / "show", project / "web.json"], env=environment) == "web runs httpd, restarted always\n"


def test_the_variable_of_pkg_config(packages, installed, installed_command):
    named = run(["pkg-config", "--variable=ocigen", "ocikit-spec"], env=packages).strip()
    assert named in (str(installed_command), "/" + str(installed_command.relative_to(installed)))
    assert "OCI_DESC_VERSION" in run([installed_command, "--version"])


def test_the_installed_package_is_whole(installed, installed_command):
    package = installed_command.resolve().parent
    assert installed in package.parents, "the command leads out of the DESTDIR"
    names = {path.name for path in (TOP / "codegen/ocigen").glob("*.py")}
    assert {path.name for path in (package / "ocigen").iterdir()} == names
    assert (package / "README.md").exists()


def test_tables_of_another_version(project, environment):
    shell(of_readme("ocigen "), project, environment)
    path = project / "out/svc/service.c"
    text = path.read_text()
    assert text.count("OCI_DESC_VERSION != 1") == 1
    path.write_text(text.replace("OCI_DESC_VERSION != 1", "OCI_DESC_VERSION != 99"))
    done = subprocess.run(["sh", "-c", of_readme("cc ")], cwd=project, env=environment, check=False,
                          stderr=subprocess.PIPE, universal_newlines=True)
    message = "made by an ocigen that does not go with the headers of ocikit-spec"
    assert done.returncode != 0 and message in done.stderr
    assert message in (TOP / "codegen/README.md").read_text(encoding="utf-8")
