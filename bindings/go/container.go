// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ocikit/internal/container"
	"ocikit/spec"
)

// Container is one that Runtime.Create has made or Runtime.Open has found. Any number of goroutines
// may use it. Close forgets it, Delete removes the container.
type Container struct {
	id string
	waitable
}

func newContainer(id string, std *stdio) *Container {
	return &Container{id, waitable{std: std, fd: container.ContainerPidfd, wait: container.FlatWait,
		free: container.ContainerClose, asks: true}}
}

// ID is the container's.
func (c *Container) ID() string {
	if c == nil {
		return ""
	}
	return c.id
}

// use calls f with the handle, which no other goroutine has meanwhile.
func (c *Container) use(f func(handle uintptr, fail *uintptr) int) error {
	return c.useIn(context.Background(), f)
}

func (c *Container) useIn(ctx context.Context, f func(handle uintptr, fail *uintptr) int) error {
	if c == nil {
		return ErrClosed
	}
	return c.handle.use(ctx, f)
}

// useAnother is use with a handle of its own, for which nothing waits.
func (c *Container) useAnother(_ context.Context, f func(handle uintptr, fail *uintptr) int) error {
	if c == nil || c.isClosed() {
		return ErrClosed
	}
	return c.library.use(func(of uintptr) error {
		var handle, fail uintptr
		code := container.ContainerOpen(of, c.id, &handle, &fail)
		if err := failure(code, fail); err != nil {
			return err
		}
		defer container.ContainerClose(handle)
		// Where c's container is gone, this one only has its id.
		if err := c.kill(0, 0); err != nil && !errors.Is(err, ErrState) {
			return err
		}
		code = f(handle, &fail)
		return failure(code, fail)
	})
}

// text is use for what gives a text.
func (c *Container) text(f func(handle uintptr, found, fail *uintptr) int) (found []byte, err error) {
	err = c.use(func(handle uintptr, fail *uintptr) int {
		var text uintptr
		code := f(handle, &text, fail)
		if code >= 0 {
			found = container.TakeText(text)
		}
		return code
	})
	return found, err
}

// Close forgets the container, which lives on. May be repeated; nil is fine.
func (c *Container) Close() error {
	if c == nil {
		return nil
	}
	c.close()
	return nil
}

// State is the OCI state document, with the additions that runc has too.
func (c *Container) State() (*spec.RuntimeState, error) {
	text, err := c.text(container.FlatState)
	if err != nil {
		return nil, err
	}
	return spec.ParseRuntimeState(text)
}

// Status is creating, created, running, paused or stopped.
func (c *Container) Status() (string, error) {
	state, err := c.State()
	if err != nil {
		return "", err
	}
	return state.Status, nil
}

// Start runs the program; it returns once that runs and the poststart hooks have. When ctx is done
// before, a hook at work is ended and the container killed; it is stopped then, and still to be deleted. A
// ctx that is done while another call has the container only ends the wait for that.
func (c *Container) Start(ctx context.Context) error {
	if c == nil {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	cancel, err := newCanceller(ctx)
	if err != nil {
		return err
	}
	defer cancel.close()
	err = c.useIn(ctx, func(handle uintptr, fail *uintptr) int {
		return container.FlatStart(handle, cancel.fd(), fail)
	})
	return cancelled(ctx, err)
}

// Pidfd is an fd that is readable when the first process has ended; -1 if it had when this was made.
// It belongs to the container's handle.
func (c *Container) Pidfd() (int, error) {
	return descriptor(c.use, container.ContainerPidfd)
}

// TerminalFd is the terminal of a container whose configuration asks for one and that was created here
// without a console socket, or -1. It belongs to the container's handle.
func (c *Container) TerminalFd() (int, error) {
	return descriptor(c.use, container.ContainerTerminalFd)
}

// Wait is for the end of the first process, and of its output where that is copied; a Reader that
// blocks is not waited for. The status may be asked for again. When ctx is done before, the error is that
// of ctx, and the container runs on; when it is closed before, the error is ErrClosed.
func (c *Container) Wait(ctx context.Context) (ExitStatus, error) {
	if c == nil {
		return noStatus, ErrClosed
	}
	return c.waitForAll(ctx)
}

// Kill sends the first process a signal; also while another goroutine is in Start.
func (c *Container) Kill(signal syscall.Signal) error {
	return c.kill(signal, 0)
}

// KillAll sends all processes a signal; a container that has stopped is no error.
func (c *Container) KillAll(signal syscall.Signal) error {
	return c.kill(signal, uint(container.KILLALL))
}

func (c *Container) kill(signal syscall.Signal, flags uint) error {
	if c == nil {
		return ErrClosed
	}
	return c.handle.keep(func(handle uintptr, fail *uintptr) int {
		return container.ContainerKill(handle, int(signal), flags, fail)
	})
}

// Pause stops all processes where they are.
func (c *Container) Pause() error {
	return c.use(container.ContainerPause)
}

// Resume lets them go on.
func (c *Container) Resume() error {
	return c.use(container.ContainerResume)
}

// Delete removes the container, which has to be stopped or created; with force it is killed first.
// It is still to be closed.
func (c *Container) Delete(force bool) error {
	return c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerDelete(handle, deleteFlags(force), fail)
	})
}

