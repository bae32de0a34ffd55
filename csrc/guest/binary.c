/* Reading a module's declarations. Every read is bounded by the section it stands in. */
#include "guest/binary.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECTION_CUSTOM = 0,
    SECTION_IMPORT = 2,
    SECTION_TABLE = 4,
    SECTION_MEMORY = 5,
    SECTION_GLOBAL = 6,
    SECTION_EXPORT = 7,
    SECTION_CODE = 10,
    SECTION_DATA = 11,
    SECTION_DATA_COUNT = 12, /* stands before the code, which is 10 */

    OP_END = 0x0b,
    OP_GLOBAL_GET = 0x23,
    OP_I32_CONST = 0x41,
    OP_I64_CONST = 0x42,
    OP_F32_CONST = 0x43,
    OP_F64_CONST = 0x44,

    LIMITS_HAVE_MAXIMUM = 1,
    PAGES_MAX = 65536,

    HEADER_SIZE = 8
};

/* A cursor that remembers having run over its end, so that callers check once. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static uint8_t read_byte(struct reader *reader)
{
    if (reader->at >= reader->end) {
        reader->bad = true;
        return 0;
    }
    return *reader->at++;
}

static uint64_t read_leb(struct reader *reader, unsigned bits, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = read_byte(reader);
        if (shift >= bits)
            reader->bad = true;
        if (reader->bad)
            return 0;
        value |= (uint64_t) (byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (is_signed && shift < 64 && (byte & 0x40))
        value |= UINT64_MAX << shift;
    return value;
}

static uint32_t read_u32(struct reader *reader)
{
    return (uint32_t) read_leb(reader, 35, false);
}

static const uint8_t *read_bytes(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader->at;

    if (reader->bad || (size_t) (reader->end - reader->at) < size) {
        reader->bad = true;
        return NULL;
    }
    reader->at += size;
    return bytes;
}

/* A count of items that each take at least one byte: never more than what is left. */
static uint32_t read_count(struct reader *reader)
{
    uint32_t count = read_u32(reader);

    if (count > (size_t) (reader->end - reader->at)) {
        reader->bad = true;
        return 0;
    }
    return count;
}

static void read_limits(struct reader *reader, uint32_t *minimum, uint32_t *maximum)
{
    uint8_t flags = read_byte(reader);

    *minimum = read_u32(reader);
    *maximum = flags & LIMITS_HAVE_MAXIMUM ? read_u32(reader) : PAGES_MAX;
}

static void read_memory(struct reader *reader, struct binary *binary)
{
    read_limits(reader, &binary->memory_pages, &binary->memory_pages_max);
    if (binary->memory_pages > binary->memory_pages_max || binary->memory_pages_max > PAGES_MAX)
        reader->bad = true;
}

static uint64_t read_initialiser(struct reader *reader, const struct binary *binary)
{
    uint64_t value = 0;
    uint32_t index;
    const uint8_t *bytes;

    switch (read_byte(reader)) {
    case OP_I32_CONST:
        value = (uint32_t) read_leb(reader, 35, true);
        break;
    case OP_I64_CONST:
        value = read_leb(reader, 70, true);
        break;
    case OP_F32_CONST:
        if ((bytes = read_bytes(reader, 4)))
            memcpy(&value, bytes, 4);
        break;
    case OP_F64_CONST:
        if ((bytes = read_bytes(reader, 8)))
            memcpy(&value, bytes, 8);
        break;
    case OP_GLOBAL_GET:
        index = read_u32(reader);
        if (index < binary->global_count)
            value = binary->globals[index].value;
        else
            reader->bad = true;
        break;
    default:
        reader->bad = true;
    }
    if (read_byte(reader) != OP_END)
        reader->bad = true;
    return value;
}

