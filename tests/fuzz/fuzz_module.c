/* WebAssembly modules, as far as every tier reads them: what is accepted lies within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "guest/binary.h"

enum { PAGE = 65536, PAGES_MAX = 64 };

static void check_exports(const struct binary *binary, const uint8_t *wasm, size_t size)
{
    for (uint32_t i = 0; i < binary->export_count; i++) {
        const struct binary_export *export = &binary->exports[i];
        const uint8_t *name = (const uint8_t *) export->name;
        char copy[256];

        FUZZ_CHECK(name >= wasm && export->name_length <= (size_t) (wasm + size - name));
        if (export->name_length >= sizeof copy || memchr(name, 0, export->name_length))
            continue;
        memcpy(copy, name, export->name_length);
        copy[export->name_length] = '\0';
        for (enum binary_kind kind = BINARY_FUNCTION; kind <= BINARY_GLOBAL; kind++)
            binary_find(binary, copy, kind);
    }
}

/* As guest_open does, which has a memory of the size that the module wants; that must not be more here. */
static void fill_memory(const struct binary *binary)
{
    struct error error;
    uint8_t *memory;

    if (binary->memory_pages > PAGES_MAX)
        return;
    memory = malloc((size_t) binary->memory_pages * PAGE + 1);
    FUZZ_CHECK(memory);
    binary_fill(binary, memory, &error);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct binary binary;
    struct error error;

    if (binary_read(bytes, size, &binary, &error))
        return 0;
    check_exports(&binary, bytes, size);
    fill_memory(&binary);
    FUZZ_CHECK(!binary.build_id
               || (binary.build_id >= bytes
                   && binary.build_id_size <= (size_t) (bytes + size - binary.build_id)));
    FUZZ_CHECK(binary.memory_pages <= PAGE);
    binary_close(&binary);
    return 0;
}
