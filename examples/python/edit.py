#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Give a bundle a limit of memory and one more mount, and show what changed: edit.py CONFIG."""
import sys

from ocikit import spec


def main() -> None:
    config = spec.RuntimeConfig.from_file(sys.argv[1])
    before = config.copy()
    config["/linux/resources/memory/limit"] = 64 << 20
    config.mounts.append(spec.Mount(destination="/data", type="tmpfs", source="tmpfs", options=["size=1m"]))
    for difference in before.diff(config):
        print(difference.pointer, difference.left, "->", difference.right)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(config.to_json(pretty=True))


main()
