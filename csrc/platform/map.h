/* A file mapped read-only. */
#ifndef PGN_PLATFORM_MAP_H
#define PGN_PLATFORM_MAP_H

#include <stddef.h>

struct map {
    const unsigned char *base;
    size_t size;
};

/* 0 or -GE_*; -GE_INVAL for an empty file and for anything but a regular one. Whoever shortens the
   file while it is mapped kills the process that reads on: only for files nobody writes to. */
int map_open(const char *path, struct map *map);
int map_descriptor(int fd, struct map *map); /* which stays the caller's */

/* Idempotent. */
void map_close(struct map *map);

#endif
