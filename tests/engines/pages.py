# SPDX-License-Identifier: Apache-2.0
"""Configuration blocks cut from the documentation, so that the pages are what the tests run.

A block is found by its first line, a comment that names the file it belongs in.
"""
import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
INSTALLED = "/usr/local/bin/ocikit"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(page):
    """(language, text) of every fenced block of a page."""
    return FENCE.findall((DOCS / page).read_text(encoding="utf-8"))


def block(page, first_line):
    found = [text for _, text in blocks(page) if text.splitlines()[0] == first_line]
    assert len(found) == 1, f"docs/{page}: {len(found)} blocks begin with {first_line!r}"
    return found[0]


def for_command(text, command):
    """The block, for a command that is somewhere else than the page says, or is another runtime."""
    assert INSTALLED in text, text
    return text.replace(INSTALLED, str(command))
