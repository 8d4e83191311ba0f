// SPDX-License-Identifier: Apache-2.0

package ocikit_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"ocikit"
)

// FuzzCalls makes calls on documents as a text says, a line each: nothing may crash, every error is
// one of this package's, and what is read back is JSON.
func FuzzCalls(f *testing.F) {
	f.Add("parse runtime-config " + small + "\nset /hostname \"h\"\nget /hostname\nremove /mounts/0\nget \ndiff\ncheck")
	f.Add("parse image-layout {\"imageLayoutVersion\":\"1.0.0\"}\nget /imageLayoutVersion\nclose\nget \nset /a 1")
	f.Add("parse runtime-config {\nset / /\nremove \nget /\x00")
	f.Fuzz(func(t *testing.T, text string) {
		var d *ocikit.Document
		defer func() { d.Close() }()
		for _, line := range strings.Split(text, "\n") {
			words := strings.SplitN(line, " ", 3)
			for len(words) < 3 {
				words = append(words, "")
			}
			err := call(t, &d, words[0], words[1], words[2])
			var e *ocikit.Error
			if err != nil && !errors.As(err, &e) && !errors.Is(err, ocikit.ErrClosed) {
				t.Fatalf("%T %v", err, err)
			}
			if err != nil && err.Error() == "" {
				t.Fatal("an error without words")
			}
		}
	})
}

func call(t *testing.T, d **ocikit.Document, verb, first, second string) error {
	switch verb {
	case "parse":
		made, err := ocikit.Parse(first, []byte(second), nil)
		if err == nil {
			(*d).Close()
			*d = made
		}
		return err
	case "get":
		value, err := (*d).Get(first, ocikit.Canonical)
		if err == nil && !json.Valid(value) {
			t.Fatalf("%q", value)
		}
		return err
	case "set":
		return (*d).Set(first, json.RawMessage(second))
	case "remove":
		return (*d).Remove(first)
	case "diff":
		_, err := (*d).Diff(*d)
		return err
	case "check":
		_, err := ocikit.Check(first, []byte(second), nil)
		ocikit.Detect([]byte(second))
		return err
	case "close":
		return (*d).Close()
	}
	return nil
}
