/* Pollers over epoll and eventfd, which Linux has: poller_posix.c is for other systems. */
#include "platform/system.h"

#include "platform/poller.h"

#ifdef PLATFORM_LINUX

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/errno.h"

enum { EVENTS_AT_ONCE = 64 };

struct poller {
    int epoll, wakeup;
};

struct poller *poller_open(struct error *error)
{
    struct poller *poller = malloc(sizeof *poller);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = poller};
    const char *call = "malloc";

    if (!poller)
        goto fail;
    poller->wakeup = -1;
    call = "epoll_create1";
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0)
        goto fail;
    call = "eventfd2";
    poller->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wakeup < 0)
        goto fail;
    call = "epoll_ctl";
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->wakeup, &event) == 0)
        return poller;
fail:
    error_set_errno(error, -(int) platform_errno(errno),
                    "clients are waited for by epoll and eventfd, which a sandbox has to allow: %s",
                    call);
    poller_close(poller);
    return NULL;
}

void poller_close(struct poller *poller)
{
    if (!poller)
        return;
    if (poller->epoll >= 0)
        close(poller->epoll);
    if (poller->wakeup >= 0)
        close(poller->wakeup);
    free(poller);
}

static bool control(struct poller *poller, int operation, int fd, int what, void *context)
{
    struct epoll_event event = {.events = 0, .data.ptr = context};

    if (what & POLLER_READABLE)
        event.events |= EPOLLIN;
    if (what & POLLER_WRITABLE)
        event.events |= EPOLLOUT;
    return epoll_ctl(poller->epoll, operation, fd, &event) == 0;
}

bool poller_add(struct poller *poller, int fd, int what, void *context)
{
    return control(poller, EPOLL_CTL_ADD, fd, what, context);
}

bool poller_change(struct poller *poller, int fd, int what, void *context)
{
    return control(poller, EPOLL_CTL_MOD, fd, what, context);
}

void poller_remove(struct poller *poller, int fd)
{
    control(poller, EPOLL_CTL_DEL, fd, 0, NULL);
}

static void take_wakeup(const struct poller *poller)
{
    uint64_t count;

    while (read(poller->wakeup, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

int poller_wait(struct poller *poller, int64_t deadline_ns, struct poller_event *events, int size)
{
    struct epoll_event found[EVENTS_AT_ONCE];
    int count = epoll_wait(poller->epoll, found, size < EVENTS_AT_ONCE ? size : EVENTS_AT_ONCE,
                           platform_timeout_ms(deadline_ns));
    int given = 0;

    for (int i = 0; i < count; i++) {
        int what = 0;

        if (found[i].data.ptr == poller) {
            take_wakeup(poller);
            continue;
        }
        if (found[i].events & EPOLLIN)
            what |= POLLER_READABLE;
        if (found[i].events & EPOLLOUT)
            what |= POLLER_WRITABLE;
        if (found[i].events & (EPOLLHUP | EPOLLERR))
            what |= POLLER_HANGUP;
        events[given++] = (struct poller_event){found[i].data.ptr, what};
    }
    return given;
}

void poller_wake(struct poller *poller)
{
    uint64_t one = 1;

    while (write(poller->wakeup, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

#endif
