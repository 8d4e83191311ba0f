// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ExitStatus is how a process ended.
type ExitStatus struct {
	// Code is its exit code, or -1 where a signal ended it.
	Code int
	// Signal is that one, or 0.
	Signal syscall.Signal
}

// noStatus stands where nothing is known.
var noStatus = ExitStatus{Code: -1}

// OK says that it ended with code 0.
func (s ExitStatus) OK() bool {
	return s.Code == 0 && s.Signal == 0
}

// String is "exit 7", "signal 9 (killed)", or "unknown" beside an error.
func (s ExitStatus) String() string {
	if s == noStatus {
		return "unknown"
	}
	if s.Signal == 0 {
		return "exit " + strconv.Itoa(s.Code)
	}
	return "signal " + strconv.Itoa(int(s.Signal)) + " (" + s.Signal.String() + ")"
}

// waitable is what a container's first process and one of Exec's have in common.
type waitable struct {
	handle
	std *stdio // nil for a container that was opened
	// In C: fd is readable when it has ended or, where it is -1, it has; wait gives the status; free forgets it.
	fd   func(pointer uintptr) int
	wait func(pointer uintptr, timeout int, code, signal *int32, fail *uintptr) int
	free func(pointer uintptr)
	// asks: wait is called again and again, because it also collects processes that were executed in the
	// container, without which that cannot end.
	asks bool

	about  sync.Mutex
	status *ExitStatus // how it has ended, once that is known
}

func (w *waitable) close() {
	w.handle.free(func(pointer uintptr) {
		w.free(pointer)
		w.std.abort()
	})
}

// abandon is deferred by what makes one: where the copies have not begun that has failed, or a panic goes
// through it, and nobody will get what end ends.
func (w *waitable) abandon(end func(pointer uintptr, fail *uintptr) int) {
	if w.std.started() {
		return
	}
	w.std.abort()
	w.handle.free(func(pointer uintptr) {
		var fail uintptr
		code := end(pointer, &fail)
		_ = failure(code, fail)
		w.free(pointer)
	})
}

func (w *waitable) known() *ExitStatus {
	w.about.Lock()
	defer w.about.Unlock()
	return w.status
}

// collect gives the status, or ErrTimeout while it runs. Two goroutines may ask for it at once, and get
// the same.
func (w *waitable) collect(ctx context.Context) (ExitStatus, error) {
	if status := w.known(); status != nil {
		return *status, nil
	}
	var code, signal int32
	if err := w.handle.use(ctx, func(pointer uintptr, fail *uintptr) int {
		return w.wait(pointer, 0, &code, &signal, fail)
	}); err != nil {
		return noStatus, err
	}
	w.about.Lock()
	defer w.about.Unlock()
	w.status = &ExitStatus{int(code), syscall.Signal(signal)}
	return *w.status, nil
}

// waitForAll waits for the end of the process and of its output.
func (w *waitable) waitForAll(ctx context.Context) (ExitStatus, error) {
	status, err := w.waitForEnd(ctx)
	if err != nil {
		return status, err
	}
	return status, w.std.wait(ctx, w.closed)
}

// How long a look waits for the next one: shortly at first, as a kill may just have been sent.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// waitForEnd waits for the end of the process alone.
func (w *waitable) waitForEnd(ctx context.Context) (ExitStatus, error) {
	status, err := w.collect(ctx)
	if !errors.Is(err, ErrTimeout) {
		return status, err
	}
	end, err := w.watchEnd(ctx)
	if err != nil {
		return noStatus, err
	}
	defer end.close()
	next := time.Duration(0) // for ever
	if w.asks {
		next = firstLook
	}
	for {
		ended, err := end.wait(ctx, w.closed, next)
		if err != nil {
			return noStatus, err
		}
		if status, err = w.collect(ctx); ended || !errors.Is(err, ErrTimeout) {
			return status, err
		}
		if next *= 2; next > lastLook {
			next = lastLook
		}
	}
}

