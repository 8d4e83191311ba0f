# SPDX-License-Identifier: Apache-2.0
"""podman's commands on containers that live: from create to rm."""
import pytest

STATUS = "podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' c\n"
# A program that says which signal it got.
LISTENER = ("$IMAGE sh -c 'for s in TERM INT HUP USR1; do trap \"echo got $s; exit 9\" $s; done; "
            "echo ready; while :; do sleep 0.05; done'\n"
            "until_it 'podman logs c | grep ready'\n")


def test_exit_code(podman):
    podman.same("podman run --rm $IMAGE sh -c 'echo out; echo err >&2; exit 7'", code=7,
                shows=("out\n", "err\n"))


def test_killed_by_itself(podman):
    podman.same("podman run --rm $IMAGE sh -c 'kill -9 $$'; echo $?; "
                "podman run --rm --init $IMAGE sh -c 'kill -9 $$'; echo $?", shows="137\n")


def test_input(podman):
    podman.same("head -c 300000 /dev/zero | podman run --rm -i $IMAGE wc -c", shows="300000\n")


def test_attach(podman):
    podman.same("podman create --name c -i $IMAGE cat >/dev/null\n"
                "echo through | podman start -ai c; podman rm c", shows="through\n")


def test_much_output(podman):
    podman.same("podman run --rm $IMAGE sh -c 'yes 0123456789 | head -n 20000' | md5sum")


def test_create_start(podman):
    podman.same(f"""podman create --name c $IMAGE sh -c 'echo once; exit 5' >/dev/null
        {STATUS} podman init c; {STATUS} podman start -a c; echo $?; {STATUS}
        podman start -a c; echo $?; podman logs c; podman rm c""",
                shows=("created 0", "initialized 0", "exited 5", "once\nonce\n"))


def test_detached(podman):
    podman.same(f"""podman run -d --name c --stop-signal KILL $IMAGE sleep 100
        podman ps --format '{{{{.Names}}}} {{{{.State}}}} {{{{.Command}}}}' | cut -d' ' -f1,2
        podman exec c sh -c 'echo inside; exit 3'; echo "exec: $?"
        podman stop c; {STATUS} podman rm c""",
                shows=("c Up", "inside\n", "exec: 3", "exited 137"))


@pytest.mark.parametrize("signal", ["TERM", "INT", "HUP", "USR1", "KILL", "9", "SIGTERM"])
def test_kill(podman, signal):
    podman.same(f"podman run -d --name c {LISTENER} podman kill --signal {signal} c\n"
                f"podman wait c; podman logs c; {STATUS} podman rm c", shows="exited ")


def test_kill_ignored(podman):
    podman.same(f"""podman run -d --name c $IMAGE sleep 100
        podman kill --signal TERM c; podman kill --signal CHLD c; {STATUS}
        podman kill c; podman wait c; podman kill c; echo "again: $?"; podman rm c""",
                shows=("running 0", "137\n", "again: 125"))


def test_stop_signal(podman):
    podman.same(f"podman run -d --name c --stop-signal USR1 {LISTENER} podman stop c\n"
                f"podman logs c; {STATUS} podman rm c", shows=("got USR1", "exited 9"))


def test_stop_by_force(podman):
    podman.same(f"podman run -d --name c $IMAGE sleep 100; podman stop -t 1 c; {STATUS} podman rm c",
                shows=("resorting to SIGKILL", "exited 137"))


def test_remove_running(podman):
    podman.same("podman run -d --name c $IMAGE sleep 100; podman rm c; echo $?; podman rm -f -t 0 c; "
                "podman ps -aq", shows="2\n")


def test_restart(podman):
    podman.same(f"""podman run -d --name c --stop-signal KILL $IMAGE sleep 100
        podman restart c; {STATUS} podman exec c echo inside; podman rm -f c""", shows="inside\n")


def test_restart_policy(podman):
    podman.same("""podman run --name c --restart on-failure:2 $IMAGE sh -c 'echo try; exit 1'; echo $?
        podman inspect --format '{{.RestartCount}} {{.State.ExitCode}}' c; podman logs c; podman rm -f c""",
                shows=("2 1\n", "try\ntry\ntry\n"))


