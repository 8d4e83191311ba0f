// SPDX-License-Identifier: Apache-2.0

// What the caller's readers and writers see of a process.

package ocikit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ocikit"
	"ocikit/spec"
)

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func after(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	time.AfterFunc(limit+time.Second, cancel)
	return ctx
}

const endless = "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxx; done"

// TestNoWriterAfterRun: once Run has returned, what it wrote to is the caller's alone.
func TestNoWriterAfterRun(t *testing.T) {
	x := begin(t)
	for name, run := range map[string]func(ctx context.Context, out io.Writer) error{
		"container": func(ctx context.Context, out io.Writer) error {
			_, err := x.runtime.Run(ctx, x.id, &ocikit.RunOptions{StopTimeout: -1,
				CreateOptions: ocikit.CreateOptions{Config: shell(endless), Stdout: out}})
			return err
		},
		"process": func(ctx context.Context, out io.Writer) error {
			c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/sleep", "1000")}))
			defer c.Close()
			defer c.Delete(true)
			if err := c.Start(soon()); err != nil {
				return err
			}
			_, err := c.Run(ctx, &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", endless}, Stdout: out})
			return err
		},
	} {
		var over atomic.Bool
		var late atomic.Int32
		slow := writerFunc(func(data []byte) (int, error) {
			time.Sleep(20 * time.Millisecond)
			if over.Load() {
				late.Add(1)
			}
			return len(data), nil
		})
		err := run(after(300*time.Millisecond), slow)
		over.Store(true)
		time.Sleep(100 * time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) || late.Load() > 0 {
			t.Error(name, err, late.Load(), "writes after the return")
		}
	}
}

// TestOutputOfKilled: what a killed process has written arrives.
func TestOutputOfKilled(t *testing.T) {
	c := begin(t).sleeping()
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(soon())
	defer cancel()
	first := writerFunc(func(data []byte) (int, error) {
		cancel()
		return out.Write(data)
	})
	status, err := c.Run(ctx, &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "echo here; sleep 1000"}, Stdout: first})
	if !errors.Is(err, context.Canceled) || status.Signal == 0 || out.String() != "here\n" {
		t.Fatal(status, err, out.String())
	}
}

// TestBlockedReader: a reader that never returns holds up nothing.
func TestBlockedReader(t *testing.T) {
	x := begin(t)
	blocked, end := io.Pipe()
	defer end.Close()
	began := time.Now()
	status, err := x.runtime.Run(after(300*time.Millisecond), x.id, &ocikit.RunOptions{StopTimeout: 20 * time.Second,
		CreateOptions: ocikit.CreateOptions{Config: shell("trap 'exit 5' TERM; while :; do sleep 0.1; done"), Stdin: blocked}})
	if status.Code != 5 || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 15*time.Second {
		t.Error(status, err, time.Since(began))
	}
	c := x.sleeping()
	if status, err := c.Run(after(10*time.Second), &ocikit.ExecOptions{Args: []string{"/bin/true"}, Stdin: blocked}); err != nil {
		t.Error(status, err)
	}
}

// TestErrorsOfReader are the caller's to see; that a process does not read all is none.
func TestErrorsOfReader(t *testing.T) {
	c := begin(t).sleeping()
	bad := errors.New("a bad reader")
	closed := must(os.Open("/dev/zero"))
	closed.Close()
	for i := 0; i < 10; i++ {
		for want, reader := range map[error]io.Reader{
			bad:          readerFunc(func([]byte) (int, error) { return 0, bad }),
			os.ErrClosed: struct{ io.Reader }{closed},
		} {
			status, err := c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/cat"}, Stdin: reader})
			if !status.OK() || !errors.Is(err, want) {
				t.Fatal(status, err, want)
			}
		}
	}
	for _, reader := range []io.Reader{strings.NewReader(strings.Repeat("x", 1<<20)), struct{ io.Reader }{must(os.Open("/dev/zero"))}} {
		if status, err := c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/true"}, Stdin: reader}); err != nil {
			t.Fatal(status, err)
		}
	}
}

// TestOutputThatIsHeld by another than the process, which has ended: Wait ends with its context, or Close.
func TestOutputThatIsHeld(t *testing.T) {
	c := begin(t).sleeping()
	var out bytes.Buffer
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "sleep 1000 & exit 4"}, Stdout: &out}))
	if status, err := p.Wait(after(300 * time.Millisecond)); status.Code != 4 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(status, err)
	}
	before := open()
	for i := 0; i < 50; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		p.Wait(ctx)
		cancel()
	}
	if after := open(); after != before {
		t.Fatal(before, after)
	}
	time.AfterFunc(100*time.Millisecond, func() { p.Close() })
	if _, err := p.Wait(soon()); !errors.Is(err, ocikit.ErrClosed) {
		t.Fatal(err)
	}
	if _, err := p.Wait(soon()); !errors.Is(err, ocikit.ErrClosed) {
		t.Fatal("again", err)
	}
}

// TestRefusals: what C would discard in silence.
func TestRefusals(t *testing.T) {
	c := begin(t).sleeping()
	whole := func() *spec.Process {
		return &spec.Process{Args: []string{"/bin/true"}, Cwd: "/", User: &spec.User{}}
	}
	onTerminal, yes := whole(), true
	onTerminal.Terminal = &yes
	args := []string{"/bin/true"}
	for name, options := range map[string]*ocikit.ExecOptions{
		"args":          {Process: whole(), Args: args},
		"env":           {Process: whole(), Env: []string{"A=b"}},
		"cwd":           {Process: whole(), Cwd: "/tmp"},
		"user":          {Process: whole(), User: "5"},
		"capabilities":  {Process: whole(), Capabilities: []string{"CAP_KILL"}},
		"privileges":    {Process: whole(), NoNewPrivileges: true},
		"label":         {Process: whole(), SelinuxLabel: "a"},
		"profile":       {Process: whole(), ApparmorProfile: "a"},
		"terminal":      {Process: whole(), Terminal: true},
		"stdin":         {Args: args, Terminal: true, Stdin: strings.NewReader("")},
		"stdout":        {Args: args, Terminal: true, Stdout: io.Discard},
		"stderr":        {Process: onTerminal, Stderr: io.Discard},
		"no one to see": {Args: args, Terminal: true},
		"nor here":      {Process: onTerminal},
	} {
		if status, err := c.Run(soon(), options); !errors.Is(err, ocikit.ErrInvalidArgument) {
			t.Error(name, status, err)
		}
	}
	closed := must(os.Open("/dev/null"))
	closed.Close()
	_, err := c.Exec(soon(), &ocikit.ExecOptions{Args: args, Stdin: closed})
	var e *ocikit.Error
	if !errors.As(err, &e) || e.Operation != "exec" || e.ContainerID != c.ID() {
		t.Errorf("%#v", err)
	}
}
