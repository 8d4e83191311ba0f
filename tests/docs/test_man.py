# SPDX-License-Identifier: Apache-2.0
"""The manual as a reader sees it: escapes, examples that compile, structs whose members all stand there."""
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OCIKIT_BUILD", TOP / "build")).resolve()
MANUAL = TOP / "docs/man"
PAGES = sorted(MANUAL.glob("*.[13]"))
LIBRARY = [page for page in PAGES if page.suffix == ".3"]
SPEC = [page for page in LIBRARY if page.name.startswith("oci_") or page.name == "ocikit-spec.3"]
HEADERS = [*sorted((TOP / "codegen/runtime/include/ocikit").glob("*.h")), TOP / "libspec/include/ocikit/check.h",
           BUILD / "schema/ocikit/errors.h"]
INCLUDE = ["codegen/runtime/include", "libspec/include", "libcontainer/include"]

# Fonts, backslash, minus, nothing, and the characters that roff would make pretty.
ESCAPE = re.compile(r"\\(?:f[BIRP]|e|-|&|\((?:aq|dq|ga|ha|ti|co))")
PRETTY = {"-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}


def lines_of(page):
    """Number, text and whether it is between .nf and .fi of an example."""
    literal = example = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(".SH"):
            example = line.startswith(".SH EXAMPLE")
        if line in (".nf", ".fi"):
            literal = line == ".nf"
        yield number, line, literal and example


def bad_escapes(page):
    bad = []
    for number, line, example in lines_of(page):
        if line.startswith('.\\"'):
            continue
        rest = ESCAPE.sub("", line)
        if "\\" in rest:
            bad.append(f"{page.name}:{number}: an escape that no page needs: {line}")
        if example and not line.startswith("."):
            bad += [f"{page.name}:{number}: {character} is {better} in an example: {line}"
                    for character, better in PRETTY.items() if character in rest]
    return bad


def test_escapes():
    """An unescaped backslash in an example is a comment (\\"), a register (\\n) or swallowed."""
    assert not [problem for page in PAGES for problem in bad_escapes(page)]


@pytest.mark.parametrize("line", ['puts("\\"x\\"");', 'puts("x\\n");', "c = '\\0';", "a - b", "if (x ^ y)"])
def test_bad_escapes_are_seen(tmp_path, line):
    page = tmp_path / "x.3"
    page.write_text(f".SH EXAMPLE\n.nf\n{line}\n.fi\n", encoding="utf-8")
    assert bad_escapes(page)


def render(page):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou", page], check=True,
                          encoding="utf-8", capture_output=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.stderr == ""
    return done.stdout


def programs(page):
    """The C programs of a rendered page: from the indented line that begins one to the brace that ends it."""
    found, program = [], None
    for line in render(page).splitlines():
        line = line[7:] if line.startswith(" " * 7) else line
        if program is None and line.startswith(("#define ", "#include <")):
            program = []
        if program is not None:
            program.append(line)
            if line == "}" and any(text.startswith("int main(") for text in program):
                found.append("\n".join(program) + "\n")
                program = None
            elif re.match(r"[A-Z]", line):  # a heading: what began was a synopsis
                program = None
    return found


@pytest.mark.parametrize("page", LIBRARY, ids=lambda page: page.stem)
def test_examples_compile(page, tmp_path):
    """As they are rendered, in strict C99: what a reader types in."""
    found = programs(page)
    blocks = len(re.findall(r"^int main\(", page.read_text(encoding="utf-8"), re.M))
    assert len(found) == blocks
    if page in SPEC:
        assert found, "a page of the spec library has an example"
    if ".SH EXAMPLE" in page.read_text(encoding="utf-8"):
        assert found, "an example is a whole program"
    for number, text in enumerate(found):
        source = tmp_path / f"example{number}.c"
        source.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{BUILD / 'schema'}",
             *(f"-I{TOP / folder}" for folder in INCLUDE), source],
            capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_pages_render_without_warnings():
    for page in PAGES:
        render(page)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def plain(text):
    """Source of a page without fonts and escapes."""
    return re.sub(r"\\f[BIRP]", "", text).replace("\\-", "-")


