# SPDX-License-Identifier: Apache-2.0
"""The command line of ocigen: the list of its passes, and the files that come out."""
from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Dict, List, Sequence

from .check import check
from .emit_c_errors import emit_errors_header, emit_errors_source, load_codes
from .emit_c_tables import VERSION, emit_tables
from .emit_c_types import emit_header, emit_umbrella
from .emit_dump import emit_dump
from .emit_go import emit_go
from .emit_python import emit_codes, emit_module, emit_stub
from .error import Faults, Refused, SchemaError
from .gen import write_changed
from .ir import Program
from .load import load
from .lower import lower
from .names import check_go_names

if sys.version_info < (3, 7):
    sys.exit("ocigen: needs python 3.7 or newer")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line, refused where it cannot be meant."""
    parser = argparse.ArgumentParser(
        prog="ocigen", description="Turn JSON Schemas into C structs and constant tables, and into "
        "Go structs.")
    parser.add_argument("schemas", nargs="*", metavar="FILE", help="schema files of one run: all "
                        "of those that refer to each other or may not clash")
    parser.add_argument("--base", default=".", metavar="DIR",
                        help="folder from which the names of modules are made")
    parser.add_argument("--private", default="", metavar="DIR",
                        help="folder below the base whose schemas are not in the umbrella header "
                        "and whose name is not in those of their modules")
    parser.add_argument("--output", metavar="DIR", help="where to put the .h and .c files")
    parser.add_argument("--go", metavar="DIR", help="where to put the .go files of all schemas that "
                        "are not private; the hand-written ones of bindings/go/spec go beside them")
    parser.add_argument("--go-package", default="spec", metavar="NAME",
                        help="name of their package (default: spec)")
    parser.add_argument("--errors", metavar="FILE", help="record of error codes; makes errors.h")
    parser.add_argument("--python", metavar="DIR", help="where to put the Python module _types.py of "
                        "all schemas that are not private, its stub, and _codes.py")
    parser.add_argument("--umbrella", metavar="NAME", help="also make NAME.h that includes all")
    parser.add_argument("--dump", action="store_true", help="print what was understood, as text")
    parser.add_argument("--include-dir", metavar="DIR",
                        help="folder of the headers in #include lines (default: the prefix)")
    parser.add_argument("--prefix", required=True, metavar="NAME", help="start of all C names")
    parser.add_argument("--version", action="version",
                        help="show the version of the tables and exit",
                        version=f"ocigen: makes tables of version {VERSION} (OCI_DESC_VERSION)")
    options = parser.parse_args(argv)
    if not (options.output or options.python or options.go or options.dump):
        parser.error("one of --output, --python, --go and --dump is needed")
    if not options.schemas and not options.errors:
        parser.error("no input")
    for folder in (options.base, os.path.join(options.base, options.private)):
        if not os.path.isdir(folder):
            parser.error(f"'{folder}' is not a folder")
    if not re.match(r"[a-z][a-z0-9_]*\Z", options.prefix):
        parser.error("the prefix must be a lower-case C name")
    if not re.match(r"[a-z][a-z0-9]*\Z", options.go_package):
        parser.error("the package must be a lower-case Go name")
    options.include_dir = options.include_dir or options.prefix
    if not re.match(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\Z", options.include_dir):
        parser.error("the folder of the headers must be a relative path")
    return options


# Headers of <ocikit/> that are written by hand or made from no schema.
_OTHER_HEADERS = ("types", "document", "errors")


def _files(program: Program, options: argparse.Namespace) -> Dict[str, str]:
    files = {}
    for module in program.modules:
        if module.name in _OTHER_HEADERS + (options.umbrella,):
            raise SchemaError(module.place, f"'{module.name}.h' is the name of another header")
        files[module.name + ".h"] = emit_header(program, module)
        files[module.name + ".c"] = emit_tables(program, module)
    if options.umbrella:
        files[options.umbrella + ".h"] = emit_umbrella(program, options.umbrella)
    if options.errors:
        doc, codes = load_codes(options.errors, options.errors)
        shown = os.path.relpath(os.path.realpath(options.errors), os.path.realpath(options.base))
        files["errors.h"] = emit_errors_header(options.prefix, shown, doc, codes)
        files["errors.c"] = emit_errors_source(options.prefix, shown, codes)
    return files


def _python_files(program: Program, options: argparse.Namespace) -> Dict[str, str]:
    files = {"_types.py": emit_module(program), "_types.pyi": emit_stub(program)}
    if options.errors:
        files["_codes.py"] = emit_codes(*load_codes(options.errors, options.errors))
    return files


def run(options: argparse.Namespace) -> None:
    """All passes; nothing is written before the last one has succeeded."""
    faults = Faults()
    schemas = load(options.schemas, options.base, options.private, faults)
    check(schemas, faults)
    faults.stop(options.schemas)
    program = lower(schemas, options.prefix, options.include_dir, faults)
    files: Dict[str, str] = {}
    if options.output:
        files.update((os.path.join(options.output, name), text)
                     for name, text in _files(program, options).items())
    if options.python:
        files.update((os.path.join(options.python, name), text)
                     for name, text in _python_files(program, options).items())
    if options.go:
        check_go_names(program, faults)
        faults.stop(options.schemas)
        files.update((os.path.join(options.go, name), text)
                     for name, text in emit_go(program, options.go_package).items())
    if options.dump:
        sys.stdout.write(emit_dump(program))
    for path, text in files.items():
        write_changed(path, text)


def main(argv: List[str]) -> int:
    """Exit status: 0, 1 for an input that is refused, 2 for a wrong command line."""
    try:
        run(arguments(argv))
    except (Refused, SchemaError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        print(f"ocigen: '{error.filename}' cannot be written: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
