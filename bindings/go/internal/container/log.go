// SPDX-License-Identifier: Apache-2.0

package container

// #include <stdint.h>
import "C"

import (
	"runtime/cgo"
	"sync"
)

// Log is what a context is given as log_data, by its cgo.Handle.
type Log struct {
	To func(level int, id, message string)

	lock   sync.Mutex
	thrown any
}

//export ocikitGoLog
func ocikitGoLog(data uintptr, level C.int, id, message *C.char) {
	cgo.Handle(data).Value().(*Log).tell(int(level), C.GoString(id), C.GoString(message))
}

// tell keeps a panic of To's, the first one: it must not unwind C's frames, which hold locks and fds.
func (l *Log) tell(level int, id, message string) {
	defer func() {
		if value := recover(); value != nil {
			l.lock.Lock()
			defer l.lock.Unlock()
			if l.thrown == nil {
				l.thrown = value
			}
		}
	}()
	l.To(level, id, message)
}

// Thrown is the panic that was kept, or nil; take: it is not kept any longer.
func (l *Log) Thrown(take bool) any {
	l.lock.Lock()
	defer l.lock.Unlock()
	value := l.thrown
	if take {
		l.thrown = nil
	}
	return value
}
