/* Pollers over poll and a pipe, where there is no epoll. Each wait looks at every socket, so this is for hundreds, not
 * for thousands.
 */
#include "platform/system.h"

#include "platform/poller.h"

#ifndef PLATFORM_LINUX

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/errno.h"

enum { FIRST_CAPACITY = 16, DRAINED_AT_ONCE = 64 };

struct watched {
    int fd, what;
    void *context;
};

/* The first of what is polled is the pipe; from then on it is what was watched when the wait began. */
struct poller {
    pthread_mutex_t
        mutex; /* of what follows but polled: sockets are added while another thread waits */
    int pipe[2];
    bool waits;
    struct watched *watched;
    size_t count, capacity;
    struct pollfd *polled; /* the waiting thread's */
    size_t polled_capacity;
};

static bool open_pipe(int fds[2])
{
    if (pipe(fds) != 0) {
        fds[0] = fds[1] = -1;
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(fds[i], F_SETFL, O_NONBLOCK) != 0)
            return false;
    return true;
}

struct poller *poller_open(struct error *error)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (!poller || pthread_mutex_init(&poller->mutex, NULL) != 0) {
        error_set_errno(error, -GE_NOMEM, "clients cannot be waited for");
        free(poller);
        return NULL;
    }
    poller->polled = calloc(FIRST_CAPACITY, sizeof *poller->polled);
    poller->polled_capacity = FIRST_CAPACITY;
    if (open_pipe(poller->pipe) && poller->polled)
        return poller;
    error_set_errno(error, -(int) platform_errno(errno), "clients are waited for by a pipe");
    poller_close(poller);
    return NULL;
}

void poller_close(struct poller *poller)
{
    if (!poller)
        return;
    for (int i = 0; i < 2; i++)
        if (poller->pipe[i] >= 0)
            close(poller->pipe[i]);
    pthread_mutex_destroy(&poller->mutex);
    free(poller->watched);
    free(poller->polled);
    free(poller);
}

/* Of count, where fd is or belongs. */
static size_t place_of(const struct poller *poller, int fd)
{
    size_t place = 0;

    while (place < poller->count && poller->watched[place].fd != fd)
        place++;
    return place;
}

static bool reserve(struct poller *poller)
{
    size_t capacity = poller->capacity ? poller->capacity * 2 : FIRST_CAPACITY;
    struct watched *watched;

    if (poller->count < poller->capacity)
        return true;
    watched = realloc(poller->watched, capacity * sizeof *watched);
    if (!watched)
        return false;
    poller->watched = watched;
    poller->capacity = capacity;
    return true;
}

/* A wait that has begun is to see what has changed. */
static void leave(struct poller *poller)
{
    bool waits = poller->waits;

    pthread_mutex_unlock(&poller->mutex);
    if (waits)
        poller_wake(poller);
}

bool poller_add(struct poller *poller, int fd, int what, void *context)
{
    bool added;

    pthread_mutex_lock(&poller->mutex);
    added = fd >= 0 && place_of(poller, fd) == poller->count && reserve(poller);
    if (added)
        poller->watched[poller->count++] = (struct watched){fd, what, context};
    leave(poller);
    return added;
}

bool poller_change(struct poller *poller, int fd, int what, void *context)
{
    size_t place;
    bool found;

    pthread_mutex_lock(&poller->mutex);
    place = place_of(poller, fd);
    found = place < poller->count;
    if (found)
        poller->watched[place] = (struct watched){fd, what, context};
    leave(poller);
    return found;
}

void poller_remove(struct poller *poller, int fd)
{
    size_t place;

    pthread_mutex_lock(&poller->mutex);
    place = place_of(poller, fd);
    if (place < poller->count)
        poller->watched[place] = poller->watched[--poller->count];
    leave(poller);
}

/* What is to be polled, and how many; not all where there is no memory for it. */
static size_t note_watched(struct poller *poller)
{
    size_t count = poller->count + 1;

    if (poller->polled_capacity < count) {
        struct pollfd *polled = realloc(poller->polled, 2 * count * sizeof *polled);

        if (polled) {
            poller->polled = polled;
            poller->polled_capacity = 2 * count;
        }
    }
    if (count > poller->polled_capacity)
        count = poller->polled_capacity;
    poller->polled[0] = (struct pollfd){.fd = poller->pipe[0], .events = POLLIN};
    for (size_t i = 1; i < count; i++) {
        const struct watched *watched = &poller->watched[i - 1];
        short events = 0;

        if (watched->what & POLLER_READABLE)
            events |= POLLIN;
        if (watched->what & POLLER_WRITABLE)
            events |= POLLOUT;
        poller->polled[i] = (struct pollfd){.fd = watched->fd, .events = events};
    }
    return count;
}

static int what_of(const struct pollfd *polled)
{
    short found = polled->revents;
    int what = 0;

#ifdef __APPLE__
    /* Which says so when one direction is closed, too: the reader will find out. */
    if ((found & POLLHUP) && (polled->events & POLLIN))
        found = (short) ((found & ~POLLHUP) | POLLIN);
#endif
    if (found & POLLIN)
        what |= POLLER_READABLE;
    if (found & POLLOUT)
        what |= POLLER_WRITABLE;
    if (found & (POLLHUP | POLLERR))
        what |= POLLER_HANGUP;
    return what;
}

/* What has come of those that are still watched. */
static int collect(struct poller *poller, size_t count, struct poller_event *events, int size)
{
    int given = 0;

    for (size_t i = 1; i < count && given < size; i++) {
        const struct pollfd *polled = &poller->polled[i];
        int what = what_of(polled);
        size_t place = what ? place_of(poller, polled->fd) : poller->count;

        if (place < poller->count)
            events[given++] = (struct poller_event){poller->watched[place].context, what};
    }
    return given;
}

static void take_wakeup(const struct poller *poller)
{
    char bytes[DRAINED_AT_ONCE];

    while (read(poller->pipe[0], bytes, sizeof bytes) > 0)
        ;
}

int poller_wait(struct poller *poller, int64_t deadline_ns, struct poller_event *events, int size)
{
    size_t count;
    int found, given;

    pthread_mutex_lock(&poller->mutex);
    count = note_watched(poller);
    poller->waits = true;
    pthread_mutex_unlock(&poller->mutex);
    found = poll(poller->polled, (nfds_t) count, platform_timeout_ms(deadline_ns));
    pthread_mutex_lock(&poller->mutex);
    poller->waits = false;
    if (found > 0 && poller->polled[0].revents)
        take_wakeup(poller);
    given = found > 0 ? collect(poller, count, events, size) : 0;
    pthread_mutex_unlock(&poller->mutex);
    return given;
}

void poller_wake(struct poller *poller)
{
    if (write(poller->pipe[1], "", 1) < 0)
        return; /* a full pipe is as good */
}

#endif
