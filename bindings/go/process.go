// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"ocikit/internal/container"
	"ocikit/spec"
)

// ExecOptions are what Exec runs.
type ExecOptions struct {
	// Args are the program and its arguments. Process is a whole process object in place of them, and of
	// Env, Cwd, User, Capabilities, Terminal, NoNewPrivileges, SelinuxLabel and ApparmorProfile, which are
	// refused beside it.
	Args    []string
	Process *spec.Process
	// Env is added to the configuration's environment.
	Env []string
	// Cwd and User ("UID" or "UID:GID") are the configuration's where they are "".
	Cwd, User string
	// Capabilities are added to the bounding, effective and permitted sets.
	Capabilities []string
	// Stdin, Stdout and Stderr are as those of CreateOptions; a process with a terminal has that in their
	// place, and they are refused.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// ExtraFiles become the fds 3, 4, ...
	ExtraFiles []*os.File
	// Terminal gives the process a terminal, of Rows and Columns, which is sent to ConsoleSocket or
	// is the process's TerminalFd, and then not for Container.Run.
	Terminal      bool
	Rows, Columns int
	ConsoleSocket string
	// NoNewPrivileges is set whatever the configuration says.
	NoNewPrivileges bool
	// SelinuxLabel and ApparmorProfile are the configuration's where they are "".
	SelinuxLabel, ApparmorProfile string
	// Cgroups are groups below the container's to be in, as container_exec(3) says.
	Cgroups []string
	// WaitUntilResumed waits where the container is paused, which is an error otherwise.
	WaitUntilResumed bool
}

// Process is one that Exec has started. Close forgets it.
type Process struct {
	waitable
}

func (o *ExecOptions) check() error {
	texts := []string{o.Cwd, o.User, o.ConsoleSocket, o.SelinuxLabel, o.ApparmorProfile}
	for _, list := range [][]string{o.Args, o.Env, o.Capabilities, o.Cgroups} {
		texts = append(texts, list...)
	}
	switch {
	case len(o.Args) == 0 && o.Process == nil:
		return invalid("exec", "there is nothing to run: Args or Process is needed")
	case o.Process != nil && (len(o.Args)+len(o.Env)+len(o.Capabilities) > 0 || o.Cwd+o.User+o.SelinuxLabel+o.ApparmorProfile != "" ||
		o.Terminal || o.NoNewPrivileges):
		return invalid("exec", "Process is in place of Args, Env, Cwd, User, Capabilities, Terminal, NoNewPrivileges, SelinuxLabel and ApparmorProfile: set its members")
	case o.terminal() && (o.Stdin != nil || o.Stdout != nil || o.Stderr != nil):
		return invalid("exec", "a process with a terminal has that in place of Stdin, Stdout and Stderr")
	}
	return noNUL("exec", texts...)
}

func (o *ExecOptions) terminal() bool {
	return o.Terminal || o.Process != nil && o.Process.Terminal != nil && *o.Process.Terminal
}

func number(truth bool) int {
	if truth {
		return 1
	}
	return 0
}

