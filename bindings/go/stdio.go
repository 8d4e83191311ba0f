// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// stdio is a process's three files, and what copies between them and the caller's readers and
// writers, as package os/exec has it: an *os.File is handed over, anything else gets a pipe.
type stdio struct {
	fds    [3]int
	theirs []*os.File // closed once the process has them
	ours   []*os.File // closed at the end
	copies []func() error

	running sync.WaitGroup
	lock    sync.Mutex
	err     error // of the first copy that failed
}

func newStdio(in io.Reader, out, err io.Writer) (*stdio, error) {
	s := &stdio{}
	if e := s.input(in); e != nil {
		s.abort()
		return nil, e
	}
	if e := s.output(1, out); e != nil {
		s.abort()
		return nil, e
	}
	if err != nil && sameWriter(out, err) {
		s.fds[2] = s.fds[1]
	} else if e := s.output(2, err); e != nil {
		s.abort()
		return nil, e
	}
	return s, nil
}

// prepare is what a call needs that starts a process: its files, and what cancels it.
func prepare(ctx context.Context, in io.Reader, out, err io.Writer) (*stdio, *canceller, error) {
	if e := ctx.Err(); e != nil {
		return nil, nil, e
	}
	std, e := newStdio(in, out, err)
	if e != nil {
		return nil, nil, e
	}
	cancel, e := newCanceller(ctx)
	if e != nil {
		std.abort()
		return nil, nil, e
	}
	return std, cancel, nil
}

// sameWriter compares two, of types that may not be comparable.
func sameWriter(a, b io.Writer) bool {
	defer func() { _ = recover() }()
	return a == b
}

func (s *stdio) null(number int) error {
	file, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s.theirs = append(s.theirs, file)
	s.fds[number] = int(file.Fd())
	return nil
}

// hand gives the process the caller's file. C would take the fd of a closed one for none, and let the
// process have this process's own.
func (s *stdio) hand(number int, file *os.File) error {
	s.fds[number] = int(file.Fd())
	if s.fds[number] < 0 {
		return invalid("create", "a closed file")
	}
	return nil
}

func (s *stdio) input(in io.Reader) error {
	if in == nil {
		return s.null(0)
	}
	if file, ok := in.(*os.File); ok {
		return s.hand(0, file)
	}
	reading, writing, err := os.Pipe()
	if err != nil {
		return err
	}
	s.theirs, s.ours = append(s.theirs, reading), append(s.ours, writing)
	s.fds[0] = int(reading.Fd())
	s.copies = append(s.copies, func() error {
		_, err := io.Copy(writing, in)
		writing.Close()
		return ignoreBrokenPipe(err)
	})
	return nil
}

func (s *stdio) output(number int, out io.Writer) error {
	if out == nil {
		return s.null(number)
	}
	if file, ok := out.(*os.File); ok {
		return s.hand(number, file)
	}
	reading, writing, err := os.Pipe()
	if err != nil {
		return err
	}
	s.theirs, s.ours = append(s.theirs, writing), append(s.ours, reading)
	s.fds[number] = int(writing.Fd())
	s.copies = append(s.copies, func() error {
		_, err := io.Copy(out, reading)
		reading.Close()
		return err
	})
	return nil
}

// ignoreBrokenPipe: a process may end, or close its input, before it has read all.
func ignoreBrokenPipe(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// start begins to copy: the process has its files.
func (s *stdio) start() {
	for _, file := range s.theirs {
		file.Close()
	}
	s.theirs = nil
	for _, copy := range s.copies {
		copy := copy
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			if err := copy(); err != nil {
				s.lock.Lock()
				defer s.lock.Unlock()
				if s.err == nil {
					s.err = err
				}
			}
		}()
	}
	s.copies = nil
}

// wait is for the end of all output, which others than the process may hold open, and gives the first
// error of a copy.
func (s *stdio) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.err
}

// abort closes what is open, which ends the copies too.
func (s *stdio) abort() {
	for _, file := range append(s.theirs, s.ours...) {
		file.Close()
	}
	s.theirs, s.ours = nil, nil
}
