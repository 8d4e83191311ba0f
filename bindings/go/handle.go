// SPDX-License-Identifier: Apache-2.0

package ocikit

import "context"

// handle is a pointer of C's, which uses it in one thread at a time, until it is freed.
type handle struct {
	turn    chan struct{} // holds one thing while somebody has it; nil in what was never made
	pointer uintptr
}

func newHandle(pointer uintptr) handle {
	return handle{make(chan struct{}, 1), pointer}
}

// use calls f with the pointer, which no other goroutine has meanwhile; ctx ends the wait for that.
func (h *handle) use(ctx context.Context, f func(pointer uintptr, fail *uintptr) int) error {
	if h.turn == nil {
		return ErrClosed
	}
	select {
	case h.turn <- struct{}{}:
	default:
		select {
		case h.turn <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-h.turn }()
	if h.pointer == 0 {
		return ErrClosed
	}
	var fail uintptr
	return failure(f(h.pointer, &fail), fail)
}

// free calls f with the pointer for the last time; not again.
func (h *handle) free(f func(pointer uintptr)) {
	if h.turn == nil {
		return
	}
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if h.pointer != 0 {
		f(h.pointer)
		h.pointer = 0
	}
}