// Exec starts one more process in the container; it returns once its program runs. When ctx is done
// before, the call is given up.
func (c *Container) Exec(ctx context.Context, options *ExecOptions) (*Process, error) {
	o := ExecOptions{}
	if options != nil {
		o = *options
	}
	if c == nil {
		return nil, ErrClosed
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	process := ""
	if o.Process != nil {
		text, err := o.Process.MarshalJSON()
		if err != nil {
			return nil, unwritable("exec", c.id, err)
		}
		process = string(text)
	}
	std, cancel, err := prepare(ctx, "exec", c.id, o.Stdin, o.Stdout, o.Stderr)
	if err != nil {
		return nil, err
	}
	defer cancel.close()
	defer runtime.KeepAlive(o) // its files, of which C has but the fds
	p := &Process{waitable{std: std, fd: container.ContainerProcessPidfd, wait: container.FlatProcessWait,
		free: container.ContainerProcessFree}}
	defer p.abandon(func(handle uintptr, fail *uintptr) int {
		return container.ContainerProcessKill(handle, int(syscall.SIGKILL), fail)
	})
	use := c.useIn
	if o.WaitUntilResumed {
		use = c.useAnother // Resume needs this one
	}
	err = use(ctx, func(handle uintptr, fail *uintptr) int {
		var made uintptr
		code := container.FlatExec(handle, process, pack(o.Args), pack(o.Env), o.Cwd, o.User, pack(o.Capabilities),
			number(o.Terminal), number(o.NoNewPrivileges), std.fds[0], std.fds[1], std.fds[2], packFiles(o.ExtraFiles),
			o.ConsoleSocket, cancel.fd(), o.Rows, o.Columns, uint(number(o.WaitUntilResumed)*container.EXECIGNOREPAUSED),
			o.SelinuxLabel, o.ApparmorProfile, pack(o.Cgroups), &made, fail)
		if code >= 0 {
			p.set(c.library, made)
		}
		return code
	})
	if err != nil {
		return nil, cancelled(ctx, err)
	}
	std.start()
	return p, nil
}

// killedWait is how long Run waits for the end of what it has killed. That is a moment, or, in a paused
// container with control groups of version 1, as long as that is paused.
const killedWait = 3 * time.Second

// Run starts a process in the container and waits for it. When ctx is done, the process is killed, what it
// has written is given a moment to arrive, and the error is that of ctx, or has it as its cause. The children
// of a process that was killed live on in the container.
//
// No Writer is used after the return: one that blocks keeps Run from returning. A Reader that blocks does
// not; it is left behind with a goroutine.
func (c *Container) Run(ctx context.Context, options *ExecOptions) (ExitStatus, error) {
	if options != nil && options.terminal() && options.ConsoleSocket == "" {
		return noStatus, invalid("exec", "nobody could read the terminal: give a ConsoleSocket, or use Exec")
	}
	p, err := c.Exec(ctx, options)
	if err != nil {
		return noStatus, err
	}
	defer p.Close()
	defer p.std.finish()
	status, err := p.Wait(ctx)
	if err == nil || ctx.Err() == nil {
		return status, err
	}
	killed := p.Kill(syscall.SIGKILL)
	limit, stop := context.WithTimeout(context.Background(), killedWait)
	defer stop()
	status, err = p.waitForEnd(limit)
	if !errors.Is(err, context.DeadlineExceeded) {
		return status, ctx.Err()
	}
	if killed != nil {
		return status, fmt.Errorf("%w; the process could not be killed: %v", ctx.Err(), killed)
	}
	return status, fmt.Errorf("%w; the process was killed and has not ended after %v: is the container paused?", ctx.Err(), killedWait)
}

func (p *Process) use(f func(handle uintptr, fail *uintptr) int) error {
	if p == nil {
		return ErrClosed
	}
	return p.handle.use(context.Background(), f)
}

// Pid is as the caller's pid namespace numbers it.
func (p *Process) Pid() (int, error) {
	pid := 0
	err := p.use(func(handle uintptr, _ *uintptr) int {
		pid = container.ContainerProcessPid(handle)
		return 0
	})
	return pid, err
}

// Pidfd is an fd that is readable when the process has ended. It belongs to the process's handle.
func (p *Process) Pidfd() (int, error) {
	return descriptor(p.use, container.ContainerProcessPidfd)
}

// TerminalFd is the terminal of a process that has one and was given no console socket, or -1. It
// belongs to the process's handle.
func (p *Process) TerminalFd() (int, error) {
	return descriptor(p.use, container.ContainerProcessTerminalFd)
}

// Wait is as Container.Wait.
func (p *Process) Wait(ctx context.Context) (ExitStatus, error) {
	if p == nil {
		return noStatus, ErrClosed
	}
	return p.waitForAll(ctx)
}

// Kill sends the process a signal.
func (p *Process) Kill(signal syscall.Signal) error {
	if p == nil {
		return ErrClosed
	}
	return p.handle.keep(func(handle uintptr, fail *uintptr) int {
		return container.ContainerProcessKill(handle, int(signal), fail)
	})
}

// Close forgets the process, which lives on. May be repeated; nil is fine.
func (p *Process) Close() error {
	if p == nil {
		return nil
	}
	p.close()
	return nil
}
