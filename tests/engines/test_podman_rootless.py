# SPDX-License-Identifier: Apache-2.0
"""podman as a user without privileges, with subordinate ids (uidmap)."""
import pytest

# As the user of accounts() in conftest.py, with storage of its own.
AS_USER = """
setpriv --reuid 4242 --regid 4242 --clear-groups test -w /tmp || { echo "conmon and runc need a /tmp for all users (1777)"; exit 1; }
mkdir -p $T/home $T/xdg; chown -R 4242:4242 $T/home $T/xdg; chmod 755 $T; chmod 700 $T/xdg
cat > $T/user <<END
#!/bin/sh
exec setpriv --reuid 4242 --regid 4242 --clear-groups env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$T/home \\
    XDG_RUNTIME_DIR=$T/xdg CONTAINERS_CONF=$CONTAINERS_CONF TERM=dumb \\
    /usr/bin/podman --root $T/home/s --runroot $T/xdg/r --cgroup-manager=cgroupfs --storage-driver=vfs \\
    --events-backend=file --runtime $RUNTIME "\\$@"
END
chmod 755 $T/user
$T/user import -q -c 'ENV PATH=/bin' $T/../../layer.tar localhost/busy:1 >/dev/null || exit 1
"""
# The last ends the process that holds podman's user namespace.
END = """
$T/user rm -f -t 0 c >/dev/null 2>&1; $T/user system migrate >/dev/null 2>&1
"""

OPTIONS = {
    "identity": ("", "id; cat /proc/self/uid_map", ("uid=0(root)", "3000000      65536")),
    "user": ("--user user", "id; touch /tmp/x; stat -c %u /tmp/x", "uid=1000(user)"),
    "keep-id": ("--userns keep-id", "id -u; cut -c1-22 /proc/self/uid_map", "4242\n"),
    "nomap": ("--userns nomap", "id -u", "0\n"),
    "volume": ("-v $T/home:/data", "touch /data/x; stat -c %u /data/x", "0\n"),
    "tmpfs": ("--tmpfs /scratch", "stat -c %U /scratch", "root\n"),
    "device": ("", "ls -l /dev/null; echo x > /dev/null && echo fine", "fine\n"),
    "no-new-privileges": ("--security-opt no-new-privileges", "grep NoNew /proc/self/status", "1\n"),
    "init": ("--init", "cat /proc/1/comm", "podman-init\n"),
    "hostname": ("--hostname box", "hostname", "box\n"),
    "exit-code": ("", "exit 7", ""),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_option(podman, name):
    options, command, shows = OPTIONS[name]
    podman.same(f"{AS_USER} $T/user run --rm {options} $IMAGE sh -c '{command}'; code=$?{END} exit $code",
                code=7 if name == "exit-code" else 0, shows=shows)


def test_life(podman):
    podman.same(f"""{AS_USER} $T/user run -d --name c --stop-signal KILL $IMAGE sleep 100 >/dev/null
        $T/user exec c sh -c 'echo inside; exit 3'; echo $?; $T/user exec --user user c id -un
        $T/user stop c; $T/user inspect --format '{{{{.State.Status}}}}' c; $T/user rm c{END}""", shows=("inside\n3\n", "user\n", "exited\n"))


def test_terminal(podman):
    podman.same(AS_USER + """cat > $T/main <<'END'
tty; echo ready; read x; echo got:$x; exit 5
END
        on_pty 24x80 sh -c 'chown 4242 $(tty); exec $T/user run --rm -v $T/main:/main -it $IMAGE sh /main' <<'END'
expect ready
send word
expect got:word
END
        echo $?""" + END, shows=("/dev/pts/", "5\n"))
