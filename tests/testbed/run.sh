#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command in a virtual machine that has this host's files and a kernel of its own.
#
#   sudo tests/testbed/run.sh [--profile minimal|legacy|selinux|systemd] [OPTION]... -- COMMAND [ARGUMENT]...
#
#   --profile P    minimal: one hierarchy of control groups, version 2, with every controller, and nothing
#                  else (default); legacy: version 1, a hierarchy for each controller; selinux: as minimal,
#                  with SELinux and guest/policy.conf, enforced; systemd: as minimal, under systemd, with
#                  D-Bus and users' own
#   --kernel FILE  a kernel image; --modules DIRECTORY: its lib/modules/VERSION.  Without: Debian's
#                  kernel for clouds, which is unpacked into build-testbed/
#   --output DIR   an existing folder that the command can write to, as $OCIKIT_TESTBED_OUTPUT; the rest of what it
#                  writes is gone afterwards
#   --timeout S    end the machine after so many seconds (900)
#   --memory MB, --cpus N, --accel tcg|kvm   of the machine (2048, those of the host, tcg)
#   --fetch        only get the kernel and say where it is
#
# The command's output is this one's, and so is its exit status; 125: the machine failed, and where its
# console log is.  This host's root filesystem is shared read-only, with a layer on top that is gone
# afterwards; $TMPDIR is on a disk.  The command is root's and has no terminal.  A boot takes 4 to 12 s.  Needs
# qemu-system-x86, busybox-static and e2fsprogs; selinux also checkpolicy; systemd also systemd, dbus and
# dbus-user-session, and is still starting when the command runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case "${1:-}" in
    -h | --help) sed -n '3,26s/^# \{0,1\}//p' "$0"; exit 0 ;;
    '') sed -n '3,26s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
. "$here/../lib/install.sh"
need_root "$@" || exit 125
exec "$(find_python)" "$here/bed.py" "$@"
