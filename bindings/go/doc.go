// SPDX-License-Identifier: Apache-2.0

// Package ocikit runs OCI containers in this process, by the C library ocikit-container, which has to
// be installed with its .pc file: go build needs cgo and pkg-config, and no SWIG. Package spec has the
// documents as structs, without cgo.
//
//	runtime, err := ocikit.New(nil)
//	...
//	defer runtime.Close()
//	status, err := runtime.Run(ctx, "web", &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Bundle: "/srv/web", Stdout: os.Stdout}})
//
// Errors are of type *Error, with a code, an errno, the container's id and the place in the document;
// errors.Is knows the sentinels of this package, errnos, the errors of io/fs and those of contexts.
// A context that is done never leaves something half made: Create is undone, Run and Exec's processes
// are ended; Wait leaves the container as it is, and says so.
//
// Nothing here starts a thread that outlives its call, installs a handler or touches children that
// are not the library's.
package ocikit
