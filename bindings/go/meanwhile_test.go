// SPDX-License-Identifier: Apache-2.0

// What calls do while other calls go on, and when their contexts are done meanwhile.

package ocikit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ocikit"
	"ocikit/spec"
)

// held is a container that is created, and whose Start waits in a poststart hook until let is called;
// reaches waits for its status.
type held struct {
	*ocikit.Container
	x    *test
	file string
}

func (x *test) held(args ...string) *held {
	h := &held{x: x, file: filepath.Join(x.TempDir(), "go on")}
	slow := config(args...)
	script := "until test -e '" + h.file + "'; do sleep 0.05; done"
	slow.Hooks = &spec.Hooks{Poststart: []spec.Hook{{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}}}
	h.Container = must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: slow}))
	x.Cleanup(func() {
		h.Delete(true)
		h.Close()
	})
	return h
}

func (h *held) let() {
	if err := os.WriteFile(h.file, nil, 0o644); err != nil {
		h.x.Fatal(err)
	}
}

func (h *held) reaches(want string) {
	h.x.Helper()
	for i := 0; i < 500; i++ {
		other := must(h.x.runtime.Open(h.x.id))
		found := must(other.Status())
		other.Close()
		if found == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.x.Fatal("never", want)
}

// TestCancelOfStartThatEnded: the error is the context's, though there was nothing left to kill.
func TestCancelOfStartThatEnded(t *testing.T) {
	h := begin(t).held("/bin/true")
	ctx, cancel := context.WithCancel(soon())
	started := make(chan error, 1)
	go func() { started <- h.Start(ctx) }()
	h.reaches("stopped")
	cancel()
	if err := <-started; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestCancelOfHook: neither the program nor the hook goes on, though the hook would for ever; a signal
// reaches the container meanwhile.
func TestCancelOfHook(t *testing.T) {
	h := begin(t).held("/bin/sleep", "1000")
	ctx, cancel := context.WithCancel(soon())
	started := make(chan error, 1)
	go func() { started <- h.Start(ctx) }()
	h.reaches("running")
	if err := h.Kill(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-started; !errors.Is(err, context.Canceled) || !errors.Is(err, ocikit.ErrCancelled) {
		t.Fatal(err)
	}
	if status, err := h.Wait(soon()); err != nil || status.Signal != syscall.SIGKILL {
		t.Fatal(status, err)
	}
}

// TestIDOfAnother: a container that is gone is not another one that has got its id.
func TestIDOfAnother(t *testing.T) {
	x := begin(t)
	old := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/sleep", "1000")}))
	defer old.Close()
	if err := old.Delete(true); err != nil {
		t.Fatal(err)
	}
	c := x.sleeping()
	if err := old.Kill(syscall.SIGKILL); !errors.Is(err, ocikit.ErrNotExist) {
		t.Error(err)
	}
	_, err := old.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/true"}, WaitUntilResumed: true})
	if !errors.Is(err, ocikit.ErrNotExist) {
		t.Error(err)
	}
	if status := must(c.Status()); status != "running" {
		t.Error(status)
	}
}

// TestTurns: a call whose context ends while another has the container does nothing to that.
func TestTurns(t *testing.T) {
	h := begin(t).held("/bin/sleep", "1000")
	started := make(chan error, 1)
	go func() { started <- h.Start(soon()) }()
	h.reaches("running")
	defer time.AfterFunc(5*time.Second, h.let).Stop()
	if err := h.Start(after(50 * time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("start:", err)
	}
	_, err := h.Exec(after(50*time.Millisecond), &ocikit.ExecOptions{Args: []string{"/bin/true"}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("exec:", err)
	}
	select {
	case <-started:
		t.Fatal("a call waited longer than its context says")
	default:
	}
	h.reaches("running")
	h.let()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}

// TestCancelOfRunInPaused: with control groups of version 1 what is killed there does not end.
func TestCancelOfRunInPaused(t *testing.T) {
	c := begin(t).sleeping()
	defer c.Resume()
	ctx, cancel := context.WithCancel(soon())
	defer cancel()
	paused := writerFunc(func(data []byte) (int, error) {
		if err := c.Pause(); err != nil {
			t.Error(err)
		}
		cancel()
		return len(data), nil
	})
	time.AfterFunc(20*time.Second, func() { c.Resume() })
	began := time.Now()
	status, err := c.Run(ctx, &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "echo; sleep 1000"}, Stdout: paused})
	if !errors.Is(err, context.Canceled) || time.Since(began) > 15*time.Second {
		t.Fatal(status, err, time.Since(began))
	}
	if status.Signal != syscall.SIGKILL && !strings.Contains(err.Error(), "paused?") {
		t.Fatal(status, err)
	}
}

// told calls then before the first error that it gives.
type told struct {
	context.Context
	once *sync.Once
	then func()
}

func (c told) Err() error {
	err := c.Context.Err()
	if err != nil {
		c.once.Do(c.then)
	}
	return err
}

// TestErrorOfWait is the context's, also where that ends while Wait waits for its turn, which is free then.
func TestErrorOfWait(t *testing.T) {
	h := begin(t).held("/bin/sleep", "1000")
	started, waited := make(chan error, 1), make(chan error, 1)
	cancelled, cancel := context.WithCancel(soon())
	defer cancel()
	ctx := told{cancelled, new(sync.Once), func() {
		h.let()
		if err := <-started; err != nil {
			t.Error(err)
		}
	}}
	go func() {
		_, err := h.Wait(ctx)
		waited <- err
	}()
	time.Sleep(100 * time.Millisecond)
	go func() { started <- h.Start(soon()) }()
	h.reaches("running")
	time.Sleep(time.Second) // it looks twice a second, and waits for Start then
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestKnownStatus(t *testing.T) {
	x := begin(t)
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/true"), Stdout: writerFunc(func(data []byte) (int, error) {
		return len(data), nil
	})}))
	defer c.Close()
	defer c.Delete(true)
	if err := c.Start(soon()); err != nil {
		t.Fatal(err)
	}
	must(c.Wait(soon()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := 0; i < 50; i++ {
		if status, err := c.Wait(ctx); err != nil || !status.OK() {
			t.Fatal(status, err)
		}
	}
}

// TestCloseEndsWait of a container and of a process, which run on.
func TestCloseEndsWait(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	other := must(x.runtime.Open(x.id))
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}}))
	for _, one := range []interface {
		Wait(context.Context) (ocikit.ExitStatus, error)
		Close() error
	}{other, p} {
		one := one
		time.AfterFunc(100*time.Millisecond, func() { one.Close() })
		if _, err := one.Wait(soon()); !errors.Is(err, ocikit.ErrClosed) {
			t.Errorf("%T: %v", one, err)
		}
	}
	c.Kill(syscall.SIGKILL)
	must(c.Wait(soon()))
}

