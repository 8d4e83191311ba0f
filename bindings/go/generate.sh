#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make internal/document and internal/container anew from bindings/swig: generate.sh [DIRECTORY].
# What SWIG writes is committed, so that who uses the module needs no SWIG; a test compares it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/internal}
cd "$here/../swig"
for pair in spec:document container:container; do
    module=${pair%:*} package=${pair#*:}
    mkdir -p "$out/$package"
    swig -go -cgo -intgosize 64 -package "$package" -module "$package" -Wall -Werror -I. \
        -o "$out/$package/${package}_wrap.c" -outdir "$out/$package" "$module.i"
    cp go/text.h "$out/$package"
    gofmt -w "$out/$package/$package.go"
done
cp flat.h go/log.h "$out/container"
cp flat_spec.h "$out/document"
