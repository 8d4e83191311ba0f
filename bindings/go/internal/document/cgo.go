// SPDX-License-Identifier: Apache-2.0

// Package document is the C library ocikit-spec as SWIG gives it to Go. All but this file is
// generated, see generate.sh; package ocikit is what people use.
package document

// #cgo pkg-config: ocikit-spec
import "C"

// Text copies a text of C's.
func Text(handle uintptr) string {
	to := make([]byte, TextLength(handle))
	TextCopy(handle, to)
	return string(to)
}

// Take copies length bytes of C's, and frees them.
func Take(handle, length uintptr) []byte {
	to := make([]byte, length)
	TextCopy(handle, to)
	TextFree(handle)
	return to
}
