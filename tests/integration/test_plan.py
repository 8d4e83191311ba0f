# SPDX-License-Identifier: Apache-2.0
"""plan: what create would do, as text, without doing it and without privileges."""
import os
import subprocess

import pytest

pytestmark = pytest.mark.ocikit


def test_names_what_matters(rt, bundle):
    bundle.mount("/data", "/tmp", options=["bind", "ro"])
    bundle.config["hostname"] = "a-name"
    text = rt.call("plan", "-b", bundle).ok().out
    for word in ("/proc", "/data", "a-name", "/bin/payload"):
        assert word in text, word
    assert len(text.splitlines()) > 10


def test_is_the_same_each_time(rt, bundle):
    texts = {rt.call("plan", "-b", bundle, "name").ok().out for _ in range(3)}
    assert len(texts) == 1


def test_makes_nothing(rt, bundle):
    before = sorted(os.listdir(bundle.path))
    bundle.mount("/new/target", "tmpfs", "tmpfs", [])
    bundle.hook("createRuntime", "/bin/touch", str(bundle.path / "ran"))
    rt.call("plan", "-b", bundle).ok()
    assert sorted(set(os.listdir(bundle.path)) - {"config.json"}) == sorted(
        set(before) - {"config.json"})
    assert not (bundle.rootfs / "new").exists()
    rt.assert_clean()


def test_needs_no_privileges(rt, bundle, tmp_path):
    bundle.save()
    done = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", rt.path,
                           "--root", str(tmp_path / "none"), "plan", "-b", str(bundle.path)],
                          capture_output=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr


def test_bad_configuration(rt, bundle):
    bundle.config["mounts"][0]["destination"] = 5
    rt.call("plan", "-b", bundle).failed("/mounts/0/destination")


def test_missing_bundle(rt):
    rt.call("plan", "-b", "/no/such/bundle").failed("/no/such/bundle")
