# SPDX-License-Identifier: Apache-2.0
"""ctr: containerd's shim calls the runtime as Kubernetes' containers do."""
import pytest

RUN = 'ctr run --rm --cgroup $GROUP/c'
START = "ctr run -d --cgroup $GROUP/c $IMAGE c sleep 100\n"
END = "ctr task kill -s KILL c; until_it 'ctr task ls | grep STOPPED'; ctr task delete c 2>/dev/null; ctr container delete c"

OPTIONS = {
    "output": ("", "echo out; echo err >&2; exit 7", 7, ("out\n", "err\n")),
    "env": ("--env A=b", "echo $A", 0, "b\n"),
    "cwd": ("--cwd /var", "pwd", 0, "/var\n"),
    "read-only": ("--read-only", "touch /x", 1, "Read-only file system"),
    "mount": ("--mount type=bind,src=$T,dst=/data,options=rbind:ro", "cat /data/word; touch /data/x", 1, "host\n"),
    "cap-add": ("--cap-add CAP_SYS_ADMIN", "grep CapEff /proc/self/status", 0, "CapEff:\t"),
    "privileged": ("--privileged", "grep CapEff /proc/self/status; mount -t tmpfs x /tmp && echo mounted", 0, "mounted\n"),
    "seccomp": ("--seccomp", "grep Seccomp: /proc/self/status", 0, "Seccomp:\t2\n"),
    "device": ("--device /dev/loop-control", "ls /dev/loop-control; : < /dev/loop-control && echo read", 0, "read\n"),
    "host-network": ("--net-host", "test $(ip link | grep -c ^) -gt 1 && echo many", 0, "many\n"),
    "label": ("--label a=b", "echo fine", 0, "fine\n"),
    "no-output": ("--null-io", "echo lost", 0, ""),
    "groups": ("", "cut -d: -f2,3 /proc/self/cgroup | sort", 0, "pids:/"),
    "status": ("", "grep -E 'Cap|NoNew|Seccomp:|Sig[BI]|Uid|Gid|Groups' /proc/self/status", 0, "CapEff"),
    "limits": ("", "cat /proc/self/limits", 0, "1024"),
    "mounts": ("", "awk '{ print $2, $3, $4 }' /proc/mounts | sort | grep -v '^/ ' | sed 's/devtmpfs .*/devtmpfs ROOT/'", 0, "/proc proc"),
    "namespaces": ("", "hostname; ls /sys/class/net; echo $$", 0, "lo\n1\n"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_option(containerd, name):
    options, command, code, shows = OPTIONS[name]
    # ctr may lose what is written at the very end.
    command = f"({command}); code=$?; sleep 0.1; exit $code"
    quoted = "'" + command.replace("'", "'\\''") + "'"
    containerd.same(f"echo host > $T/word; {RUN} {options} $IMAGE c sh -c {quoted}", code=code, shows=shows)


def test_not_found(containerd):
    containerd.same(f"{RUN} $IMAGE c nope 2>$T/err; code=$?; grep -qE 'executable file not found|no such file' $T/err && echo named; exit $code",
                    code=1, shows="named\n")


def test_life(containerd):
    containerd.same(f"""{START} ctr task ls | awk '{{print $1,$3}}'
        ctr task exec --exec-id e c sh -c 'echo inside; exit 5'; echo "exec: $?"
        ctr container info c | grep -c BinaryName
        ctr task kill -s TERM c; ctr task kill -s KILL c
        until_it 'ctr task ls | grep STOPPED'; ctr task ls | awk '{{print $1,$3}}'
        ctr task delete c; echo "delete: $?"; ctr container delete c""",
                    shows=("c RUNNING", "inside\n", "exec: 5", "c STOPPED", "exit code 137"))


def test_limits(containerd):
    containerd.same(f"""ctr run -d --cgroup $GROUP/c --memory-limit 67108864 --cpus 0.5 --cpu-shares 77 $IMAGE c sleep 100
        cd /sys/fs/cgroup; cat memory$GROUP/c/memory.limit_in_bytes cpu$GROUP/c/cpu.cfs_quota_us cpu$GROUP/c/cpu.shares
        {END}""", shows="67108864\n50000\n77\n")


def test_exec_detached(containerd):
    containerd.same(f"""{START} ctr task exec -d --exec-id e c sleep 99
        ctr task kill -s KILL --exec-id e c
        ctr task exec --exec-id f --cwd /var --user 1000 c sh -c 'pwd; id -u'; ctr task exec --exec-id g c nope 2>/dev/null; echo $?
        {END}""", shows="/var\n1000\n1\n")


def test_processes(containerd):
    containerd.same(f"{START} ctr task exec -d --exec-id e c sleep 99; ctr task ps c | wc -l; ctr task ps c | grep -c e; {END}",
                    shows="3\n")


def test_remove_running(containerd):
    containerd.same(f"{START} ctr task delete c 2>/dev/null; echo $?; ctr task delete -f c; ctr container delete c",
                    shows="1\n")


def test_signals(containerd):
    containerd.same("""ctr run -d --cgroup $GROUP/c $IMAGE c sh -c 'trap "exit 9" USR1; touch /tmp/ready; while :; do sleep 0.05; done'
        until_it 'ctr task exec --exec-id e$$ c ls /tmp/ready'; ctr task kill -s USR1 c
        until_it 'ctr task ls | grep STOPPED'; ctr task delete c; ctr container delete c""", shows="exit code 9")


def test_kill_all(containerd):
    containerd.same(f"""{START} ctr task exec -d --exec-id e c sleep 99; ctr task kill -a -s KILL c
        until_it 'ctr task ls | grep STOPPED'; ctr task delete c; ctr container delete c""", shows="exit code 137")


def test_pause(containerd):
    containerd.same(f"""{START} ctr task pause c; ctr task ls | awk '{{print $1,$3}}'
        ctr task resume c; ctr task ls | awk '{{print $1,$3}}'; {END}""", shows=("c PAUSED", "c RUNNING"))


def test_metrics(containerd):
    containerd.same(f"{START} ctr task metrics c | awk '{{print $1}}'; ctr task metrics c | grep -E '^pids.(current|limit)'; {END}",
                    shows=("memory.usage_in_bytes", "pids.current"))


def test_events(containerd):
    containerd.same(f"""ctr events > $T/events 2>&1 & listener=$!
        sleep 0.3; {RUN} $IMAGE c true; sleep 0.3; kill $listener; wait $listener 2>/dev/null
        grep -o '/tasks/[a-z]*' $T/events""", shows="/tasks/create\n/tasks/start\n/tasks/exit\n/tasks/delete\n")


def test_out_of_memory(containerd):
    containerd.same(f"""ctr events > $T/events 2>&1 & listener=$!
        sleep 0.3; {RUN} --memory-limit 16777216 $IMAGE c tail /dev/zero; echo $?; sleep 0.3
        kill $listener; wait $listener 2>/dev/null; grep -o '/tasks/oom' $T/events | head -n 1""",
                    shows="137\n/tasks/oom\n")


def test_terminal(containerd):
    containerd.same("on_pty 24x80 " + RUN + """ -t $IMAGE c sh -c 'tty; echo ready; read x; echo got:$x; exit 4' <<'END'
expect ready
send word
expect got:word
END
""", code=4, shows="/dev/pts/0")


def test_exec_terminal(containerd):
    containerd.same(START + """{ on_pty 24x80 ctr task exec -t --exec-id e c sh -c 'tty; echo ready; read x; echo got:$x; exit 5' <<'END'
expect ready
send word
expect got:word
END
echo $?; } | grep -v 'resize pty'
""" + END, shows="/dev/pts/")


def test_pid_file(containerd):
    """With runc the init may not yet have become the program when it has been started."""
    containerd.same("""ctr run -d --pid-file $T/pid --cgroup $GROUP/c $IMAGE c sleep 100; comm=/proc/$(cat $T/pid)/comm
        for i in $(seq 100); do grep -q sleep $comm && break; sleep 0.05; done; cat $comm
        """ + END, shows="sleep\n")


def test_shared_namespaces(containerd):
    containerd.same(f"""{START} pid=$(ctr task ls | awk '/^c /{{print $2}}')
        ctr run --rm --cgroup $GROUP/d --with-ns pid:/proc/$pid/ns/pid --with-ns network:/proc/$pid/ns/net $IMAGE d \
            sh -c 'ps -o args | grep -c "sleep [1]00"'
        {END}""", shows="1\n")


def test_fifty_at_once(containerd):
    containerd.same("""numbers=$(seq 50)
        for i in $numbers; do ctr run -d --null-io --cgroup $GROUP/c$i $IMAGE c$i sleep 100 & pids="$pids $!"; done
        for pid in $pids; do wait $pid || echo failed; done
        ctr task ls | grep -c RUNNING
        for i in $numbers; do (ctr task kill -s KILL c$i
            for t in $(seq 50); do ctr task delete c$i && break; sleep 0.1; done
            ctr container delete c$i) >/dev/null 2>&1 & pids="$pids $!"; done
        wait; ctr task ls -q; ctr container ls -q | while read c; do ctr task delete -f $c 2>/dev/null; ctr container delete $c; done""", shows="50\n")
