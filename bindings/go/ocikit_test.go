// SPDX-License-Identifier: Apache-2.0

package ocikit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ocikit"
	"ocikit/spec"
)

func TestLife(t *testing.T) {
	x := begin(t)
	var out, err bytes.Buffer
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{
		Config: shell("cat; echo $A >&2; exit 7"), Stdin: strings.NewReader("in"), Stdout: &out, Stderr: &err,
		Env: []string{"A=b c"}}))
	defer c.Close()
	if status := must(c.Status()); status != "created" || c.ID() != x.id {
		t.Fatal(status, c.ID())
	}
	if e := c.Start(soon()); e != nil {
		t.Fatal(e)
	}
	status := must(c.Wait(soon()))
	if status.String() != "exit 7" || status.OK() || out.String() != "in" || err.String() != "b c\n" {
		t.Fatal(status, out.String(), err.String())
	}
	if again := must(c.Wait(soon())); again != status {
		t.Fatal(again)
	}
	state := must(c.State())
	if state.ID != x.id || state.Status != "stopped" || state.Rootfs == "" {
		t.Fatalf("%+v", state)
	}
	if e := c.Delete(false); e != nil {
		t.Fatal(e)
	}
}

func TestRun(t *testing.T) {
	x := begin(t)
	var out bytes.Buffer
	options := &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: shell("echo hi; exit 3"), Stdout: &out}}
	if status := must(x.runtime.Run(soon(), x.id, options)); status.Code != 3 || out.String() != "hi\n" {
		t.Fatal(status, out.String())
	}
	bundle := t.TempDir()
	text := must(shell("exit 4").MarshalJSON())
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	options = &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Bundle: bundle}}
	if status := must(x.runtime.Run(soon(), x.id, options)); status.Code != 4 {
		t.Fatal(status)
	}
	options = &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{ConfigJSON: text}}
	if status := must(x.runtime.Run(soon(), x.id, options)); status.Code != 4 {
		t.Fatal(status)
	}
}

func TestCancelOfRun(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		t.Run(fmt.Sprint(stubborn), func(t *testing.T) {
			x := begin(t)
			script := "trap 'exit 5' TERM; while :; do sleep 0.1; done"
			if stubborn {
				script = "trap '' TERM; while :; do sleep 0.1; done"
			}
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer cancel()
			status, err := x.runtime.Run(ctx, x.id, &ocikit.RunOptions{
				CreateOptions: ocikit.CreateOptions{Config: shell(script)}, StopTimeout: time.Second})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(status, err)
			}
			if !stubborn && status.Code != 5 {
				t.Fatal(status)
			}
		})
	}
}

