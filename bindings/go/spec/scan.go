// SPDX-License-Identifier: Apache-2.0

// One look at a text before it is read: strict UTF-8, and the escapes that no C string or UTF-8
// text can hold. Must not interpret anything else.

package spec

import (
	"bytes"
	"unicode/utf8"
)

func encodingFault(offset int, what, found string) *fault {
	return expected(CodeEncoding, offset, what, found)
}

// scan refuses a text whose strings could not all be held by the strings of C and Go.
func scan(data []byte) *fault {
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return encodingFault(0, "JSON text", "a byte order mark")
	}
	var worst *fault
	sound := data
	if !utf8.Valid(data) {
		end := validPrefix(data)
		sound = data[:end]
		worst = encodingFault(end, "text in UTF-8", "a byte that does not belong there")
	}
	if nul := bytes.IndexByte(sound, 0); nul >= 0 {
		sound = sound[:nul]
		worst = encodingFault(nul, "text without NUL", "a NUL byte")
	}
	if f := scanEscapes(data, len(sound)); f != nil {
		return f
	}
	return worst
}

func validPrefix(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// scanEscapes looks at the escapes that begin before end. Those that are merely wrong JSON are
// left to the reader.
func scanEscapes(data []byte, end int) *fault {
	for at := 0; at < end; {
		step := bytes.IndexByte(data[at:end], '\\')
		if step < 0 {
			break
		}
		at += step
		unit := escapedUnit(data[at:])
		switch {
		case unit < 0:
			at += 2
			continue
		case unit == 0:
			return encodingFault(at, "text without NUL", `the escape \u0000`)
		case isSecondHalf(unit):
			return encodingFault(at, "a complete surrogate pair", "the second half of one alone")
		case isFirstHalf(unit) && !isCutEscape(data[at+6:]):
			if !isSecondHalf(escapedUnit(data[at+6:])) {
				return encodingFault(at, "a complete surrogate pair", "the first half of one alone")
			}
			at += 6
		}
		at += 6
	}
	return nil
}

func isFirstHalf(unit int) bool {
	return unit >= 0xd800 && unit <= 0xdbff
}

func isSecondHalf(unit int) bool {
	return unit >= 0xdc00 && unit <= 0xdfff
}

// hexDigit gives the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// escapedUnit gives the UTF-16 unit of the \uXXXX at the start of data, or -1 if there is none.
func escapedUnit(data []byte) int {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	unit := 0
	for _, c := range data[2:6] {
		digit := hexDigit(c)
		if digit < 0 {
			return -1
		}
		unit = unit*16 + digit
	}
	return unit
}

// isCutEscape tells whether data is the beginning of an escape: then the text is cut short, which
// the reader reports better.
func isCutEscape(data []byte) bool {
	if len(data) >= 6 || (len(data) > 0 && data[0] != '\\') || (len(data) > 1 && data[1] != 'u') {
		return false
	}
	for i := 2; i < len(data); i++ {
		if hexDigit(data[i]) < 0 {
			return false
		}
	}
	return true
}
