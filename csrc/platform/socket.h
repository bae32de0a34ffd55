/* A connected stream socket that blocks. */
#ifndef PGN_PLATFORM_SOCKET_H
#define PGN_PLATFORM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct socket {
    int fd;
    bool is_prompt; /* the other side is one that answers at once */
};

enum { SOCKET_GONE = -1, SOCKET_INTERRUPTED = -2 };

/* Bytes that have come, up to size > 0; SOCKET_GONE when none will come any more, SOCKET_INTERRUPTED when a
   signal came first. */
int socket_receive(struct socket *from, void *bytes, size_t size);

/* All of them, as slow as they are read; false: they are not wanted any more. */
bool socket_send(const struct socket *to, const void *bytes, size_t size);

#endif
