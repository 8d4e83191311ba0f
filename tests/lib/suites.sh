# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# The steps of tests/run.sh.  Sourced; uses $here, $python, $work, $results; each leaves a result file.

say() {
    echo "[$(date +%H:%M:%S)] $*"
}

# step NAME COMMAND...: one test that is a command; the output is kept for the summary.
step() {
    name=$1
    shift
    if "$@" >"$work/$name.log" 2>&1; then
        echo passed >"$results/$name.step"
        return 0
    fi
    { echo failed; cat "$work/$name.log"; } >"$results/$name.step"
    say "failed: $name"
    return 1
}

configure_and_compile() {
    folder=$1
    shift
    if [ -f "$folder/build.ninja" ]; then
        meson setup --reconfigure "$folder" -Dpython="$python" -Dtests=true "$@" || return 1
    else
        meson setup "$folder" -Dpython="$python" -Dtests=true "$@" || return 1
    fi
    ninja -C "$folder" -j "$(nproc)"
}

# build_step FOLDER [MESON-OPTION]...
build_step() {
    say "build: $1"
    step "$1" configure_and_compile "$@"
}

meson_suite() {
    say "unit tests: $1"
    meson test -C "$1" --no-rebuild --print-errorlogs --num-processes "$(nproc)" \
        >"$work/unit-$1.log" 2>&1
    status=$?
    if [ -f "$1/meson-logs/testlog.json" ]; then
        cp "$1/meson-logs/testlog.json" "$results/unit-$1.json"
    elif [ $status != 0 ]; then
        { echo failed; cat "$work/unit-$1.log"; } >"$results/unit-$1.step"
    fi
}

# whole_result NAME STATUS: what pytest ended with.  1 is "tests failed", which the XML tells; anything else
# means that there is no whole result.
whole_result() {
    tail -n 1 "$work/$1.log"
    if [ "$2" -gt 1 ]; then
        { echo failed; cat "$work/$1.log"; } >"$results/$1.step"
    fi
}

# pytest_suite NAME BUILD FOLDER [OPTION]...: nothing where the folder has no tests.
pytest_suite() {
    name=$1 build=$2 folder=$3
    shift 3
    find "$folder" -name 'test_*.py' 2>/dev/null | grep -q . || return 0
    say "$name: $build"
    OCIKIT_BUILD=$(pwd)/$build OCIKIT_RUNTIME=$(pwd)/$build/cli/ocikit \
        "$python" -m pytest -q -p no:cacheprovider --basetemp "$work/$name-$build" \
        --junitxml "$results/$name-$build.xml" "$@" "$folder" >"$work/$name-$build.log" 2>&1
    whole_result "$name-$build" $?
}

# integration_suite NAME BUILD RUNTIME WORKERS [COMMAND...]: the integration tests of a runtime, so many at a
# time (0: one after the other), run by a command; only the files of $tests where that is not empty.
integration_suite() {
    name=$1 folder=$2 runtime=$3 workers=$4
    shift 4
    files=''
    for test in ${tests:-}; do
        files="$files tests/integration/$test.py"
    done
    say "$name: $folder"
    OCIKIT_BUILD=$(pwd)/$folder OCIKIT_RUNTIME=$runtime OCIKIT_TEST_SHARED_HOST=1 \
        "$@" "$python" -m pytest -q -p no:cacheprovider -n "$workers" \
        --basetemp "$work/$name-$folder" --junitxml "$results/$name-$folder.xml" \
        ${files:-tests/integration} >"$work/$name-$folder.log" 2>&1
    whole_result "$name-$folder" $?
}

# They wait more than they compute: twice as many as processors.
default_workers() {
    echo "${OCIKIT_WORKERS:-$((2 * $(nproc)))}"
}

# parallel_suite NAME BUILD [COMMAND...]: the integration tests of what was built, several at a time.
parallel_suite() {
    name=$1 folder=$2
    shift 2
    integration_suite "$name" "$folder" "$(pwd)/$folder/cli/ocikit" "$(default_workers)" "$@"
}

is_missing() {
    echo "$1 is not installed"
    return 1
}

# peer_suite PEER BUILD WORKERS [COMMAND...]: the same tests with another runtime; see docs/peers.md.
peer_suite() {
    peer=$1 folder=$2 workers=$3
    shift 3
    if path=$(command -v "$peer"); then
        integration_suite "$peer" "$folder" "$path" "$workers" "$@"
    else
        step "$peer" is_missing "$peer"
    fi
}

# crun sees no hierarchy of version 2 beside those of version 1, which it mistakes, and runs one test after
# the other: it ends a parallel worker.
peer_suites() {
    peer_suite runc "$1" "$(default_workers)"
    peer_suite crun "$1" 0 "$here/lib/view.sh" v1
}

# The integration tests where version 2 of control groups is the only one.
version_2_suite() {
    parallel_suite version-2 "$1" "$here/lib/view.sh" v2
}

# The same as if the kernel had not these calls, as older ones and old sandboxes have not.
OLDER="clone3,close_range,openat2,mount_setattr"
OLDER_TESTS="test_lifecycle test_hooks test_namespaces test_shared_pid test_exec test_devices test_mounts
test_mount_options test_mounts_command test_masked test_propagation test_root_security test_security"

