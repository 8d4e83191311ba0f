# SPDX-License-Identifier: Apache-2.0
"""hostname and domainname."""
import os

import pytest


@pytest.mark.proves("/hostname")
def test_hostname(rt, bundle):
    before = os.uname().nodename
    bundle.config["hostname"] = "a-name.example"
    assert rt.report(bundle)["hostname"] == "a-name.example"
    assert os.uname().nodename == before


def test_hostname_left_out(rt, bundle):
    bundle.config.pop("hostname", None)
    assert rt.report(bundle)["hostname"] == os.uname().nodename


def test_hostname_without_the_namespace(rt, bundle):
    bundle.namespace("uts", False).config["hostname"] = "stolen"
    rt.run(bundle).failed("hostname")
    assert os.uname().nodename != "stolen"
    rt.assert_clean()


def test_hostname_too_long(rt, bundle):
    bundle.config["hostname"] = "x" * 65
    rt.run(bundle).failed("")
    rt.assert_clean()


@pytest.mark.proves("/domainname")
@pytest.mark.ocikit
def test_domainname(rt, bundle):
    bundle.config["domainname"] = "example.org"
    assert rt.report(bundle)["domainname"] == "example.org"


@pytest.mark.ocikit
def test_domainname_without_the_namespace(rt, bundle):
    bundle.namespace("uts", False).config.pop("hostname", None)
    bundle.config["domainname"] = "example.org"
    rt.run(bundle).failed("domainname")
    rt.assert_clean()