def test_pause(podman):
    podman.same(f"""podman run -d --name c $IMAGE sh -c 'while :; do sleep 0.02; echo x; done' >/dev/null
        podman pause c; {STATUS}
        before=$(podman logs c | wc -l); sleep 0.3; after=$(podman logs c | wc -l)
        test "$before" = "$after" && echo frozen
        podman exec c true; echo "exec: $?"
        podman unpause c; {STATUS} podman exec c echo awake; podman rm -f -t 0 c""",
                shows=("paused 0", "frozen\n", "running 0", "awake\n"))


def test_pause_and_remove(podman):
    podman.same("podman run -d --name c $IMAGE sleep 100; podman pause c; podman rm -f -t 0 c; podman ps -aq",
                shows="c\n")


def test_pause_stopped(podman):
    podman.same("podman run --name c $IMAGE true; podman pause c; echo $?; podman unpause c; echo $?; "
                "podman rm c", shows="125\n")


def test_wait(podman):
    podman.same("podman run -d --name c $IMAGE sh -c 'sleep 0.3; exit 6' >/dev/null; podman wait c; podman rm c",
                shows="6\n")


def test_top(podman):
    podman.same("""podman run -d --name c --user user $IMAGE sh -c 'sleep 50 & sleep 60; exit' >/dev/null
        for i in $(seq 50); do [ $(podman top c args | grep -c '^sleep') = 2 ] && break; sleep 0.1; done
        podman top c user ppid args; podman top c -- ps | grep -c sleep; podman rm -f -t 0 c""",
                shows=("user", "sleep 60"))


def test_stats(podman):
    podman.same("""podman run -d --name c --memory 64m --pids-limit 9 $IMAGE sh -c 'sleep 50 & sleep 60; exit' >/dev/null
        sleep 0.2; podman stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' | sed 's/ [0-9.]*k*MB / N /;s/ [0-9.]*kB / N /'
        podman rm -f -t 0 c""", shows=("c 3 N / 67.11MB",))


def test_inspect(podman):
    podman.same("""podman run -d --name c $IMAGE sleep 60 >/dev/null
        pid=$(podman inspect --format '{{.State.Pid}}' c)
        cat /proc/$pid/comm; grep -c $GROUP/ /proc/$pid/cgroup
        podman inspect --format '{{.State.Running}} {{.HostConfig.NetworkMode}} {{.State.OciVersion}}' c
        podman inspect --format '{{.OCIRuntime}}' c
        podman rm -f -t 0 c""", shows=("sleep\n", "true none"))


def test_logs(podman):
    podman.same("""podman run -d --name c $IMAGE sh -c 'for i in 1 2 3; do echo $i; echo e$i >&2; done' >/dev/null
        podman wait c; for i in $(seq 50); do [ $(podman logs c 2>&1 | wc -l) = 6 ] && break; sleep 0.1; done
        podman logs c >$T/out 2>$T/err; cat $T/out; cat $T/err; podman logs --tail 2 c | wc -l
        podman rm c""", shows="1\n2\n3\ne1\ne2\ne3\n")


def test_cp(podman):
    podman.same("""podman run -d --name c --tmpfs /scratch $IMAGE sleep 60 >/dev/null
        echo host > $T/file; podman cp $T/file c:/tmp/file; podman exec c cat /tmp/file
        podman exec c sh -c 'echo guest > /scratch/word'; podman cp c:/scratch/word $T/word; cat $T/word
        podman rm -f -t 0 c""", shows=("host\n", "guest\n"))


def test_diff_commit(podman):
    podman.same("""podman run --name c $IMAGE sh -c 'echo new > /etc/new; rm /etc/data'
        podman diff c | sort; podman commit -q c localhost/next:1 >/dev/null
        podman run --rm localhost/next:1 sh -c 'cat /etc/new; ls /etc/data'
        podman rm c; podman rmi -f localhost/next:1 >/dev/null""", shows=("A /etc/new\n", "D /etc/data\n", "new\n"))


def test_healthcheck(podman):
    podman.same("""podman run -d --name c --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 $IMAGE sleep 60 >/dev/null
        podman healthcheck run c; echo "ill: $?"; podman inspect --format '{{.State.Health.Status}}' c
        podman exec c touch /tmp/well
        podman healthcheck run c; echo "well: $?"; podman inspect --format '{{.State.Health.Status}}' c
        podman rm -f -t 0 c""", shows=("ill: 1", "unhealthy\n", "well: 0", "\nhealthy\n"))


