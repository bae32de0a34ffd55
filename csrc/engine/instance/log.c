/* The log's ring. */
#include "engine/instance/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log_write(void *context, int fd, const void *bytes, size_t size)
{
    struct log *log = context;
    const char *from = bytes;

    if (!log->ring)
        log->ring = malloc(LOG_SIZE);
    log->lost = !log->ring;
    if (log->lost)
        return; /* without memory there is no log */
    (void) fd;  /* PostgreSQL logs to stderr; what comes by stdout is initdb's */
    if (size > LOG_SIZE) {
        log->written += size - LOG_SIZE;
        from += size - LOG_SIZE;
        size = LOG_SIZE;
    }
    while (size > 0) {
        size_t at = log->written % LOG_SIZE;
        size_t n = size < LOG_SIZE - at ? size : LOG_SIZE - at;

        memcpy(log->ring + at, from, n);
        log->written += n;
        from += n;
        size -= n;
    }
    if (log->written - log->taken > LOG_SIZE)
        log->taken = log->written - LOG_SIZE;
}

void log_close(struct log *log)
{
    free(log->ring);
}

static void copy_out(const struct log *log, uint64_t position, char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = log->ring[(position + i) % LOG_SIZE];
}

size_t log_take(struct log *log, char *bytes, size_t size)
{
    uint64_t waiting = log->written - log->taken;

    if (size > waiting)
        size = (size_t) waiting;
    copy_out(log, log->taken, bytes, size);
    log->taken += size;
    return size;
}

void log_tail(const struct log *log, char tail[LOG_TAIL_SIZE])
{
    uint64_t start = log->written > LOG_TAIL_SIZE - 1 ? log->written - (LOG_TAIL_SIZE - 1) : 0;
    size_t size = (size_t) (log->written - start);
    char *line;

    if (log->lost) {
        snprintf(tail, LOG_TAIL_SIZE, "(there was no memory for the log)");
        return;
    }
    copy_out(log, start, tail, size);
    tail[size] = '\0';
    if (start > 0 && (line = strchr(tail, '\n'))) /* whole lines only */
        memmove(tail, line + 1, strlen(line));
}
