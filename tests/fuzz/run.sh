#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run every fuzz target.
#
#   tests/fuzz/run.sh [SECONDS [TARGET...]]
#
# SECONDS is for each target (default 60); as many run at a time as there are processors.  Builds into
# build-fuzz/ with clang.  What a target finds beyond its seeds stays in build-fuzz/corpus/ for the next
# run.  Exits with 1 if one of them failed, and says which file makes it fail.
set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
seconds=${1:-60}
[ $# -gt 0 ] && shift
. "$top/tests/lib/install.sh"
python=$(find_python)
build=$top/build-fuzz
cd "$top" || exit 2

if [ ! -f "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Dpython="$python" -Dtests=false -Dfuzz=true -Dwerror=false \
        -Db_sanitize=address,undefined -Db_lundef=false >"$build.log" 2>&1 ||
        { cat "$build.log"; exit 2; }
fi
# Only the targets: clang does not link its sanitizers into shared libraries.
targets=$(ninja -C "$build" -t targets all | sed -n 's|^\(tests/fuzz/fuzz-[a-z-]*\):.*|\1|p')
# shellcheck disable=SC2086
ninja -C "$build" -j "$(nproc)" $targets >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 2; }
"$python" "$here/seeds.py" "$top" "$build/seeds" || exit 2

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(echo "$targets" | sed 's|.*/fuzz-||')

# one TARGET: its output is shown only where it failed.
cat >"$build/one.sh" <<EOF
target=\$1
mkdir -p "$build/corpus/\$target" "$build/found"
"$build/tests/fuzz/fuzz-\$target" -max_total_time=$seconds -max_len=8192 -timeout=20 -rss_limit_mb=4096 \\
    -dict="$build/seeds/names.dict" -artifact_prefix="$build/found/\$target-" -print_final_stats=1 \\
    "$build/corpus/\$target" "$build/seeds/\$target" >"$build/found/\$target.log" 2>&1
status=\$?
runs=\$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/found/\$target.log")
if [ \$status = 0 ]; then echo "passed: \$target (\$runs inputs)"; exit 0; fi
tail -n 60 "$build/found/\$target.log"
echo "failed: \$target; the input is in $build/found"
exit 1
EOF
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh "$build/one.sh"
