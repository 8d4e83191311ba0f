# SPDX-License-Identifier: Apache-2.0
"""Tests of the code generator.

Each NAME.json in this folder is one tiny schema.  Beside it stands what ocigen must make of it:
NAME.ir, NAME.h and NAME.c where it is good, NAME.err where it must be refused.  NAME.*.json are
further files of the same run.  To write all of these anew after a change that is meant, and
then to read them in the diff:

    python3 tests/codegen/test_ocigen.py --update

A new schema that is to be refused needs an empty NAME.err first; any other counts as good.
"""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
RUN = os.path.join(TOP, "codegen", "run.py")
ENGINE = os.path.join(TOP, "codegen", "runtime")
SCHEMA = os.path.join(TOP, "schema")
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes",
            "-Wmissing-prototypes", "-Wundef"]
COMPILERS = [cc for cc in ("gcc", "clang") if shutil.which(cc)]

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "codegen"))

from ocigen.emit_c_tables import oci_hash, perfect_hash  # noqa: E402
from ocigen.names import enumerator, member, snake  # noqa: E402
from ocigen.regex import PatternError, compile_pattern  # noqa: E402


def cases(bad):
    """Names of the schemas that have, or do not have, an .err file."""
    names = [os.path.basename(path)[:-5] for path in glob.glob(os.path.join(HERE, "*.json"))]
    return sorted(name for name in names if "." not in name
                  and os.path.exists(golden(name, "err")) == bad)


