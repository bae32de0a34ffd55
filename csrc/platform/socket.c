#include "platform/system.h"

#include "platform/socket.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "platform/clock.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* CPython ignores SIGPIPE */
#endif

/* A processor that sleeps takes some 30 µs to wake up, four times what a SELECT 1 takes: so whoever is
   prompt is waited for awake, for as long as a program needs to look at an answer and ask again. */
enum { AWAKE_NS = 50000 };

/* Lets others run between two looks. */
static ssize_t receive_awake(int fd, void *bytes, size_t size, int64_t until_ns)
{
    ssize_t count = recv(fd, bytes, size, MSG_DONTWAIT);

    while (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
           && platform_monotonic_ns() < until_ns) {
        sched_yield();
        count = recv(fd, bytes, size, MSG_DONTWAIT);
    }
    return count;
}

int socket_receive(struct socket *from, void *bytes, size_t size)
{
    int64_t began_ns = platform_monotonic_ns();
    size_t room = size < INT_MAX ? size : INT_MAX;
    ssize_t count = from->is_prompt ? receive_awake(from->fd, bytes, room, began_ns + AWAKE_NS)
                                    : -1;

    if (count < 0) {
        count = recv(from->fd, bytes, room, 0);
        /* Slept, it looks this much slower. */
        from->is_prompt = platform_monotonic_ns() - began_ns < 2 * AWAKE_NS;
    }
    if (count > 0)
        return (int) count;
    return count < 0 && errno == EINTR ? SOCKET_INTERRUPTED : SOCKET_GONE;
}

bool socket_send(const struct socket *to, const void *bytes, size_t size)
{
    const char *next = bytes;

    while (size > 0) {
        ssize_t count = send(to->fd, next, size, MSG_NOSIGNAL);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            next += count;
            size -= (size_t) count;
        }
    }
    return true;
}
