// SPDX-License-Identifier: Apache-2.0

package ocikit_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"ocikit"
)

const small = `{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "mounts": [{"destination": "/a"}], "x-own": {"b": 1}}`

func TestDocument(t *testing.T) {
	d := must(ocikit.Parse("runtime-config", []byte(small), nil))
	defer d.Close()
	if value := must(d.Get("/mounts/0/destination", ocikit.Compact)); string(value) != `"/a"` {
		t.Fatal(string(value))
	}
	for pointer, value := range map[string]string{"/hostname": `"h"`, "/mounts/-": `{"destination": "/b"}`, "/x-own/c": "[1.50]"} {
		if err := d.Set(pointer, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Remove("/mounts/0"); err != nil {
		t.Fatal(err)
	}
	whole := string(must(d.Get("", ocikit.Compact)))
	if !strings.Contains(whole, `"mounts":[{"destination":"/b"}]`) || !strings.Contains(whole, "1.50") {
		t.Fatal(whole)
	}
	if err := d.Set("/hostname", []byte("5")); !errors.Is(err, ocikit.ErrSpec) {
		t.Fatal(err)
	}
	if _, err := d.Get("/none", ocikit.Compact); !errors.Is(err, ocikit.ErrNotExist) {
		t.Fatal(err)
	}
	other := must(ocikit.Parse("runtime-config", []byte(small), nil))
	defer other.Close()
	found := must(other.Diff(d))
	want := []ocikit.Difference{{"/hostname", nil, []byte(`"h"`)}, {"/mounts/0/destination", []byte(`"/a"`), []byte(`"/b"`)},
		{"/x-own/c", nil, []byte("[1.50]")}}
	if !reflect.DeepEqual(found, want) {
		t.Fatalf("%v", found)
	}
	if same := must(d.Diff(d)); same != nil {
		t.Fatal(same)
	}
}

func TestParseErrors(t *testing.T) {
	_, err := ocikit.Parse("runtime-config", []byte("{\"ociVersion\": 1,\n \"hostname\": 2, \"root\": {\"path\": \"r\"}}"), &ocikit.CheckOptions{Name: "x.json"})
	var e *ocikit.Error
	if !errors.As(err, &e) || e.Code != "type" || e.Pointer != "/ociVersion" || e.Line != 1 || e.Column != 16 || len(e.Findings) != 2 ||
		e.Findings[1].Pointer != "/hostname" || e.Findings[1].Line != 2 || !strings.HasPrefix(e.Message, "x.json:1:16: error: ") ||
		!strings.Contains(e.Findings[0].Excerpt, "^") {
		t.Fatalf("%#v", err)
	}
	for _, kind := range []string{"no-such", "", "a\x00b"} {
		if _, err := ocikit.Parse(kind, nil, nil); err == nil {
			t.Error(kind)
		}
	}
	if _, err := ocikit.Parse("runtime-config", []byte(small), &ocikit.CheckOptions{Unknown: ocikit.UnknownRefuse}); !errors.Is(err, ocikit.ErrSpec) {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	found := must(ocikit.Check("", []byte(`{"ociVersion": "1.3.0", "root": {"path": "r"}, "process": {"cwd": "x", "args": ["a"]}}`), nil))
	if len(found) != 1 || found[0].Rule != "process-cwd-absolute" || found[0].Pointer != "/process/cwd" || !found[0].IsError {
		t.Fatalf("%+v", found)
	}
	found = must(ocikit.Check("runtime-config", []byte(`{"ociVersion": "1.3.0", "root": {"path": "r"}, "process": {"cwd": "x", "args": ["a"]}}`),
		&ocikit.CheckOptions{Ignore: []string{"process-cwd-absolute"}}))
	if len(found) != 0 {
		t.Fatalf("%+v", found)
	}
	if _, err := ocikit.Check("no-such", nil, nil); !errors.Is(err, ocikit.ErrInvalidArgument) {
		t.Fatal(err)
	}
	if ocikit.Detect([]byte(small)) != "runtime-config" || ocikit.Detect(nil) != "" || len(ocikit.Kinds()) < 10 {
		t.Fatal("detect, kinds")
	}
}

func TestClosedDocuments(t *testing.T) {
	d := must(ocikit.Parse("runtime-config", []byte(small), nil))
	if d.Close() != nil || d.Close() != nil {
		t.Fatal("close")
	}
	for _, one := range []*ocikit.Document{d, nil} {
		_, getting := one.Get("", ocikit.Compact)
		_, comparing := one.Diff(one)
		_, with := one.Diff(nil)
		for _, err := range []error{getting, comparing, with, one.Set("/a", nil), one.Remove("/a")} {
			if !errors.Is(err, ocikit.ErrClosed) {
				t.Error(err)
			}
		}
	}
}

func TestManyReadOneDocument(t *testing.T) {
	d := must(ocikit.Parse("runtime-config", []byte(small), nil))
	defer d.Close()
	var wait sync.WaitGroup
	for i := 0; i < 64; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for j := 0; j < 50; j++ {
				must(d.Get("/mounts/0", ocikit.Canonical))
			}
		}()
	}
	wait.Wait()
}
