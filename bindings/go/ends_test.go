// SPDX-License-Identifier: Apache-2.0

// How containers and handles end: in whatever order, and with errors that a caller can tell apart.

package ocikit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"testing"
	"time"

	"ocikit"
	"ocikit/internal/container"
	"ocikit/spec"
)

// TestNobodyWaited: exec'd processes are this process's children; until they are collected the first
// process of a pid namespace cannot end.
func TestNobodyWaited(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(forgotten, late), func(t *testing.T) {
				c := begin(t).sleeping()
				var kept []*ocikit.Process
				for i := 0; i < 3; i++ {
					p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}}))
					if forgotten {
						p.Close()
					} else {
						defer p.Close()
						kept = append(kept, p)
					}
				}
				kill := func() { c.Kill(syscall.SIGKILL) }
				if late {
					time.AfterFunc(200*time.Millisecond, kill)
				} else {
					kill()
				}
				if status := must(c.Wait(soon())); status.Signal != syscall.SIGKILL {
					t.Fatal(status)
				}
				for _, p := range kept {
					if status := must(p.Wait(soon())); status.Signal != syscall.SIGKILL {
						t.Fatal(status)
					}
				}
			})
		}
	}
}

// TestClosedInAnyOrder: what is open stays usable when the runtime, or the container, is closed.
func TestClosedInAnyOrder(t *testing.T) {
	x := begin(t)
	logged := 0
	first := must(ocikit.New(&ocikit.Options{Root: x.state, Log: func(int, string, string) { logged++ }}))
	c := must(first.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/sleep", "1000")}))
	defer x.runtime.Delete(x.id, true)
	first.Close()
	if _, err := first.List(); !errors.Is(err, ocikit.ErrClosed) {
		t.Fatal(err)
	}
	if err := c.Start(soon()); err != nil || logged == 0 {
		t.Fatal(err, logged)
	}
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}}))
	ctx, cancel := context.WithCancel(soon())
	events := must(c.Events(ctx, ocikit.EventExit))
	if err := c.Kill(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := c.Kill(syscall.SIGKILL); !errors.Is(err, ocikit.ErrClosed) {
		t.Fatal(err)
	}
	if err := p.Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := must(p.Wait(soon())); status.Signal != syscall.SIGKILL {
		t.Fatal(status)
	}
	p.Close()
	cancel()
	for range events {
	}
	if first.Close() != nil || c.Close() != nil || p.Close() != nil {
		t.Fatal("close")
	}
}

// TestNoStatus: beside an error stands no status that looks like one.
func TestNoStatus(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	for name, call := range map[string]func() (ocikit.ExitStatus, error){
		"wait":    func() (ocikit.ExitStatus, error) { return c.Wait(ctx) },
		"no wait": func() (ocikit.ExitStatus, error) { return (*ocikit.Container)(nil).Wait(ctx) },
		"run": func() (ocikit.ExitStatus, error) {
			return c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/nope"}})
		},
		"create": func() (ocikit.ExitStatus, error) {
			return x.runtime.Run(soon(), x.id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config("/bin/true")}})
		},
	} {
		status, err := call()
		if err == nil || status.OK() || status.Code != -1 || status.String() != "unknown" {
			t.Errorf("%s: %v %v", name, status, err)
		}
	}
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}}))
	defer p.Close()
	again, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if status, err := p.Wait(again); !errors.Is(err, context.DeadlineExceeded) || status.OK() {
		t.Error(status, err)
	}
	p.Kill(syscall.SIGKILL)
	must(p.Wait(soon()))
}

func TestTerminalOfContainer(t *testing.T) {
	x := begin(t)
	want := shell("stty size; exit 3")
	yes := true
	want.Process.Terminal = &yes
	want.Process.ConsoleSize = &spec.ConsoleSize{Height: 22, Width: 55}
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: want}))
	defer c.Close()
	defer c.Delete(true)
	fd := must(c.TerminalFd())
	if fd < 0 {
		t.Fatal("no terminal")
	}
	if err := c.Start(soon()); err != nil {
		t.Fatal(err)
	}
	var found []byte
	data := make([]byte, 100)
	for {
		n, err := syscall.Read(fd, data)
		if err != nil || n == 0 { // EIO at the end
			break
		}
		found = append(found, data[:n]...)
	}
	if status := must(c.Wait(soon())); status.Code != 3 || !bytes.Contains(found, []byte("22 55")) {
		t.Fatal(status, string(found))
	}
}