def golden(name, end):
    return os.path.join(HERE, f"{name}.{end}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def ocigen(*arguments, prefix="oci"):
    return subprocess.run([sys.executable, RUN, "--prefix", prefix, "--include-dir", "ocikit", *arguments],
                          cwd=HERE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)


def run_case(name, output):
    """Generate from one case; what ocigen did."""
    inputs = [golden(name, "json"), *sorted(glob.glob(os.path.join(HERE, name + ".*.json")))]
    return ocigen("--base", ".", "--output", str(output), "--dump", *map(os.path.basename, inputs))


def products(name, output):
    """The golden files of a good case and where ocigen put them."""
    stem = os.path.join(str(output), name.replace("-", "_"))
    return {"h": stem + ".h", "c": stem + ".c"}


def compile_c(source, includes, *options):
    return subprocess.run([*options, *(f"-I{path}" for path in includes), source],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, check=False)


def all_schemas():
    """The schemas of the project; the record of error codes is none."""
    found = sorted(glob.glob(os.path.join(SCHEMA, "*", "*.json")))
    return [path for path in found if os.path.basename(path) != "errors.json"]


def generate_all(output):
    return ocigen("--base", SCHEMA, "--private", "ocikit", "--umbrella", "spec", "--errors",
                  os.path.join(SCHEMA, "ocikit", "errors.json"), "--output",
                  os.path.join(str(output), "ocikit"), *all_schemas())


def with_errors(folder):
    """A folder with the errors.h that hand-written headers include."""
    done = ocigen("--base", SCHEMA, "--errors", os.path.join(SCHEMA, "ocikit", "errors.json"),
                  "--output", os.path.join(str(folder), "ocikit"))
    assert done.returncode == 0, done.stderr


# --- goldens -------------------------------------------------------------------------------------

def test_there_are_enough_cases():
    assert len(cases(False)) >= 12
    assert len(cases(True)) >= 20


@pytest.mark.parametrize("name", cases(False))
def test_good(name, tmp_path):
    done = run_case(name, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == read(golden(name, "ir"))
    for end, path in products(name, tmp_path).items():
        assert read(path) == read(golden(name, end)), f"{name}.{end} differs"


@pytest.mark.parametrize("name", cases(True))
def test_bad(name, tmp_path):
    done = run_case(name, tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert os.listdir(tmp_path) == [], "a refused schema must leave no file"
    expected = read(golden(name, "err"))
    assert re.match(r"[^:]+\.json:[1-9]\d*:[1-9]\d*: /\S*: ", expected), "empty?"
    assert done.stderr == expected


@pytest.mark.parametrize("name", cases(False))
def test_good_compiles(name, tmp_path):
    include = tmp_path / "ocikit"
    assert run_case(name, include).returncode == 0
    with_errors(tmp_path)
    folders = [str(tmp_path), os.path.join(ENGINE, "include"), ENGINE]
    for path in sorted(glob.glob(str(include / "*.c"))):
        for compiler in COMPILERS:
            built = compile_c(path, folders, compiler, "-std=gnu17", "-fsyntax-only", *WARNINGS)
            assert built.returncode == 0, built.stdout


def test_errors_of_a_file_that_is_not_there(tmp_path):
    done = ocigen("--base", HERE, "--output", str(tmp_path), golden("no-such-file", "json"))
    assert done.returncode == 1
    assert done.stderr == (f"{golden('no-such-file', 'json')}:1:1: /: cannot be read: "
                           "no such file or directory\n")


def test_paths_are_those_of_the_command_line(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_text('{"nothing": 1}')
    done = subprocess.run([sys.executable, RUN, "--prefix", "x", "--base", "deep", "--dump", "./deep/a.json"],
                          cwd=tmp_path, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("./deep/a.json:1:13: /nothing: ")


def test_paths_in_the_output_are_below_the_base(tmp_path):
    shutil.copy(golden("enums", "json"), tmp_path / "enums.json")
    assert ocigen("--base", str(tmp_path), "--output", str(tmp_path), str(tmp_path / "enums.json")).returncode == 0
    assert "Generated by ocigen from enums.json;" in read(products("enums", tmp_path)["c"])


@pytest.mark.parametrize("arguments, text", [
    (["--prefix", "x", "--base", "nope"], "'nope' is not a folder"),
    (["--prefix", "x", "--private", "nope"], "'./nope' is not a folder"),
    (["--base", "."], "required: --prefix"),
    (["--prefix", "X"], "the prefix must be a lower-case C name"),
])
def test_wrong_command_lines(arguments, text, tmp_path):
    done = subprocess.run([sys.executable, RUN, *arguments, "--output", str(tmp_path / "out"), "enums.json"],
                          cwd=HERE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    assert done.returncode == 2 and text in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_outside_of_the_base(tmp_path):
    done = ocigen("--base", str(tmp_path), "--dump", golden("enums", "json"))
    assert done.returncode == 1
    assert "enums.json:1:1: /: the file is not below the folder of --base" in done.stderr


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("a file")
    done = ocigen("--base", ".", "--output", str(tmp_path / "out"), "enums.json")
    assert done.returncode == 1
    assert done.stderr == f"ocigen: '{tmp_path / 'out'}/enums.h' cannot be written: not a directory\n"


def test_headers_are_in_the_folder_of_the_prefix(tmp_path):
    done = subprocess.run([sys.executable, RUN, "--prefix", "my", "--base", ".", "--output", str(tmp_path),
                           "enums.json"], cwd=HERE, check=False)
    assert done.returncode == 0
    assert "#include <my/enums.h>" in read(products("enums", tmp_path)["c"])


def test_too_many_properties(tmp_path):
    schema = {"x-name": "a", "type": "object",
              "properties": {f"p{n}": {"type": "string"} for n in range(255)}}
    path = tmp_path / "many.json"
    path.write_text(json.dumps(schema))
    done = ocigen("--base", str(tmp_path), "--dump", str(path))
    assert done.returncode == 1
    assert "255 properties; the tables hold at most 254" in done.stderr
    del schema["properties"]["p0"]
    path.write_text(json.dumps(schema))
    assert ocigen("--base", str(tmp_path), "--dump", str(path)).returncode == 0


def test_equal_module_names(tmp_path):
    for name in ("a-b", "a_b"):
        (tmp_path / f"{name}.json").write_text('{"definitions": {}}')
    done = ocigen("--base", str(tmp_path), "--dump", *sorted(map(str, tmp_path.glob("*.json"))))
    assert done.returncode == 1
    assert "same module name 'a_b'" in done.stderr


@pytest.mark.parametrize("name", ["types", "document", "errors", "spec"])
def test_names_of_other_headers(name, tmp_path):
    shutil.copy(golden("raw", "json"), tmp_path / f"{name}.json")
    done = ocigen("--base", str(tmp_path), "--umbrella", "spec", "--output", str(tmp_path / "out"),
                  str(tmp_path / f"{name}.json"))
    assert done.returncode == 1
    assert f"'{name}.h' is the name of another header" in done.stderr


def test_prefix(tmp_path):
    done = ocigen("--base", HERE, "--output", str(tmp_path), golden("enums", "json"), prefix="my")
    assert done.returncode == 0, done.stderr
    header = read(products("enums", tmp_path)["h"])
    assert "struct my_enums {" in header
    assert "MY_ACTION_KILL = 1," in header
    assert "const oci_type *my_enums_type(void);" in header


@pytest.mark.parametrize("record, text", [
    ('{"description": "d", "codes": [{"name": "a", "value": 1, "text": "t"},'
     ' {"name": "a", "value": 2, "text": "t"}]}', "'a' stands twice"),
    ('{"description": "d", "codes": [{"name": "a", "value": 1, "text": "t"},'
     ' {"name": "b", "value": 1, "text": "t"}]}', "1 stands twice"),
    ('{"description": "d", "codes": [{"name": "a", "value": 0, "text": "t"}]}', "from 1 to 32767"),
    ('{"description": "d", "codes": [{"name": "A", "value": 1, "text": "t"}]}', "C name"),
    ('{"description": "d", "codes": [{"name": "a", "value": 1}]}', "'text' is missing"),
    ('{"codes": []}', "'description' is missing"),
])
def test_bad_error_record(record, text, tmp_path):
    path = tmp_path / "errors.json"
    path.write_text(record)
    out = tmp_path / "out"
    done = ocigen("--base", str(tmp_path), "--errors", str(path), "--output", str(out))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}:1:")
    assert text in done.stderr
    assert not out.exists()


# --- files ---------------------------------------------------------------------------------------

def test_rewrites_only_what_changed(tmp_path):
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    for name in ("other-file.json", "other-file.more.json"):
        shutil.copy(os.path.join(HERE, name), schemas / name)
    out = tmp_path / "out"
    arguments = ["--base", str(schemas), "--output", str(out), *sorted(map(str, schemas.iterdir()))]
    assert ocigen(*arguments).returncode == 0
    for path in out.iterdir():
        os.utime(path, (1000, 1000))
    assert ocigen(*arguments).returncode == 0
    assert {path.stat().st_mtime for path in out.iterdir()} == {1000}
    more = schemas / "other-file.more.json"
    more.write_text(more.read_text().replace('"square"', '"oval"'))
    assert ocigen(*arguments).returncode == 0
    changed = sorted(path.name for path in out.iterdir() if path.stat().st_mtime != 1000)
    assert changed == ["other_file_more.c", "other_file_more.h"]


# --- names ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("json_name, c_name", [
    ("ociVersion", "oci_version"), ("execCPUAffinity", "exec_cpu_affinity"), ("hostID", "host_id"),
    ("kernelTCP", "kernel_tcp"), ("l3CacheSchema", "l3_cache_schema"), ("blockIO", "block_io"),
    ("throttleReadBpsDevice", "throttle_read_bps_device"), ("uidMappings", "uid_mappings"),
    ("throttleReadIOPSDevice", "throttle_read_iops_device"), ("DNSSearchList", "dns_search_list"),
    ("ip4Addr", "ip4_addr"), ("a.b/c-d", "a_b_c_d"),
])
def test_snake(json_name, c_name):
    assert snake(json_name) == c_name


def test_reserved_words():
    assert [member(word) for word in ("linux", "class", "from", "type", "mount")] == [
        "linux_", "class_", "from_", "type", "mount"]


def test_enumerator():
    assert enumerator("SCMP_ACT_KILL", "SCMP_ACT_") == "KILL"
    assert enumerator("text/x-plain", "") == "TEXT_X_PLAIN"
    assert enumerator("camelCase", "") == "CAMEL_CASE"


# --- patterns ------------------------------------------------------------------------------------

def random_pattern(rng, depth):
    """A pattern without anchors, in the common ground of Python's syntax and ours."""
    kind = rng.randrange(8 if depth else 4)
    if kind == 0:
        return rng.choice(["a", "b", "c", "0", "-", ":", r"\.", r"\/", r"\-", "\u00e4", "\u20ac"])
    if kind == 1:
        return rng.choice(["[abc]", "[a-c0-9]", "[^a]", r"[^\n]", r"[\d:-]", r"[\w.]",
                           "[^a-c\u00e4]", "[-a]", "[a-]", "[\u00e0-\u00ff]", "[^\U0001f600]"])
    if kind == 2:
        return rng.choice([r"\d", r"\w", r"\s", r"\n", r"\D", r"\W", r"\S", r"\x61", r"\u20ac"])
    if kind == 3:
        return rng.choice(["a", "b", "ab", "ba"])
    if kind == 4:
        return "".join(random_pattern(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
    if kind == 5:
        inner = "|".join(random_pattern(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
        return rng.choice(["(?:", "("]) + inner + ")"
    repeat = rng.choice(["*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}", "*?"])
    return "(?:" + random_pattern(rng, depth - 1) + ")" + repeat


def random_text(rng):
    alphabet = "aaabbbccc001-:./_ \n\u00e4\u00e9\u20ac\U0001f600"
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(0, 8)))


def python_search(pattern, text):
    """What a search means in JSON Schema: $ is the very end, classes are ASCII."""
    python = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    return re.search(python, text, re.ASCII) is not None


def test_patterns_agree_with_python():
    rng = random.Random(20240229)
    compared = found = 0
    for _ in range(400):
        body = random_pattern(rng, 3)
        for pattern in (f"^(?:{body})$", f"(?:{body})", f"^(?:{body})", f"(?:{body})$"):
            automaton = compile_pattern(pattern)
            for text in ["", *(random_text(rng) for _ in range(12))]:
                expected = python_search(pattern, text)
                assert automaton.matches(text) == expected, (pattern, text)
                compared += 1
                found += expected
    assert compared > 20000
    assert compared // 10 < found < compared * 9 // 10, "the texts must both match and fail"


def schema_patterns():
    """Every pattern of the project's schemas, with near misses for each."""
    found = set()
    for path in all_schemas():
        found.update(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', read(path)))
    return sorted(json.loads(text) for text in found)


@pytest.mark.parametrize("pattern", schema_patterns())
def test_patterns_of_the_schemas(pattern):
    rng = random.Random(7)
    automaton = compile_pattern(pattern)
    seeds = ["RLIMIT_NOFILE", "2MB", "10GB", "MB:0=10;1=20", "0-3, 7", "c", "CAP_SYS_ADMIN", "",
             "application/vnd.oci.image.index.v1+json", "a" * 127 + "/" + "b" * 127,
             "sha256:" + "0a" * 32, "a+b_c:=-_"]
    for _ in range(3000):
        text = list(rng.choice(seeds))
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(text) + 1)
            text[at:at + rng.randrange(2)] = rng.choice(["", "A", "0", "\n", "_", "c", " ", "B"])
        joined = "".join(text)
        assert automaton.matches(joined) == python_search(pattern, joined), joined
    assert len(automaton.accept) < 300


@pytest.mark.parametrize("pattern, text, matches", [
    ("a|^b$", "xax", True), ("a|^b$", "b", True), ("a|^b$", "bb", False), ("", "", True),
    ("^$", "", True), ("^$", "a", False), (r"\$", "a$b", True), ("^.$", "\u2028", False),
    (r"^\s$", "\u00a0", True), (r"^\S$", "\u00a0", False), ("^a{3}$", "aaa", True),
    ("^[a-z]$|^[0-9]{2}$", "42", True), ("^[a-z]$|^[0-9]{2}$", "4", False), ("[^]", "x", True),
    ("[^]", "", False), ("[]", "x", False),
])
def test_pattern_meaning(pattern, text, matches):
    assert compile_pattern(pattern).matches(text) == matches


@pytest.mark.parametrize("pattern", [
    "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", r"\bx", "a**", "a{2,1}", "a{", "a{x}", "*a", "(a", "a)",
    "[a", "[z-a]", r"[\d-z]", "a^b", "a$b", "(^a)", r"\p{L}", r"\x1", "a{5000}", "\\",
    "(?:a|b)*a(?:a|b){13}",
])
def test_patterns_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


# --- hashing -------------------------------------------------------------------------------------

@pytest.mark.parametrize("count", [1, 2, 7, 16, 40, 120, 254])
def test_perfect_hash(count):
    names = [f"member{n * n}" for n in range(count)]
    seed, index = perfect_hash(names)
    assert len(index) & (len(index) - 1) == 0
    assert sorted(filter(None, index)) == list(range(1, count + 1))
    for number, name in enumerate(names):
        assert index[oci_hash(name.encode(), seed) & (len(index) - 1)] == number + 1


# --- the project's own schemas -------------------------------------------------------------------

CHECK_TABLES = r"""
#include <string.h>
#include <ocikit/spec.h>
#include <ocikit/record.h>
#include <ocikit/desc.h>

static int check_type(const struct oci_type *type, int depth)
{
    if (depth > 20)
        return 1;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct oci_field *field = &type->fields[i];
        uint32_t slot = oci_hash(field->name, field->name_length, type->seed) & (type->slots - 1);
        if (type->index[slot] != i + 1 || strlen(field->name) != field->name_length)
            return 2;
        if (field->offset >= type->size || field->kind == 0)
            return 3;
        if ((field->kind == OCI_KIND_OBJECT || field->kind == OCI_KIND_ENUM) && !field->of)
            return 4;
        if (field->kind == OCI_KIND_OBJECT) {
            int result = check_type((const struct oci_type *)field->of, depth + 1);
            if (result)
                return result;
        }
    }
    return 0;
}

int main(void)
{
    const oci_type *types[] = {oci_runtime_config_type(), oci_runtime_state_type(),
                               oci_runtime_features_type(), oci_process_type(),
                               oci_linux_resources_type(), oci_record_type()};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        int result = check_type(types[i], 0);
        if (result)
            return result;
    }
    if (strcmp(oci_seccomp_action_text(OCI_SECCOMP_ACTION_ERRNO), "SCMP_ACT_ERRNO"))
        return 10;
    if (oci_seccomp_action_text(OCI_SECCOMP_ACTION_UNSET) ||
        oci_seccomp_action_text((enum oci_seccomp_action)10) ||
        oci_seccomp_action_text((enum oci_seccomp_action)-1))
        return 11;
    if (strcmp(oci_code_name(OCI_ERR_NO_MEMORY), "no_memory") || strcmp(oci_code_name(0), "ok"))
        return 12;
    if (strcmp(oci_code_text(OCI_ERR_NO_MEMORY), "out of memory") || !oci_code_text(-32767))
        return 13;
    return 0;
}
"""


@pytest.fixture(scope="module", name="real")
def fixture_real(tmp_path_factory):
    """All generated files of the project."""
    folder = tmp_path_factory.mktemp("real")
    done = generate_all(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("compiler", COMPILERS)
def test_real_tables_compile(compiler, real):
    folders = [str(real), os.path.join(ENGINE, "include"), ENGINE]
    sources = sorted(glob.glob(str(real / "ocikit" / "*.c")))
    assert len(sources) == len(all_schemas()) + 1
    for source in sources:
        built = compile_c(source, folders, compiler, "-std=gnu17", "-fsyntax-only", *WARNINGS)
        assert built.returncode == 0, built.stdout


@pytest.mark.parametrize("command", [["gcc", "-x", "c", "-std=c99"],
                                     ["g++", "-x", "c++", "-std=c++17"]])
def test_real_headers_compile_alone(command, real):
    folders = [str(real), os.path.join(ENGINE, "include")]
    headers = sorted(glob.glob(str(real / "ocikit" / "*.h")))
    assert len(headers) == len(all_schemas()) + 2
    for header in headers:
        built = compile_c(header, folders, *command, "-pedantic", "-Wall", "-Wextra", "-Werror",
                          "-Wno-pragma-once-outside-header", "-fsyntax-only")
        assert built.returncode == 0, built.stdout


def test_real_tables_are_consistent(real):
    program = real / "check.c"
    program.write_text(CHECK_TABLES)
    folders = [str(real), os.path.join(ENGINE, "include"), ENGINE]
    sources = sorted(glob.glob(str(real / "ocikit" / "*.c")))
    binary = str(real / "check")
    built = compile_c(str(program), folders, "gcc", "-std=gnu17", "-O1", "-o", binary, *sources)
    assert built.returncode == 0, built.stdout
    assert subprocess.run([binary], check=False).returncode == 0


def test_the_build_lists_every_schema():
    listed = re.findall(r"\['\w+', '([^']+)', (?:true|false)\]",
                        read(os.path.join(SCHEMA, "ocikit", "meson.build")))
    paths = [os.path.normpath(os.path.join(SCHEMA, "ocikit", path)) for path in listed]
    assert sorted(paths) == all_schemas()


def test_the_build_lists_every_file_of_the_generator():
    listed = re.findall(r"'ocigen/(\w+\.py)'", read(os.path.join(TOP, "codegen", "meson.build")))
    folder = os.path.join(TOP, "codegen", "ocigen")
    assert listed == sorted(name for name in os.listdir(folder) if name.endswith(".py"))


def test_umbrella_leaves_private_modules_out(real):
    text = read(str(real / "ocikit" / "spec.h"))
    assert "<ocikit/runtime_config.h>" in text
    assert "record.h" not in text


def _undescribed(node, where):
    """Properties and named types without a description, neither their own nor a definition's."""
    if isinstance(node, list):
        for item in node:
            yield from _undescribed(item, where)
    if not isinstance(node, dict):
        return
    if "x-name" in node and "description" not in node:
        yield where
    for name, member_schema in node.get("properties", {}).items():
        if "description" not in member_schema and "$ref" not in member_schema:
            yield f"{where}/{name}"
    for name, child in node.items():
        yield from _undescribed(child, f"{where}/{name}")


@pytest.mark.parametrize("path", sorted(glob.glob(os.path.join(SCHEMA, "runtime", "*.json"))),
                         ids=os.path.basename)
def test_every_property_is_described(path):
    with open(path, encoding="utf-8") as file:
        assert list(_undescribed(json.load(file), "")) == []


def _undocumented(header):
    """Members of generated structs with no comment before them."""
    previous = ""
    for line in header.splitlines():
        is_member = re.match(r"    (?!return)[a-z].*;$", line)
        extra = re.match(r"    (size_t \w+_count|struct oci_unknown_members \w+|const char \*key"
                         r"|struct \w+ value);", line)
        if is_member and not extra and not re.search(r"\*/$|^    bool has_", previous):
            yield line
        previous = line


def test_every_member_is_documented(real):
    for path in glob.glob(str(real / "ocikit" / "runtime_*.h")):
        assert list(_undocumented(read(path))) == [], path


# --- renewing the goldens ------------------------------------------------------------------------

def update():
    """Write the goldens of every case; a case that changes sides is an error."""
    import tempfile  # pylint: disable=import-outside-toplevel
    wrong = 0
    for bad in (False, True):
        for name in cases(bad):
            with tempfile.TemporaryDirectory() as folder:
                done = run_case(name, folder)
                if done.returncode != int(bad):
                    print(f"{name}: exit status {done.returncode}: {done.stderr}", file=sys.stderr)
                    wrong += 1
                    continue
                made = {"err": done.stderr} if bad else {"ir": done.stdout, **{
                    end: read(path) for end, path in products(name, folder).items()}}
            for end, text in made.items():
                with open(golden(name, end), "w", encoding="utf-8") as file:
                    file.write(text)
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit(__doc__)
    sys.exit(1 if update() else 0)
