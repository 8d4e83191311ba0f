/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a container behind one fd: memory that ran short, and the end of the first process.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct container_events {
    char *id;
    int poll; /* the epoll fd that the caller watches */
    struct oom_watch oom;
    int end; /* pidfd, or an eventfd that is readable where the process had ended already; -1: told */
};

void container_events_close(container_events *events)
{
    if (events == NULL)
        return;
    oom_watch_close(&events->oom);
    close_fd(&events->end);
    close_fd(&events->poll);
    free(events->id);
    free(events);
}

static int watch(container_events *events, int fd, struct failure *failure)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(events->poll, EPOLL_CTL_ADD, fd, &event) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "watch for events");
    return 0;
}

static int watch_end(container_events *events, int pidfd, struct failure *failure)
{
    events->end = pidfd >= 0 ? fcntl(pidfd, F_DUPFD_CLOEXEC, 0) : eventfd(1, EFD_CLOEXEC);
    if (events->end < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "watch for the end of the first process");
    return watch(events, events->end, failure);
}

static int watch_oom(container_events *events, const struct oci_record *record,
                     struct failure *failure)
{
    struct group_set groups _groups_ = {0};
    int r = record_groups(record, &groups, failure);
    if (r == 0)
        r = groups_watch_oom(&groups, &events->oom, failure);
    return r == 0 ? watch(events, events->oom.fd, failure) : r;
}

static int begin(container *container, unsigned kinds, container_events *events,
                 struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    if (kinds == 0 || kinds & ~(unsigned)(CONTAINER_EVENT_OOM | CONTAINER_EVENT_EXIT))
        return fail(failure, kinds ? OCI_ERR_UNSUPPORTED : OCI_ERR_INVALID_ARGUMENT,
                    kinds ? "the kinds of events hold one that this library does not know"
                          : "no kind of event is asked for");
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(container->dir, record, &pidfd);
    if (status == CONTAINER_CREATING)
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot watch container \"%s\": its create did not finish", container->id);
    events->poll = epoll_create1(EPOLL_CLOEXEC);
    if (events->poll < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make an epoll fd");
    if (kinds & CONTAINER_EVENT_OOM && status != CONTAINER_STOPPED)
        r = watch_oom(events, record, failure);
    if (r == 0 && kinds & CONTAINER_EVENT_EXIT)
        r = watch_end(events, pidfd, failure);
    return r;
}

int container_events_open(container *container, unsigned kinds, container_events **result,
                          container_error **error)
{
    struct failure failure = {0};
    container_events *events = calloc(1, sizeof(*events));
    int r;
    if (events) {
        *events = (container_events){
            .id = strdup(container->id), .poll = -1, .oom = {.fd = -1, .dir = -1}, .end = -1};
    }
    if (events == NULL || events->id == NULL)
        r = fail_memory(&failure);
    else
        r = begin(container, kinds, events, &failure);
    if (r < 0) {
        container_events_close(events);
        return fail_public(&failure, "events", container->id, error);
    }
    *result = events;
    return 0;
}

int container_events_fd(const container_events *events)
{
    return events->poll;
}

static bool is_readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&one, 1, 0) > 0;
}

int container_events_next(container_events *events, struct container_event *event)
{
    if (is_readable(events->oom.fd)) {
        int taken = oom_watch_take(&events->oom);
        if (taken < 0)
            oom_watch_close(&events->oom); /* closing it also takes it out of the epoll fd */
        if (taken > 0) {
            *event = (struct container_event){.kind = CONTAINER_EVENT_OOM,
                                              .oom_kills = events->oom.kills};
            return 1;
        }
    }
    if (is_readable(events->end)) {
        /* The open file lives on in the container's handle, so closing it would not take it out. */
        epoll_ctl(events->poll, EPOLL_CTL_DEL, events->end, NULL);
        close(take_fd(&events->end));
        *event = (struct container_event){.kind = CONTAINER_EVENT_EXIT};
        return 1;
    }
    return 0;
}
