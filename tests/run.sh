#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build ocikit and run every test; the last line is "N passed, N failed".
#
#   tests/run.sh [--quick | --asan | --peers] [--keep]
#
#   --quick   one build with gcc and its tests; not: control groups of version 2 alone, real engines,
#             faults, other runtimes, the test bed, a build with clang, fuzz targets, sanitizers
#   --asan    only the build with address and undefined-behaviour sanitizers, and its tests
#   --peers   only one build, and the integration tests with runc and with crun
#   --keep    keep the folder with results and temporary files, and say where it is
#
# Writes to build/, build-clang/, build-asan/, build-fuzz/ and a temporary folder.
# OCIKIT_FUZZ_SECONDS is how long each fuzz target runs (10; .ci/run: 60), OCIKIT_WORKERS how many integration tests
# run at a time (twice as many as processors), OCIKIT_BED=more or whole how many of them the test bed does.
set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
quick='' asan='' peers='' keep=''
for option in "$@"; do
    case "$option" in
        --quick) quick=1 ;;
        --asan) asan=1 ;;
        --peers) peers=1 ;;
        --keep) keep=1 ;;
        -h | --help) sed -n '3,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "$0: unknown option $option; see --help" >&2; exit 2 ;;
    esac
done

. "$here/lib/install.sh"
. "$here/lib/suites.sh"
need_root "$@" || exit 2
# shellcheck disable=SC2086
install_packages $BUILD_PACKAGES $TEST_PACKAGES || { echo "packages are missing" >&2; exit 2; }

python=$(find_python)
work=$(mktemp -d /tmp/ocikit-tests.XXXXXX)
chmod 755 "$work"
results=$work/results
mkdir "$results"
finish() {
    if [ -n "$keep" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM
export PYTHONDONTWRITEBYTECODE=1
cd "$top" || exit 2

if [ -n "$peers" ]; then
    build_step build && peer_suites build
fi
if [ -z "$asan$peers" ]; then
    if build_step build -Dbindings=true; then
        meson_suite build
        pytest_suite codegen build tests/codegen
        pytest_suite spec build tests/spec
        pytest_suite docs build tests/docs
        pytest_suite contract build tests/contract
        pytest_suite abi build tests/abi
        pytest_suite bench build tests/bench
        pytest_suite bindings build tests/bindings -n 2
        parallel_suite integration build
        if [ -z "$quick" ]; then
            version_2_suite build
            older_suite build
            # Each worker has engines of its own; they wait for each other more than they compute.
            pytest_suite engines build tests/engines -n "$(default_workers)"
            pytest_suite faults build tests/faults
            peer_suites build
            bed_suites build
        fi
    fi
    [ -n "$quick" ] || CC=clang CXX=clang++ build_step build-clang
fi
if [ -z "$quick$peers" ]; then
    # Sanitized code misleads gcc's own warnings; the other builds keep -Werror.
    fuzz_suite
    if build_step build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false; then
        sanitized_suites build-asan
    fi
fi

"$python" "$here/lib/summary.py" "$results" >"$work/summary"
status=$?
trap - EXIT
summary=$(cat "$work/summary")
finish
echo "$summary"
exit $status