static const char *read_imports(struct reader *reader, struct binary *binary)
{
    for (uint32_t left = read_count(reader); left && !reader->bad; left--) {
        read_bytes(reader, read_u32(reader));
        read_bytes(reader, read_u32(reader));
        switch (read_byte(reader)) {
        case BINARY_FUNCTION:
            read_u32(reader);
            break;
        case BINARY_MEMORY:
            read_memory(reader, binary);
            break;
        default: /* closed world: the linker leaves no table or global to import */
            return "it imports a table or a global";
        }
    }
    return NULL;
}

static const char *read_globals(struct reader *reader, struct binary *binary)
{
    uint32_t count = read_count(reader);

    binary->globals = calloc(count ? count : 1, sizeof *binary->globals);
    if (!binary->globals)
        return status_message(STATUS_NO_MEMORY);
    while (binary->global_count < count && !reader->bad) {
        struct binary_global *global = &binary->globals[binary->global_count];

        global->type = read_byte(reader);
        global->is_mutable = read_byte(reader) != 0;
        global->value = read_initialiser(reader, binary);
        binary->global_count++;
    }
    return NULL;
}

static const char *read_exports(struct reader *reader, struct binary *binary)
{
    uint32_t count = read_count(reader);

    binary->exports = calloc(count ? count : 1, sizeof *binary->exports);
    if (!binary->exports)
        return status_message(STATUS_NO_MEMORY);
    while (binary->export_count < count && !reader->bad) {
        struct binary_export *export = &binary->exports[binary->export_count];

        export->name_length = read_u32(reader);
        export->name = (const char *) read_bytes(reader, export->name_length);
        export->kind = read_byte(reader);
        export->index = read_u32(reader);
        binary->export_count++;
    }
    return NULL;
}

static void read_table(struct reader *reader, struct binary *binary)
{
    uint32_t maximum;

    if (read_count(reader) == 0)
        return;
    read_byte(reader); /* funcref: there is no other in 1.0 */
    read_limits(reader, &binary->table_size, &maximum);
}

static bool is_name(const char *bytes, uint32_t length, const char *name)
{
    return length == strlen(name) && memcmp(bytes, name, length) == 0;
}

/* A length, then the bytes; NULL and 0 where there are not so many. */
static const uint8_t *read_id(struct reader *reader, uint32_t *size)
{
    uint32_t length = read_u32(reader);
    const uint8_t *bytes = read_bytes(reader, length);

    *size = bytes ? length : 0;
    return bytes;
}

/* pglite_native/linker/part.py writes it. */
static void read_base(struct reader *reader, struct binary *binary)
{
    uint32_t size;
    const uint8_t *id = read_id(reader, &size);
    uint32_t first_function = read_u32(reader), new_imports = read_u32(reader);
    uint32_t first_element = read_u32(reader);

    if (reader->bad)
        return;
    binary->base_id = id;
    binary->base_id_size = size;
    binary->first_function = first_function;
    binary->new_imports = new_imports;
    binary->first_element = first_element;
}

/* A custom section means nothing to a guest, so one that is malformed is not a fault. */
static void read_custom(struct reader *reader, struct binary *binary)
{
    uint32_t length = read_u32(reader);
    const char *name = (const char *) read_bytes(reader, length);

    if (name && is_name(name, length, "build_id"))
        binary->build_id = read_id(reader, &binary->build_id_size);
    else if (name && is_name(name, length, "link_base"))
        read_base(reader, binary);
    reader->bad = false;
}

/* Where a section stands among the others, which are each there once, in order: what is checked against one that came
   before stays true. */
static unsigned place_of(uint8_t id)
{
    if (id == SECTION_DATA_COUNT)
        return 2 * SECTION_CODE - 1;
    return 2u * id;
}

