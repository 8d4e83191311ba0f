#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd profile: what its unit runs.
. /run/testbed/common.sh
ip link set lo up
hostname testbed
run_command
exec busybox reboot -f
