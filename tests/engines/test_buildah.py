# SPDX-License-Identifier: Apache-2.0
"""RUN in builds, with the runtime that BUILDAH_RUNTIME names; podman runs what was built."""

LIMITS = "--ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --network none"
FILE = """cat > $T/Containerfile <<'END'
FROM localhost/busy:1
RUN echo built > /etc/built && id -u && cat /proc/1/comm
RUN --mount=type=tmpfs,target=/scratch grep -c " /scratch tmpfs" /proc/mounts
USER user
WORKDIR /home/user
ENV WORD=hello
RUN echo "$WORD" > /tmp/word; id -un; pwd; grep -E 'Cap(Eff|Bnd)|NoNew|Seccomp:' /proc/self/status
CMD ["sh", "-c", "cat /etc/built /tmp/word; id -un"]
END
"""
REMOVE = "\nbuildah rmi -f localhost/built:1 >/dev/null; buildah rmi -p -f >/dev/null"
FROM = "c=$(buildah from --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 $IMAGE) || exit 1\n"
END = "\nbuildah rm $c >/dev/null"


def test_build(podman):
    podman.same(FILE + f"buildah build {LIMITS} -q -t localhost/built:1 $T >/dev/null || exit 1\n"
                "podman run --rm localhost/built:1" + REMOVE, shows="built\nhello\nuser\n")


def test_output_of_a_build(podman):
    podman.same(FILE + f"buildah build {LIMITS} -t localhost/built:1 $T 2>/dev/null | grep -v -E '^(--> )?[0-9a-f]*$'" + REMOVE,
                shows=("user\n/home/user\n", "cat\n"))


def test_podman_build(podman):
    podman.same(FILE + f"podman build {LIMITS} --isolation oci -q -t localhost/built:1 $T >/dev/null || exit 1\n"
                "podman run --rm localhost/built:1" + REMOVE, shows="built\nhello\nuser\n")


def test_failing_step(podman):
    podman.same("printf 'FROM localhost/busy:1\\nRUN exit 9\\n' > $T/Containerfile\n"
                f"buildah build {LIMITS} $T 2>$T/err; code=$?; grep -c 'exit status 9' $T/err; exit $code", code=9)


def test_missing_program(podman):
    podman.same("printf 'FROM localhost/busy:1\\nRUN [\"/nope\"]\\n' > $T/Containerfile\n"
                f"buildah build {LIMITS} $T >/dev/null 2>$T/err; test $? != 0 && echo failed; "
                "grep -c -i 'no such file or directory' $T/err >/dev/null && echo named", shows="failed\nnamed\n")


def test_run(podman):
    podman.same(FROM + """echo host > $T/word
        buildah run --network none $c sh -c 'echo one; exit 3'; echo $?
        buildah run --network none --user user --workingdir /var --env A=b $c sh -c 'id -un; pwd; echo $A'
        buildah run --network none -v $T:/data:ro $c sh -c 'cat /data/word; touch /data/x'
        buildah run --network none --cap-drop all $c grep CapEff /proc/self/status
        buildah run --network none --hostname box $c hostname
        echo through | buildah run --network none $c cat""" + END,
                shows=("one\n3\n", "user\n/var\nb\n", "Read-only file system", "CapEff:\t0000000000000000", "through\n"))


def test_terminal(podman):
    podman.same(FROM + """on_pty 24x80 buildah run --network none -t $c sh -c 'tty; echo ready; read x; echo got:$x; exit 4' <<'END'
expect ready
send word
expect got:word
END
        code=$?""" + END + "; exit $code", code=4, shows="/dev/pts/")


def test_commit(podman):
    podman.same(FROM + """buildah run --network none $c sh -c 'echo made > /etc/made'
        buildah config --cmd 'cat /etc/made' $c; buildah commit -q $c localhost/built:1 >/dev/null
        podman run --rm localhost/built:1""" + END + REMOVE, shows="made\n")