static const char *read_section(uint8_t id, struct reader *reader, struct binary *binary)
{
    switch (id) {
    case SECTION_CUSTOM:
        read_custom(reader, binary);
        return NULL;
    case SECTION_IMPORT:
        return read_imports(reader, binary);
    case SECTION_TABLE:
        read_table(reader, binary);
        return NULL;
    case SECTION_MEMORY:
        if (read_count(reader) == 1)
            read_memory(reader, binary);
        return NULL;
    case SECTION_GLOBAL:
        return read_globals(reader, binary);
    case SECTION_EXPORT:
        return read_exports(reader, binary);
    case SECTION_DATA:
        binary->data = reader->at;
        binary->data_size = (size_t) (reader->end - reader->at);
        return NULL;
    default:
        return NULL;
    }
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_exports(const void *a, const void *b)
{
    const struct binary_export *left = a, *right = b;

    return compare_names(left->name, left->name_length, right->name, right->name_length);
}

enum status binary_read(const uint8_t *wasm, size_t size, struct binary *binary,
                        struct error *error)
{
    static const uint8_t header[HEADER_SIZE] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct reader module = {wasm, wasm + size, false};
    const uint8_t *start;
    const char *fault = NULL;
    unsigned place = 0;

    memset(binary, 0, sizeof *binary);
    start = read_bytes(&module, HEADER_SIZE);
    if (!start || memcmp(start, header, HEADER_SIZE) != 0)
        return error_set(error, STATUS_MODULE, "not a WebAssembly 1.0 module");

    while (module.at < module.end && !module.bad && !fault) {
        uint8_t id = read_byte(&module);
        uint32_t length = read_u32(&module);
        struct reader section = {module.at, module.at, false};

        if (!read_bytes(&module, length))
            break;
        section.end = module.at;
        if (id != SECTION_CUSTOM && place_of(id) <= place)
            fault = "its sections are not in order, or one is there twice";
        else
            fault = read_section(id, &section, binary);
        if (id != SECTION_CUSTOM)
            place = place_of(id);
        if (!fault && section.bad)
            fault = "a section ends too early or holds what this reader does not know";
    }
    if (!fault && module.bad)
        fault = "it is truncated";
    if (fault) {
        binary_close(binary);
        return error_set(error, STATUS_MODULE, "unusable WebAssembly module: %s", fault);
    }
    if (binary->export_count)
        qsort(binary->exports, binary->export_count, sizeof *binary->exports, compare_exports);
    return STATUS_OK;
}

void binary_close(struct binary *binary)
{
    free(binary->globals);
    free(binary->exports);
    memset(binary, 0, sizeof *binary);
}

static const char *fill(struct reader *reader, const struct binary *binary, uint8_t *memory)
{
    for (uint32_t left = read_count(reader); left && !reader->bad; left--) {
        const uint8_t *bytes;
        uint32_t offset, size;

        if (read_u32(reader) != 0)
            return "it has a data segment that is not active in memory 0";
        offset = (uint32_t) read_initialiser(reader, binary);
        size = read_u32(reader);
        bytes = read_bytes(reader, size);
        if ((uint64_t) offset + size > (uint64_t) binary->memory_pages * 65536)
            return "a data segment lies outside the memory";
        if (bytes)
            memcpy(memory + offset, bytes, size);
    }
    return reader->bad ? "its data end too early or hold what this reader does not know" : NULL;
}

enum status binary_fill(const struct binary *binary, uint8_t *memory, struct error *error)
{
    struct reader reader = {binary->data, binary->data + binary->data_size, false};
    const char *fault = binary->data ? fill(&reader, binary, memory) : NULL;

    return fault ? error_set(error, STATUS_MODULE, "unusable WebAssembly module: %s", fault)
                 : STATUS_OK;
}

const struct binary_export *binary_find(const struct binary *binary, const char *name,
                                        enum binary_kind kind)
{
    size_t length = strlen(name);
    uint32_t low = 0, high = binary->export_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct binary_export *export = &binary->exports[middle];
        int order = compare_names(name, length, export->name, export->name_length);

        if (order == 0)
            return export->kind == kind ? export : NULL;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
