# SPDX-License-Identifier: Apache-2.0
"""podman run: one option, one container, what its program sees."""
import pytest

LIMITS = "/sys/fs/cgroup"
OPTIONS = {
    "env": ("--env WORD=a=b --env EMPTY=", "env | sort | grep -v HOSTNAME", ("WORD=a=b\n", "EMPTY=\n")),
    "workdir": ("--workdir /var", "pwd", "/var\n"),
    "user-name": ("--user user", "id; cat /proc/self/status | grep Cap", "uid=1000(user) gid=1000(user)"),
    "user-number": ("--user 77:88", "id", "uid=77(77) gid=88"),
    "user-groups": ("--user user --group-add 55", "id", "55"),
    "hostname": ("--hostname box", "hostname; cat /etc/hostname", "box\nbox"),
    "ulimit": ("--ulimit nproc=4096 --ulimit nofile=100:200 --ulimit core=0:0 --ulimit fsize=4096:8192",
               "ulimit -a; ulimit -Hn", "200\n"),
    "sysctl": ("--sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=123456",
               "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax", "1\n123456\n"),
    "umask": ("--umask 0027", "umask; touch /x; stat -c %a /x", "0027\n640\n"),
    "oom-score": ("--oom-score-adj 700", "cat /proc/self/oom_score_adj", "700\n"),
    "entrypoint": ("--entrypoint echo", None, "sh -c exit"),
    "add-host": ("--add-host other:10.1.2.3", "grep other /etc/hosts", "10.1.2.3"),
    "timezone": ("--env TZ=UTC+3", "date +%z", "-0300\n"),
    "annotation": ("--annotation org.example.a=b", "echo fine", "fine\n"),
    "timeout": ("--timeout 1", "trap 'echo term; exit 9' TERM; sleep 20", ""),
    "preserve-fds": ("--preserve-fds 1", "cat <&3", "by fd\n"),
    # File systems
    "read-only": ("--read-only", "touch /x; touch /tmp/x && echo tmp; touch /run/x && echo run",
                  ("Read-only file system", "tmp\n", "run\n")),
    "read-only-whole": ("--read-only --read-only-tmpfs=false", "touch /x; touch /tmp/x",
                        "touch: /tmp/x: Read-only file system"),
    "volume": ("-v $T:/data", "cat /data/word; echo more > /data/new; stat -c %u /data/new", "host\n0\n"),
    "volume-ro": ("-v $T:/data:ro", "cat /data/word; touch /data/x", "Read-only file system"),
    "volume-z": ("-v $T:/data:z -v $T:/other:Z,ro", "cat /data/word /other/word", "host\nhost\n"),
    "volume-flags": ("-v $T:/data:nosuid,nodev,noexec", "/data/run; grep /data /proc/mounts | cut -d' ' -f4",
                     "Permission denied"),
    "volume-file": ("-v $T/word:/etc/word:ro", "cat /etc/word; echo x > /etc/word", "host\n"),
    "volume-slave": ("-v $T:/data:rslave", "grep ' /data ' /proc/self/mountinfo | cut -d' ' -f4-7", "/data"),
    "volume-anonymous": ("-v /data", "touch /data/x && ls /data", "x\n"),
    "volume-named": ("-v named:/etc", "ls /etc/passwd", "/etc/passwd\n"),
    "volume-chown": ("-v $T/sub:/data:U --user 1000", "stat -c %u /data", "1000\n"),
    "tmpfs": ("--tmpfs /scratch:size=64k,mode=1770,noexec", "grep scratch /proc/mounts; stat -c %a /scratch",
              ("size=64k", "1770")),
    "tmpfs-copy": ("--tmpfs /etc:size=1m", "ls /etc | wc -l; ls /etc/group", "/etc/group\n"),
    "mount-bind": ("--mount type=bind,src=$T,dst=/data,ro=true,bind-propagation=rprivate",
                   "touch /data/x; cat /data/word", "Read-only file system"),
    "mount-bind-nonrecursive": ("--mount type=bind,src=$T,dst=/data,bind-nonrecursive", "cat /data/word",
                                "host\n"),
    "mount-tmpfs": ("--mount type=tmpfs,dst=/scratch,tmpfs-size=32k,tmpfs-mode=700",
                    "stat -c %a /scratch; grep -c 'scratch tmpfs.*size=32k' /proc/mounts", "700\n1\n"),
    "mount-devpts": ("--mount type=devpts,dst=/other", "ls /other", "ptmx\n"),
    "mount-image": ("--mount type=image,src=$IMAGE,dst=/image", "ls /image/etc/passwd", "/image/etc/passwd"),
    "shm-size": ("--shm-size 1m", "df -k /dev/shm | tail -n 1 | awk '{print $2}'", "1024\n"),
    "through-a-link": ("-v $T:/link/data", "ls -ld /link; cat /link/data/word", "host\n"),
    "onto-a-file": ("-v $T/word:/etc/passwd", "cat /etc/passwd", "host\n"),
    "masked": ("--security-opt mask=/etc/group:/var", "cat /etc/group; ls -A /var; touch /var/x",
               "/var/x: Read-only file system"),
    "unmasked": ("--security-opt unmask=ALL", "ls /proc/acpi >/dev/null && touch /proc/sys/kernel/domainname",
                 ""),
    # Rights
    "cap-drop": ("--cap-drop ALL", "grep Cap /proc/self/status", "CapEff:\t0000000000000000\n"),
    "cap-add": ("--cap-drop ALL --cap-add NET_ADMIN,CHOWN", "grep Cap /proc/self/status",
                "CapEff:\t0000000000001001\n"),
    "cap-add-user": ("--user user --cap-add NET_ADMIN", "grep Cap /proc/self/status", "CapAmb:\t"),
    "no-new-privileges": ("--security-opt no-new-privileges", "grep NoNewPrivs /proc/self/status",
                          "NoNewPrivs:\t1\n"),
    "seccomp-unconfined": ("--security-opt seccomp=unconfined", "grep Seccomp: /proc/self/status",
                           "Seccomp:\t0\n"),
    "seccomp-default": ("", "grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp", "Seccomp:\t2\n"),
    "seccomp-file": ("--security-opt seccomp=$T/no-mkdir.json", "mkdir /x; rmdir /x; echo $?",
                     "mkdir: can't create directory '/x': Operation not permitted"),
    "seccomp-errno": ("--security-opt seccomp=$T/errno.json", "mkdir /x", "No space left on device"),
    "privileged": ("--privileged", "grep Cap /proc/self/status; grep -c . /proc/mounts >/dev/null; "
                   "mount -t tmpfs x /tmp && echo mounted; ls /dev/kmsg; touch /proc/sys/kernel/domainname",
                   ("mounted\n", "/dev/kmsg\n")),
    "device": ("--device /dev/loop-control:/dev/mine:r", "ls -l /dev/mine | awk '{print $1,$5,$6}'; : < /dev/mine && echo read; "
               ": > /dev/mine", ("crw------- 10, 237", "read\n", "Operation not permitted")),
    "device-rule": ("--device-cgroup-rule 'c 10:237 rwm'", "mknod /tmp/loop c 10 237; : < /tmp/loop && echo read; "
                    "mknod /tmp/kvm c 10 232; : < /tmp/kvm", ("read\n", "/tmp/kvm: Operation not permitted")),
    "device-folder": ("--device /dev/pts", "ls -d /dev/pts/ptmx", "/dev/pts/ptmx\n"),
    # Namespaces
    "pid-host": ("--pid host", "test -e /proc/2/comm && cat /proc/2/comm", "kthreadd\n"),
    "ipc-host": ("--ipc host", "test $(readlink /proc/self/ns/ipc) = \"$0\" && echo same", ""),
    "ipc-none": ("--ipc none", "grep -c /dev/shm /proc/mounts; true", "0\n"),
    "uts-host": ("--uts host", "echo fine", "fine\n"),
    "network-host": ("--network host", "ls /sys/class/net | grep lo; ip addr show lo | grep -c LOOPBACK", "lo\n1\n"),
    "network-none": ("--network none", "ls /sys/class/net; ip addr show lo | grep -c 'inet 127.0.0.1'", "lo\n1\n"),
    "cgroupns": ("--cgroupns private", "cat /proc/self/cgroup | cut -d: -f2,3 | sort", ""),
    "cgroupns-host": ("--cgroupns host", "cat /proc/self/cgroup | cut -d: -f2,3 | sort", ""),
    "userns-host": ("--userns host", "cat /proc/self/uid_map", "4294967295"),
    "userns-map": ("--uidmap 0:100000:2000 --gidmap 0:100000:2000", "cat /proc/self/uid_map; id; "
                   "touch /x; stat -c %u /x", ("100000       2000", "uid=0(root)")),
    "userns-auto": ("--userns auto:size=1024", "awk '{print $1,$3}' /proc/self/uid_map", "0 1024\n"),
    "userns-user": ("--uidmap 0:100000:2000 --user user", "id; touch /tmp/x; stat -c %u /tmp/x", "uid=1000(user)"),
    "userns-volume": ("--uidmap 0:100000:2000 -v $T/sub:/data:U", "stat -c %u /data; touch /data/x && echo fine",
                      "0\nfine\n"),
    # Control groups
    "memory": ("--memory 64m", f"cat {LIMITS}/memory/memory.limit_in_bytes", "67108864\n"),
    "memory-soft": ("--memory 64m --memory-reservation 32m --memory-swappiness 10",
                    f"cd {LIMITS}/memory; cat memory.soft_limit_in_bytes memory.swappiness", "33554432\n"),
    "memory-kill": ("--memory 16m", "tail /dev/zero; echo $?", "137\n"),
    "pids-limit": ("--pids-limit 7", f"cat {LIMITS}/pids/pids.max", "7\n"),
    "pids-unlimited": ("--pids-limit -1", f"cat {LIMITS}/pids/pids.max", "max\n"),
    "cpus": ("--cpus 0.5", f"cat {LIMITS}/cpu/cpu.cfs_quota_us", "50000\n"),
    "cpu-shares": ("--cpu-shares 333 --cpu-period 50000 --cpu-quota 20000",
                   f"cd {LIMITS}/cpu; cat cpu.shares cpu.cfs_period_us cpu.cfs_quota_us", "333\n50000\n20000\n"),
    "cpuset": ("--cpuset-cpus 0 --cpuset-mems 0", "grep _allowed_list /proc/self/status",
               "Cpus_allowed_list:\t0\n"),
    "no-conmon-group": ("--cgroups no-conmon", "echo fine", "fine\n"),
    # What runs
    "init": ("--init", "cat /proc/1/comm; sleep 0.01 & wait; echo done", "done\n"),
    "init-signal": ("--init --stop-signal INT", "kill -INT 1; sleep 20", ""),
    "nothing-left-open": ("", "ls /proc/self/fd | wc -l", "4\n"),
    "all-of-dev": ("", "find /dev ! -type d | grep -v pts/ | sort | xargs ls -l | awk '{print $1,$3,$4,$5,$6,$NF}'",
                   "crw-rw-rw-"),
    "limits": ("", "cat /proc/self/limits", "Max open files            1024"),
    "status": ("", "grep -Ev 'Vm|Rss|ctxt|Huge|Pid|Tgid|Name|PPid|Ngid|Sig(Q|P)|Threads|State|Mems_' "
               "/proc/self/status", "Seccomp"),
    "signals": ("", "grep Sig[BI] /proc/self/status", "SigBlk:\t0000000000000000\n"),
    "whole-environment": ("", "env | sed 's/HOSTNAME=.*/HOSTNAME=/'", "container=podman"),
    "mounts": ("", "awk '{ print $2, $3, $4 }' /proc/mounts | sort | sed 's/devtmpfs .*/devtmpfs ROOT/'", "/proc proc"),
    "mounts-privileged": ("--privileged", "awk '{ print $2, $3, $4 }' /proc/mounts | sort", "/proc proc"),
    "propagation": ("", "awk '{ print $5, $7 }' /proc/self/mountinfo | sort", "/proc -"),
    "keyring": ("", "cut -c1-8 /proc/keys | wc -l", "0\n"),
}
CODES = {
    "read-only-whole": 1, "volume-ro": 1, "volume-file": 1, "mount-bind": 0, "masked": 1,
    "seccomp-default": 1, "seccomp-errno": 1, "device": 1, "timeout": 255, "pid-host": 0,
    "device-rule": 1, "ipc-host": 1, "init-signal": 130,
}
PREPARE = """
echo host > $T/word; printf '#!/bin/sh\\necho ran\\n' > $T/run; chmod 755 $T/run; echo by fd > $T/fd; mkdir $T/sub
rule='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"'
echo "$rule}]}" > $T/no-mkdir.json; echo "$rule,\\"errnoRet\\":28}]}" > $T/errno.json
exec 3< $T/fd
"""


