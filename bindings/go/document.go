// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"ocikit/internal/document"
)

// Finding is one thing that is wrong with a document, or odd.
type Finding struct {
	Code    Code
	IsError bool
	Errno   syscall.Errno
	// Line and Column are from 1, in bytes; 0 where the finding has no place in the text. Offset and
	// Length are in bytes too.
	Line, Column, Offset, Length int
	// Pointer is the place in the document; "" is the document itself.
	Pointer string
	// Text says what is wrong, Message is the whole line.
	Text, Message string
	// Expected, Found and Suggestion are parts of Text, or "".
	Expected, Found, Suggestion string
	// Rule is the name of the rule that is broken, Section where the specification states it.
	Rule, Section string
	// Excerpt is the line of the text, and one of carets below it.
	Excerpt string
}

const findingTexts = 16

func findings(packed []byte) []Finding {
	texts := strings.Split(string(packed), "\x00")
	var found []Finding
	for ; len(texts) > findingTexts; texts = texts[findingTexts:] {
		found = append(found, Finding{
			Code: codeOf(-atoi(texts[0])), IsError: texts[1] != "", Errno: syscall.Errno(atoi(texts[2])),
			Line: atoi(texts[3]), Column: atoi(texts[4]), Offset: atoi(texts[5]), Length: atoi(texts[6]),
			Pointer: texts[7], Text: texts[8], Message: texts[9], Expected: texts[10], Found: texts[11],
			Suggestion: texts[12], Rule: texts[13], Section: texts[14], Excerpt: texts[15],
		})
	}
	return found
}

func atoi(text string) int {
	number, _ := strconv.Atoi(text)
	return number
}

func codeOf(code int) Code {
	return Code(document.Text(document.OciCodeName(code)))
}

// specFailure is the error of a call that gave code and findings, about what is called file.
func specFailure(operation, file string, code int, packed, length uintptr) error {
	var found []Finding
	if packed != 0 {
		found = findings(document.Take(packed, length))
	}
	if code >= 0 {
		return nil
	}
	e := &Error{Code: codeOf(code), Message: document.Text(document.OciCodeText(code)), Operation: operation,
		File: file, Findings: found}
	for _, one := range found {
		if one.IsError {
			e.Errno, e.Message, e.Pointer, e.HasPlace = one.Errno, one.Message, one.Pointer, true
			e.Line, e.Column = one.Line, one.Column
			break
		}
	}
	return e
}

// CheckOptions are how Check works; the zero value is good.
type CheckOptions struct {
	// Name is what messages call the text, such as a file's name.
	Name string
	// Unknown says what to do about members that the schema does not name.
	Unknown Unknown
	// Ignore are names of rules.
	Ignore []string
	// Startable - a configuration that is to be started: process must be there.
	Startable bool
}

// Unknown is what to do about members that the schema does not name.
type Unknown int

// Keep them; or also tell of each, as a warning or an error; or tell of those that are nearly right.
const (
	UnknownKeep Unknown = iota
	UnknownWarn
	UnknownRefuse
	UnknownSuggest
)

// Kinds are the names of the kinds of documents, such as "runtime-config".
func Kinds() []string {
	var kinds []string
	for i := int64(0); ; i++ {
		name := document.Text(document.FlatKindName(i))
		if name == "" {
			return kinds
		}
		kinds = append(kinds, name)
	}
}

// Detect says which kind of document a JSON text is; "" for none that is known.
func Detect(text []byte) string {
	return document.Text(document.FlatDetect(string(text)))
}

// Check gives all that is wrong with a JSON text, or odd, by the schema and the rules of the
// specification. kind is what it is; "": find out. options may be nil. The error is for what kept
// the check from being made, not for a document that is wrong.
func Check(kind string, text []byte, options *CheckOptions) ([]Finding, error) {
	o := CheckOptions{}
	if options != nil {
		o = *options
	}
	if err := noNUL("check", append([]string{kind, o.Name}, o.Ignore...)...); err != nil {
		return nil, err
	}
	var packed, length uintptr
	code := document.FlatCheck(kind, string(text), o.Name, int(o.Unknown), pack(o.Ignore), number(o.Startable), &packed, &length)
	if packed == 0 {
		return nil, specFailure("check", o.Name, code, 0, 0)
	}
	return findings(document.Take(packed, length)), nil
}