func TestCancelOfCreate(t *testing.T) {
	x := begin(t)
	c := config("/bin/true")
	c.Hooks = &spec.Hooks{CreateRuntime: []spec.Hook{{Path: "/bin/sleep", Args: []string{"sleep", "1000"}}}}
	var before string
	for i := 0; i < 4; i++ {
		if i == 1 { // the runtime keeps what it starts containers with
			before = open()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		_, err := x.runtime.Create(ctx, x.id, &ocikit.CreateOptions{Config: c})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ocikit.ErrCancelled) {
			t.Fatal(err)
		}
	}
	if after := open(); after != before {
		t.Fatal(before, after)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.runtime.Create(ctx, x.id, &ocikit.CreateOptions{Config: c}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// open counts what may leak: fds, and goroutines once they have ended.
func open() string {
	for i := 0; i < 50; i++ {
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	fds, _ := os.ReadDir("/proc/self/fd")
	return fmt.Sprint(len(fds), " fds, ", runtime.NumGoroutine(), " goroutines")
}

func TestCancelOfStart(t *testing.T) {
	x := begin(t)
	c := config("/bin/sleep", "1000")
	c.Hooks = &spec.Hooks{StartContainer: []spec.Hook{{Path: "/bin/sleep", Args: []string{"sleep", "1000"}}}}
	made := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: c}))
	defer made.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := made.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if err := made.Delete(true); err != nil && !errors.Is(err, ocikit.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestCancelOfWait(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	before := open()
	for i := 0; i < 5; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	if after := open(); after != before {
		t.Fatal(before, after)
	}
	if status := must(c.Status()); status != "running" {
		t.Fatal(status)
	}
	time.AfterFunc(100*time.Millisecond, func() { c.Kill(syscall.SIGKILL) })
	if status := must(c.Wait(soon())); status.Signal != syscall.SIGKILL || status.String() != "signal 9 (killed)" {
		t.Fatal(status)
	}
}

func TestExec(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	var out, err bytes.Buffer
	status := must(c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "cat; echo $A $PWD >&2; exit 6"},
		Env: []string{"A=b"}, Cwd: "/tmp", User: "5:6", Stdin: bytes.NewReader(make([]byte, 300000)), Stdout: &out, Stderr: &err}))
	if status.Code != 6 || out.Len() != 300000 || err.String() != "b /tmp\n" {
		t.Fatal(status, out.Len(), err.String())
	}
	out.Reset()
	status = must(c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "echo a; echo b >&2"}, Stdout: &out, Stderr: &out}))
	if out.String() != "a\nb\n" {
		t.Fatal(status, out.String())
	}
	process := &spec.Process{Args: []string{"/bin/pwd"}, Cwd: "/bin", User: &spec.User{}}
	out.Reset()
	must(c.Run(soon(), &ocikit.ExecOptions{Process: process, Stdout: &out}))
	if out.String() != "/bin\n" {
		t.Fatal(out.String())
	}
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}}))
	if pids := must(c.Processes()); len(pids) != 2 || must(p.Pid()) == 0 {
		t.Fatal(pids)
	}
	if e := p.Kill(syscall.SIGTERM); e != nil {
		t.Fatal(e)
	}
	if status := must(p.Wait(soon())); status.Signal != syscall.SIGTERM {
		t.Fatal(status)
	}
	if p.Close() != nil || p.Close() != nil {
		t.Fatal("close")
	}
	if _, e := p.Wait(soon()); e != nil {
		t.Fatal("a known status", e)
	}
	if e := p.Kill(syscall.SIGTERM); !errors.Is(e, ocikit.ErrClosed) {
		t.Fatal(e)
	}
}

func TestCancelOfExec(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	before := open()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if _, err := c.Run(ctx, &ocikit.ExecOptions{Args: []string{"/bin/sleep", "1000"}, Stdout: &out}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if pids := must(c.Processes()); len(pids) != 1 {
		t.Fatal(pids)
	}
	if after := open(); after != before {
		t.Fatal(before, after)
	}
}

func TestExtraFilesAndTerminal(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	must(c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "echo hello >&3"}, ExtraFiles: []*os.File{writing}}))
	writing.Close()
	data := make([]byte, 100)
	if n, _ := reading.Read(data); string(data[:n]) != "hello\n" {
		t.Fatal(string(data[:n]))
	}
	reading.Close()
	p := must(c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"/bin/stty", "size"}, Terminal: true, Rows: 33, Columns: 44}))
	defer p.Close()
	fd := must(p.TerminalFd())
	var found []byte
	for !bytes.Contains(found, []byte("33 44")) {
		n, err := syscall.Read(fd, data)
		if err != nil {
			t.Fatal(err, string(found))
		}
		found = append(found, data[:n]...)
	}
	must(p.Wait(soon()))
}

func is(wanted, found string) error {
	if wanted != found {
		return fmt.Errorf("%s, not %s", found, wanted)
	}
	return nil
}

