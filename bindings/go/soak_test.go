// SPDX-License-Identifier: Apache-2.0

package ocikit_test

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"ocikit"
)

// soakContext can be cancelled, as what is not needs no fds and goroutines.
var soakContext, _ = context.WithCancel(context.Background())

// resident is the memory of the process in bytes, with Go's garbage gone.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages := must(strconv.Atoi(strings.Fields(string(text))[1]))
	return pages * os.Getpagesize()
}

// soak repeats step; the first tenth fills pools and caches.
func soak(t *testing.T, count int, step func(int)) {
	for i := 0; i < count/10; i++ {
		step(i)
	}
	runtime.GC()
	memory, before := resident(t), open()
	for i := count / 10; i < count; i++ {
		step(i)
	}
	runtime.GC()
	if after := open(); after != before {
		t.Fatal(before, "before,", after, "after")
	}
	if grown := resident(t) - memory; grown > 6<<20 {
		t.Fatalf("%d bytes more", grown)
	}
}

func TestSoakDocuments(t *testing.T) {
	text := must(config("/bin/true").MarshalJSON())
	soak(t, 10000, func(i int) {
		d := must(ocikit.Parse("runtime-config", text, nil))
		if err := d.Set("/hostname", []byte(`"`+strconv.Itoa(i)+`"`)); err != nil {
			t.Fatal(err)
		}
		must(d.Get("/hostname", ocikit.Compact))
		d.Close()
		if _, err := ocikit.Parse("runtime-config", []byte(`{"ociVersion": 5}`), nil); err == nil {
			t.Fatal("no error")
		}
	})
}

func TestSoakContainers(t *testing.T) {
	x := begin(t)
	options := &ocikit.CreateOptions{Config: config("/bin/true")}
	soak(t, 1000, func(i int) {
		c := must(x.runtime.Create(soakContext, x.id, options))
		if i%10 != 0 {
			if err := c.Start(soakContext); err != nil {
				t.Fatal(err)
			}
			must(c.Wait(soakContext))
		}
		if err := c.Delete(true); err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}
