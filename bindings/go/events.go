// SPDX-License-Identifier: Apache-2.0

package ocikit

import (
	"context"

	"ocikit/internal/container"
)

// EventKind tells events apart.
type EventKind int

// The kinds of events, which are also a set.
const (
	// EventOOM - a limit of memory was reached and nothing could be freed.
	EventOOM EventKind = 1
	// EventExit - the first process has ended.
	EventExit EventKind = 2
)

// Event is something that happened to a container.
type Event struct {
	Kind EventKind
	// OOMKills is how many processes the kernel has ended for want of memory so far; with EventOOM.
	OOMKills uint64
}

// Events watches a container for kinds, EventOOM|EventExit for one. The channel is closed once the
// container has ended, after EventExit where that is asked for, and when ctx is done; closing the
// container's handle does not end it.
func (c *Container) Events(ctx context.Context, kinds EventKind) (<-chan Event, error) {
	asked := kinds
	if asked != 0 {
		asked |= EventExit
	}
	var handle uintptr
	err := c.use(func(of uintptr, fail *uintptr) int {
		code := container.ContainerEventsOpen(of, uint(asked), &handle, fail)
		if code >= 0 {
			c.library.hold() // the container holds it
		}
		return code
	})
	if err != nil {
		return nil, err
	}
	// Here, as an error of it could not be told from the end later.
	ready, err := newWatch(container.ContainerEventsFd(handle))
	if err != nil {
		container.ContainerEventsClose(handle)
		c.library.release()
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer c.library.release()
		defer container.ContainerEventsClose(handle)
		defer ready.close()
		for {
			if _, err := ready.wait(ctx, nil, 0); err != nil || !pass(ctx, handle, kinds, events) {
				return
			}
		}
	}()
	return events, nil
}

// pass gives the caller the events that are there now; false: there will be no more.
func pass(ctx context.Context, handle uintptr, kinds EventKind, events chan<- Event) bool {
	for {
		var kills uint64
		kind := EventKind(container.FlatEventsNext(handle, &kills))
		if kind <= 0 {
			return true
		}
		if kind&kinds != 0 {
			select {
			case events <- Event{kind, kills}:
			case <-ctx.Done():
				return false
			}
		}
		if kind == EventExit {
			return false
		}
	}
}
