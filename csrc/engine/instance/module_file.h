/* Module files: a WebAssembly module in a file, as it is or compressed in parts, each of which is unpacked when it is
 * needed. Format: docs/ARCHITECTURE.md, "Compressed files".
 */
#ifndef PGN_ENGINE_MODULE_FILE_H
#define PGN_ENGINE_MODULE_FILE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/compressed.h"
#include "platform/map.h"
#include "platform/monitor.h"

enum module_part { MODULE_DECLARATIONS = 1, MODULE_CODE = 2, MODULE_DATA = 4, MODULE_WHOLE = 7 };

enum { MODULE_FRAMES_MAX = 8 };

struct module_file {
    struct map map;
    const uint8_t *bytes; /* the module; what has not been needed yet is zero */
    size_t size;
    uint8_t *content; /* where it is unpacked; NULL: it is not compressed */
    struct compressed_frame frames[MODULE_FRAMES_MAX];
    uint32_t frame_count;
    atomic_uint ready;       /* of enum module_part */
    struct monitor *monitor; /* of who unpacks */
};

/* On failure, too, it is to be closed. */
enum status module_file_open(const char *path, struct module_file *file, struct error *error);
void module_file_close(struct module_file *file);

/* Unpacks parts, enum module_part, that are not there yet. Any thread may. */
enum status module_file_need(struct module_file *file, unsigned parts, struct error *error);

/* Around fork(), in the thread that forks: no other is unpacking then. */
void module_file_lock(struct module_file *file);
void module_file_unlock(struct module_file *file);

#endif
