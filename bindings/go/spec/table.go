// SPDX-License-Identifier: Apache-2.0

// Objects by tables: reading and writing a struct member by member, what is missing, what stands
// twice, and what the schema does not name. Knows no single type of value.

package spec

import (
	"encoding/json"
	"errors"
	"sort"
	"sync"
)

type flags uint8

const (
	required flags = 1 << iota
	nullable       // null is allowed, and kept in Unknown
	textual        // a string, which may be there and empty
)

const (
	nullText  = "null"
	emptyText = `""`
)

// member is one member of the struct T.
type member[T any] struct {
	name  string
	flags flags
	read  func(r *reader, x *T) *fault
	write func(w *writer, x *T) *fault
	has   func(x *T) bool
}

// table is what the schema says about the struct T. Members are built at their first use: a program
// that starts pays for nothing.
type table[T any] struct {
	limit int // bytes of a document; 0 is maxBytes
	extra func(x *T) *map[string]json.RawMessage
	build func() []member[T]
	once  sync.Once
	built []member[T]
}

func (t *table[T]) members() []member[T] {
	t.once.Do(func() { t.built = t.build() })
	return t.built
}

func (t *table[T]) maxBytes() int {
	if t.limit == 0 {
		return maxBytes
	}
	return t.limit
}

// byPointer is in every struct. MarshalJSON has to take nil, and thus a pointer; encoding/json does
// not find it for a value that has no address, and would go by the fields, without Unknown and
// without a check. It finds this one, and fails.
type byPointer struct {
	ByPointer refusal `json:"!"`
}

type refusal struct{}

// MarshalJSON fails.
func (refusal) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a struct of package spec can be marshalled through a pointer only")
}

// find gives the number of the member of this name, or -1. Members mostly come in the order of
// the schema; next is the one that would be the next.
func find[T any](members []member[T], name []byte, next int) int {
	for range members {
		if next >= len(members) {
			next = 0
		}
		if members[next].name == string(name) {
			return next
		}
		next++
	}
	return -1
}

// seen is a set of numbers of members; ocigen allows for 254.
type seen [4]uint64

func (s *seen) add(i int) bool {
	bit := uint64(1) << (i % 64)
	twice := s[i/64]&bit != 0
	s[i/64] |= bit
	return !twice
}

func (s *seen) has(i int) bool {
	return s[i/64]&(1<<(i%64)) != 0
}

// --- reading ------------------------------------------------------------------------------------

func (t *table[T]) read(r *reader, x *T) *fault {
	start := r.at
	if f := r.open('{', "an object"); f != nil {
		return f
	}
	members := t.members()
	var found seen
	next := 0
	for first := true; ; first = false {
		name, at, f := r.member(first)
		if f != nil {
			return f
		}
		if at < 0 {
			return firstMissing(members, &found, start)
		}
		i := find(members, name, next)
		if i < 0 {
			f = t.readUnknown(r, x, string(name), at)
		} else if next = i + 1; !found.add(i) {
			f = duplicate(members[i].name, at)
		} else {
			f = t.readMember(r, x, &members[i])
		}
		if f != nil {
			return f
		}
	}
}

func firstMissing[T any](members []member[T], found *seen, start int) *fault {
	for i := range members {
		if members[i].flags&required != 0 && !found.has(i) {
			return missing(members[i].name, start)
		}
	}
	return nil
}

func missing(name string, start int) *fault {
	return &fault{code: CodeRequired, offset: start, text: "the required member " + quote(name) + " is missing"}
}

func (t *table[T]) readMember(r *reader, x *T, m *member[T]) *fault {
	if m.flags&nullable != 0 && r.isNull() {
		t.keep(x, m.name, json.RawMessage(nullText))
		_, f := r.word()
		return f
	}
	if f := m.read(r, x); f != nil {
		return f.under(m.name)
	}
	if m.flags&(textual|required) == textual && !m.has(x) {
		t.keep(x, m.name, json.RawMessage(emptyText))
	}
	return nil
}

func (t *table[T]) readUnknown(r *reader, x *T, name string, at int) *fault {
	if _, twice := (*t.extra(x))[name]; twice {
		return duplicate(name, at)
	}
	text, f := r.raw(nil)
	if f != nil {
		return f.under(name)
	}
	t.keep(x, name, text)
	return nil
}

