#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of the machine: the host's root with a layer on top, and the profile's script in it.
b=/bin/busybox
fail() {
    echo "test bed: $*" >/dev/console
    $b reboot -f
}
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev 2>/dev/null
for module in /modules/*.ko; do
    $b insmod "$module" || fail "cannot load $module"
done
. /guest/settings
$b mount -t virtiofs -o ro root /lower || fail "cannot mount the host's files"
$b mount -t tmpfs -o mode=755 upper /upper
$b mkdir /upper/upper /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work root /newroot || fail "cannot mount the root"
$b mount -t tmpfs -o mode=755 run /newroot/run
$b mkdir -p /newroot/run/testbed/output /newroot/srv/testbed /newroot/usr/lib/modules
$b cp -a /guest/. /newroot/run/testbed/
$b mount -t virtiofs output /newroot/run/testbed/output || fail "cannot mount the output folder"
$b mount -t ext4 /dev/vda /newroot/srv/testbed || fail "cannot mount the disk"
$b ln -sfn "$MODULES" "/newroot/usr/lib/modules/$($b uname -r)"
for place in proc sys dev; do
    $b mount -o move "/$place" "/newroot/$place"
done
if [ "$PROFILE" = systemd ]; then
    . /guest/systemd-boot.sh
fi
exec $b switch_root /newroot /run/testbed/minimal.sh
