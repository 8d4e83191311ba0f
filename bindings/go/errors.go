// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"errors"
	"io/fs"
	"syscall"

	"ocikit/internal/container"
	"ocikit/spec"
)

// Error is a failure of the library. errors.As finds it; errors.Is compares it with the sentinels of
// this package by its code, with an errno (syscall.ENOENT) and with the errors of io/fs.
type Error struct {
	// Code is what failed.
	Code Code
	// Errno is the kernel's number behind it, or 0.
	Errno syscall.Errno
	// Message is the whole text, one line.
	Message string
	// Operation is what was going on: "create", "start", ...
	Operation string
	// ContainerID is the container's.
	ContainerID string
	// Pointer is the place in the document, such as "/mounts/3" (RFC 6901), if HasPlace.
	Pointer string
	// HasPlace says that Pointer, where it is "", is the whole document.
	HasPlace bool
	// File is what the document is called; Line and Column are where that place is in it, from 1, or 0.
	File         string
	Line, Column int
	// Findings are all that is wrong with a document; nil where only one thing is known.
	Findings []Finding

	cause error
}

// Error is the message.
func (e *Error) Error() string {
	if e == nil {
		return "no error"
	}
	return e.Message
}

// Unwrap gives the cause: an error of a context, or the errno.
func (e *Error) Unwrap() error {
	switch {
	case e == nil:
		return nil
	case e.cause != nil:
		return e.cause
	case e.Errno != 0:
		return e.Errno
	}
	return nil
}

// Is compares codes with a sentinel, and knows what the codes mean for package io/fs.
func (e *Error) Is(target error) bool {
	if e == nil {
		return false
	}
	if one, ok := target.(*sentinel); ok {
		for _, code := range one.codes {
			if code == e.Code {
				return true
			}
		}
		return false
	}
	switch target {
	case fs.ErrNotExist:
		return e.Code == "not_found" || e.Code == "exec_not_found"
	case fs.ErrExist:
		return e.Code == "exists"
	case fs.ErrPermission:
		return e.Code == "permission"
	case fs.ErrInvalid:
		return e.Code == "invalid_argument" || e.Code == "invalid_id"
	}
	return false
}

type sentinel struct {
	text  string
	codes []Code
}

func (s *sentinel) Error() string {
	return s.text
}

// What errors.Is is asked for.
var (
	ErrNotExist        error = &sentinel{"does not exist", []Code{"not_found"}}
	ErrExist           error = &sentinel{"already exists", []Code{"exists"}}
	ErrInvalidArgument error = &sentinel{"an argument is not valid", []Code{"invalid_argument", "invalid_id"}}
	ErrBusy            error = &sentinel{"in use by another operation", []Code{"busy"}}
	ErrTimeout         error = &sentinel{"took longer than allowed", []Code{"timeout"}}
	ErrCancelled       error = &sentinel{"cancelled by the caller", []Code{"cancelled"}}
	ErrPermission      error = &sentinel{"not permitted", []Code{"permission"}}
	ErrUnsupported     error = &sentinel{"not supported by this build, kernel or host", []Code{"unsupported"}}
	ErrState           error = &sentinel{"the container is not in the state for that", []Code{"wrong_state", "not_running", "init_died", "state_corrupt", "status_lost"}}
	ErrNotRunning      error = &sentinel{"the container is not running", []Code{"not_running"}}
	ErrProgramNotFound error = &sentinel{"the program does not exist in the container", []Code{"exec_not_found"}}
	ErrProgram         error = &sentinel{"the program cannot be executed", []Code{"exec_not_executable", "exec_not_found"}}
	ErrStatusLost      error = &sentinel{"the exit status was collected by somebody else", []Code{"status_lost"}}
	ErrSpec            error = &sentinel{"a document is wrong", specCodes}
	ErrConfig          error = &sentinel{"the configuration cannot be carried out", []Code{"config"}}
	ErrUnknownDocument error = &sentinel{"no known kind of document", []Code{"unknown_kind"}}
	ErrNoMemory        error = &sentinel{"out of memory", []Code{"no_memory"}}
	ErrHost            error = &sentinel{"the kernel or the host refused it", hostCodes}
	hostCodes                = []Code{"io", "bundle", "config_missing", "namespace", "rootfs", "mount", "device", "id_mapping", "sysctl", "seccomp", "capability", "rlimit", "user", "cwd", "cgroup", "hook", "terminal", "scheduling", "label", "network", "resctrl"}
	specCodes                = []Code{"syntax", "encoding", "duplicate_key", "type", "range", "enum", "pattern", "required", "too_few", "unknown_member", "depth", "too_large", "rule", "unknown_kind"}
	// ErrClosed is given by whatever is used after Close.
	ErrClosed = errors.New("ocikit: used after Close")
)

// failure makes the error of a call that gave code, and frees C's.
func failure(code int, handle uintptr) error {
	if code >= 0 {
		return nil
	}
	e := &Error{
		Code:    Code(container.Text(container.OciCodeName(code))),
		Message: container.Text(container.OciCodeText(code)),
	}
	if handle != 0 {
		e.Errno = syscall.Errno(container.ContainerErrorErrno(handle))
		e.Message = container.Text(container.ContainerErrorMessage(handle))
		e.Operation = container.Text(container.ContainerErrorOperation(handle))
		e.ContainerID = container.Text(container.ContainerErrorId(handle))
		e.Pointer = container.Text(container.ContainerErrorPointer(handle))
		e.File = container.Text(container.ContainerErrorFile(handle))
		e.Line = int(container.ContainerErrorLine(handle))
		e.Column = int(container.ContainerErrorColumn(handle))
		e.HasPlace = e.Pointer != "" || e.File != ""
		container.ContainerErrorFree(handle)
	}
	return e
}

// unwritable is the error for a struct of package spec that is no document.
func unwritable(operation, id string, err error) error {
	var e *spec.Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{Code: Code(e.Code), Message: e.Error(), Operation: operation, ContainerID: id, Pointer: e.Pointer,
		HasPlace: true, cause: err}
}

func invalid(operation, message string) error {
	return &Error{Code: "invalid_argument", Operation: operation, Message: message}
}
