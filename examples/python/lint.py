#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Say what is wrong with OCI documents: lint.py FILE..."""
import sys

from ocikit import spec


def main() -> int:
    errors = 0
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            findings = spec.check(file.read(), name=name)
        for finding in findings:
            print(finding.message, finding.excerpt, sep="\n", end="")
            errors += finding.is_error
    return 1 if errors else 0


sys.exit(main())
