// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// grace is how long the copies of a process that has ended may take before they are left, or cut off.
const grace = 100 * time.Millisecond

// stdio is a process's three files, and what copies between them and the caller's readers and
// writers, as package os/exec has it: an *os.File is handed over, anything else gets a pipe.
type stdio struct {
	fds             [3]int
	theirs          []*os.File // closed once the process has them
	inputs, outputs []func()   // copies, until start

	// Closed once all copies of that kind have ended. An input may not end before the caller's reader
	// does, which nothing can interrupt.
	inputEnded, outputEnded chan struct{}

	lock sync.Mutex
	ours []*os.File // closed at the end
	err  error      // of the first copy that failed
}

var errClosedFile = errors.New("a closed file")

func newStdio(in io.Reader, out, err io.Writer) (made *stdio, failed error) {
	s := &stdio{}
	defer func() {
		if failed != nil {
			s.abort()
		}
	}()
	if e := s.input(in); e != nil {
		return nil, e
	}
	if e := s.output(1, out); e != nil {
		return nil, e
	}
	if err != nil && sameWriter(out, err) {
		s.fds[2] = s.fds[1]
		return s, nil
	}
	return s, s.output(2, err)
}

// prepare is what a call needs that starts a process: its files, and what cancels it.
func prepare(ctx context.Context, operation, id string, in io.Reader, out, err io.Writer) (*stdio, *canceller, error) {
	if e := ctx.Err(); e != nil {
		return nil, nil, e
	}
	std, e := newStdio(in, out, err)
	if e == errClosedFile {
		e = &Error{Code: "invalid_argument", Operation: operation, ContainerID: id, Message: e.Error()}
	}
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
		return errClosedFile
	}
	return nil
}

// pipe is our end of a pipe, which knows whether it was the pipe that ended a copy, not the caller's
// reader or writer: their errors may be the very same ones.
type pipe struct {
	file  *os.File
	ended atomic.Bool
}

func (p *pipe) Read(data []byte) (int, error) {
	n, err := p.file.Read(data)
	if errors.Is(err, os.ErrClosed) {
		p.ended.Store(true)
	}
	return n, err
}

// Write: a process may end, or close its input, before it has read all.
func (p *pipe) Write(data []byte) (int, error) {
	n, err := p.file.Write(data)
	if errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EPIPE) {
		p.ended.Store(true)
	}
	return n, err
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
	s.inputs = append(s.inputs, func() {
		to := &pipe{file: writing}
		if _, err := io.Copy(to, in); !to.ended.Load() {
			s.failed(err) // before a process that reads to the end can know of that, and end
		}
		writing.Close()
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
	s.outputs = append(s.outputs, func() {
		from := &pipe{file: reading}
		_, err := io.Copy(out, from)
		if from.ended.Load() {
			err = ErrClosed
		}
		s.failed(err)
		reading.Close()
	})
	return nil
}

// failed keeps the first error.
func (s *stdio) failed(err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// start begins to copy: the process has its files.
func (s *stdio) start() {
	for _, file := range s.theirs {
		file.Close()
	}
	s.theirs = nil
	s.inputEnded, s.outputEnded = run(s.inputs), run(s.outputs)
	s.inputs, s.outputs = nil, nil
}

func (s *stdio) started() bool {
	return s.outputEnded != nil
}

// run starts the copies; the last one to end closes the channel.
func run(copies []func()) chan struct{} {
	ended := make(chan struct{})
	if len(copies) == 0 {
		close(ended)
	}
	var left atomic.Int32
	left.Store(int32(len(copies)))
	for _, copy := range copies {
		go func(copy func()) {
			copy()
			if left.Add(-1) == 0 {
				close(ended)
			}
		}(copy)
	}
	return ended
}

// wait is for the end of all output, which others than the process may hold open, and gives the first
// error of a copy. The process has ended, and the caller may want to look at the reader of its input, so
// that gets a moment.
func (s *stdio) wait(ctx context.Context, closed <-chan struct{}) error {
	if s == nil {
		return nil
	}
	select {
	case <-s.outputEnded:
	default:
		select {
		case <-s.outputEnded:
		case <-closed:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	within(ctx, s.inputEnded)
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.err
}

func within(ctx context.Context, ended <-chan struct{}) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// finish sees to it that no writer of the caller's is used any more: what a killed process has written
// may still arrive, what others hold open is cut off. It waits for a writer that is in a call, so not for
// Close, which may be that call.
func (s *stdio) finish() {
	if s == nil {
		return
	}
	within(context.Background(), s.outputEnded)
	s.abort()
	<-s.outputEnded
}

// abort closes what is open, which ends the copies too.
func (s *stdio) abort() {
	if s == nil {
		return
	}
	s.lock.Lock()
	files := append(s.theirs, s.ours...)
	s.theirs, s.ours = nil, nil
	s.lock.Unlock()
	for _, file := range files {
		file.Close()
	}
}
