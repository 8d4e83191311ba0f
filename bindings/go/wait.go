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

// ended is how a process has ended, once that is known.
type ended struct {
	about  sync.Mutex
	status *ExitStatus
}

// once gives the status, which collect is asked for until it has it. Two goroutines may ask it at
// once, and get the same.
func (e *ended) once(collect func(code, signal *int32) error) (ExitStatus, error) {
	if status := e.known(); status != nil {
		return *status, nil
	}
	var code, signal int32
	if err := collect(&code, &signal); err != nil {
		return noStatus, err
	}
	e.about.Lock()
	defer e.about.Unlock()
	e.status = &ExitStatus{int(code), syscall.Signal(signal)}
	return *e.status, nil
}

func (e *ended) known() *ExitStatus {
	e.about.Lock()
	defer e.about.Unlock()
	return e.status
}

// waitable is a container or a process.
type waitable interface {
	// pidfd is readable when it has ended.
	pidfd(ctx context.Context) (int, error)
	// collect gives the status, or ErrTimeout while it runs.
	collect(ctx context.Context) (ExitStatus, error)
}

// waitFor waits for the end of w and of its output. asks: collect is called again and again, because it
// also collects processes that were executed in the container, without which that cannot end.
func waitFor(ctx context.Context, w waitable, std *stdio, asks bool) (ExitStatus, error) {
	status, err := w.collect(ctx)
	if errors.Is(err, ErrTimeout) {
		var look func() bool
		if asks {
			look = func() bool {
				_, err := w.collect(ctx)
				return !errors.Is(err, ErrTimeout)
			}
		}
		if err := waitForEnd(ctx, w, look); err != nil {
			return noStatus, err
		}
		status, err = w.collect(ctx)
	}
	if err != nil || std == nil {
		return status, err
	}
	return status, std.wait(ctx)
}

// waitForEnd waits on a copy of a pidfd, so that the handle may be closed meanwhile.
func waitForEnd(ctx context.Context, w waitable, look func() bool) error {
	fd, err := w.pidfd(ctx)
	if err != nil {
		return err
	}
	if fd < 0 {
		return ctx.Err()
	}
	syscall.ForkLock.RLock()
	own, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(own)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	defer syscall.Close(own)
	return await(ctx, own, look)
}

// How long a look waits for the next one: shortly at first, as a kill may just have been sent.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// await waits until an fd is readable, or look, where there is one, says so, without a thread: an epoll
// instance that has it is what Go's own poller can watch. The fd is not touched, and not used after the return.
func await(ctx context.Context, fd int, look func() bool) error {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		syscall.Close(epoll)
		return os.NewSyscallError("epoll_ctl", err)
	}
	if err := syscall.SetNonblock(epoll, true); err != nil {
		syscall.Close(epoll)
		return os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(epoll), "epoll")
	defer file.Close()
	connection, err := file.SyscallConn()
	if err != nil {
		return err
	}
	returned := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			file.SetReadDeadline(time.Unix(1, 0))
		case <-returned:
		}
	}()
	defer func() {
		close(returned)
		<-ended
	}()
	for next := firstLook; ; next *= 2 {
		if look != nil {
			if next > lastLook {
				next = lastLook
			}
			file.SetReadDeadline(time.Now().Add(next))
		}
		// After the deadline was set, which may have been in place of the one that ends the wait.
		if err := ctx.Err(); err != nil {
			return err
		}
		err := connection.Read(func(fd uintptr) bool {
			var events [1]syscall.EpollEvent
			n, _ := syscall.EpollWait(int(fd), events[:], 0)
			return n > 0
		})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if look != nil && look() {
			return nil
		}
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
