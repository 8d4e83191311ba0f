# SPDX-License-Identifier: Apache-2.0
"""What a kubelet asks of containerd: sandboxes and containers by the Container Runtime Interface.

The runtime class is the one of docs/kubernetes.md.
"""
import subprocess

import pytest

POD = "pod=$(cri pod p) || exit 1\n"
END = "\ncri stop-pod $pod && cri remove-pod $pod"


def container(command, options="", name="c"):
    return f"{name}=$(cri create $pod {name} {options} -- {command}) && cri start ${name} || exit 1\n"


def test_configuration(containerd, containerd_sides):
    """containerd's own reading of the configuration names our command."""
    ours = containerd_sides[1]
    done = subprocess.run(ours.argv("config", "dump"), check=True, capture_output=True, timeout=30, text=True)
    assert 'containerd.runtimes.ocikit]' in done.stdout
    assert f'BinaryName = "{ours.runtime}"' in done.stdout
    containerd.same("cri runtimes | grep -c \"$RUNTIME\"", shows="1\n")


def test_pod(containerd):
    containerd.same(POD + "cri pod-state $pod\n" + container("sleep 100") + """cri state $c
        cri exec $c sh -c 'echo inside; exit 4'; echo "exec: $?"; cri exec $c nope 2>/dev/null; echo $?
        cri stop $c 0; cri state $c; cri remove $c; cri stop-pod $pod; cri pod-state $pod; cri remove-pod $pod""",
                    shows=("ready\n", "running 0", "inside\n", "exec: 4", "exited 137 Error", "not ready\n"))


def test_end_by_itself(containerd):
    containerd.same(POD + container("sh -c 'exit 6'") + "until_it \"cri state $c | grep exited\"; cri state $c" + END,
                    shows="exited 6 Error")


def test_not_found(containerd):
    containerd.same(POD + "c=$(cri create $pod c -- nope); cri start $c 2>$T/err; echo $?; "
                    "grep -qE 'executable file not found|no such file' $T/err && echo named; cri state $c" + END,
                    shows=("1\n", "named\n", "exited 128 StartError"))


OPTIONS = {
    "env": ("env=A=b", "env | grep A=", "A=b\n"),
    "cwd": ("cwd=/var", "pwd", "/var\n"),
    "user": ("user=1000", "id", "uid=1000(user)"),
    "mount": ("mount=$T:/data", "cat /data/word; touch /data/x", "host\n"),
    "read-only": ("readonly=1", "touch /x", "Read-only file system"),
    "privileged": ("privileged=1", "mount -t tmpfs x /tmp && echo mounted", "mounted\n"),
    "no-new-privileges": ("no-new-privs=1", "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1\n"),
    "memory": ("memory=67108864", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n"),
    "default": ("", "grep -E 'Cap|Seccomp:|NoNew' /proc/self/status; cut -d: -f2 /proc/self/cgroup | sort", "Seccomp"),
    "processes": ("", "ps -o args | head -n 2", "sleep 100\n"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_option(containerd, name):
    options, command, shows = OPTIONS[name]
    quoted = "'" + command.replace("'", "'\\''") + "'"
    pod = POD.replace("pod p", "pod p privileged=1") if name == "privileged" else POD
    containerd.same(f"echo host > $T/word\n{pod}" + container("sleep 100", options) +
                    f"cri exec $c sh -c {quoted}; echo $?" + END, shows=shows)


def test_shared_pid_namespace(containerd):
    containerd.same("pod=$(cri pod p pid=pod) || exit 1\n" + container("sleep 100", "pid=pod", "a") +
                    container("sleep 101", "pid=pod", "b") + "cri exec $b ps -o args | grep -c 'sleep 10[01]$'" + END,
                    shows="2\n")


def test_update(containerd):
    containerd.same(POD + container("sleep 100", "memory=67108864") + """cri memory $c 100663296; echo $?
        cri exec $c cat /sys/fs/cgroup/memory/memory.limit_in_bytes""" + END, shows="100663296\n")


def test_five_pods_at_once(containerd):
    containerd.same("""for i in 1 2 3 4 5; do (
        pod=$(cri pod p$i) && c=$(cri create $pod c of=p$i -- sleep 100) && cri start $c && cri exec $c echo pod-$i
        cri stop-pod $pod && cri remove-pod $pod) > $T/$i 2>&1 & done; wait; cat $T/1 $T/3 $T/5; cat $T/* | grep -c pod""",
                    shows="pod-1\npod-3\npod-5\n5\n")
