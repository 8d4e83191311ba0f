// SPDX-License-Identifier: Apache-2.0

// What reading a document costs through C, beside plain encoding/json: tests/bench/bindings/bench.py.

package ocikit_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"ocikit"
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
			if field.Name != "Unknown" && !field.Anonymous {
				fields = append(fields, reflect.StructField{Name: field.Name, Type: plainType(field.Type), Tag: field.Tag})
			}
		}
		return reflect.StructOf(fields)
	}
	return t
}

func BenchmarkReadDocument(b *testing.B) {
	data := must(os.ReadFile("spec/testdata/engine-config.json"))
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		d, err := ocikit.Parse("runtime-config", data, nil)
		if err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}

func BenchmarkReadPlain(b *testing.B) {
	data := must(os.ReadFile("spec/testdata/engine-config.json"))
	plain := plainType(reflect.TypeOf(spec.RuntimeConfig{}))
	b.SetBytes(int64(len(data)))
	for i := 0; i < b.N; i++ {
		if err := json.Unmarshal(data, reflect.New(plain).Interface()); err != nil {
			b.Fatal(err)
		}
	}
}
