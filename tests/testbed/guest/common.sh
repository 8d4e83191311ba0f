# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC1091,SC2154
# What every profile does once its control groups are there.  Sourced.

# In the group of the caller, with the machine's output as the command's.
run_command() {
    . /run/testbed/settings
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    export HOME=/root TMPDIR=/srv/testbed LANG=C.UTF-8
    export OCIKIT_TESTBED=$PROFILE OCIKIT_TESTBED_OUTPUT=/run/testbed/output
    chmod 1777 /srv/testbed
    for number in 0 1 2; do
        name=$(echo "stdin stdout stderr" | cut -d ' ' -f $((number + 1)))
        [ -e "/dev/$name" ] || ln -s "/proc/self/fd/$number" "/dev/$name"
    done
    mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
    mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
    for port in /sys/class/virtio-ports/*; do
        [ "$(cat "$port/name")" = testbed ] && port=/dev/${port##*/} && break
    done
    cd "$DIRECTORY" || return
    (run) <"/dev/null" >"$port" 2>&1
    echo $? >/run/testbed/output/.status
    sync
}
