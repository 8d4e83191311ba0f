// SPDX-License-Identifier: Apache-2.0

// Any text is refused or survives being written:
//
//	go test -run NONE -fuzz FuzzDocuments -fuzztime 60s ./spec

package spec_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"ocikit/spec"
)

func FuzzDocuments(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for name, data := range files(f, folder, 40) {
			for i := range kinds {
				if strings.HasPrefix(name, kinds[i].prefix) {
					f.Add(uint8(i), data)
				}
			}
		}
	}
	for _, data := range files(f, "json", 200) {
		f.Add(uint8(3), data)
	}
	f.Add(uint8(0), engineConfig(f))
	f.Fuzz(func(t *testing.T, number uint8, data []byte) {
		kind := kinds[int(number)%len(kinds)]
		x, err := kind.parse(data)
		if err != nil {
			var found *spec.Error
			if !errors.As(err, &found) || found.Offset < 0 || found.Offset > int64(len(data)) ||
				found.Text == "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatal("read what is no JSON")
		}
		roundTrip(t, kind, data, x)
	})
}
