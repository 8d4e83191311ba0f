// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"sync"
	"sync/atomic"
)

// handle is a pointer of C's, which uses it in one thread at a time, until it is freed. The zero value
// is one that was never made, and is closed.
type handle struct {
	library *library
	pointer uintptr
	turn    chan struct{} // holds one thing while somebody has the pointer
	closed  chan struct{} // is closed once nobody may begin to use it
	closing atomic.Bool
	kept    sync.RWMutex // the pointer is not freed while somebody reads
}

// set makes it that of a pointer, and a user of the library, which the caller holds.
func (h *handle) set(of *library, pointer uintptr) {
	of.hold()
	h.library, h.pointer = of, pointer
	h.turn, h.closed = make(chan struct{}, 1), make(chan struct{})
}

func (h *handle) isClosed() bool {
	return h.turn == nil || h.closing.Load()
}

// use calls f with the pointer, which no other goroutine has meanwhile; ctx ends the wait for that.
func (h *handle) use(ctx context.Context, f func(pointer uintptr, fail *uintptr) int) error {
	if h.isClosed() {
		return ErrClosed
	}
	select {
	case h.turn <- struct{}{}:
	default:
		select {
		case h.turn <- struct{}{}:
		case <-h.closed:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer h.library.rethrow()
	defer func() { <-h.turn }()
	return h.call(f)
}

// keep is use for what C allows while another goroutine uses the pointer.
func (h *handle) keep(f func(pointer uintptr, fail *uintptr) int) error {
	if h.isClosed() {
		return ErrClosed
	}
	defer h.library.rethrow()
	h.kept.RLock()
	defer h.kept.RUnlock()
	return h.call(f)
}

func (h *handle) call(f func(pointer uintptr, fail *uintptr) int) error {
	if h.pointer == 0 {
		return ErrClosed
	}
	var fail uintptr
	code := f(h.pointer, &fail)
	return failure(code, fail)
}

// free ends the waits for it, and calls f with the pointer for the last time; not again.
func (h *handle) free(f func(pointer uintptr)) {
	if h.turn == nil || h.closing.Swap(true) {
		return
	}
	close(h.closed)
	h.turn <- struct{}{}
	defer h.library.rethrow()
	defer h.library.release()
	defer func() { <-h.turn }()
	h.kept.Lock()
	defer h.kept.Unlock()
	f(h.pointer)
	h.pointer = 0
}

// descriptor is an fd that a handle has, or -1.
func descriptor(use func(func(uintptr, *uintptr) int) error, of func(pointer uintptr) int) (int, error) {
	fd := -1
	err := use(func(pointer uintptr, _ *uintptr) int {
		fd = of(pointer)
		return 0
	})
	return fd, err
}