// watchEnd watches a copy of the pidfd, so that the handle may be closed meanwhile; nil if the process had
// ended when the handle was made.
func (w *waitable) watchEnd(ctx context.Context) (*watch, error) {
	fd := -1
	var errno syscall.Errno
	if err := w.handle.use(ctx, func(pointer uintptr, _ *uintptr) int {
		if of := w.fd(pointer); of >= 0 {
			var copy uintptr
			copy, _, errno = syscall.Syscall(syscall.SYS_FCNTL, uintptr(of), syscall.F_DUPFD_CLOEXEC, 0)
			fd = int(copy)
		}
		return 0
	}); err != nil {
		return nil, err
	}
	if errno != 0 {
		return nil, os.NewSyscallError("fcntl", errno)
	}
	if fd < 0 {
		return nil, nil
	}
	end, err := newWatch(fd)
	if err != nil {
		syscall.Close(fd)
		return nil, err
	}
	end.own = fd
	return end, nil
}

// watch waits until an fd is readable, without a thread: an epoll instance that has it is what Go's own
// poller can watch. The fd is not touched, and not used after close.
type watch struct {
	epoll      *os.File
	connection syscall.RawConn
	own        int // an fd to close with it, or -1
}

func newWatch(fd int) (*watch, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		syscall.Close(epoll)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	if err := syscall.SetNonblock(epoll, true); err != nil {
		syscall.Close(epoll)
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(epoll), "epoll")
	connection, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &watch{file, connection, -1}, nil
}

// wait returns true once the fd is readable, or false after limit, where that is not 0.
func (w *watch) wait(ctx context.Context, closed <-chan struct{}, limit time.Duration) (bool, error) {
	if w == nil {
		return true, nil
	}
	deadline := time.Time{}
	if limit > 0 {
		deadline = time.Now().Add(limit)
	}
	w.epoll.SetReadDeadline(deadline)
	returned := make(chan struct{})
	ended := make(chan error)
	go func() {
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-closed:
			err = ErrClosed
		case <-returned:
			ended <- nil
			return
		}
		w.epoll.SetReadDeadline(time.Unix(1, 0))
		<-returned
		ended <- err
	}()
	err := w.connection.Read(func(fd uintptr) bool {
		var events [1]syscall.EpollEvent
		n, _ := syscall.EpollWait(int(fd), events[:], 0)
		return n > 0
	})
	close(returned)
	interrupted := <-ended
	switch {
	case err == nil:
		return true, nil
	case interrupted != nil:
		return false, interrupted
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	}
	return false, err
}

func (w *watch) close() {
	if w == nil {
		return
	}
	w.epoll.Close()
	if w.own >= 0 {
		syscall.Close(w.own)
	}
}

// canceller gives a call an fd that is readable once ctx is done; stop ends it.
type canceller struct {
	reading, writing *os.File
	stop             chan struct{}
	ended            chan struct{}
}

func newCanceller(ctx context.Context) (*canceller, error) {
	if ctx.Done() == nil {
		return nil, nil
	}
	reading, writing, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &canceller{reading, writing, make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(c.ended)
		select {
		case <-ctx.Done():
			writing.Write([]byte{1})
		case <-c.stop:
		}
	}()
	return c, nil
}

func (c *canceller) fd() int {
	if c == nil {
		return -1
	}
	return int(c.reading.Fd())
}

func (c *canceller) close() {
	if c == nil {
		return
	}
	close(c.stop)
	<-c.ended
	c.reading.Close()
	c.writing.Close()
}

// cancelled puts the context's error into that of a call which ctx has cancelled.
func cancelled(ctx context.Context, err error) error {
	var e *Error
	if ctx.Err() != nil && errors.As(err, &e) && e.Code == "cancelled" {
		e.cause = ctx.Err()
	}
	return err
}