func (t *table[T]) keep(x *T, name string, text json.RawMessage) {
	unknown := t.extra(x)
	if *unknown == nil {
		*unknown = map[string]json.RawMessage{}
	}
	(*unknown)[name] = text
}

// --- writing ------------------------------------------------------------------------------------

func (t *table[T]) write(w *writer, x *T) *fault {
	if f := w.open('{'); f != nil {
		return f
	}
	unknown := *t.extra(x)
	members := t.members()
	for i := range members {
		if f := writeMember(w, x, &members[i], unknown); f != nil {
			return f
		}
	}
	if len(unknown) > 0 {
		if f := writeUnknown(w, members, unknown); f != nil {
			return f
		}
	}
	w.close('}')
	return nil
}

func writeMember[T any](w *writer, x *T, m *member[T], unknown map[string]json.RawMessage) *fault {
	if !m.has(x) {
		if kept, ok := unknown[m.name]; ok && m.mayBe(kept) {
			w.separate()
			w.plain(m.name)
			w.out = append(w.out, ':')
			w.out = append(w.out, kept...)
			return w.count()
		}
		if m.flags&required == 0 {
			return nil
		}
		if m.flags&textual == 0 {
			return missing(m.name, -1)
		}
	}
	w.separate()
	w.plain(m.name)
	w.out = append(w.out, ':')
	if f := m.write(w, x); f != nil {
		return f.under(m.name)
	}
	return nil
}

// mayBe tells whether a text in Unknown may stand for a member that is not set.
func (m *member[T]) mayBe(text json.RawMessage) bool {
	return m.flags&nullable != 0 && string(text) == nullText ||
		m.flags&(textual|required) == textual && string(text) == emptyText
}

func writeUnknown[T any](w *writer, members []member[T], unknown map[string]json.RawMessage) *fault {
	names := make([]string, 0, len(unknown))
	for name, text := range unknown {
		if i := find(members, []byte(name), 0); i < 0 {
			names = append(names, name)
		} else if !members[i].mayBe(text) {
			return (&fault{code: CodeInvalidArgument, offset: -1,
				text: "a member that the schema names stands in Unknown"}).under(name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		w.separate()
		if f := w.name(name); f != nil {
			return f
		}
		if f := w.raw(unknown[name]); f != nil {
			return f.under(name)
		}
	}
	return nil
}

// --- documents ----------------------------------------------------------------------------------

func (t *table[T]) document(data []byte) (*T, *fault) {
	if len(data) > t.maxBytes() {
		return nil, tooLarge(0, t.maxBytes(), "bytes", "more")
	}
	if f := scan(data); f != nil {
		return nil, f
	}
	r := reader{data: data}
	r.blanks()
	if r.at == len(data) {
		return nil, r.unexpected("", "")
	}
	x := new(T)
	if f := t.read(&r, x); f != nil {
		return nil, f
	}
	return x, r.end()
}

func parse[T any](t *table[T], data []byte) (*T, error) {
	x, f := t.document(data)
	if f != nil {
		return nil, f.public()
	}
	return x, nil
}

func unmarshal[T any](t *table[T], x *T, data []byte) error {
	if x == nil {
		return &Error{Code: CodeInvalidArgument, Text: "a nil pointer to read into"}
	}
	fresh, f := t.document(data)
	if f != nil {
		return f.public()
	}
	*x = *fresh
	return nil
}

// writers are kept for their buffers, which then need not grow from nothing each time.
var writers = sync.Pool{New: func() any { return new(writer) }}

const largestKept = 1 << 16

func marshal[T any](t *table[T], x *T) ([]byte, error) {
	if x == nil {
		return []byte(nullText), nil
	}
	w := writers.Get().(*writer)
	*w = writer{out: w.out[:0]}
	f := t.write(w, x)
	if f == nil && len(w.out) > t.maxBytes() {
		f = tooLarge(-1, t.maxBytes(), "bytes", "more")
	}
	text := append([]byte(nil), w.out...)
	if cap(w.out) <= largestKept {
		writers.Put(w)
	}
	if f != nil {
		return nil, f.public()
	}
	return text, nil
}
