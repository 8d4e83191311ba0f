// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"ocikit/internal/container"
	"ocikit/spec"
)

// Version is that of the module. The C library has to be of the same.
const Version = "0.1.0"

// Options are how a Runtime is made; the zero value is good.
type Options struct {
	// Root is the absolute path of the state directory, made with the first container; default
	// /run/ocikit.
	Root string
	// Log is told of warnings (level 1), information (2) and steps (3), in the goroutine of the
	// operation; it must not use the runtime. A panic of it goes on once C has returned, in the operation or
	// another one of the runtime that ends just then: what the operation was to do may be done, but a
	// container or process that it was to give is removed. It must not end its goroutine otherwise, as
	// runtime.Goexit and testing's FailNow do.
	Log func(level int, id, message string)
	// SystemdBus, Newuidmap and Newgidmap are as container_context_new(3) says.
	SystemdBus, Newuidmap, Newgidmap string
}

// library is what all handles of a runtime need in C. It is freed when the runtime is closed and
// nothing uses it any more, in whatever order things are closed.
type library struct {
	lock   sync.Mutex
	users  int // the runtime until it is closed, each handle and each call
	handle uintptr
	log    *container.Log // nil: none
	forC   cgo.Handle     // of log
}

// hold adds a user; false where it is freed already.
func (l *library) hold() bool {
	if l == nil {
		return false
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.users == 0 {
		return false
	}
	l.users++
	return true
}

func (l *library) release() {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.users--; l.users > 0 {
		return
	}
	container.ContainerContextFree(l.handle)
	if l.forC != 0 {
		l.forC.Delete()
	}
}

// use calls f with the handle, which is there until f returns, and goes on with a panic of the log's: not
// to be used in a goroutine of this package's.
func (l *library) use(f func(handle uintptr) error) error {
	if !l.hold() {
		return ErrClosed
	}
	defer l.rethrow()
	defer l.release()
	return f(l.handle)
}

// rethrow is what comes last in a call, when nothing of C's is in use any more.
func (l *library) rethrow() {
	if l.log == nil {
		return
	}
	if value := l.log.Thrown(true); value != nil {
		panic(value)
	}
}

// text is use for what gives a text.
func (r *Runtime) text(f func(handle uintptr, found, fail *uintptr) int) (text []byte, err error) {
	err = r.use(func(handle uintptr) error {
		text, err = take(func(found, fail *uintptr) int { return f(handle, found, fail) })
		return err
	})
	return text, err
}

// take calls f for a text of C's.
func take(f func(found, fail *uintptr) int) ([]byte, error) {
	var found, fail uintptr
	code := f(&found, &fail)
	if err := failure(code, fail); err != nil {
		return nil, err
	}
	return container.TakeText(found), nil
}

// Runtime is a state directory, in which containers are known by their ids, and how to make them.
// Any number of goroutines may use one.
type Runtime struct {
	library *library
	closed  atomic.Bool
}

// CreateOptions are what a container is made of.
type CreateOptions struct {
	// Bundle is the directory that relative paths start from, and has the config.json if there is no
	// Config; default ".".
	Bundle string
	// Config is the configuration, or ConfigJSON is it as text.
	Config     *spec.RuntimeConfig
	ConfigJSON []byte
	// Stdin, Stdout and Stderr are the process's, as in os/exec: nil is /dev/null, an *os.File is
	// handed over, others are copied from and to. Where the configuration asks for a terminal, the process
	// has that in their place, and nothing comes through them.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// ExtraFiles become the fds 3, 4, ...
	ExtraFiles []*os.File
	// Env is added to the configuration's environment: "NAME=value".
	Env []string
	// ConsoleSocket is a unix socket that is sent the terminal's fd, PidfdSocket one that is sent a pidfd.
	ConsoleSocket, PidfdSocket string
	// NoPivot moves the root mount; KeepKeyring stays in the caller's session keyring; NotifySocket
	// gives the program a socket to say that it is ready; SystemdCgroup has systemd make the group.
	NoPivot, KeepKeyring, NotifySocket, SystemdCgroup bool
}

// New names a state directory. Nothing is opened or made yet. options may be nil.
func New(options *Options) (*Runtime, error) {
	if found := container.Text(container.ContainerVersion()); found != Version {
		return nil, &Error{Code: "unsupported", Operation: "open",
			Message: "this is ocikit " + Version + " for Go, and the C library is " + found + ": install the same version of both"}
	}
	var o Options
	if options != nil {
		o = *options
	}
	if err := noNUL("open", o.Root, o.SystemdBus, o.Newuidmap, o.Newgidmap); err != nil {
		return nil, err
	}
	l := &library{users: 1}
	if o.Log != nil {
		l.log = &container.Log{To: o.Log}
		l.forC = cgo.NewHandle(l.log)
	}
	var made, fail uintptr
	code := container.GoContextNew(o.Root, uintptr(l.forC), o.Newuidmap, o.Newgidmap, o.SystemdBus, &made, &fail)
	l.handle = made
	if code < 0 {
		if l.forC != 0 {
			l.forC.Delete()
		}
		return nil, failure(code, fail)
	}
	return &Runtime{library: l}, nil
}

// Close ends the use of the runtime; the containers live on, and those that are open here stay open.
// May be repeated.
func (r *Runtime) Close() error {
	if r != nil && r.library != nil && !r.closed.Swap(true) {
		defer r.library.rethrow()
		r.library.release()
	}
	return nil
}

func (r *Runtime) use(f func(handle uintptr) error) error {
	if r == nil || r.closed.Load() {
		return ErrClosed
	}
	return r.library.use(f)
}

// Create sets a container up; its program waits for Start. id has 1 to 1024 letters, digits and
// _+.-; options may be nil. When ctx is done before the return, the create is given up and undone.
func (r *Runtime) Create(ctx context.Context, id string, options *CreateOptions) (*Container, error) {
	o := CreateOptions{}
	if options != nil {
		o = *options
	}
	if err := noNUL("create", append([]string{id, o.Bundle, o.ConsoleSocket, o.PidfdSocket}, o.Env...)...); err != nil {
		return nil, err
	}
	config, err := o.config()
	if err != nil {
		return nil, unwritable("create", id, err)
	}
	std, cancel, err := prepare(ctx, "create", id, o.Stdin, o.Stdout, o.Stderr)
	if err != nil {
		return nil, err
	}
	defer cancel.close()
	defer runtime.KeepAlive(o) // its files, of which C has but the fds
	c := newContainer(id, std)
	defer c.abandon(func(handle uintptr, fail *uintptr) int {
		return container.ContainerDelete(handle, deleteFlags(true), fail)
	})
	err = r.use(func(handle uintptr) error {
		var made, fail uintptr
		code := container.FlatCreate(handle, id, o.bundle(), config, std.fds[0], std.fds[1], std.fds[2],
			packFiles(o.ExtraFiles), o.ConsoleSocket, cancel.fd(), o.flags(), o.PidfdSocket, pack(o.Env), &made, &fail)
		if code >= 0 {
			c.set(r.library, made)
		}
		return failure(code, fail)
	})
	if err != nil {
		return nil, cancelled(ctx, err)
	}
	std.start()
	return c, nil
}

func (o *CreateOptions) bundle() string {
	if o.Bundle == "" {
		return "."
	}
	return o.Bundle
}

func (o *CreateOptions) config() (string, error) {
	if o.Config == nil && o.ConfigJSON != nil && len(o.ConfigJSON) == 0 {
		return " ", nil // for C "" is none
	}
	if o.Config == nil {
		return string(o.ConfigJSON), nil
	}
	text, err := o.Config.MarshalJSON()
	return string(text), err
}

func (o *CreateOptions) flags() uint {
	flags := 0
	for _, one := range []struct {
		set  bool
		flag int
	}{{o.NoPivot, container.NOPIVOT}, {o.KeepKeyring, container.NONEWKEYRING},
		{o.NotifySocket, container.NOTIFYSOCKET}, {o.SystemdCgroup, container.SYSTEMDCGROUP}} {
		if one.set {
			flags |= one.flag
		}
	}
	return uint(flags)
}

// Open finds a container that is there already, whoever made it.
func (r *Runtime) Open(id string) (*Container, error) {
	if err := noNUL("open", id); err != nil {
		return nil, err
	}
	c := newContainer(id, nil)
	given := false
	defer func() {
		if !given { // an error, or a panic of the log's
			c.Close()
		}
	}()
	err := r.use(func(handle uintptr) error {
		var made, fail uintptr
		code := container.ContainerOpen(handle, id, &made, &fail)
		if code >= 0 {
			c.set(r.library, made)
		}
		return failure(code, fail)
	})
	if err != nil {
		return nil, err
	}
	given = true
	return c, nil
}

// List gives the ids of all containers, sorted.
func (r *Runtime) List() ([]string, error) {
	text, err := r.text(container.FlatList)
	return strings.Fields(string(text)), err
}

// Delete removes a container by its id, also what a killed create left; with force it is killed
// first, and one that does not exist is no error.
func (r *Runtime) Delete(id string, force bool) error {
	if err := noNUL("delete", id); err != nil {
		return err
	}
	return r.use(func(handle uintptr) error {
		var fail uintptr
		code := container.ContainerDeleteId(handle, id, deleteFlags(force), &fail)
		return failure(code, fail)
	})
}

// Plan says what Create would do, step by step, as text for people.
func (r *Runtime) Plan(id string, options *CreateOptions) (string, error) {
	o := CreateOptions{}
	if options != nil {
		o = *options
	}
	if err := noNUL("plan", id, o.Bundle); err != nil {
		return "", err
	}
	config, err := o.config()
	if err != nil {
		return "", unwritable("plan", id, err)
	}
	text, err := r.text(func(handle uintptr, found, fail *uintptr) int {
		return container.FlatPlan(handle, id, o.bundle(), config, o.flags(), found, fail)
	})
	return string(text), err
}

// RunOptions are those of Create, and how Run ends a container when its context is done.
type RunOptions struct {
	CreateOptions
	// StopSignal is sent first; default SIGTERM.
	StopSignal syscall.Signal
	// StopTimeout is how long the container may take then, until SIGKILL; default 10 s. Negative: not at all.
	StopTimeout time.Duration
}

// Run makes a container, runs it to its end and removes it. When ctx is done, it is ended and
// removed all the same, what it has written is given a moment to arrive, and the error is that of ctx, or
// has it as its cause.
//
// No Writer is used after the return: one that blocks keeps Run from returning. A Reader that blocks does
// not; it is left behind with a goroutine.
func (r *Runtime) Run(ctx context.Context, id string, options *RunOptions) (status ExitStatus, err error) {
	o := RunOptions{}
	if options != nil {
		o = *options
	}
	c, err := r.Create(ctx, id, &o.CreateOptions)
	if err != nil {
		return noStatus, err
	}
	defer c.Close()
	defer c.std.finish()
	defer func() { // also where a panic of the log's goes through
		status, err = c.remove(status, err)
	}()
	return c.runToEnd(ctx, &o)
}

// remove deletes what was run; where that is what ended it, the status is known only then.
func (c *Container) remove(status ExitStatus, err error) (ExitStatus, error) {
	deleted := c.Delete(true)
	if status == noStatus {
		status, _ = c.collect(context.Background())
	}
	switch {
	case deleted == nil:
		return status, err
	case err == nil:
		return status, deleted
	}
	return status, fmt.Errorf("%w; the container %s is left behind: %v", err, c.id, deleted)
}

// DefaultConfig is a configuration with safe defaults, as `ocikit spec` writes it: sh on a terminal in
// the folder rootfs ("" for "rootfs"); args is a program without a terminal.
func DefaultConfig(rootfs string, args ...string) (*spec.RuntimeConfig, error) {
	return generated(rootfs, args, container.FlatDefaultConfig)
}

// RootlessConfig is the same for a caller without root: in a user namespace in which root is the user
// uid and group gid of the host.
func RootlessConfig(rootfs string, uid, gid uint32, args ...string) (*spec.RuntimeConfig, error) {
	return generated(rootfs, args, func(rootfs, args string, found, fail *uintptr) int {
		return container.FlatRootlessConfig(rootfs, args, uint(uid), uint(gid), found, fail)
	})
}

func generated(rootfs string, args []string, f func(rootfs, args string, found, fail *uintptr) int) (*spec.RuntimeConfig, error) {
	if err := noNUL("spec", append([]string{rootfs}, args...)...); err != nil {
		return nil, err
	}
	if rootfs == "" {
		rootfs = "rootfs"
	}
	text, err := take(func(found, fail *uintptr) int { return f(rootfs, pack(args), found, fail) })
	if err != nil {
		return nil, err
	}
	return spec.ParseRuntimeConfig(text)
}

// Features says what this build and this kernel can do.
func Features() (*spec.RuntimeFeatures, error) {
	text, err := take(container.ContainerFeatures)
	if err != nil {
		return nil, err
	}
	return spec.ParseRuntimeFeatures(text)
}

func deleteFlags(force bool) uint {
	if force {
		return uint(container.DELETEFORCE)
	}
	return 0
}

// pack is a list of texts as C takes it.
func pack(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, "\x00") + "\x00"
}

// packFiles is the same for fds: ints as they are in memory.
func packFiles(files []*os.File) string {
	packed := make([]byte, 0, 4*len(files))
	for _, file := range files {
		fd := int32(file.Fd())
		packed = append(packed, (*[4]byte)(unsafe.Pointer(&fd))[:]...)
	}
	return string(packed)
}

func noNUL(operation string, texts ...string) error {
	for _, text := range texts {
		if strings.IndexByte(text, 0) >= 0 {
			return invalid(operation, "a NUL in a string")
		}
	}
	return nil
}
