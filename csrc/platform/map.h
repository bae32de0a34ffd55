/* Whole files mapped read-only. */
#ifndef PGN_PLATFORM_MAP_H
#define PGN_PLATFORM_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Maps the file at path. Its pages are shared with every process that maps it. An empty file cannot
   be mapped: STATUS_IO. */
enum status platform_map_file(const char *path, const uint8_t **bytes, size_t *size,
                              struct error *error);

/* bytes may be NULL. */
void platform_unmap(const uint8_t *bytes, size_t size);

#endif
