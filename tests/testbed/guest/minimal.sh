#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The profiles without systemd: first process of the machine once the root is there.
. /run/testbed/common.sh

# Version 2 with every controller.
groups_of_minimal() {
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir /sys/fs/cgroup/init
    # Threads of the kernel cannot be moved.
    for pid in $(cat /sys/fs/cgroup/cgroup.procs); do
        echo "$pid" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null
    done
    for name in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$name" >/sys/fs/cgroup/cgroup.subtree_control
    done
}

# Version 1, a hierarchy for each controller.
groups_of_legacy() {
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    sed 1d /proc/cgroups | while read -r name _ _ enabled; do
        [ "$enabled" = 1 ] || continue
        mkdir "/sys/fs/cgroup/$name"
        mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" || rmdir "/sys/fs/cgroup/$name"
    done
}

groups_of_selinux() {
    groups_of_minimal
}

# The kernel takes a policy in one piece.
enforce_selinux() {
    mount -t selinuxfs selinuxfs /sys/fs/selinux
    checkpolicy -U allow -o /run/testbed/policy /run/testbed/policy.conf >/dev/null
    dd if=/run/testbed/policy of=/sys/fs/selinux/load bs=1M status=none
    echo 1 >/sys/fs/selinux/enforce
}

mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -sfn /proc/self/fd /dev/fd
ip link set lo up
hostname testbed
. /run/testbed/settings
"groups_of_$PROFILE"
[ "$PROFILE" != selinux ] || enforce_selinux
run_command
exec busybox reboot -f
