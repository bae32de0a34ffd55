#include "platform/system.h"

#include "platform/socket.h"

#include <errno.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* CPython ignores SIGPIPE */
#endif

static ssize_t result_of(ssize_t count)
{
    if (count > 0)
        return count;
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? SOCKET_LATER : SOCKET_GONE;
}

ssize_t socket_receive(int fd, void *bytes, size_t size)
{
    ssize_t count;

    do
        count = recv(fd, bytes, size, MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    return result_of(count);
}

ssize_t socket_send(int fd, const void *bytes, size_t size)
{
    ssize_t count;

    do
        count = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return result_of(count);
}

void socket_hang_up(int fd)
{
    shutdown(fd, SHUT_RDWR);
}
