# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the integration tests, and the stepper that makes the faults."""
import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

# pylint: disable=wrong-import-position
from integration_fixtures import *  # noqa: E402,F401,F403
import faults  # noqa: E402


@pytest.fixture(scope="session")
def stepper_path(tmp_path_factory):
    return faults.compile_stepper(tmp_path_factory.mktemp("stepper") / "stepper")


@pytest.fixture
def lab(rt, stepper_path, tmp_path):
    """The runtime under test and the stepper, with a way to find what a fault left behind."""
    subject = faults.Lab(rt, stepper_path, tmp_path / "report")
    yield subject
    subject.clean_up()


@pytest.fixture(scope="session")
def thorough():
    """Every point of every sweep, or a sample that is quick?"""
    return os.environ.get("OCIKIT_FAULTS") == "all"