older_suite() {
    step without gcc -O1 -Wall -Wextra -Werror -o "$work/without" tests/lib/without.c -lseccomp || return
    (
        export OCIKIT_WITHOUT="$work/without $OLDER"
        tests=$OLDER_TESTS
        integration_suite older "$1" "$(pwd)/$1/cli/ocikit" "$(default_workers)"
    )
}

# What the test bed's kernel makes a difference to.
BED_TESTS="test_cgroup2 test_resources test_update test_pause test_idmap test_apparmor"
BED_MORE_TESTS="test_cgroups test_events test_device_rules test_devices test_mount_kinds test_shared_pid test_kill"
BED_LEGACY_TESTS="test_resources test_update test_cgroups test_device_rules test_pause"
BED_OLDER_TESTS="test_lifecycle test_mounts test_hooks test_shared_pid"
BED_SELINUX_TESTS="test_selinux"
BED_SYSTEMD_TESTS="test_systemd test_systemd_user test_systemd_podman test_cgroup2 test_lifecycle"

# bed_suite PROFILE BUILD WORKERS [TEST...]: integration tests, or those files of them, in the test bed; without
# the calls that $OCIKIT_WITHOUT takes away.
bed_suite() {
    profile=$1 folder=$2 workers=$3
    name=testbed-$profile${OCIKIT_WITHOUT:+-older}
    shift 3
    say "test bed, $profile${OCIKIT_WITHOUT:+ as if older}: $folder"
    if ! why=$(bed_is_there "$profile"); then
        echo "skipped: $why" | tee "$results/$name.step" | sed 's/^/    /'
        sed -i '1i skipped' "$results/$name.step"
        return
    fi
    files=''
    for test in "$@"; do
        files="$files tests/integration/$test.py"
    done
    output=$work/$name
    mkdir -p "$output"
    # shellcheck disable=SC2086
    OCIKIT_BUILD=$(pwd)/$folder OCIKIT_RUNTIME=$(pwd)/$folder/cli/ocikit OCIKIT_TEST_SHARED_HOST=1 \
        tests/testbed/run.sh --profile "$profile" --memory 4096 --timeout "${OCIKIT_BED_SECONDS:-1200}" \
        --output "$output" -- "$python" -m pytest -q -p no:cacheprovider -n "$workers" \
        --junitxml /run/testbed/output/result.xml ${files:-tests/integration} >"$work/$name-$folder.log" 2>&1
    status=$?
    [ -f "$output/result.xml" ] && mv "$output/result.xml" "$results/$name-$folder.xml"
    whole_result "$name-$folder" $status
}

# A few minutes of it; OCIKIT_BED=more: also what the other profiles are for; whole: every integration test.
bed_suites() {
    case "${OCIKIT_BED:-}" in
        more) BED_TESTS="$BED_TESTS $BED_MORE_TESTS" ;;
        whole) BED_TESTS='' BED_SYSTEMD_TESTS='' BED_OLDER_TESTS=$OLDER_TESTS ;;
    esac
    # shellcheck disable=SC2086
    bed_suite minimal "$1" 3 $BED_TESTS
    [ "${OCIKIT_BED:-}" ] || return 0
    # shellcheck disable=SC2086
    bed_suite legacy "$1" 3 $BED_LEGACY_TESTS
    # shellcheck disable=SC2086
    bed_suite selinux "$1" 3 $BED_SELINUX_TESTS
    # shellcheck disable=SC2086
    bed_suite systemd "$1" 3 $BED_SYSTEMD_TESTS
    [ -x "$work/without" ] || return 0
    # shellcheck disable=SC2086
    (export OCIKIT_WITHOUT="$work/without $OLDER"; bed_suite minimal "$1" 3 $BED_OLDER_TESTS)
}

# Says what is missing.
bed_is_there() {
    command -v qemu-system-x86_64 >/dev/null || { echo "qemu-system-x86 is not installed"; return 1; }
    [ -x /usr/lib/qemu/virtiofsd ] || { echo "virtiofsd of qemu-system-common is not installed"; return 1; }
    [ "$1" != selinux ] || command -v checkpolicy >/dev/null || { echo "checkpolicy is not installed"; return 1; }
    [ "$1" != systemd ] || [ -x /lib/systemd/systemd ] || { echo "systemd is not installed"; return 1; }
    tests/testbed/run.sh --fetch 2>&1 >/dev/null
}

# The same tests where every finding of a sanitizer ends the process with a code of its own.
sanitized_suites() {
    (
        export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
        export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99
        meson_suite "$1"
        pytest_suite contract "$1" tests/contract
        parallel_suite integration "$1"
    )
}

# Every fuzz target for a while; .ci/run gives a minute.
fuzz_suite() {
    say "fuzz targets, ${OCIKIT_FUZZ_SECONDS:-10} seconds each"
    step fuzz tests/fuzz/run.sh "${OCIKIT_FUZZ_SECONDS:-10}"
}
