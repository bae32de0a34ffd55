/* The guest's log: what it writes to stderr and stdout, kept until it is taken. */
#ifndef PGN_ENGINE_LOG_H
#define PGN_ENGINE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_SIZE = 64 * 1024, LOG_TAIL_SIZE = 512 };

/* A ring: the oldest bytes give way. Counters of all bytes ever written and taken. */
struct log {
    _Atomic uint64_t written, taken; /* changed with the baton, and looked at without */
    char *ring; /* LOG_SIZE bytes, from the first line on: most engines never write one */
    bool lost;  /* the last bytes, for want of memory */
};

void log_close(struct log *log);

/* A vfs_sink: context is the log. */
void log_write(void *log, int fd, const void *bytes, size_t size);

/* Moves up to size bytes out. */
size_t log_take(struct log *log, char *bytes, size_t size);

/* The last lines, taken or not, for an error's message. */
void log_tail(const struct log *log, char tail[LOG_TAIL_SIZE]);

#endif
