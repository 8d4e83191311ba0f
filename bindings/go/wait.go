// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"errors"
	"os"
	"strconv"
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

// OK says that it ended with code 0.
func (s ExitStatus) OK() bool {
	return s.Code == 0 && s.Signal == 0
}

// String is "exit 7" or "signal 9 (killed)".
func (s ExitStatus) String() string {
	if s.Signal == 0 {
		return "exit " + strconv.Itoa(s.Code)
	}
	return "signal " + strconv.Itoa(int(s.Signal)) + " (" + s.Signal.String() + ")"
}

// await waits until an fd is readable, without a thread: an epoll instance that has it is what
// Go's own poller can watch. The fd is not touched, and not used after the return.
func await(ctx context.Context, fd int) error {
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
	err = connection.Read(func(fd uintptr) bool {
		var events [1]syscall.EpollEvent
		n, _ := syscall.EpollWait(int(fd), events[:], 0)
		return n > 0
	})
	close(returned)
	<-ended
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ctx.Err()
	}
	return err
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