// Document is a document in C's memory: read and checked by the C library, which is faster than a
// struct of package spec, and can be looked into and changed by JSON pointers. One goroutine changes
// it, or any number look.
type Document struct {
	lock   sync.RWMutex
	handle uintptr
}

// Parse reads a text as a document of a kind. An *Error tells all that is wrong. options may be nil;
// Name and Unknown count.
func Parse(kind string, text []byte, options *CheckOptions) (*Document, error) {
	o := CheckOptions{}
	if options != nil {
		o = *options
	}
	if err := noNUL("parse", kind, o.Name); err != nil {
		return nil, err
	}
	var made, packed, length uintptr
	code := document.FlatParse(kind, string(text), o.Name, int(o.Unknown), &made, &packed, &length)
	if err := specFailure("parse", o.Name, code, packed, length); err != nil {
		return nil, err
	}
	return &Document{handle: made}, nil
}

// Close frees the document. May be repeated; nil is fine.
func (d *Document) Close() error {
	if d == nil {
		return nil
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	document.OciDocumentFree(d.handle)
	d.handle = 0
	return nil
}

func (d *Document) look(f func(handle uintptr) error) error {
	if d == nil {
		return ErrClosed
	}
	d.lock.RLock()
	defer d.lock.RUnlock()
	if d.handle == 0 {
		return ErrClosed
	}
	return f(d.handle)
}

func (d *Document) change(pointer string, f func(handle uintptr, packed, length *uintptr) int) error {
	if err := noNUL("change", pointer); err != nil {
		return err
	}
	if d == nil {
		return ErrClosed
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.handle == 0 {
		return ErrClosed
	}
	var packed, length uintptr
	return specFailure("change", "", f(d.handle, &packed, &length), packed, length)
}

// Style is how JSON is written.
type Style uint

// In one line; with four spaces a level; or so that equal documents give equal bytes.
const (
	Compact Style = iota
	Pretty
	Canonical
)

// Get gives the value at a JSON pointer; "" is the whole document.
func (d *Document) Get(pointer string, style Style) (json.RawMessage, error) {
	if err := noNUL("get", pointer); err != nil {
		return nil, err
	}
	var found []byte
	err := d.look(func(handle uintptr) error {
		var text, length uintptr
		code := document.FlatGet(handle, pointer, uint(style), &text, &length)
		if code < 0 {
			return &Error{Code: codeOf(code), Operation: "get", Pointer: pointer, HasPlace: true,
				Message: pointer + ": " + document.Text(document.OciCodeText(code))}
		}
		found = document.Take(text, length)
		return nil
	})
	return found, err
}

// Set puts JSON at a JSON pointer, whose last step may be new; the changed document is checked.
func (d *Document) Set(pointer string, value json.RawMessage) error {
	return d.change(pointer, func(handle uintptr, packed, length *uintptr) int {
		return document.FlatSet(handle, pointer, string(value), packed, length)
	})
}

// Remove takes away what is there.
func (d *Document) Remove(pointer string) error {
	return d.change(pointer, func(handle uintptr, packed, length *uintptr) int {
		return document.FlatRemove(handle, pointer, packed, length)
	})
}

// Difference is one place where two documents differ; Left or Right is nil where only the other has a value.
type Difference struct {
	Pointer     string
	Left, Right json.RawMessage
}

// Diff gives the differences from another document of the same kind.
func (d *Document) Diff(other *Document) ([]Difference, error) {
	var found []Difference
	if d == other {
		return nil, d.look(func(uintptr) error { return nil })
	}
	// Always in one order, so that no two calls wait for each other.
	first, second := d, other
	if uintptr(unsafe.Pointer(d)) > uintptr(unsafe.Pointer(other)) {
		first, second = other, d
	}
	err := first.look(func(uintptr) error {
		return second.look(func(uintptr) error {
			var packed, length uintptr
			if code := document.FlatDiff(d.handle, other.handle, &packed, &length); code < 0 {
				return specFailure("diff", "", code, 0, 0)
			}
			if packed != 0 {
				found = differences(document.Take(packed, length))
			}
			return nil
		})
	})
	return found, err
}

func differences(packed []byte) []Difference {
	texts := strings.Split(string(packed), "\x00")
	var found []Difference
	for ; len(texts) > 3; texts = texts[3:] {
		one := Difference{Pointer: texts[0]}
		if texts[1] != "" {
			one.Left = json.RawMessage(texts[1])
		}
		if texts[2] != "" {
			one.Right = json.RawMessage(texts[2])
		}
		found = append(found, one)
	}
	return found
}
