// SPDX-License-Identifier: Apache-2.0

// Values by type, alone, in arrays and in maps, and where in a struct they are: what the generated
// tables are made of.

package spec

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// codec reads and writes the values of one type of the schema, which are Go values of type V.
type codec[V any] struct {
	read  func(r *reader, v *V) *fault
	write func(w *writer, v *V) *fault
	many  string // what several of them are called
}

// --- values -------------------------------------------------------------------------------------

var boolean = codec[bool]{
	func(r *reader, v *bool) (f *fault) {
		*v, f = r.boolean()
		return f
	},
	func(w *writer, v *bool) *fault {
		w.out = strconv.AppendBool(w.out, *v)
		return w.count()
	},
	"true or false",
}

var text = codec[string]{
	func(r *reader, v *string) *fault {
		text, f := r.text("a string")
		*v = string(text)
		return f
	},
	func(w *writer, v *string) *fault { return w.text(*v) },
	"strings",
}

// matching is a string of the form of a pattern.
func matching(p *pattern) codec[string] {
	check := func(text string, offset int) *fault {
		if p.matches(text) {
			return nil
		}
		return expected(CodePattern, offset, "a string that matches "+p.text, describeString(text))
	}
	return codec[string]{
		func(r *reader, v *string) *fault {
			start := r.at
			if f := text.read(r, v); f != nil {
				return f
			}
			return check(*v, start)
		},
		func(w *writer, v *string) *fault {
			if f := check(*v, -1); f != nil {
				return f
			}
			return w.text(*v)
		},
		text.many,
	}
}

// choice is one of the values of an enum.
func choice[V ~string](values []V) codec[V] {
	return codec[V]{
		func(r *reader, v *V) *fault {
			start := r.at
			if r.peek() != '"' {
				return r.mismatch(describeChoice(values))
			}
			text, f := r.text("")
			if f != nil {
				return f
			}
			for _, value := range values {
				if string(value) == string(text) {
					*v = value
					return nil
				}
			}
			return expected(CodeEnum, start, describeChoice(values), describeString(string(text)))
		},
		func(w *writer, v *V) *fault {
			for _, value := range values {
				if value == *v {
					return w.text(string(value))
				}
			}
			return expected(CodeEnum, -1, describeChoice(values), describeString(string(*v)))
		},
		text.many,
	}
}

