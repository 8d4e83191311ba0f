/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that container_exec made, so that none of them can stay uncollected and hold up the end of
 * its container.  Never waits for anybody else's children.
 */
#include <api/internal.h>

#include <fcntl.h>

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

static void collect(container_context *context)
{
    for (struct child *child = context->children; child; child = child->next) {
        struct failure ignored = {0};
        if (child->ended || !process_ended(child->pidfd))
            continue;
        /* Where somebody else took the status it does not come back: one attempt is enough. */
        child->ended = true;
        child->has_status = process_wait(child->pidfd, 0, &child->status, &ignored) == 0;
    }
    forget(context, false);
}

void context_collect(container_context *context)
{
    pthread_mutex_lock(&context->lock);
    collect(context);
    pthread_mutex_unlock(&context->lock);
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
