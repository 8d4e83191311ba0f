// SPDX-License-Identifier: Apache-2.0

// Package container is the C library ocikit-container as SWIG gives it to Go: numbers for handles,
// no memory management, errors as handles. All but this file and log.go is generated, see
// generate.sh; package ocikit is what people use.
package container

// #cgo pkg-config: ocikit-container
import "C"

// Text copies a text of C's.
func Text(handle uintptr) string {
	to := make([]byte, TextLength(handle))
	TextCopy(handle, to)
	return string(to)
}

// TakeText does the same and frees it.
func TakeText(handle uintptr) []byte {
	to := make([]byte, TextLength(handle))
	TextCopy(handle, to)
	TextFree(handle)
	return to
}