func TestOperations(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	for _, step := range []struct {
		name string
		call func() error
	}{
		{"pause", c.Pause},
		{"is paused", func() error { return is("paused", must(c.Status())) }},
		{"resume", c.Resume},
		{"is running", func() error { return is("running", must(c.Status())) }},
		{"update", func() error { return c.Update(&spec.LinuxResources{PIDs: &spec.LinuxPIDs{Limit: 20}}) }},
		{"mount", func() error { return c.AddMount(&spec.Mount{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs"}) }},
		{"unmount", func() error { return c.RemoveMount("/tmp") }},
	} {
		if err := step.call(); err != nil {
			t.Fatal(step.name, err)
		}
	}
	if stats := must(c.Stats()); len(stats.JSON) == 0 {
		t.Fatal(stats)
	}
	if plan := must(x.runtime.Plan("a", &ocikit.CreateOptions{Config: config("/bin/true")})); !strings.Contains(plan, "exec") {
		t.Fatal(plan)
	}
	if must(ocikit.Features()).OCIVersionMax == "" || must(ocikit.RootlessConfig("", 5, 6)).Linux.UIDMappings[0].HostID != 5 {
		t.Fatal("features, rootless")
	}
}

func TestEvents(t *testing.T) {
	x := begin(t)
	c := x.sleeping()
	before := open()
	ctx, cancel := context.WithCancel(context.Background())
	events, err := c.Events(ctx, ocikit.EventExit)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, more := <-events; more {
		t.Fatal("an event")
	}
	if after := open(); after != before {
		t.Fatal(before, after)
	}
	events = must(c.Events(soon(), ocikit.EventExit))
	c.Kill(syscall.SIGKILL)
	var kinds []ocikit.EventKind
	for event := range events {
		kinds = append(kinds, event.Kind)
	}
	if len(kinds) != 1 || kinds[0] != ocikit.EventExit {
		t.Fatal(kinds)
	}
}

func TestErrors(t *testing.T) {
	x := begin(t)
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/true")}))
	defer c.Close()
	defer c.Delete(true)
	create := func(id string, config *spec.RuntimeConfig) error {
		_, err := x.runtime.Run(soon(), id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config}})
		return err
	}
	for name, one := range map[string]struct {
		err  error
		is   []error
		code ocikit.Code
	}{
		"open":       {func() error { _, err := x.runtime.Open("none"); return err }(), []error{ocikit.ErrNotExist, fs.ErrNotExist}, "not_found"},
		"exists":     {create(x.id, config("/bin/true")), []error{ocikit.ErrExist, fs.ErrExist}, "exists"},
		"id":         {create("a/b", config("/bin/true")), []error{ocikit.ErrInvalidArgument, fs.ErrInvalid}, "invalid_id"},
		"program":    {create(x.id+"2", config("/nope")), []error{ocikit.ErrProgramNotFound, fs.ErrNotExist}, "exec_not_found"},
		"executable": {create(x.id+"2", config("/tmp")), []error{ocikit.ErrProgram}, "exec_not_executable"},
		"state":      {c.Pause(), []error{ocikit.ErrState}, "wrong_state"},
	} {
		var e *ocikit.Error
		if !errors.As(one.err, &e) || e.Code != one.code || e.Message == "" || e.Error() != e.Message || e.Operation == "" {
			t.Errorf("%s: %#v", name, one.err)
		}
		for _, target := range one.is {
			if !errors.Is(one.err, target) {
				t.Errorf("%s: %v is not %v", name, one.err, target)
			}
		}
		if errors.Is(one.err, ocikit.ErrBusy) {
			t.Errorf("%s: busy", name)
		}
	}
	_, err := x.runtime.Create(soon(), x.id+"2", &ocikit.CreateOptions{ConfigJSON: []byte("{\n\"ociVersion\": 5}")})
	var e *ocikit.Error
	if !errors.As(err, &e) || e.Pointer != "/ociVersion" || e.Line != 2 || e.Column != 15 || !errors.Is(err, ocikit.ErrSpec) ||
		e.ContainerID != x.id+"2" {
		t.Fatalf("%#v", err)
	}
}

// TestMisuse is nil, closed and odd values everywhere: errors, never a panic.
func TestMisuse(t *testing.T) {
	x := begin(t)
	closed := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/true")}))
	closed.Delete(true)
	if closed.Close() != nil || closed.Close() != nil {
		t.Fatal("close")
	}
	over := must(ocikit.New(nil))
	if over.Close() != nil || over.Close() != nil {
		t.Fatal("close")
	}
	for _, c := range []*ocikit.Container{nil, closed} {
		for name, call := range map[string]func() error{
			"start": func() error { return c.Start(soon()) }, "wait": func() error { _, err := c.Wait(soon()); return err },
			"state": func() error { _, err := c.State(); return err }, "pause": c.Pause, "resume": c.Resume,
			"delete": func() error { return c.Delete(true) }, "stats": func() error { _, err := c.Stats(); return err },
			"exec": func() error {
				_, err := c.Exec(soon(), &ocikit.ExecOptions{Args: []string{"a"}})
				return err
			},
			"events": func() error { _, err := c.Events(soon(), ocikit.EventExit); return err },
			"update": func() error { return c.Update(&spec.LinuxResources{}) },
			"mount":  func() error { return c.AddMount(&spec.Mount{Destination: "/a"}) },
			"rdt":    func() error { return c.UpdateRDT(&spec.IntelRDT{}) },
		} {
			if err := call(); !errors.Is(err, ocikit.ErrClosed) {
				t.Errorf("%s of %v: %v", name, c, err)
			}
		}
	}
	if none := (*ocikit.Container)(nil); none.ID() != "" || !errors.Is(none.UpdateRDT(nil), ocikit.ErrClosed) {
		t.Error("nil")
	}
	for _, r := range []*ocikit.Runtime{nil, over} {
		if _, err := r.List(); !errors.Is(err, ocikit.ErrClosed) {
			t.Error(err)
		}
		if _, err := r.Create(soon(), "a", nil); !errors.Is(err, ocikit.ErrClosed) {
			t.Error(err)
		}
	}
	var p *ocikit.Process
	if _, err := p.Wait(soon()); !errors.Is(err, ocikit.ErrClosed) || p.Close() != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"nul":        func() error { _, err := x.runtime.Open("a\x00b"); return err }(),
		"no options": func() error { _, err := x.runtime.Create(soon(), "", nil); return err }(),
		"relative":   func() error { _, err := ocikit.New(&ocikit.Options{Root: "state"}); return err }(),
		"file": func() error {
			file := must(os.Open("/dev/null"))
			file.Close()
			_, err := x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/true"), Stdin: file})
			return err
		}(),
		"no file": func() error {
			_, err := x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/true"), ExtraFiles: []*os.File{nil}})
			return err
		}(),
		"update": closed.Update(nil), "mount": closed.AddMount(nil),
		"exec": func() error { _, err := closed.Exec(soon(), nil); return err }(),
	} {
		var e *ocikit.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *ocikit.Error
	if none.Error() == "" || none.Unwrap() != nil || none.Is(ocikit.ErrBusy) {
		t.Error("a nil error")
	}
}

func TestLog(t *testing.T) {
	x := begin(t)
	var lock sync.Mutex
	lines := 0
	r := must(ocikit.New(&ocikit.Options{Root: x.state, Log: func(level int, id, message string) {
		lock.Lock()
		defer lock.Unlock()
		if id == x.id && message != "" && level >= 1 && level <= 3 {
			lines++
		}
	}}))
	defer r.Close()
	must(r.Run(soon(), x.id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config("/bin/true")}}))
	if lines == 0 {
		t.Fatal("nothing was logged")
	}
}