func describeChoice[V ~string](values []V) string {
	var line strings.Builder
	line.WriteString("one of ")
	for i, value := range values {
		if line.Len() > 300 {
			fmt.Fprintf(&line, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			line.WriteString(", ")
		}
		line.WriteString(strconv.Quote(string(value)))
	}
	return line.String()
}

// digits reads an integer that fits 64 bits besides its sign. Fractions, exponents and -0 are none.
func digits(token []byte) (magnitude uint64, negative, isInteger, fits bool) {
	negative = token[0] == '-'
	if negative {
		token = token[1:]
	}
	fits = true
	for _, c := range token {
		if !isDigit(c) {
			return 0, false, false, false
		}
		digit := uint64(c - '0')
		if magnitude > (^uint64(0)-digit)/10 {
			fits = false
		}
		magnitude = magnitude*10 + digit
	}
	return magnitude, negative, !negative || magnitude != 0 || !fits, fits
}

// integerFault tells an integer that is out of range from what is none.
func integerFault(what string, start int, token []byte, isInteger bool) *fault {
	code := CodeType
	if isInteger {
		code = CodeRange
	}
	return expected(code, start, what, describeNumber(string(token)))
}

// integer is a signed integer from least to most.
func integer[V ~int8 | ~int16 | ~int32 | ~int64](least, most int64) codec[V] {
	describe := func() string { return fmt.Sprintf("an integer from %d to %d", least, most) }
	return codec[V]{
		func(r *reader, v *V) *fault {
			start := r.at
			if !isNumber(r.peek()) {
				return r.mismatch(describe())
			}
			token, f := r.number()
			if f != nil {
				return f
			}
			magnitude, negative, isInteger, fits := digits(token)
			value := int64(magnitude)
			if negative {
				value = -value
			}
			// Only the least of all integers has a magnitude that int64 lacks.
			fits = fits && (magnitude < 1<<63 || negative && magnitude == 1<<63)
			if !isInteger || !fits || value < least || value > most {
				return integerFault(describe(), start, token, isInteger)
			}
			*v = V(value)
			return nil
		},
		func(w *writer, v *V) *fault {
			value := int64(*v)
			if value < least || value > most {
				return integerFault(describe(), -1, strconv.AppendInt(nil, value, 10), true)
			}
			w.out = strconv.AppendInt(w.out, value, 10)
			return w.count()
		},
		"integers",
	}
}

// unsigned is an integer from least, which is not negative, to most.
func unsigned[V ~uint8 | ~uint16 | ~uint32 | ~uint64](least, most uint64) codec[V] {
	describe := func() string { return fmt.Sprintf("an integer from %d to %d", least, most) }
	return codec[V]{
		func(r *reader, v *V) *fault {
			start := r.at
			if !isNumber(r.peek()) {
				return r.mismatch(describe())
			}
			token, f := r.number()
			if f != nil {
				return f
			}
			value, negative, isInteger, fits := digits(token)
			if !isInteger || negative || !fits || value < least || value > most {
				return integerFault(describe(), start, token, isInteger)
			}
			*v = V(value)
			return nil
		},
		func(w *writer, v *V) *fault {
			value := uint64(*v)
			if value < least || value > most {
				return integerFault(describe(), -1, strconv.AppendUint(nil, value, 10), true)
			}
			w.out = strconv.AppendUint(w.out, value, 10)
			return w.count()
		},
		"integers",
	}
}

// object is a struct by its table.
func object[V any](t *table[V]) codec[V] {
	return codec[V]{t.read, t.write, "objects"}
}

func readRaw(r *reader, v *json.RawMessage) (f *fault) {
	*v, f = r.raw(nil)
	return f
}

func writeRaw(w *writer, v *json.RawMessage) *fault {
	return w.raw(*v)
}

// raw is a value of any type, kept as text.
var raw = codec[json.RawMessage]{readRaw, writeRaw, "values"}

// rawObject is an object of any members, kept as text.
var rawObject = codec[json.RawMessage]{
	func(r *reader, v *json.RawMessage) *fault {
		if r.peek() != '{' {
			return r.mismatch("an object")
		}
		return readRaw(r, v)
	},
	func(w *writer, v *json.RawMessage) *fault {
		if f := w.raw(*v); f != nil {
			return f
		}
		if !isObject(*v) {
			return &fault{code: CodeType, offset: -1, text: "expected an object"}
		}
		return nil
	},
	"objects",
}

// --- members ------------------------------------------------------------------------------------

// plain is a member that is always there.
func plain[T, V any](name string, flags flags, of codec[V], at func(x *T) *V) member[T] {
	return member[T]{name, flags,
		func(r *reader, x *T) *fault { return of.read(r, at(x)) },
		func(w *writer, x *T) *fault { return of.write(w, at(x)) },
		func(*T) bool { return true },
	}
}

// optional is a member that is absent where its pointer is nil.
func optional[T, V any](name string, flags flags, of codec[V], at func(x *T) **V) member[T] {
	return member[T]{name, flags,
		func(r *reader, x *T) *fault {
			value := new(V)
			*at(x) = value
			return of.read(r, value)
		},
		func(w *writer, x *T) *fault { return of.write(w, *at(x)) },
		func(x *T) bool { return *at(x) != nil },
	}
}

// worded is a member that is a string or of an enum, and absent where it is empty.
func worded[T any, V ~string](name string, flags flags, of codec[V], at func(x *T) *V) member[T] {
	m := plain(name, flags, of, at)
	m.has = func(x *T) bool { return *at(x) != "" }
	return m
}

// kept is a member that is kept as text, and absent where there is none.
func kept[T any](name string, flags flags, of codec[json.RawMessage], at func(x *T) *json.RawMessage) member[T] {
	m := plain(name, flags, of, at)
	m.has = func(x *T) bool { return len(*at(x)) > 0 }
	return m
}

// list is a member that is an array, and absent where the slice is nil.
func list[T, V any](name string, flags flags, least int, of codec[V], at func(x *T) *[]V) member[T] {
	return member[T]{name, flags,
		func(r *reader, x *T) *fault { return readList(r, at(x), of, least) },
		func(w *writer, x *T) *fault { return writeList(w, *at(x), of, least) },
		func(x *T) bool { return *at(x) != nil },
	}
}

// dict is a member that is an object of any names, and absent where the map is nil.
func dict[T, V any](name string, flags flags, of codec[V], at func(x *T) *map[string]V) member[T] {
	return member[T]{name, flags,
		func(r *reader, x *T) *fault { return readDict(r, at(x), of) },
		func(w *writer, x *T) *fault { return writeDict(w, *at(x), of) },
		func(x *T) bool { return *at(x) != nil },
	}
}

func tooFew(offset, least, count int) *fault {
	what := fmt.Sprintf("at least %d items", least)
	if least == 1 {
		what = "at least 1 item"
	}
	return expected(CodeTooFew, offset, what, strconv.Itoa(count))
}

func readList[V any](r *reader, v *[]V, of codec[V], least int) *fault {
	start := r.at
	if r.peek() != '[' {
		return r.mismatch("an array of " + of.many)
	}
	if f := r.open('[', ""); f != nil {
		return f
	}
	items := []V{}
	for {
		more, f := r.item(len(items) == 0)
		if f != nil {
			return f
		}
		if !more {
			break
		}
		var zero V
		items = append(items, zero)
		if f := of.read(r, &items[len(items)-1]); f != nil {
			return f.underItem(len(items) - 1)
		}
	}
	if len(items) < least {
		return tooFew(start, least, len(items))
	}
	*v = items
	return nil
}

func writeList[V any](w *writer, v []V, of codec[V], least int) *fault {
	if len(v) < least {
		return tooFew(-1, least, len(v))
	}
	if f := w.open('['); f != nil {
		return f
	}
	for i := range v {
		w.separate()
		if f := of.write(w, &v[i]); f != nil {
			return f.underItem(i)
		}
	}
	w.close(']')
	return nil
}

func readDict[V any](r *reader, v *map[string]V, of codec[V]) *fault {
	if f := r.open('{', "an object"); f != nil {
		return f
	}
	entries := map[string]V{}
	for first := true; ; first = false {
		token, at, f := r.member(first)
		if f != nil {
			return f
		}
		if at < 0 {
			break
		}
		name := string(token)
		if _, twice := entries[name]; twice {
			return duplicate(name, at)
		}
		var value V
		if f := of.read(r, &value); f != nil {
			return f.under(name)
		}
		entries[name] = value
	}
	*v = entries
	return nil
}

func writeDict[V any](w *writer, v map[string]V, of codec[V]) *fault {
	if f := w.open('{'); f != nil {
		return f
	}
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := v[name]
		w.separate()
		if f := w.name(name); f != nil {
			return f
		}
		if f := of.write(w, &value); f != nil {
			return f.under(name)
		}
	}
	w.close('}')
	return nil
}