def test_update(podman):
    podman.same("""podman run -d --name c --memory 64m --cpus 0.5 $IMAGE sleep 60 >/dev/null
        podman update --memory 96m --cpus 0.25 --cpu-shares 77 c >/dev/null; echo $?
        podman exec c sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares'
        podman rm -f -t 0 c""", shows="100663296\n25000\n77\n")


def test_rename(podman):
    podman.same("podman create --name c $IMAGE echo hello; podman rename c d; podman start -a d; podman rm d",
                shows="hello\n")


def test_files_named(podman):
    podman.same("""podman run -d --name c --cidfile $T/cid --pidfile $T/pid --conmon-pidfile $T/conmon $IMAGE sleep 60 >/dev/null
        test $(cat $T/cid) = $(podman inspect --format '{{.Id}}' c) && echo id
        test $(cat $T/pid) = $(podman inspect --format '{{.State.Pid}}' c) && echo pid
        cat /proc/$(cat $T/conmon)/comm; podman rm -f -t 0 c""", shows="id\npid\nconmon\n")


def test_shared_namespaces(podman):
    podman.same("""podman run -d --name c --hostname first --shm-size 2m $IMAGE sleep 60 >/dev/null
        podman run --rm --pid container:c --network container:c --ipc container:c --uts container:c $IMAGE sh -c 'hostname; ps -o args | grep -c "sleep [6]0"; ls /sys/class/net'
        podman run --rm --cgroupns container:c $IMAGE echo fine
        podman rm -f -t 0 c""", shows=("first\n1\nlo\n", "fine\n"))


def test_volumes_from(podman):
    podman.same("""podman create --name c -v named:/data $IMAGE true >/dev/null
        podman run --rm --volumes-from c $IMAGE sh -c 'echo kept > /data/x'
        podman run --rm --volumes-from c:ro $IMAGE sh -c 'cat /data/x; touch /data/y'
        podman rm c; podman volume rm named""", shows=("kept\n", "Read-only"))


def test_secret(podman):
    podman.same("""printf word > $T/s; podman secret create sec $T/s >/dev/null
        podman run --rm --secret sec,mode=0400 --secret sec,type=env,target=S $IMAGE sh -c 'cat /run/secrets/sec; stat -c " %a" /run/secrets/sec; echo $S'
        podman secret rm sec >/dev/null""", shows="word 400\nword\n")


def test_rootfs(podman):
    podman.same("""cp -a $T/../../rootfs $T/tree
        podman run --rm --workdir /home/user --rootfs $T/tree sh -c 'pwd; echo x > /etc/made'; cat $T/tree/etc/made
        podman run --rm --rootfs $T/tree:O sh -c 'echo y > /etc/made' 2>/dev/null; cat $T/tree/etc/made""",
                shows="/home/user\nx\nx\n")


def test_hooks(podman):
    podman.same("""mkdir $T/hooks; cat > $T/hooks/one.json <<END
{"version": "1.0.0", "hook": {"path": "/bin/sh", "args": ["sh", "-c", "cat > $T/seen; echo \\$WORD > $T/word"],
 "env": ["WORD=given"]}, "when": {"always": true}, "stages": ["prestart", "poststop"]}
END
        podman --hooks-dir $T/hooks run --rm $IMAGE echo ran; cat $T/word
        grep -o '"status": *"[a-z]*"' $T/seen | tr -d ' '""", shows=("ran\n", "given\n", "stopped"))


def test_hook_fails(podman):
    podman.same("""mkdir $T/hooks; cat > $T/hooks/one.json <<END
{"version": "1.0.0", "hook": {"path": "/bin/false"}, "when": {"always": true}, "stages": ["prestart"]}
END
        podman --hooks-dir $T/hooks run --rm $IMAGE echo ran; echo $?""", shows="126\n")


def test_twenty_at_once(podman):
    podman.same("""for i in 1 2 3 4 5 6 7 8 9 10; do podman run --rm $IMAGE sh -c "exit $i" & pids="$pids $!"; done
        for pid in $pids; do wait $pid; echo $?; done""", shows="".join(f"{i}\n" for i in range(1, 11)))
