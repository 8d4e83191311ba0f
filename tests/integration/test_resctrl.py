# SPDX-License-Identifier: Apache-2.0
"""linux.intelRdt: what a host with resctrl does with it, and what one without says.

Groups themselves are tested on a folder that behaves like the filesystem, in unit/container/test_resctrl.c.
"""
import os

import pytest

pytestmark = pytest.mark.ocikit
PLACE = "/sys/fs/resctrl"


@pytest.mark.proves("/linux/intelRdt", "/linux/intelRdt/closID", "/linux/intelRdt/enableMonitoring",
                    "/linux/intelRdt/schemata", "/linux/intelRdt/l3CacheSchema",
                    "/linux/intelRdt/memBwSchema")
@pytest.mark.parametrize("rdt", [
    {}, {"closID": "/"}, {"enableMonitoring": True}, {"schemata": ["MB:0=100"]},
    {"l3CacheSchema": "L3:0=f"}, {"memBwSchema": "MB:0=100"}])
def test_honoured_or_named(rt, bundle, rdt):
    bundle.linux["intelRdt"] = rdt
    if not os.path.ismount(PLACE):
        rt.run(bundle).failed("/linux/intelRdt", "resctrl")
        rt.assert_clean()
        return
    name = rt.launch(bundle.payload("sleep"))
    group = os.path.join(PLACE, "" if "closID" in rdt else name)
    with open(os.path.join(group, "tasks"), encoding="ascii") as file:
        assert str(rt.pid(name)) in file.read().split()
    rt.delete(name, "--force")
    assert "closID" in rdt or not os.path.exists(group)


@pytest.mark.parametrize("rdt,place", [
    ({"closID": "a/b"}, "closID"), ({"closID": ".."}, "closID"), ({"closID": ""}, "closID"),
    ({"closID": 5}, "closID"), ({"memBwSchema": "L3:0=f"}, "memBwSchema"),
    ({"schemata": ["a\nb"]}, "schemata/0"), ({"schemata": "MB:0=1"}, "schemata"),
    ({"enableMonitoring": "yes"}, "enableMonitoring")])
def test_bad_configurations(rt, bundle, rdt, place):
    bundle.linux["intelRdt"] = rdt
    rt.run(bundle).failed(f"/linux/intelRdt/{place}")
    rt.assert_clean()
