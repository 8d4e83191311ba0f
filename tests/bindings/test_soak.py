# SPDX-License-Identifier: Apache-2.0
"""Many times over: memory and fds stay flat.  Go's is in bindings/go/soak_test.go."""
import gc
import os
import threading

import pytest
from conftest import TOP

ocikit = pytest.importorskip("ocikit")
from ocikit import spec  # noqa: E402

SLACK = 3 << 20  # what an allocator may keep


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def state():
    gc.collect()
    return resident(), len(os.listdir("/proc/self/fd")), threading.active_count()


def soak(count, step):
    """The first tenth fills pools and caches."""
    for number in range(count // 10):
        step(number)
    before = state()
    for number in range(count // 10, count):
        step(number)
    after = state()
    assert after[0] - before[0] < SLACK and after[1:] == before[1:], f"{before} before, {after} after"


def document(number):
    config = spec.RuntimeConfig.from_json(document.text)
    config.mounts.append({"destination": f"/{number}"})
    config["/linux/resources/memory/limit"] = number
    assert f'"/{number}"' in config.to_json() and config.copy().diff(config) == []
    config.validate()
    for text in ('{"ociVersion": 5}', "{", '{"ociVersion": "1"}x'):
        try:
            spec.RuntimeConfig.from_json(text)
        except ocikit.SpecError:
            pass


def test_documents():
    document.text = (TOP / "tests/spec/good/config-full.json").read_text("utf-8") \
        if (TOP / "tests/spec/good/config-full.json").exists() else ocikit.default_config().to_json()
    soak(10000, document)


def test_containers(runtime, config, word):
    made = config("/bin/true")

    def cycle(number):
        with runtime.create(word, made, stdin=ocikit.DEVNULL, stdout=ocikit.PIPE) as container:
            if number % 10 == 0:
                return  # never started
            container.start()
            assert container.communicate()[0] == b"" and container.wait().ok
            if number % 10 == 1:
                container.events().close()
            if number % 10 == 2:
                with pytest.raises(ocikit.Error):
                    runtime.create(word, made)
    soak(1000, cycle)


def test_eight_threads_at_documents():
    text = ocikit.default_config().to_json()
    problems = []

    def work(number):
        try:
            for turn in range(300):
                config = spec.RuntimeConfig.from_json(text)
                config.hostname = f"{number}-{turn}"
                assert spec.RuntimeConfig.from_json(config.to_json()).hostname == f"{number}-{turn}"
        except BaseException as error:  # pylint: disable=broad-except
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == []
