# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the integration tests, and where the contract programs are built."""
import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

from integration_fixtures import *  # noqa: E402,F401,F403  pylint: disable=wrong-import-position


@pytest.fixture(scope="session")
def build():
    """The build directory under test."""
    return Path(os.environ.get("OCIKIT_BUILD", REPOSITORY / "build")).resolve()
from rootless_fixtures import *  # noqa: E402,F401,F403  pylint: disable=wrong-import-position
