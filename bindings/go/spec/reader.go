// SPDX-License-Identifier: Apache-2.0

// The tokens of a JSON text, with the places of their faults. Knows nothing of structs.

package spec

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of the C library, as docs/json-policy.md has them.
const (
	maxDepth  = 64
	maxBytes  = 16 << 20
	maxValues = 1000000
	maxString = 1 << 20
	maxNumber = 64
)

// reader walks over a text that scan has found sound.
type reader struct {
	data   []byte
	at     int
	depth  int
	values int
	buffer []byte // of the last string that had escapes
}

func tooLarge(offset, limit int, unit, found string) *fault {
	return expected(CodeTooLarge, offset, fmt.Sprintf("at most %d %s", limit, unit), found)
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r'
}

func isDigit(c byte) bool {
	return c >= '0' && c <= '9'
}

// isNumber tells whether c begins a number.
func isNumber(c byte) bool {
	return c == '-' || isDigit(c)
}

func (r *reader) blanks() {
	for r.at < len(r.data) && isBlank(r.data[r.at]) {
		r.at++
	}
}

// peek gives the next byte, or 0 at the end: a sound text has no NUL.
func (r *reader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// --- faults of syntax ---------------------------------------------------------------------------

func (r *reader) cut(where string) *fault {
	end := len(r.data)
	for end > 0 && isBlank(r.data[end-1]) {
		end--
	}
	return &fault{code: CodeSyntax, offset: end, text: "the text ends " + where}
}

// unexpected says what should stand at the place of the reader.
func (r *reader) unexpected(what, where string) *fault {
	if r.at >= len(r.data) {
		if where == "" {
			return &fault{code: CodeSyntax, text: "the text is empty"}
		}
		return r.cut(where)
	}
	return expected(CodeSyntax, r.at, what, r.found())
}

// found shows what stands at the place of the reader.
func (r *reader) found() string {
	c := r.data[r.at]
	run := r.run()
	switch {
	case c == '"':
		text, _, _ := strings.Cut(string(r.data[r.at+1:]), `"`)
		return describeString(text)
	case c == '\'':
		return "a single quote"
	case isNumber(c):
		return describeNumber(run)
	case run != "":
		return "the word " + quote(run)
	case c < 0x20 || c == 0x7f:
		return fmt.Sprintf("the byte 0x%02x", c)
	}
	one, _ := utf8.DecodeRune(r.data[r.at:])
	return strconv.QuoteRune(one)
}

// run gives the letters, digits and the like at the place of the reader.
func (r *reader) run() string {
	end := r.at
	for end < len(r.data) && isWord(r.data[end]) {
		end++
	}
	return string(r.data[r.at:end])
}

func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 ||
		c == '_' || c == '$' || c == '+' || c == '-' || c == '.'
}

// mismatch refuses the value at the place of the reader, which is not of the type that is wanted:
// or else is no value at all.
func (r *reader) mismatch(what string) *fault {
	start := r.at
	found, f := r.describe()
	if f != nil {
		return f
	}
	return expected(CodeType, start, what, found)
}

// describe shows the value at the place of the reader, and passes it if it is no container.
func (r *reader) describe() (string, *fault) {
	switch c := r.peek(); {
	case c == '{':
		return "an object", nil
	case c == '[':
		return "an array", nil
	case c == '"':
		text, f := r.text("")
		return describeString(string(text)), f
	case isNumber(c):
		token, f := r.number()
		return describeNumber(string(token)), f
	}
	return r.word()
}

// --- values -------------------------------------------------------------------------------------

func (r *reader) count() *fault {
	r.values++
	if r.values > maxValues {
		return tooLarge(r.at, maxValues, "values", "more")
	}
	return nil
}

// word passes true, false or null.
func (r *reader) word() (string, *fault) {
	rest := r.data[r.at:]
	for _, word := range [...]string{"true", "false", "null"} {
		if len(rest) >= len(word) && string(rest[:len(word)]) == word {
			f := r.count()
			r.at += len(word)
			return word, f
		}
		if len(rest) > 0 && len(rest) < len(word) && word[:len(rest)] == string(rest) {
			return "", r.cut("within a value")
		}
	}
	return "", r.unexpected("a value", "before a value")
}

// isNull tells whether the value at the place of the reader is null; word passes it.
func (r *reader) isNull() bool {
	rest := r.data[r.at:]
	return len(rest) >= 4 && string(rest[:4]) == "null"
}

func (r *reader) boolean() (bool, *fault) {
	if c := r.peek(); c != 't' && c != 'f' {
		return false, r.mismatch("true or false")
	}
	word, f := r.word()
	return word == "true", f
}

