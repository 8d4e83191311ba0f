// SPDX-License-Identifier: Apache-2.0

// Patterns of the schemas, as the same automata over bytes that the C library has: package regexp
// gives some patterns another meaning, and takes far longer.

package spec

// pattern is a minimal automaton. State 0 is the one that nothing leads out of.
type pattern struct {
	text    string // as in the schema
	classes [256]uint8
	next    []uint16 // for each state, the next one for each class
	accept  []bool
	width   int // classes
	start   int
}

func (p *pattern) matches(text string) bool {
	state := p.start
	for i := 0; i < len(text) && state != 0; i++ {
		state = int(p.next[state*p.width+int(p.classes[text[i]])])
	}
	return p.accept[state]
}