// TestCodes: the constants are the C library's, and errors.Is knows each.
func TestCodes(t *testing.T) {
	known := map[ocikit.Code]bool{}
	for number := -1; number > -200; number-- {
		name := ocikit.Code(container.Text(container.OciCodeName(number)))
		if name == "unknown" {
			continue
		}
		known[name] = true
		found := 0
		for _, one := range []error{ocikit.ErrNotExist, ocikit.ErrExist, ocikit.ErrInvalidArgument, ocikit.ErrBusy,
			ocikit.ErrTimeout, ocikit.ErrCancelled, ocikit.ErrPermission, ocikit.ErrUnsupported, ocikit.ErrState,
			ocikit.ErrProgram, ocikit.ErrSpec, ocikit.ErrConfig, ocikit.ErrNoMemory, ocikit.ErrHost} {
			if errors.Is(&ocikit.Error{Code: name}, one) {
				found++
			}
		}
		if want := map[bool]int{true: 0, false: 1}[name == ocikit.CodeInternal]; found != want {
			t.Errorf("%s: %d sentinels", name, found)
		}
	}
	listed := constants(t)
	for name := range known {
		if !listed[name] {
			t.Errorf("no constant for %s", name)
		}
	}
	for name := range listed {
		if !known[name] {
			t.Errorf("%s is no code of the library", name)
		}
	}
}

// constants are those of codes.go.
func constants(t *testing.T) map[ocikit.Code]bool {
	t.Helper()
	text, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[ocikit.Code]bool{}
	for _, one := range regexp.MustCompile(`(?m)^\tCode\w+ +Code = "(\w+)"$`).FindAllStringSubmatch(string(text), -1) {
		listed[ocikit.Code(one[1])] = true
	}
	return listed
}

// TestWaitMeanwhile: a Wait keeps its context's time while another call has the container.
func TestWaitMeanwhile(t *testing.T) {
	x := begin(t)
	slow := config("/bin/sleep", "1000")
	slow.Hooks = &spec.Hooks{Poststart: []spec.Hook{{Path: "/bin/sleep", Args: []string{"sleep", "2"}}}}
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: slow}))
	defer c.Close()
	defer c.Delete(true)
	started := make(chan error, 1)
	go func() { started <- c.Start(soon()) }()
	time.Sleep(200 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
		t.Fatal(err, time.Since(began))
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}

// TestResumeForExec: Resume reaches a container that an Exec of another goroutine waits for.
func TestResumeForExec(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	if err := c.Pause(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/true"}, WaitUntilResumed: true})
		done <- err
	}()
	time.Sleep(200 * time.Millisecond)
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestFilesOfOptions: a file that only the options hold is open until the process has it.
func TestFilesOfOptions(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	path := filepath.Join(t.TempDir(), "out")
	for i := 0; i < 50; i++ {
		must(c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/echo", "here"}, Stdout: must(os.Create(path))}))
		if text := must(os.ReadFile(path)); string(text) != "here\n" {
			t.Fatalf("%q", text)
		}
	}
}

func TestPlaceOfErrors(t *testing.T) {
	x := begin(t)
	_, err := x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Bundle: t.TempDir(), ConfigJSON: []byte{}})
	var e *ocikit.Error
	if !errors.As(err, &e) || e.Code != ocikit.CodeSyntax {
		t.Error(err)
	}
	_, err = ocikit.Parse("runtime-config", []byte("{"), &ocikit.CheckOptions{Name: "here"})
	if !errors.As(err, &e) || e.File != "here" || e.Operation != "parse" {
		t.Errorf("%#v", err)
	}
}
