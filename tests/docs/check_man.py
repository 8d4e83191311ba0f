#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the manual with what it describes.

Every function that a public header declares must be named by exactly one page, with its prototype there,
and be reachable under its own name (the table of links in docs/meson.build).  With the command at hand,
every command must have a page with exactly the options that its help shows; so must ocigen.

Usage: check_man.py MANUAL_DIRECTORY LINKS_FILE [--command PROGRAM] [--ocigen PROGRAM] HEADER...
"""
import argparse
import pathlib
import re
import subprocess
import sys


def declared(header):
    """Names and prototypes of the functions that a header exports."""
    text = header.read_text(encoding="utf-8")
    found = re.finditer(r"OCI_API\s+([^;{}]*?\b(\w+)\([^;{}]*\));", text)
    return {match[2]: squeeze(match[1]) for match in found}


def squeeze(text):
    return re.sub(r"\*\s+", "*", re.sub(r"\s+", " ", text)).strip()


def plain(text):
    """Text of a page without fonts and escapes."""
    return re.sub(r"\\f[BIRP]", "", text).replace("\\-", "-").replace("\\&", "")


def section(text, title):
    match = re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", text, re.S | re.M)
    return match[1] if match else ""


def names(page):
    listed = section(plain(page.read_text(encoding="utf-8")), "NAME").split(" - ")[0]
    return [name.strip() for name in listed.split(",")]


def shared_pages(links):
    """The table {page: [functions]} of the Meson file."""
    body = re.search(r"shared_pages = \{(.*?)\n\}", links.read_text(encoding="utf-8"), re.S)[1]
    return {match[1]: re.findall(r"'(\w+)'", match[2])
            for match in re.finditer(r"'(\w+)': \[(.*?)\]", body, re.S)}


def check_functions(manual, links, headers):
    problems, owner = [], {}
    pages = {page.stem: page for page in sorted(manual.glob("*.3"))}
    for stem, page in pages.items():
        for name in names(page):
            if name in owner:
                problems.append(f"{name} has two pages: {owner[name]} and {stem}")
            owner[name] = stem
    functions = {}
    for header in headers:
        functions.update(declared(header))
    if not functions:
        problems.append("the headers declare no function")
    for name, prototype in functions.items():
        if name not in owner:
            problems.append(f"{name} has no page")
            continue
        text = pages[owner[name]].read_text(encoding="utf-8")
        if prototype + ";" not in squeeze(plain(section(text, "SYNOPSIS"))):
            problems.append(f"{owner[name]}.3 lacks the prototype: {prototype};")
    table = shared_pages(links)
    for stem, page in pages.items():
        if not stem.startswith("ocikit-") and names(page) != [stem, *table.get(stem, [])]:
            problems.append(f"{stem}.3 and its links in {links.name} name different functions")
    for name in owner:
        if not name.startswith("ocikit-") and name not in functions:
            problems.append(f"{owner[name]}.3 names {name}, which no header declares")
    return problems


def help_of(program, *command):
    done = subprocess.run([program, *command, "--help"], stdout=subprocess.PIPE, check=True,
                          encoding="utf-8", timeout=20)
    return done.stdout


def options_in_help(text):
    return set(re.findall(r"^  (?:-., |    )?(--[a-z-]+)", text, re.M))


def check_page(page, text, title):
    if not page.exists():
        return [f"{page.name} is missing"]
    body = section(plain(page.read_text(encoding="utf-8")), title)
    described = set(re.findall(r"^\.TP\n(?:-., )?(--[a-z-]+)", body, re.M))
    shown = options_in_help(text)
    return [f"{page.name} and --help differ: {name}" for name in sorted(described ^ shown)]


def check_commands(manual, program):
    overview = help_of(program)
    problems = check_page(manual / "ocikit.1", overview, "GLOBAL OPTIONS")
    commands = re.search(r"^Commands:\n(.*?)\n\n", overview, re.S | re.M)[1]
    found = set(re.findall(r"^  (\w+)", commands, re.M)) - {"help"}
    for name in sorted(found):
        problems += check_page(manual / f"ocikit-{name}.1", help_of(program, name), "OPTIONS")
    for page in manual.glob("ocikit-*.1"):
        if page.stem.split("-", 1)[1] not in found:
            problems.append(f"{page.name} describes no command")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("manual", type=pathlib.Path)
    parser.add_argument("links", type=pathlib.Path)
    parser.add_argument("--command")
    parser.add_argument("--ocigen")
    parser.add_argument("headers", type=pathlib.Path, nargs="+")
    given = parser.parse_args()
    problems = check_functions(given.manual, given.links, given.headers)
    if given.command:
        problems += check_commands(given.manual, given.command)
    if given.ocigen:
        problems += check_page(given.manual / "ocigen.1", help_of(given.ocigen), "OPTIONS")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
