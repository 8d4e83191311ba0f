# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Debian packages that the build and the tests need.  Sourced; calls apt only for what is missing.

BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config python3 libyajl-dev libcap-dev libseccomp-dev \
libsystemd-dev"
TEST_PACKAGES="g++ clang libclang-rt-14-dev binutils libcmocka-dev python3-pytest python3-pytest-xdist musl-tools \
busybox-static e2fsprogs groff-base strace iproute2 util-linux uidmap podman crun runc conmon \
containerd buildah catatonit python3-grpcio qemu-system-x86 systemd dbus dbus-user-session apparmor checkpolicy \
swig golang-go python3-dev python3-mesonpy python3-pip python3-venv python3-wheel python3-hypothesis mypy"

is_installed() {
    case "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" in
        *"ok installed") return 0 ;;
        *) return 1 ;;
    esac
}

# install_packages PACKAGE...
install_packages() {
    missing=''
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    apt-get -qq update >/dev/null && apt-get -qq install --no-install-recommends -y $missing >/dev/null
}

# The Python that Debian's Meson and pytest belong to; the one in PATH may be another.
find_python() {
    if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else command -v python3; fi
}

# need_root ARGUMENT...: the arguments are those to repeat.
need_root() {
    [ "$(id -u)" = 0 ] && return 0
    echo "$0: root is needed: containers are made. Run: sudo $0 $*" >&2
    return 1
}
