// SPDX-License-Identifier: Apache-2.0

// JSON text being written. Must refuse what could not be read back. Knows nothing of structs.

package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

type writer struct {
	out    []byte
	depth  int
	values int
}

func (w *writer) count() *fault {
	w.values++
	if w.values > maxValues {
		return tooLarge(-1, maxValues, "values", "more")
	}
	return nil
}

func (w *writer) open(bracket byte) *fault {
	if w.depth == maxDepth {
		return expected(CodeDepth, -1, fmt.Sprintf("at most %d levels of arrays and objects", maxDepth),
			"a deeper one")
	}
	w.depth++
	w.out = append(w.out, bracket)
	return w.count()
}

func (w *writer) close(bracket byte) {
	w.depth--
	w.out = append(w.out, bracket)
}

// separate puts the comma before all but the first member or item of a container.
func (w *writer) separate() {
	if last := w.out[len(w.out)-1]; last != '{' && last != '[' {
		w.out = append(w.out, ',')
	}
}

// name puts the name of a member that comes from a document or a caller.
func (w *writer) name(name string) *fault {
	if f := w.quoted(name); f != nil {
		return f.under(name)
	}
	w.out = append(w.out, ':')
	return nil
}

// text puts a string that is a value.
func (w *writer) text(text string) *fault {
	if f := w.count(); f != nil {
		return f
	}
	return w.quoted(text)
}

func (w *writer) quoted(text string) *fault {
	if len(text) > maxString {
		return tooLarge(-1, maxString, "bytes in a string", "a longer string")
	}
	if !utf8.ValidString(text) {
		return encodingFault(-1, "text in UTF-8", "a byte that does not belong there")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return encodingFault(-1, "text without NUL", "a NUL byte")
	}
	w.plain(text)
	return nil
}

const hexDigits = "0123456789abcdef"

// plain puts a string that is known to be sound, with the shortest escapes.
func (w *writer) plain(text string) {
	out := append(w.out, '"')
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, text[start:i]...)
		start = i + 1
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			out = append(out, '\\', `"\bfnrt`[short])
		} else {
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	out = append(out, text[start:]...)
	w.out = append(out, '"')
}

// raw puts a value that is JSON text, without its blanks.
func (w *writer) raw(text json.RawMessage) *fault {
	if len(text) > maxBytes {
		return tooLarge(-1, maxBytes, "bytes", "more")
	}
	f := scan(text)
	if f == nil {
		f = w.rawValue(text)
	}
	if f != nil {
		f.offset = -1
	}
	return f
}

func (w *writer) rawValue(text []byte) *fault {
	r := reader{data: text, depth: w.depth, values: w.values}
	r.blanks()
	if r.at == len(text) {
		return &fault{code: CodeSyntax, text: "no JSON text"}
	}
	out, f := r.raw(w.out)
	if f == nil {
		f = r.end()
	}
	if f != nil {
		return f
	}
	w.out, w.values = out, r.values
	return nil
}

// isObject tells whether JSON text is that of an object.
func isObject(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
}
