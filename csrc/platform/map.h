/* A file mapped read-only. */
#ifndef PGN_PLATFORM_MAP_H
#define PGN_PLATFORM_MAP_H

#include <stddef.h>

struct map {
    const unsigned char *base;
    size_t size;
};

/* 0 or -GE_*; -GE_INVAL for an empty file and for anything but a regular one. If the file is
   shortened while it is mapped, a process that reads on is killed: only for files that are not written to. */
int map_open(const char *path, struct map *map);
int map_descriptor(int fd, struct map *map); /* which stays the caller's */

/* What has been read of it counts for the process no more; it can be read again. */
void map_drop_pages(const struct map *map);

/* Idempotent. */
void map_close(struct map *map);

#endif
