#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command that sees one kind of control groups only, in a mount namespace of its own.
#
#   tests/lib/view.sh v1 COMMAND [ARGUMENT...]    the hierarchies of version 1, without one of version 2
#   tests/lib/view.sh v2 COMMAND [ARGUMENT...]    one hierarchy of version 2 at /sys/fs/cgroup
#
# A v2 view has the controllers that version 1 has left on this host, perhaps none.
set -eu

case "${1:-}" in
    v1 | v2) ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
[ "${OCIKIT_VIEW:-}" ] || OCIKIT_VIEW=$1 exec unshare -m --propagation private "$0" "$@"
unset OCIKIT_VIEW
view=$1
shift

if [ "$view" = v2 ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    # A tmpfs of its own: the host's must not get the directories of a runtime that is mistaken.
    new=$(mktemp -d)
    mount -t tmpfs -o mode=755 cgroup "$new"
    grep ' - cgroup ' /proc/self/mountinfo | while read -r _ _ _ _ place _; do
        name=${place#/sys/fs/cgroup/}
        mkdir -p "$new/$name"
        mount --bind "$place" "$new/$name"
    done
    umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
    mount --move "$new" /sys/fs/cgroup
    rmdir "$new"
fi
exec "$@"
