# SPDX-License-Identifier: Apache-2.0
"""podman exec and terminals."""
import pytest

START = "podman run -d --name c --hostname box --stop-signal KILL $IMAGE sleep 100 >/dev/null\n"
END = "\ncode=$?; podman rm -f -t 0 c; exit $code"

CALLS = {
    "exit-code": ("", "sh -c 'exit 42'", 42, ""),
    "killed": ("", "sh -c 'kill -15 $$'", 143, ""),
    "not-found": ("", "nope", 127, "OCI runtime attempted to invoke a command that was not found"),
    "not-executable": ("", "/etc/data", 126, "OCI permission denied"),
    "user": ("--user user", "id", 0, "uid=1000(user)"),
    "user-number": ("--user 55:66", "id", 0, "uid=55 gid=66"),
    "no-user": ("--user nobody-here", "id", 255, "no matching entries in passwd file"),
    "env": ("--env A=b --env-file $T/env", "sh -c 'echo $A $FROM_FILE'", 0, "b file\n"),
    "workdir": ("--workdir /var", "pwd", 0, "/var\n"),
    "workdir-missing": ("--workdir /nope", "pwd", 127, ""),
    "privileged": ("--privileged", "grep Cap /proc/self/status", 0, "CapEff:\t000001ff"),
    "capabilities": ("", "grep -E 'Cap|NoNew|Seccomp:' /proc/self/status", 0, "Seccomp:\t2"),
    "capabilities-user": ("--user user", "grep -E 'Cap|NoNew|Seccomp:' /proc/self/status", 0, "CapEff:\t0000000000000000"),
    "namespaces": ("", "sh -c 'for n in cgroup ipc mnt net pid uts; do test "
                   "$(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) && echo $n; done'", 0,
                   "cgroup\nipc\nmnt\nnet\npid\nuts\n"),
    "groups": ("", "sh -c 'cut -d: -f2,3 /proc/self/cgroup | sort'", 0, "pids:/"),
    "limits": ("", "cat /proc/self/limits", 0, "Max open files            1024"),
    "files": ("", "ls /proc/self/fd", 0, "0\n1\n2\n3\n"),
    "preserve-fds": ("--preserve-fds 1", "sh -c 'cat <&3'", 0, "by fd\n"),
    "input": ("-i", "wc -c", 0, "100000\n"),
    "environment": ("", "sh -c 'env | sort'", 0, "container=podman"),
    "home": ("--user user", "sh -c 'echo ~'", 0, "/home/user\n"),
}


@pytest.mark.parametrize("name", CALLS)
def test_exec(podman, name):
    options, command, code, shows = CALLS[name]
    podman.same(f"{START} echo FROM_FILE=file > $T/env; echo 'by fd' > $T/fd; exec 3<$T/fd\n"
                f"head -c 100000 /dev/zero | podman exec {options} c {command}{END}", code=code, shows=shows)


def test_detached(podman):
    podman.same(f"{START} podman exec -d c sh -c 'echo done > /tmp/x; sleep 90'\n"
                "until_it 'podman exec c cat /tmp/x'\n"
                f"podman exec c ps -o args | grep -c 'sleep 90'{END}", shows="1\n")


def test_ten_at_once(podman):
    podman.same(f"{START} for i in 1 2 3 4 5 6 7 8 9 10; do podman exec c sh -c \"exit $i\" & pids=\"$pids $!\"; done\n"
                f"for pid in $pids; do wait $pid; echo $?; done{END}",
                shows="".join(f"{i}\n" for i in range(1, 11)))


def test_stopped(podman):
    podman.same("podman run --name c $IMAGE true; podman exec c true; echo $?; podman rm c", shows="255\n")


def test_processes_end_with_the_container(podman):
    podman.same(f"{START} podman exec c sleep 91 & until_it 'podman exec c ps -o args | grep sleep.91'\n"
                "podman stop c; wait; echo ended; podman rm c", shows="ended\n")


def test_terminal(podman):
    podman.same("""on_pty 24x80 podman run --rm -it $IMAGE sh -c 'tty; echo ready; read x; echo got:$x; exit 4' <<'END'
expect ready
send word
expect got:word
END
""", code=4, shows="/dev/pts/0")


RESIZE = """on_pty 24x80 podman {call} sh -c 'until [ "$(stty size 2>/dev/null)" = "24 80" ]; do sleep 0.02; done; trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.05; done' <<'END'
expect ready
resize 40x132
expect 40 132
END
"""


def test_resize(podman):
    podman.same(RESIZE.format(call="run --rm -it $IMAGE"), code=3, shows="40 132")


def test_exec_resize(podman):
    podman.same(START + RESIZE.format(call="exec -it c") + END, code=3, shows="40 132")


def test_exec_terminal(podman):
    podman.same(START + """on_pty 24x80 podman exec -it c sh -c 'tty; echo ready; read x; echo got:$x; exit 5' <<'END'
expect ready
send word
expect got:word
END
""" + END, code=5, shows="/dev/pts/")


def test_terminal_signal(podman):
    """Ctrl-C goes through the terminal of the container."""
    podman.same("""on_pty 24x80 podman run --rm -it $IMAGE sh -c 'trap "echo interrupted; exit 8" INT; echo ready; while :; do sleep 0.05; done' <<'END'
expect ready
keys 03
expect interrupted
END
""", code=8, shows="^C")


def test_terminal_input_ends(podman):
    podman.same("""on_pty 24x80 podman run --rm -it $IMAGE sh -c 'echo ready; cat' <<'END'
expect ready
send word
expect word
expect word
keys 04
END
""", shows="word\nword\n")


def test_terminal_user(podman):
    """The terminal belongs to the user that runs there."""
    podman.same("on_pty 24x80 podman run --rm -t --user user $IMAGE sh -c 'stat -c \"%u %a\" $(tty); "
                "echo hello > /dev/tty; test -w /dev/console && echo console' < /dev/null", shows=("1000", "hello"))


def test_detach_and_attach(podman):
    podman.same("""on_pty 24x80 podman run -it --name c $IMAGE sh -c 'echo ready; while :; do sleep 0.05; done' <<'END'
expect ready
keys 10
keys 11
END
        podman ps --format '{{.Names}}'; podman rm -f -t 0 c""", shows="c\n")