func TestManyAtOnce(t *testing.T) {
	x := begin(t)
	var wait sync.WaitGroup
	for i := 0; i < 64; i++ {
		i := i
		wait.Add(1)
		go func() {
			defer wait.Done()
			var out bytes.Buffer
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			status, err := x.runtime.Run(ctx, fmt.Sprintf("%s-%d", x.id, i), &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{
				Config: shell(fmt.Sprintf("echo %d; exit %d", i, i)), Stdout: &out}})
			if err != nil || status.Code != i || out.String() != fmt.Sprintf("%d\n", i) {
				t.Error(i, status, err, out.String())
			}
		}()
	}
	wait.Wait()
}

// host is what a library must not change in its process.
func host(t *testing.T) string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(string(status), "\n") {
		for _, name := range []string{"SigIgn", "SigCgt", "Cap", "NoNewPrivs", "Seccomp", "Umask", "Groups"} {
			if strings.HasPrefix(line, name) {
				kept = append(kept, line)
			}
		}
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	where, _ := os.Getwd()
	return strings.Join(kept, "\n") + string(limits) + where + strings.Join(os.Environ(), "\n") + open()
}

func TestTheProcessStaysAsItIs(t *testing.T) {
	x := begin(t)
	everything := func() {
		must(x.runtime.Run(soon(), x.id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{Config: config("/bin/true")}}))
		x.runtime.Open("none")
		x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/nope")})
		x.runtime.Delete(x.id, true)
	}
	everything()
	before := host(t)
	everything()
	if after := host(t); after != before {
		t.Fatalf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestNotify(t *testing.T) {
	x := begin(t)
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/sleep", "1000"), NotifySocket: true}))
	defer c.Close()
	defer c.Delete(true)
	file := must(c.OpenNotify())
	defer file.Close()
	if err := c.Start(soon()); err != nil {
		t.Fatal(err)
	}
	status := must(c.Run(soon(), &ocikit.ExecOptions{Args: []string{"/bin/sh", "-c", "test -S /run/notify/notify.sock"}}))
	if !status.OK() {
		t.Fatal(status)
	}
	if err := c.UpdateRDT(&spec.IntelRDT{}); err == nil {
		t.Fatal("resctrl")
	}
}
