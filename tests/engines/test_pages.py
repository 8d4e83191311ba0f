# SPDX-License-Identifier: Apache-2.0
"""docs/engines.md and docs/kubernetes.md say what the tests run and know."""
import json
import re
import subprocess
import tomllib

import pytest

import differences
import pages

KUBERNETES = ("kubernetes.md", "# /etc/containerd/config.toml"), ("kubernetes.md", "# /etc/crio/crio.conf.d/10-ocikit.conf")


def test_differences_are_those_of_the_tests():
    text = (pages.DOCS / "engines.md").read_text(encoding="utf-8")
    assert differences.table() in text, "renew the table: python3 tests/engines/differences.py"


def test_every_name_is_a_case(request):
    """A name that no test has any more would hide nothing and promise something."""
    names = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only",
                            str(request.path.parent)], check=True, capture_output=True, text=True, timeout=60).stdout
    found = {name.replace(".py", "").replace("test_", "") for name in re.findall(r"^.*?(test_\w+\.py::\S+)$", names, re.M)}
    assert found, names
    assert set(differences.DIFFERENCES) | set(differences.WAITS) <= found


@pytest.mark.parametrize("page", ["engines.md", "kubernetes.md"])
def test_blocks_can_be_read(page):
    """What an engine of the tests does not read itself is at least well formed."""
    seen = {"toml": 0, "json": 0, "yaml": 0, "sh": 0}
    for language, text in pages.blocks(page):
        seen[language] += 1
        if language == "toml":
            tomllib.loads(text)
        elif language == "json":
            json.loads(text)
        elif language == "sh":
            subprocess.run(["sh", "-n", "-c", text], check=True, timeout=10)
    assert seen["toml"]


def test_kubernetes_names_agree():
    """The handler of the RuntimeClass is the runtime's name in both engines."""
    classes = [text for language, text in pages.blocks("kubernetes.md") if language == "yaml"]
    handlers = {name for text in classes for name in re.findall(r"^(?:handler|  runtimeClassName): (\S+)$", text, re.M)}
    assert handlers == {"ocikit"}
    containerd, crio = (tomllib.loads(pages.block(*place)) for place in KUBERNETES)
    runtimes = containerd["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]
    assert runtimes["ocikit"]["options"]["BinaryName"] == pages.INSTALLED
    assert crio["crio"]["runtime"]["runtimes"]["ocikit"]["runtime_path"] == pages.INSTALLED
