# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The systemd profile: a unit that runs the command, and none that would set this host's services going.  Sourced
# by init.sh; ends in systemd.
units=/newroot/run/systemd/system
$b mkdir -p "$units"
$b cat >"$units/testbed.service" <<UNIT
[Unit]
DefaultDependencies=no
Requires=dbus.service
After=dbus.service
[Service]
Type=oneshot
Delegate=yes
ExecStart=/run/testbed/systemd.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
UNIT
: >/newroot/etc/fstab
: >/newroot/etc/machine-id
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket \
    systemd-udevd-control.socket systemd-journal-flush.service systemd-tmpfiles-setup.service \
    systemd-tmpfiles-setup-dev.service systemd-sysusers.service systemd-modules-load.service \
    systemd-sysctl.service apparmor.service systemd-random-seed.service systemd-update-utmp.service \
    systemd-binfmt.service systemd-remount-fs.service tmp.mount dev-hugepages.mount \
    systemd-hwdb-update.service ldconfig.service systemd-journal-catalog-update.service \
    systemd-machine-id-commit.service; do
    $b ln -s /dev/null "$units/$unit"
done
exec $b switch_root /newroot /lib/systemd/systemd systemd.unit=testbed.service systemd.show_status=0 \
    systemd.log_level=warning systemd.unified_cgroup_hierarchy=1
