// SPDX-License-Identifier: Apache-2.0

// What reading and writing cost beside plain encoding/json, which checks next to nothing:
//
//	go test -run NONE -bench . -benchmem ./spec
//
// testdata/engine-config.json is what engine_config() of tests/bench/spec/bench.py makes.

package spec_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"ocikit/spec"
)

// plainType is a type with the same members and tags, all the way down, and without methods.
func plainType(t reflect.Type) reflect.Type {
	switch t.Kind() {
	case reflect.Pointer:
		return reflect.PointerTo(plainType(t.Elem()))
	case reflect.Slice:
		if t == reflect.TypeOf(json.RawMessage{}) {
			return t
		}
		return reflect.SliceOf(plainType(t.Elem()))
	case reflect.Map:
		return reflect.MapOf(t.Key(), plainType(t.Elem()))
	case reflect.Struct:
		var fields []reflect.StructField
		for i := 0; i < t.NumField(); i++ {
			field := t.Field(i)
			if field.Name == "Unknown" || field.Anonymous {
				continue
			}
			fields = append(fields, reflect.StructField{Name: field.Name, Type: plainType(field.Type), Tag: field.Tag})
		}
		return reflect.StructOf(fields)
	}
	return t
}

func engineConfig(b testing.TB) []byte {
	data, err := os.ReadFile("testdata/engine-config.json")
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkReadPlain(b *testing.B) {
	data := engineConfig(b)
	plain := plainType(reflect.TypeOf(spec.RuntimeConfig{}))
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if err := json.Unmarshal(data, reflect.New(plain).Interface()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadUnmarshal(b *testing.B) {
	data := engineConfig(b)
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if err := json.Unmarshal(data, new(spec.RuntimeConfig)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadParse(b *testing.B) {
	data := engineConfig(b)
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if _, err := spec.ParseRuntimeConfig(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWritePlain(b *testing.B) {
	data := engineConfig(b)
	x := reflect.New(plainType(reflect.TypeOf(spec.RuntimeConfig{}))).Interface()
	if err := json.Unmarshal(data, x); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if _, err := json.Marshal(x); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkWrite(b *testing.B, write func(x *spec.RuntimeConfig) ([]byte, error)) {
	data := engineConfig(b)
	x, err := spec.ParseRuntimeConfig(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if _, err := write(x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteMarshal(b *testing.B) {
	benchmarkWrite(b, func(x *spec.RuntimeConfig) ([]byte, error) { return json.Marshal(x) })
}

func BenchmarkWriteMarshalJSON(b *testing.B) {
	benchmarkWrite(b, (*spec.RuntimeConfig).MarshalJSON)
}

// The plain type must hold the same document, or the comparison says nothing.
func TestPlainTypeIsEquivalent(t *testing.T) {
	data := engineConfig(t)
	x := reflect.New(plainType(reflect.TypeOf(spec.RuntimeConfig{}))).Interface()
	if err := json.Unmarshal(data, x); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(x)
	if err != nil || !reflect.DeepEqual(value(t, text), value(t, data)) {
		t.Fatalf("%v: %s", err, text)
	}
}