def shapes(text):
    """The declarations in each struct and the constants of each enum that a text defines."""
    found = {}
    for kind, name, body in re.findall(r"^(struct|enum) (\w+) \{\n(.*?)^\};", text, re.S | re.M):
        lines = [line.strip() for line in without_comments(body).splitlines() if line.strip()]
        found[name] = [re.match(r"\w+", line)[0] for line in lines] if kind == "enum" else lines
    return found


def public_shapes():
    """Those of the headers of ocikit-spec that are written by hand, and the error codes."""
    found = {}
    for header in HEADERS:
        if header.name != "desc.h":  # for generated code only
            found.update(shapes(without_comments(header.read_text(encoding="utf-8"))))
    return found


def other_links():
    text = (TOP / "docs/meson.build").read_text(encoding="utf-8")
    body = re.search(r"other_names = \{(.*?)\n\}", text, re.S)[1]
    return {name: match[1] for match in re.finditer(r"'([\w-]+)': \[(.*?)\]", body, re.S)
            for name in re.findall(r"'(\w+)'", match[2])}


def test_structs_have_pages():
    """A struct stands in its page as in the header, with a word on each member; an enum with each constant."""
    links, bad, public = other_links(), [], public_shapes()
    assert len(public) > 15 and len(public["oci_finding"]) > 15 and len(public["oci_code"]) > 40
    for name, parts in public.items():
        page = name if (MANUAL / f"{name}.3").exists() else links.get(name)
        if page is None:
            bad.append(f"{name} has no page")
            continue
        text = plain((MANUAL / f"{page}.3").read_text(encoding="utf-8"))
        if parts[0].endswith(";"):
            if shapes(text).get(name) != parts:
                bad.append(f"{page}.3 has another struct {name} than the header")
            text = re.sub(rf"^struct {name} \{{.*?^\}};", "", text, flags=re.S | re.M)
            parts = [re.search(r"(\w+)\W*(?:\(void\))?;$", part)[1] for part in parts]
        bad += [f"{page}.3 does not tell {name}'s {part}" for part in parts
                if not re.search(rf"\b{part}\b", text)]
    assert not bad, "\n".join(bad)


def test_links_of_other_names_lead_somewhere():
    spec = [BUILD / "schema" / name for name in re.findall(
        r"#include <(.+)>", (BUILD / "schema/ocikit/spec.h").read_text(encoding="utf-8"))]
    text = without_comments("".join(path.read_text(encoding="utf-8")
                                    for path in [*spec, *HEADERS] if path.exists()))
    for name, page in other_links().items():
        assert (MANUAL / f"{page}.3").exists(), page
        assert re.search(rf"(?:struct|enum) {name} \{{|typedef struct \w+ {name};|\b{name}\(", text), name
        assert re.search(rf"\b{name}\b", (MANUAL / f"{page}.3").read_text(encoding="utf-8")), (page, name)


def test_all_document_types_are_told():
    """ocikit-spec(3) has each typed root function of the headers that are installed."""
    spec = (BUILD / "schema/ocikit/spec.h").read_text(encoding="utf-8")
    links, found = other_links(), 0
    page = (MANUAL / "ocikit-spec.3").read_text(encoding="utf-8")
    for name in re.findall(r"#include <(ocikit/\w+\.h)>", spec):
        header = BUILD / "schema" / name
        if header.exists():
            for root in re.findall(r"static inline .*\*(\w+_root)\(", header.read_text(encoding="utf-8")):
                found += 1
                for function in (root, root.replace("_root", "_type")):
                    assert function in page and links.get(function) == "ocikit-spec", function
    assert found > 15
