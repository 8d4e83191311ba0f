#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the container of a bundle, and say how it ended: sudo hello.py BUNDLE."""
import sys

import ocikit


def main() -> None:
    with ocikit.Runtime() as runtime, runtime.create("hello-python", bundle=sys.argv[1]) as container:
        container.start()
        print(container.wait())


try:
    main()
except ocikit.Error as error:
    sys.exit(f"hello.py: {error}")
