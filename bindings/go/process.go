// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"io"
	"os"
	"runtime"
	"syscall"

	"ocikit/internal/container"
	"ocikit/spec"
)

// ExecOptions are what Exec runs.
type ExecOptions struct {
	// Args are the program and its arguments; Process, if there is one, is a whole process object in place of them.
	Args    []string
	Process *spec.Process
	// Env is added to the configuration's environment.
	Env []string
	// Cwd and User ("UID" or "UID:GID") are the configuration's where they are "".
	Cwd, User string
	// Capabilities are added to the bounding, effective and permitted sets.
	Capabilities []string
	// Stdin, Stdout and Stderr are as those of CreateOptions.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// ExtraFiles become the fds 3, 4, ...
	ExtraFiles []*os.File
	// Terminal gives the process a terminal, of Rows and Columns, which is sent to ConsoleSocket or
	// is the process's TerminalFd.
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
	library *library
	std     *stdio

	handle

	ended
}

func (o *ExecOptions) check() error {
	texts := []string{o.Cwd, o.User, o.ConsoleSocket, o.SelinuxLabel, o.ApparmorProfile}
	for _, list := range [][]string{o.Args, o.Env, o.Capabilities, o.Cgroups} {
		texts = append(texts, list...)
	}
	if len(o.Args) == 0 && o.Process == nil {
		return invalid("exec", "there is nothing to run: Args or Process is needed")
	}
	return noNUL("exec", texts...)
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
	std, cancel, err := prepare(ctx, o.Stdin, o.Stdout, o.Stderr)
	if err != nil {
		return nil, err
	}
	defer cancel.close()
	defer runtime.KeepAlive(o) // its files, of which C has but the fds
	var made uintptr
	use := c.use
	if o.WaitUntilResumed {
		use = c.useAnother // Resume needs this one
	}
	err = use(func(handle uintptr, fail *uintptr) int {
		code := container.FlatExec(handle, process, pack(o.Args), pack(o.Env), o.Cwd, o.User, pack(o.Capabilities),
			number(o.Terminal), number(o.NoNewPrivileges), std.fds[0], std.fds[1], std.fds[2], packFiles(o.ExtraFiles),
			o.ConsoleSocket, cancel.fd(), o.Rows, o.Columns, uint(number(o.WaitUntilResumed)*container.EXECIGNOREPAUSED),
			o.SelinuxLabel, o.ApparmorProfile, pack(o.Cgroups), &made, fail)
		if code >= 0 {
			c.library.hold() // the container holds it
		}
		return code
	})
	if err != nil {
		std.abort()
		return nil, cancelled(ctx, err)
	}
	std.start()
	return &Process{library: c.library, std: std, handle: newHandle(made)}, nil
}

// Run starts a process in the container and waits for it. When ctx is done, the process is killed,
// and the error is that of ctx.
func (c *Container) Run(ctx context.Context, options *ExecOptions) (ExitStatus, error) {
	p, err := c.Exec(ctx, options)
	if err != nil {
		return noStatus, err
	}
	defer p.Close()
	status, err := p.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		if e := p.Kill(syscall.SIGKILL); e == nil {
			status, _ = waitFor(context.Background(), p, nil, false)
		}
		return status, ctx.Err()
	}
	return status, err
}

func (p *Process) use(f func(handle uintptr, fail *uintptr) int) error {
	return p.useIn(context.Background(), f)
}

func (p *Process) useIn(ctx context.Context, f func(handle uintptr, fail *uintptr) int) error {
	if p == nil {
		return ErrClosed
	}
	return p.handle.use(ctx, f)
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
	return p.pidfd(context.Background())
}

func (p *Process) pidfd(ctx context.Context) (int, error) {
	fd := -1
	err := p.useIn(ctx, func(handle uintptr, _ *uintptr) int {
		fd = container.ContainerProcessPidfd(handle)
		return 0
	})
	return fd, err
}

// TerminalFd is the terminal of a process that has one and was given no console socket, or -1. It
// belongs to the process's handle.
func (p *Process) TerminalFd() (int, error) {
	fd := -1
	err := p.use(func(handle uintptr, _ *uintptr) int {
		fd = container.ContainerProcessTerminalFd(handle)
		return 0
	})
	return fd, err
}

// Wait is as Container.Wait.
func (p *Process) Wait(ctx context.Context) (ExitStatus, error) {
	if p == nil {
		return noStatus, ErrClosed
	}
	return waitFor(ctx, p, p.std, false)
}

func (p *Process) collect(ctx context.Context) (ExitStatus, error) {
	return p.once(func(code, signal *int32) error {
		return p.useIn(ctx, func(handle uintptr, fail *uintptr) int {
			return container.FlatProcessWait(handle, 0, code, signal, fail)
		})
	})
}

// Kill sends the process a signal.
func (p *Process) Kill(signal syscall.Signal) error {
	return p.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerProcessKill(handle, int(signal), fail)
	})
}

// Close forgets the process, which lives on. May be repeated; nil is fine.
func (p *Process) Close() error {
	if p == nil {
		return nil
	}
	p.handle.free(func(handle uintptr) {
		container.ContainerProcessFree(handle)
		p.std.abort()
		p.library.release()
	})
	return nil
}