// number passes a number, which is known to begin here, and gives its text.
func (r *reader) number() ([]byte, *fault) {
	start := r.at
	if f := r.count(); f != nil {
		return nil, f
	}
	end, ok := numberEnd(r.data, start)
	if !ok && end == len(r.data) {
		return nil, r.cut("within a number")
	}
	if !ok {
		return nil, expected(CodeSyntax, start, "a number such as 12 or -0.5", quote(r.run()))
	}
	if end-start > maxNumber {
		return nil, tooLarge(start, maxNumber, "characters in a number", "a longer number")
	}
	r.at = end
	return r.data[start:end], nil
}

func digitsEnd(data []byte, at int) int {
	for at < len(data) && isDigit(data[at]) {
		at++
	}
	return at
}

// numberEnd gives where the number that starts at at ends, and whether it is one.
func numberEnd(data []byte, at int) (int, bool) {
	if data[at] == '-' {
		at++
	}
	end := digitsEnd(data, at)
	if end == at || data[at] == '0' && end > at+1 {
		return end, false
	}
	if end < len(data) && data[end] == '.' {
		at = end + 1
		end = digitsEnd(data, at)
		if end == at {
			return end, false
		}
	}
	if end < len(data) && (data[end] == 'e' || data[end] == 'E') {
		at = end + 1
		if at < len(data) && (data[at] == '+' || data[at] == '-') {
			at++
		}
		end = digitsEnd(data, at)
		if end == at {
			return end, false
		}
	}
	return end, true
}

// --- strings ------------------------------------------------------------------------------------

// text passes a string that is a value and gives its bytes, until the next call.
func (r *reader) text(what string) ([]byte, *fault) {
	if r.peek() != '"' {
		return nil, r.mismatch(what)
	}
	if f := r.count(); f != nil {
		return nil, f
	}
	return r.quoted()
}

// quoted passes a string, be it a value or a name.
func (r *reader) quoted() ([]byte, *fault) {
	start := r.at
	for at := start + 1; at < len(r.data); at++ {
		c := r.data[at]
		if c == '"' {
			r.at = at + 1
			return r.limited(start, r.data[start+1:at])
		}
		if c < 0x20 {
			return nil, rawControl(at, c)
		}
		if c == '\\' {
			return r.escaped(start, at)
		}
	}
	return nil, r.cutString(start)
}

func (r *reader) limited(start int, text []byte) ([]byte, *fault) {
	if len(text) > maxString {
		return nil, tooLarge(start, maxString, "bytes in a string", "a longer string")
	}
	return text, nil
}

func rawControl(at int, c byte) *fault {
	return expected(CodeSyntax, at, `an escape such as \n in place of a control character`,
		fmt.Sprintf("the byte 0x%02x", c))
}

func (r *reader) cutString(start int) *fault {
	return &fault{code: CodeSyntax, offset: start, text: "the text ends within a string, which begins here"}
}

// escaped goes on with a string whose first escape is at at.
func (r *reader) escaped(start, at int) ([]byte, *fault) {
	buffer := append(r.buffer[:0], r.data[start+1:at]...)
	for at < len(r.data) {
		c := r.data[at]
		switch {
		case c == '"':
			r.at = at + 1
			r.buffer = buffer
			return r.limited(start, buffer)
		case c < 0x20:
			return nil, rawControl(at, c)
		case c != '\\':
			buffer = append(buffer, c)
			at++
			continue
		}
		var size int
		var f *fault
		buffer, size, f = r.escape(start, at, buffer)
		if f != nil {
			return nil, f
		}
		at += size
	}
	return nil, r.cutString(start)
}

var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n',
	'r': '\r', 't': '\t'}

// escape appends what the escape at at stands for, and gives its size in the text.
func (r *reader) escape(start, at int, buffer []byte) ([]byte, int, *fault) {
	rest := r.data[at:]
	if len(rest) < 2 {
		return nil, 0, r.cutString(start)
	}
	if c := shortEscapes[rest[1]]; c != 0 {
		return append(buffer, c), 2, nil
	}
	if rest[1] != 'u' {
		r.at = at + 1
		_, size := utf8.DecodeRune(rest[1:])
		return nil, 0, expected(CodeSyntax, at, "an escape that JSON has",
			"a backslash and "+strconv.Quote(string(rest[1:1+size])))
	}
	unit := escapedUnit(rest)
	if unit < 0 {
		if isCutEscape(rest) {
			return nil, 0, r.cutString(start)
		}
		digits := rest[2:]
		if len(digits) > 4 {
			digits = digits[:4]
		}
		return nil, 0, expected(CodeSyntax, at, `four hexadecimal digits after \u`, quote(string(digits)))
	}
	if !isFirstHalf(unit) {
		return utf8.AppendRune(buffer, rune(unit)), 6, nil
	}
	low := escapedUnit(rest[6:])
	if !isSecondHalf(low) { // a cut text, which scan leaves to us
		return nil, 0, r.cutString(start)
	}
	return utf8.AppendRune(buffer, rune(0x10000+(unit-0xd800)<<10+(low-0xdc00))), 12, nil
}

