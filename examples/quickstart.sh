#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a running container: build ocikit, make a bundle, run it, show what it saw.
#
#   sudo examples/quickstart.sh [ROOT-FILESYSTEM]
#
# ROOT-FILESYSTEM is a folder or a tar file, such as one that mmdebstrap or debootstrap made; without
# it a small one is made of Debian's busybox.  Writes to build/ and to a temporary folder that is
# removed at the end.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib/install.sh"

misuse() {
    echo "$0: $1" >&2
    echo "usage: sudo $0 [ROOT-FILESYSTEM]   (a folder or a tar file)" >&2
    exit 2
}

case "${1-}" in
    -h | --help) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -?*) misuse "unknown option $1" ;;
esac
[ "$#" -le 1 ] || misuse "one root filesystem at most, but $# arguments are given"
given=${1-}
if [ "$#" = 1 ]; then
    [ -e "$given" ] || misuse "there is no \"$given\""
    [ -d "$given" ] || [ -f "$given" ] || misuse "\"$given\" is neither a folder nor a file"
fi
need_root "$@" || exit 2

# shellcheck disable=SC2086
install_packages $BUILD_PACKAGES busybox-static
work=$(mktemp -d /tmp/ocikit-quickstart.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

build() {
    [ -f "$top/build/build.ninja" ] ||
        meson setup "$top/build" "$top" -Dpython="$(find_python)" -Dtests=false
    ninja -C "$top/build" cli/ocikit
}

busybox_root() {
    mkdir -p "$1/bin" "$1/proc" "$1/sys" "$1/dev" "$1/etc" "$1/tmp"
    cp "$(command -v busybox)" "$1/bin/busybox"
    for applet in sh ls cat hostname mount ps id; do
        ln -s busybox "$1/bin/$applet"
    done
}

# A folder is used where it stands: the default configuration mounts it read-only.
fill_root() {
    if [ -z "$given" ]; then
        busybox_root "$1"
    elif [ -d "$given" ]; then
        mkdir "$1"
        root=$(cd "$given" && pwd)
    else
        mkdir "$1"
        tar -C "$1" --numeric-owner -xf "$given"
    fi
}

echo "building..."
build >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
ocikit=$top/build/cli/ocikit

mkdir "$work/bundle"
root=rootfs
fill_root "$work/bundle/rootfs"
"$ocikit" spec -b "$work/bundle"

# The default configuration is interactive; this one prints what it sees and ends with 7.
"$(find_python)" - "$work/bundle/config.json" "$root" <<'PYTHON'
import json
import sys

path, root = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    config = json.load(file)
config["hostname"] = "quickstart"
config["root"] = {"path": root, "readonly": True}
config["process"]["terminal"] = False
config["process"]["args"] = ["/bin/sh", "-c", """
echo "pid 1:    $(cat /proc/1/comm), and this shell is pid $$"
echo "hostname: $(cat /proc/sys/kernel/hostname)"
echo "mounts:"
while read -r source target kind rest; do echo "  $target ($kind)"; done < /proc/mounts
exit 7"""]
with open(path, "w", encoding="utf-8") as file:
    json.dump(config, file, indent=4)
PYTHON

echo "running a container..."
code=0
"$ocikit" --root "$work/state" run -b "$work/bundle" "quickstart-$$" || code=$?
echo "exit code: $code"
[ "$code" = 7 ]
