# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures of integration_fixtures.py known to the tests in this folder."""
from integration_fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import
from rootless_fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import