@pytest.mark.parametrize("name", OPTIONS)
def test_option(podman, name):
    options, command, shows = OPTIONS[name]
    quoted = "'" + (command or "exit").replace("'", "'\\''") + "'"
    podman.same(f"{PREPARE}podman run --rm {options} $IMAGE sh -c {quoted}; code=$?\n"
                f"{'podman volume rm named' if 'named:' in options else ''}\nexit $code",
                code=CODES.get(name, 0), shows=shows)


ERRORS = {
    "not-found": ("", "nope", 127, "OCI runtime attempted to invoke a command that was not found"),
    "path-not-found": ("", "/bin/nope", 127, "OCI runtime attempted to invoke a command that was not found"),
    "not-executable": ("", "/etc/data", 126, "OCI permission denied"),
    "a-folder": ("", "/etc", 126, "OCI"),
    "bad-user": ("--user nobody-here", "id", 126, "no matching entries in passwd file"),
    "bad-device": ("--device /dev/nope", "id", 125, "/dev/nope"),
    "bad-volume": ("-v /nope/nope:/data", "id", 125, "/nope/nope"),
    "bad-sysctl": ("--sysctl net.ipv4.nope=1", "id", 127, "OCI"),
    "bad-limit": ("--ulimit nofile=2000000000:2000000000", "id", 126, "OCI"),
    "bad-cpuset": ("--cpuset-cpus 900", "id", 125, ""),
    "little-memory": ("--memory 4k", "id", 126, ""),
    "workdir-is-a-file": ("--workdir /etc/passwd", "id", 126, ""),
    "workdir-missing": ("--workdir /nope", "id", 126, ""),
    "mount-on-a-file": ("-v $T:/etc/passwd", "id", 126, ""),
    "bad-seccomp": ("--security-opt seccomp=$T/nope.json", "id", 125, "nope.json"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(podman, name):
    options, command, code, shows = ERRORS[name]
    podman.same(f"podman run --rm {options} $IMAGE {command}", code=code, shows=shows)
