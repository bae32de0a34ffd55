/* A connected stream socket, which is not waited for: poller.h does that. */
#ifndef PGN_PLATFORM_SOCKET_H
#define PGN_PLATFORM_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

enum { SOCKET_GONE = -1, SOCKET_LATER = -2 };

/* Bytes that have come, up to size > 0; SOCKET_LATER: none yet; SOCKET_GONE: none will come any more. */
ssize_t socket_receive(int fd, void *bytes, size_t size);

/* How many of the bytes have been sent; SOCKET_LATER: it has no room; SOCKET_GONE: they are not wanted. */
ssize_t socket_send(int fd, const void *bytes, size_t size);

/* Neither side gets any more. */
void socket_hang_up(int fd);

#endif
