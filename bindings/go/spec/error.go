// SPDX-License-Identifier: Apache-2.0

// What is said about a text or a struct that is refused. Must not cost anything where nothing is.

package spec

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Code tells kinds of faults apart. The names are those of the C library's error codes.
type Code string

// The codes of an Error.
const (
	CodeInvalidArgument Code = "invalid_argument"
	CodeSyntax          Code = "syntax"
	CodeEncoding        Code = "encoding"
	CodeDuplicateKey    Code = "duplicate_key"
	CodeType            Code = "type"
	CodeRange           Code = "range"
	CodeEnum            Code = "enum"
	CodePattern         Code = "pattern"
	CodeRequired        Code = "required"
	CodeTooFew          Code = "too_few"
	CodeDepth           Code = "depth"
	CodeTooLarge        Code = "too_large"
)

// Error is why a text was not read or a struct not written.
type Error struct {
	// Code is the kind of the fault.
	Code Code
	// Pointer is the JSON pointer (RFC 6901) of the value, or of the object that lacks a member;
	// "" is the document itself.
	Pointer string
	// Offset is where in the text that was read the fault begins, in bytes; -1 in writing.
	Offset int64
	// Text says what is wrong, without the place.
	Text string
}

// Error gives the pointer and the text.
func (e *Error) Error() string {
	if e == nil {
		return "no error"
	}
	if e.Pointer == "" {
		return e.Text
	}
	return e.Pointer + ": " + e.Text
}

// fault is an Error on its way up; its path grows from the inside out.
type fault struct {
	code   Code
	offset int
	text   string
	path   []string
}

// No pointer is longer; one that would be names the nearest container that fits. The names come
// from the document.
const longestPointer = 65536

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// under says that the fault is within the member or item of this name.
func (f *fault) under(name string) *fault {
	f.path = append(f.path, name)
	return f
}

func (f *fault) underItem(index int) *fault {
	return f.under(strconv.Itoa(index))
}

func (f *fault) public() *Error {
	var pointer strings.Builder
	for i := len(f.path) - 1; i >= 0; i-- {
		token := pointerEscapes.Replace(f.path[i])
		if pointer.Len()+1+len(token) > longestPointer {
			break
		}
		pointer.WriteByte('/')
		pointer.WriteString(token)
	}
	return &Error{f.code, pointer.String(), int64(f.offset), f.text}
}

func expected(code Code, offset int, what, found string) *fault {
	return &fault{code: code, offset: offset, text: "expected " + what + ", found " + found}
}

const longestQuote = 60

// clip cuts text that is only to be shown, and never a character in two.
func clip(text string) (string, string) {
	if len(text) <= longestQuote {
		return text, ""
	}
	end := longestQuote
	for end > longestQuote-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], "..."
}

// quote shows text of a document: without control characters, and not too much of it.
func quote(text string) string {
	shown, dots := clip(text)
	return strconv.Quote(shown) + dots
}

func describeString(text string) string {
	return "the string " + quote(text)
}

func describeNumber(token string) string {
	shown, dots := clip(token)
	return "the number " + shown + dots
}
