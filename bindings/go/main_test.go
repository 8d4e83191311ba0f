// SPDX-License-Identifier: Apache-2.0

package ocikit_test

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ocikit"
	"ocikit/spec"
)

var programs = []string{"sh", "cat", "sleep", "true", "echo", "id", "pwd", "stty", "env", "kill"}

// A root filesystem with busybox, for all tests.
var rootfs string

func TestMain(m *testing.M) {
	rand.Seed(time.Now().UnixNano()) // two runs at once must not take the same ids
	made, err := os.MkdirTemp("", "ocikit-go-")
	if err != nil {
		panic(err)
	}
	code := func() int {
		defer os.RemoveAll(made)
		os.Chmod(made, 0o755)
		rootfs = made
		for _, name := range []string{"bin", "proc", "dev", "sys", "tmp"} {
			if err := os.Mkdir(filepath.Join(made, name), 0o755); err != nil {
				panic(err)
			}
		}
		if busybox, err := os.ReadFile("/bin/busybox"); err == nil {
			if err := os.WriteFile(filepath.Join(made, "bin/busybox"), busybox, 0o755); err != nil {
				panic(err)
			}
			for _, name := range programs {
				if err := os.Symlink("busybox", filepath.Join(made, "bin", name)); err != nil {
					panic(err)
				}
			}
		}
		return m.Run()
	}()
	os.Exit(code)
}

// test is what a test of containers has: a runtime with a state directory of its own, and an id of
// which nothing may be left.
type test struct {
	*testing.T
	runtime *ocikit.Runtime
	state   string
	id      string
}

func begin(t *testing.T) *test {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("root is needed: containers are made")
	}
	if _, err := os.Stat("/bin/busybox"); err != nil {
		t.Skip("/bin/busybox is missing: install busybox-static")
	}
	state := filepath.Join(t.TempDir(), "state")
	made, err := ocikit.New(&ocikit.Options{Root: state})
	if err != nil {
		t.Fatal(err)
	}
	x := &test{t, made, state, fmt.Sprintf("ocg%09x", rand.Int63n(1<<36))}
	t.Cleanup(x.end)
	return x
}

func (x *test) end() {
	left, err := x.runtime.List()
	if err != nil || len(left) > 0 {
		x.Errorf("left behind: %v %v", left, err)
	}
	for _, id := range left {
		x.runtime.Delete(id, true)
	}
	x.runtime.Close()
	filepath.Walk("/sys/fs/cgroup", func(path string, info os.FileInfo, err error) error {
		if err == nil && strings.Contains(info.Name(), x.id) {
			x.Errorf("left behind: %s", path)
		}
		return nil
	})
	mounts, _ := os.ReadFile("/proc/self/mounts")
	if strings.Contains(string(mounts), x.id) {
		x.Errorf("a mount is left behind")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		panic(fmt.Sprintf("%s:%d: %v", filepath.Base(file), line, err))
	}
	return value
}

func soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	time.AfterFunc(31*time.Second, cancel)
	return ctx
}

func config(args ...string) *spec.RuntimeConfig {
	return must(ocikit.DefaultConfig(rootfs, args...))
}

func shell(text string) *spec.RuntimeConfig {
	return config("/bin/sh", "-c", text)
}

// sleeping is a running container that is removed at the end of the test.
func (x *test) sleeping() *ocikit.Container {
	x.Helper()
	c := must(x.runtime.Create(soon(), x.id, &ocikit.CreateOptions{Config: config("/bin/sleep", "1000")}))
	x.Cleanup(func() {
		c.Delete(true)
		c.Close()
	})
	if err := c.Start(soon()); err != nil {
		x.Fatal(err)
	}
	return c
}