// TestEventsEnd with the container, whatever was asked for.
func TestEventsEnd(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	events, err := c.Events(soon(), ocikit.EventOOM)
	if errors.Is(err, ocikit.ErrUnsupported) {
		t.Skip(err)
	}
	c.Kill(syscall.SIGKILL)
	must(c.Wait(soon()))
	ctx := after(10 * time.Second)
	for {
		select {
		case event, more := <-events:
			if !more {
				return
			}
			if event.Kind != ocikit.EventOOM {
				t.Fatal(event)
			}
		case <-ctx.Done():
			t.Fatal("still open")
		}
	}
}

func TestStatusOfKilledRun(t *testing.T) {
	x := begin(t)
	status, err := x.runtime.Run(after(300*time.Millisecond), x.id, &ocikit.RunOptions{StopTimeout: -1,
		CreateOptions: ocikit.CreateOptions{Config: config("/bin/sleep", "1000")}})
	if status.Signal != syscall.SIGKILL || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(status, err)
	}
}

// TestLeftBehind: Run's error is that of the context, and tells of what could not be removed.
func TestLeftBehind(t *testing.T) {
	x := begin(t)
	busy := filepath.Join(x.state, x.id, "busy")
	ctx, cancel := context.WithCancel(soon())
	mount := writerFunc(func(data []byte) (int, error) {
		defer cancel()
		if err := os.Mkdir(busy, 0o755); err != nil {
			t.Error(err)
		}
		if err := syscall.Mount("tmpfs", busy, "tmpfs", 0, ""); err != nil {
			t.Error(err)
		}
		return len(data), nil
	})
	_, err := x.runtime.Run(ctx, x.id, &ocikit.RunOptions{StopTimeout: -1,
		CreateOptions: ocikit.CreateOptions{Config: shell("echo; sleep 1000"), Stdout: mount}})
	syscall.Unmount(busy, syscall.MNT_DETACH)
	os.Remove(busy)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "left behind") {
		t.Error(err)
	}
	if err := x.runtime.Delete(x.id, true); err != nil {
		t.Error(err)
	}
}

// TestPanicOfLog goes on in Go: nothing is locked, open or left.
func TestPanicOfLog(t *testing.T) {
	x := begin(t)
	must(x.runtime.Run(soon(), x.id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config("/bin/true")}}))
	thrown := false
	r := must(ocikit.New(&ocikit.Options{Root: x.state, Log: func(int, string, string) {
		if thrown {
			panic("in Log")
		}
	}}))
	defer r.Close()
	run := func() {
		must(r.Run(soon(), x.id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config("/bin/true")}}))
	}
	run()
	before := open()
	for i := 0; i < 3; i++ {
		thrown = true
		if value := panicked(run); value != "in Log" {
			t.Fatal(value)
		}
		thrown = false
		if left := must(x.runtime.List()); len(left) > 0 {
			t.Fatal(left)
		}
	}
	failing := config("/bin/true")
	failing.Hooks = &spec.Hooks{Poststop: []spec.Hook{{Path: "/bin/false"}}} // which is only logged
	c := must(r.Create(soon(), x.id, &ocikit.CreateOptions{Config: failing}))
	thrown = true
	if value := panicked(func() { c.Delete(true) }); value != "in Log" {
		t.Error("delete:", value)
	}
	thrown = false
	if err := c.Delete(true); err != nil {
		t.Error(err)
	}
	c.Close()
	if after := open(); after != before {
		t.Fatal(before, after)
	}
}

func panicked(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
