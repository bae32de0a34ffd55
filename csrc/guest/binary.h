/* Binary: what every tier needs to know of a WebAssembly module before it runs a single instruction.
 *
 * Reads the memory limits, globals and exports, and the data segments for a fresh memory; code is the tier's affair.
 * Everything points into the module's bytes, which stay borrowed.
 * Reference: WebAssembly Core Specification 1.0, chapter 5 (binary format).
 */
#ifndef PGN_GUEST_BINARY_H
#define PGN_GUEST_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum binary_kind { BINARY_FUNCTION = 0, BINARY_TABLE = 1, BINARY_MEMORY = 2, BINARY_GLOBAL = 3 };

struct binary_export {
    const char *name; /* not NUL-terminated */
    uint32_t name_length;
    enum binary_kind kind;
    uint32_t index;
};

struct binary_global {
    uint64_t value; /* of the initialiser */
    uint8_t type;   /* 0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64 */
    bool is_mutable;
};

struct binary {
    uint32_t memory_pages; /* initial */
    uint32_t memory_pages_max;
    uint32_t table_size; /* initial entries of table 0 */
    uint32_t global_count;
    uint32_t export_count;
    struct binary_global *globals;
    struct binary_export *exports; /* sorted by name */
    const uint8_t *data;           /* the data section, which only binary_fill reads; NULL: none */
    size_t data_size;
    const uint8_t *build_id; /* WebAssembly tool conventions, BuildId.md; NULL: none */
    uint32_t build_id_size;
    const uint8_t *base_id; /* build_id of the module that this one was linked onto; NULL: none */
    uint32_t base_id_size;
    /* What the link has added to that one's, in this module. */
    uint32_t first_function; /* the first that it has not */
    uint32_t new_imports;    /* so far have its functions moved up */
    uint32_t first_element;  /* the first of the table that it has not */
};

/* On failure nothing is left to close. */
enum status binary_read(const uint8_t *wasm, size_t size, struct binary *binary,
                        struct error *error);
void binary_close(struct binary *binary);

/* Copies the data segments into a memory of memory_pages. */
enum status binary_fill(const struct binary *binary, uint8_t *memory, struct error *error);

/* NULL when there is no such export of that kind. */
const struct binary_export *binary_find(const struct binary *binary, const char *name,
                                        enum binary_kind kind);

#endif
