/* Instances over wasm3: their memory and globals, which are one reservation,
 *
 *     | page: ..., M3MemoryHeader | linear memory, 2 GiB |
 *
 * whose header holds the mutable globals.
 */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

enum { HEADER_ROOM = PLATFORM_PAGE };

_Static_assert(sizeof(M3MemoryHeader) <= HEADER_ROOM, "the header fits before the memory");

static unsigned char *linear_memory(const struct guest *guest)
{
    return guest->memory.base + HEADER_ROOM;
}

static enum status set_pages(struct guest *guest, uint32_t pages)
{
    uint64_t size = (uint64_t) pages * GUEST_PAGE;

    if (pages > guest->runtime.memory.maxPages
        || !reservation_commit(&guest->memory, HEADER_ROOM + size))
        return STATUS_NO_MEMORY;
    guest->runtime.memory.numPages = pages;
    guest->header->length = size;
    return STATUS_OK;
}

/* Header and globals over zeroed pages. */
static enum status begin_memory(struct guest *guest, uint64_t size,
                                const uint64_t globals[GUEST_GLOBALS_MAX], struct error *error)
{
    if (!reservation_commit(&guest->memory, HEADER_ROOM))
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance");
    guest->trap = NULL;
    guest->exit_code = 0;
    guest->runtime.stack = guest->stacks.values.base;
    guest->header = (M3MemoryHeader *) linear_memory(guest) - 1;
    guest->header->runtime = &guest->runtime;
    tier_watch_stacks(guest);
    guest->header->countdown = TIER_SAFE_POINT_CALLS;
    memcpy(guest->header->globals, globals, sizeof guest->module->globals);
    guest->runtime.memory.mallocated = guest->header;
    guest->runtime.memory.maxPages = guest->module->binary.memory_pages_max;
    if (set_pages(guest, (uint32_t) (size / GUEST_PAGE)))
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance's %llu bytes",
                         (unsigned long long) size);
    return STATUS_OK;
}

/* The same, and the data segments. */
static enum status fill_memory(struct guest *guest, struct error *error)
{
    const struct binary *binary = &guest->module->binary;
    enum status status = begin_memory(guest, (uint64_t) binary->memory_pages * GUEST_PAGE,
                                      guest->module->globals, error);

    if (status)
        return status;
    for (uint32_t i = 0; i < binary->segment_count; i++) {
        const struct binary_segment *segment = &binary->segments[i];

        memcpy(linear_memory(guest) + segment->offset, segment->bytes, segment->size);
    }
    return STATUS_OK;
}

enum status guest_open_empty(struct guest_module *module, void *context, size_t stack_size,
                             struct guest **opened, struct error *error)
{
    struct guest *guest = calloc(1, sizeof *guest);

    if (!guest)
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance");
    guest->module = module;
    guest->context = context;
    guest->runtime.environment = module->environment;
    guest->runtime.userdata = guest;
    if (!tier_open_stacks(&guest->stacks, stack_size)
        || !reservation_open(&guest->memory, HEADER_ROOM + GUEST_MEMORY_MAX)) {
        guest_close(guest);
        return error_set(error, STATUS_NO_MEMORY,
                         "no address space for an instance (2 GiB and its stack): close engines");
    }
    *opened = guest;
    return STATUS_OK;
}

enum status guest_open(struct guest_module *module, void *context, size_t stack_size,
                       struct guest **opened, struct error *error)
{
    struct guest *guest;
    enum status status = guest_open_empty(module, context, stack_size, &guest, error);

    if (status)
        return status;
    status = fill_memory(guest, error);
    if (status)
        guest_close(guest);
    else
        *opened = guest;
    return status;
}

void guest_close(struct guest *guest)
{
    if (!guest)
        return;
    reservation_close(&guest->memory);
    tier_close_stacks(&guest->stacks);
    free(guest);
}

enum status guest_reset(struct guest *guest, struct error *error)
{
    if (!reservation_zero(&guest->memory))
        return error_set(error, STATUS_NO_MEMORY, "cannot reset an instance's memory");
    return fill_memory(guest, error);
}

void guest_get_state(const struct guest *guest, struct guest_state *state)
{
    *state = (struct guest_state){.memory_size = guest->header->length,
                                  .global_count = guest->module->global_count};
    memcpy(state->globals, guest->header->globals, sizeof state->globals);
}

enum status guest_set_state(struct guest *guest, const struct guest_state *state,
                            struct error *error)
{
    if (state->memory_size > GUEST_MEMORY_MAX || state->memory_size % GUEST_PAGE != 0
        || state->global_count != guest->module->global_count)
        return error_set(error, STATUS_INVALID, "not the state of an instance of this module");
    return begin_memory(guest, state->memory_size, state->globals, error);
}

struct reservation *guest_reservation(struct guest *guest, size_t *start)
{
    *start = HEADER_ROOM;
    return &guest->memory;
}

struct guest_module *guest_module_of(const struct guest *guest)
{
    return guest->module;
}

uint64_t guest_memory_size(const struct guest *guest)
{
    return guest->header->length;
}

enum status guest_grow(struct guest *guest, uint64_t size)
{
    if (size <= guest->header->length)
        return STATUS_OK;
    if (size > GUEST_MEMORY_MAX)
        return STATUS_NO_MEMORY;
    return set_pages(guest, (uint32_t) ((size + GUEST_PAGE - 1) / GUEST_PAGE));
}

M3Result ResizeMemory(IM3Runtime runtime, u32 pages)
{
    return set_pages(runtime->userdata, pages) ? m3Err_wasmMemoryOverflow : m3Err_none;
}

void *guest_at(const struct guest *guest, uint32_t offset, uint64_t length)
{
    uint64_t size = guest->header->length;

    if (offset > size || length > size - offset)
        return NULL;
    return linear_memory(guest) + offset;
}

const char *guest_string(const struct guest *guest, uint32_t offset, size_t limit)
{
    uint64_t size = guest->header->length;
    const char *string;

    if (offset >= size)
        return NULL;
    string = (const char *) linear_memory(guest) + offset;
    if (limit > size - offset)
        limit = size - offset;
    return memchr(string, '\0', limit) ? string : NULL;
}

void tier_zero(M3MemoryHeader *memory, uint64_t offset, uint64_t size)
{
    struct guest *guest = memory->runtime->userdata;

    if (!reservation_zero_range(&guest->memory, HEADER_ROOM + offset, size))
        memset(linear_memory(guest) + offset, 0, size); /* no room for one more mapping */
}

uint32_t guest_stack_pointer(const struct guest *guest)
{
    return (uint32_t) guest->header->globals[0];
}

void guest_set_stack_pointer(struct guest *guest, uint32_t stack_pointer)
{
    guest->header->globals[0] = stack_pointer;
}

int guest_exit_code(const struct guest *guest)
{
    return guest->exit_code;
}

void guest_set_exit_code(struct guest *guest, int code)
{
    guest->exit_code = code;
}

const char *guest_trap(const struct guest *guest)
{
    return guest->trap;
}

enum guest_outcome guest_set_trap(struct guest *guest, const char *reason)
{
    guest->trap = reason;
    return GUEST_TRAPPED;
}
