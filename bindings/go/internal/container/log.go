// SPDX-License-Identifier: Apache-2.0

package container

// #include <stdint.h>
import "C"

import "runtime/cgo"

// Log is what a context is given as log_data, by its cgo.Handle.
type Log func(level int, id, message string)

//export ocikitGoLog
func ocikitGoLog(data uintptr, level C.int, id, message *C.char) {
	cgo.Handle(data).Value().(Log)(int(level), C.GoString(id), C.GoString(message))
}