// --- containers ---------------------------------------------------------------------------------

// open passes the bracket that begins a container; what is the type that is wanted.
func (r *reader) open(bracket byte, what string) *fault {
	if r.peek() != bracket {
		return r.mismatch(what)
	}
	if r.depth == maxDepth {
		return expected(CodeDepth, r.at, fmt.Sprintf("at most %d levels of arrays and objects", maxDepth),
			"a deeper one")
	}
	if f := r.count(); f != nil {
		return f
	}
	r.depth++
	r.at++
	return nil
}

func (r *reader) closes(bracket byte) bool {
	if r.peek() != bracket {
		return false
	}
	r.depth--
	r.at++
	return true
}

// member steps to the value of an object's next member: its name, and where that stands; a place
// below 0 is the end of the object. The name is good until the next call of any method.
func (r *reader) member(first bool) ([]byte, int, *fault) {
	r.blanks()
	if r.closes('}') {
		return nil, -1, nil
	}
	what := "a member name in double quotes or '}'"
	if !first {
		if r.peek() != ',' {
			return nil, 0, r.unexpected("',' or '}'", "within an object")
		}
		r.at++
		r.blanks()
		what = "a member name in double quotes"
	}
	if r.peek() != '"' {
		return nil, 0, r.unexpected(what, "within an object")
	}
	at := r.at
	name, f := r.quoted()
	if f != nil {
		return nil, 0, f
	}
	r.blanks()
	if r.peek() != ':' {
		return nil, 0, r.unexpected("':'", "before a member's value").under(string(name))
	}
	r.at++
	r.blanks()
	return name, at, nil
}

// item steps to the next item of an array; false at its end.
func (r *reader) item(first bool) (bool, *fault) {
	r.blanks()
	if r.closes(']') {
		return false, nil
	}
	if !first {
		if r.peek() != ',' {
			return false, r.unexpected("',' or ']'", "within an array")
		}
		r.at++
		r.blanks()
	}
	return true, nil
}

func duplicate(name string, offset int) *fault {
	return (&fault{code: CodeDuplicateKey, offset: offset,
		text: "the member " + quote(name) + " stands twice in this object"}).under(name)
}

// end refuses text after the document.
func (r *reader) end() *fault {
	r.blanks()
	if r.at < len(r.data) {
		return r.unexpected("the end of the document", "")
	}
	return nil
}

// --- values as text -----------------------------------------------------------------------------

// raw passes a value of any type and appends it without blanks.
func (r *reader) raw(out []byte) ([]byte, *fault) {
	start := r.at
	var f *fault
	switch c := r.peek(); {
	case c == '{':
		return r.rawObject(out)
	case c == '[':
		return r.rawArray(out)
	case c == '"':
		_, f = r.text("")
	case isNumber(c):
		_, f = r.number()
	default:
		_, f = r.word()
	}
	if f != nil {
		return nil, f
	}
	return append(out, r.data[start:r.at]...), nil
}

func (r *reader) rawArray(out []byte) ([]byte, *fault) {
	if f := r.open('[', ""); f != nil {
		return nil, f
	}
	out = append(out, '[')
	for i := 0; ; i++ {
		more, f := r.item(i == 0)
		if f != nil {
			return nil, f
		}
		if !more {
			return append(out, ']'), nil
		}
		if i > 0 {
			out = append(out, ',')
		}
		if out, f = r.raw(out); f != nil {
			return nil, f.underItem(i)
		}
	}
}

func (r *reader) rawObject(out []byte) ([]byte, *fault) {
	if f := r.open('{', ""); f != nil {
		return nil, f
	}
	out = append(out, '{')
	names := map[string]struct{}{}
	for first := true; ; first = false {
		token, at, f := r.member(first)
		if f != nil {
			return nil, f
		}
		if at < 0 {
			return append(out, '}'), nil
		}
		name := string(token)
		if _, twice := names[name]; twice {
			return nil, duplicate(name, at)
		}
		names[name] = struct{}{}
		if !first {
			out = append(out, ',')
		}
		out = append(out, r.nameText(at)...)
		out = append(out, ':')
		if out, f = r.raw(out); f != nil {
			return nil, f.under(name)
		}
	}
}

// nameText gives the string at at as it stands in the text, with its quotes.
func (r *reader) nameText(at int) []byte {
	end := at + 1
	for r.data[end] != '"' {
		if r.data[end] == '\\' {
			end++
		}
		end++
	}
	return r.data[at : end+1]
}
