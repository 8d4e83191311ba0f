#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command where cgroup version 2 is the only hierarchy, in a mount namespace of its own:
#
#   tests/lib/v2-only.sh COMMAND [ARGUMENT]...
#
# Controllers that the host bound to version 1 are not to be had there; groups, freezing, killing and device
# programs are.
set -eu
exec unshare --mount --propagation private sh -c '
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' v2-only "$@"
