// SPDX-License-Identifier: Apache-2.0

// The example documents of tests/spec, which the C library is held to as well: the same verdicts,
// with the same codes, pointers and places.

package spec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ocikit/spec"
)

// document is a pointer to any struct of the package.
type document interface {
	json.Marshaler
	json.Unmarshaler
}

// kind is one type of document.
type kind struct {
	prefix string // of the names of its examples
	parse  func(data []byte) (document, error)
	fresh  func() document
}

func kindOf[T any, P interface {
	*T
	document
}](prefix string, parse func(data []byte) (P, error)) kind {
	return kind{prefix,
		func(data []byte) (document, error) {
			x, err := parse(data)
			if err != nil && x != nil {
				panic("a refused document was handed out")
			}
			return x, err
		},
		func() document { return P(new(T)) },
	}
}

// kinds are all types that have a Parse function; none of the prefixes begins another.
var kinds = []kind{
	kindOf("config-", spec.ParseRuntimeConfig),
	kindOf("state-", spec.ParseRuntimeState),
	kindOf("features-", spec.ParseRuntimeFeatures),
	kindOf("process-", spec.ParseProcess),
	kindOf("descriptor-", spec.ParseDescriptor),
	kindOf("index-", spec.ParseImageIndex),
	kindOf("manifest-", spec.ParseImageManifest),
	kindOf("image-config-", spec.ParseImageConfig),
	kindOf("layout-", spec.ParseImageLayout),
	kindOf("registry-error-", spec.ParseRegistryErrors),
	kindOf("tag-list-", spec.ParseTagList),
	kindOf("catalog-", spec.ParseRepositoryList),
	kindOf("token-", spec.ParseRegistryToken),
	kindOf("docker-list-", spec.ParseDockerManifestList),
	kindOf("docker-manifest-", spec.ParseDockerManifest),
	kindOf("docker-config-", spec.ParseDockerConfig),
	kindOf("(mount)", spec.ParseMount),
	kindOf("(resources)", spec.ParseLinuxResources),
	kindOf("(intel-rdt)", spec.ParseIntelRDT),
}

func kindByName(t testing.TB, prefix string) kind {
	t.Helper()
	for _, kind := range kinds {
		if strings.HasPrefix(prefix, kind.prefix) {
			return kind
		}
	}
	t.Fatalf("no type is known for %q", prefix)
	return kind{}
}

const examples = "../../../tests/spec"

// files gives the documents of a folder of tests/spec, by name.
func files(t testing.TB, folder string, atLeast int) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(examples, folder, "*.json"))
	if err != nil || len(paths) < atLeast {
		t.Fatalf("%d documents in %s: %v", len(paths), folder, err)
	}
	found := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(path), ".json")] = data
	}
	return found
}

// value is what JSON text says, whatever its layout; numbers stay as they are written.
func value(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// roundTrip checks that what was read is written with the same meaning, and read back as the same.
func roundTrip(t testing.TB, kind kind, data []byte, x document) {
	t.Helper()
	text, err := x.MarshalJSON()
	if err != nil {
		t.Fatalf("cannot be written: %v", err)
	}
	if !reflect.DeepEqual(value(t, text), value(t, data)) {
		t.Fatalf("read %s\nwrote %s", data, text)
	}
	again, err := kind.parse(text)
	if err != nil || !reflect.DeepEqual(again, x) {
		t.Fatalf("%s\nis read back as another value (%v)", text, err)
	}
	second, err := again.MarshalJSON()
	if err != nil || !bytes.Equal(second, text) {
		t.Fatalf("wrote %s\nand then %s", text, second)
	}
	var viaJSON = kind.fresh()
	if err := json.Unmarshal(data, viaJSON); err != nil || !reflect.DeepEqual(viaJSON, x) {
		t.Fatalf("json.Unmarshal: %v", err)
	}
	escaped, err := json.Marshal(x)
	if err != nil || !reflect.DeepEqual(value(t, escaped), value(t, data)) {
		t.Fatalf("json.Marshal: %v", err)
	}
}

func TestGoodDocuments(t *testing.T) {
	for name, data := range files(t, "good", 40) {
		t.Run(name, func(t *testing.T) {
			kind := kindByName(t, name)
			x, err := kind.parse(data)
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, kind, data, x)
		})
	}
}

// place is LINE:COLUMN of an offset, as the C library counts them: columns in bytes.
func place(data []byte, offset int64) string {
	before := string(data[:offset])
	return fmt.Sprintf("%d:%d", 1+strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n"))
}

func TestBadDocuments(t *testing.T) {
	for name, data := range files(t, "bad", 80) {
		t.Run(name, func(t *testing.T) {
			kind := kindByName(t, name)
			_, err := kind.parse(data)
			var found *spec.Error
			if !errors.As(err, &found) {
				t.Fatalf("not refused by a *spec.Error: %v", err)
			}
			expect, err := os.ReadFile(filepath.Join(examples, "bad", name+".expect"))
			if err != nil {
				t.Fatal(err)
			}
			pointer := found.Pointer
			if pointer == "" {
				pointer = "-"
			}
			shown := fmt.Sprintf("OCI_ERR_%s %s %s", strings.ToUpper(string(found.Code)), pointer,
				place(data, found.Offset))
			// Of several faults the first one is found.
			if first, _, _ := strings.Cut(string(expect), "\n"); shown != first {
				t.Fatalf("%s\nexpected: %s\nfound:    %s (%v)", data, first, shown, found)
			}
			if err := json.Unmarshal(data, kind.fresh()); err == nil {
				t.Fatal("json.Unmarshal takes it")
			}
		})
	}
}

// The documents of tests/spec/json are processes that must be read (y_) or refused (n_).
func TestJSONVerdicts(t *testing.T) {
	for name, data := range files(t, "json", 200) {
		t.Run(name, func(t *testing.T) {
			kind := kindByName(t, "process-")
			x, err := kind.parse(data)
			if strings.HasPrefix(name, "n_") {
				var found *spec.Error
				if !errors.As(err, &found) {
					t.Fatalf("not refused by a *spec.Error: %v", err)
				}
				if found.Text == "" || strings.HasSuffix(found.Text, ".") {
					t.Fatalf("a bad text: %q", found.Text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, kind, data, x)
		})
	}
}