// Update changes limits: all that resources names, or, on failure, nothing.
func (c *Container) Update(resources *spec.LinuxResources) error {
	if c == nil {
		return ErrClosed
	}
	if resources == nil {
		return invalid("update", "no resources")
	}
	text, err := resources.MarshalJSON()
	if err != nil {
		return unwritable("update", c.id, err)
	}
	return c.UpdateJSON(text)
}

// UpdateJSON is the same with the JSON object that a configuration has at /linux/resources.
func (c *Container) UpdateJSON(resources []byte) error {
	return c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerUpdate(handle, string(resources), fail)
	})
}

// AddMount mounts something in the container that is there.
func (c *Container) AddMount(mount *spec.Mount) error {
	if c == nil {
		return ErrClosed
	}
	if mount == nil {
		return invalid("mount", "no mount")
	}
	text, err := mount.MarshalJSON()
	if err != nil {
		return unwritable("mount", c.id, err)
	}
	return c.AddMountJSON(text)
}

// AddMountJSON is the same with the JSON of a mount, as it stands in a configuration.
func (c *Container) AddMountJSON(mount []byte) error {
	return c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerMountAdd(handle, string(mount), fail)
	})
}

// OpenNotify listens on the socket of a container that was created with NotifySocket, before Start: a
// file, the caller's to close, that receives what the program says (sd_notify(3)).
func (c *Container) OpenNotify() (*os.File, error) {
	var fd int32
	if err := c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerNotifyOpen(handle, &fd, fail)
	}); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "notify"), nil
}

// UpdateRDT changes cache and memory bandwidth: schemata is what a configuration has at /linux/intelRdt.
func (c *Container) UpdateRDT(schemata *spec.IntelRDT) error {
	if c == nil {
		return ErrClosed
	}
	if schemata == nil {
		return invalid("update", "no schemata")
	}
	text, err := schemata.MarshalJSON()
	if err != nil {
		return unwritable("update", c.id, err)
	}
	return c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerUpdateRdt(handle, string(text), fail)
	})
}

// RemoveMount unmounts what is there.
func (c *Container) RemoveMount(destination string) error {
	if err := noNUL("unmount", destination); err != nil {
		return err
	}
	return c.use(func(handle uintptr, fail *uintptr) int {
		return container.ContainerMountRemove(handle, destination, fail)
	})
}

// Processes are the pids of all processes in the container.
func (c *Container) Processes() ([]int, error) {
	text, err := c.text(container.FlatProcesses)
	if err != nil {
		return nil, err
	}
	pids := []int{}
	for _, line := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// Stats is what the container has used, as container_stats(3) says.
func (c *Container) Stats() (*Stats, error) {
	text, err := c.text(container.ContainerStats)
	if err != nil {
		return nil, err
	}
	stats := &Stats{JSON: text}
	if err := json.Unmarshal(text, stats); err != nil {
		return nil, err
	}
	return stats, nil
}

// Stats are the numbers that most ask for; JSON has all.
type Stats struct {
	CPU struct {
		Usage struct {
			Total, Kernel, User uint64 // nanoseconds
		} `json:"usage"`
	} `json:"cpu"`
	Memory struct {
		Usage struct {
			Usage, Limit, Max, Failcnt uint64 // bytes
		} `json:"usage"`
	} `json:"memory"`
	Pids struct {
		Current, Limit uint64
	} `json:"pids"`
	JSON json.RawMessage `json:"-"`
}

// runToEnd starts the container and waits for it; when ctx is done it is asked to end as the options say.
func (c *Container) runToEnd(ctx context.Context, o *RunOptions) (ExitStatus, error) {
	if err := c.Start(ctx); err != nil {
		return noStatus, err
	}
	status, err := c.Wait(ctx)
	if err == nil || ctx.Err() == nil {
		return status, err
	}
	signal, timeout := o.StopSignal, o.StopTimeout
	if signal == 0 {
		signal = syscall.SIGTERM
	}
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	if timeout > 0 && c.Kill(signal) == nil {
		limit, stop := context.WithTimeout(context.Background(), timeout)
		defer stop()
		status, _ = c.waitForEnd(limit)
	}
	return status, ctx.Err()
}
