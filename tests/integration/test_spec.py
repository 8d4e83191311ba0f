# SPDX-License-Identifier: Apache-2.0
"""spec: the default configuration."""
import json

import pytest

import bundles


def test_it_runs_unchanged_but_for_the_terminal(rt, default_config, rootfs, tmp_path):
    default_config = json.loads(json.dumps(default_config))
    default_config["process"]["terminal"] = False
    default_config["process"]["args"] = ["/bin/true"]
    rt.run(bundles.Bundle(tmp_path / "b", default_config, rootfs)).ok()


def test_capabilities(default_config):
    capabilities = default_config["process"]["capabilities"]
    assert not capabilities.get("inheritable"), "CVE-2022-24769"
    assert default_config["process"]["noNewPrivileges"] is True
    assert "CAP_SYS_ADMIN" not in capabilities["bounding"]


def test_masks(default_config):
    assert "/proc/kcore" in default_config["linux"]["maskedPaths"]
    assert "/proc/sys" in default_config["linux"]["readonlyPaths"]


def test_does_not_overwrite(rt, tmp_path):
    (tmp_path / "config.json").write_text("mine", encoding="utf-8")
    rt.call("spec", "-b", tmp_path).failed("exist")
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == "mine"


@pytest.mark.ocikit
def test_no_ambient_capabilities(default_config):
    assert not default_config["process"]["capabilities"].get("ambient")
