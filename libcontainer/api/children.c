/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that container_exec made, so that none of them can stay uncollected and hold up the end of
 * its container.  Never waits for anybody else's children.
 */
#include <api/internal.h>

#include <fcntl.h>

#include <base/clock.h>

struct child *context_adopt(container_context *context, int pidfd)
{
    struct child *child = calloc(1, sizeof(*child));
    if (child == NULL)
        return NULL;
    child->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
    child->has_handle = true;
    if (child->pidfd < 0) {
        free(child);
        return NULL;
    }
    pthread_mutex_lock(&context->lock);
    child->next = context->children;
    context->children = child;
    pthread_mutex_unlock(&context->lock);
    return child;
}

/* Remove what has neither a handle nor an end to be collected; the lock is held. */
static void forget(container_context *context, bool all)
{
    for (struct child **link = &context->children; *link;) {
        struct child *child = *link;
        if (!all && (child->has_handle || !child->ended)) {
            link = &child->next;
            continue;
        }
        *link = child->next;
        close_fd(&child->pidfd);
        free(child);
    }
}

/* True when one still runs. */
static bool collect(container_context *context)
{
    bool running = false;
    for (struct child *child = context->children; child; child = child->next) {
        struct failure ignored = {0};
        if (child->ended)
            continue;
        if (!process_ended(child->pidfd)) {
            running = true;
            continue;
        }
        /* Where somebody else took the status it does not come back: one attempt is enough. */
        child->ended = true;
        child->has_status = process_wait(child->pidfd, 0, &child->status, &ignored) == 0;
    }
    forget(context, false);
    return running;
}

bool context_collect(container_context *context)
{
    pthread_mutex_lock(&context->lock);
    bool running = collect(context);
    pthread_mutex_unlock(&context->lock);
    return running;
}

/* Often at first, as a kill may just have been sent; seldom where none is known, though another thread may have
 * one made at any time. */
#define SLICE_MS 100
#define IDLE_SLICE_MS 1000

bool context_await_end(container_context *context, int pidfd, int timeout_ms)
{
    int64_t deadline = timeout_ms > 0 ? monotonic_ms() + timeout_ms : 0;
    for (int slice = 2;; slice *= 2) {
        int most = context_collect(context) ? SLICE_MS : IDLE_SLICE_MS;
        int64_t left = timeout_ms > 0 ? deadline - monotonic_ms() : timeout_ms;
        if (slice > most)
            slice = most;
        if (timeout_ms >= 0 && left <= slice)
            return process_await_end(pidfd, left > 0 ? (int)left : 0);
        if (process_await_end(pidfd, slice))
            return true;
    }
}

bool context_collected(container_context *context, struct child *child,
                       struct container_exit *status)
{
    pthread_mutex_lock(&context->lock);
    collect(context);
    bool known = child->has_status;
    if (known)
        *status = child->status;
    pthread_mutex_unlock(&context->lock);
    return known;
}

void context_disown(container_context *context, struct child *child)
{
    pthread_mutex_lock(&context->lock);
    for (struct child **link = &context->children; *link; link = &(*link)->next) {
        if (*link != child)
            continue;
        *link = child->next;
        close_fd(&child->pidfd);
        free(child);
        break;
    }
    pthread_mutex_unlock(&context->lock);
}

void context_orphan(container_context *context, struct child *child)
{
    pthread_mutex_lock(&context->lock);
    child->has_handle = false;
    collect(context);
    pthread_mutex_unlock(&context->lock);
}

void context_forget_children(container_context *context)
{
    forget(context, true);
}
