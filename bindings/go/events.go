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

// Events watches a container for kinds, EventOOM|EventExit for one. The channel is closed after
// EventExit, and when ctx is done.
func (c *Container) Events(ctx context.Context, kinds EventKind) (<-chan Event, error) {
	var handle uintptr
	err := c.use(func(of uintptr, fail *uintptr) int {
		code := container.ContainerEventsOpen(of, uint(kinds), &handle, fail)
		if code >= 0 {
			c.library.hold() // the container holds it
		}
		return code
	})
	if err != nil {
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer c.library.release()
		defer container.ContainerEventsClose(handle)
		for {
			if await(ctx, container.ContainerEventsFd(handle), nil) != nil {
				return
			}
			for {
				var kills uint64
				kind := container.FlatEventsNext(handle, &kills)
				if kind <= 0 {
					break
				}
				event := Event{EventKind(kind), kills}
				select {
				case events <- event:
				case <-ctx.Done():
					return
				}
				if event.Kind == EventExit {
					return
				}
			}
		}
	}()
	return events, nil
}
