#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command ocigen: starts the package beside it.  Must hold no logic of its own."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from ocigen.__main__ import main  # noqa: E402  (the path has to be set first)

sys.exit(main(sys.argv[1:]))
