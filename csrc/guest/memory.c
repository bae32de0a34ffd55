/* An instance's memory and globals, which are one reservation,
 *
 *     | page: ..., the tier's header | linear memory, then what must not be reached |
 *
 * whose header holds the size and the mutable globals.
 */
#include "guest/tier.h"

/* What a growing instance leaves to its process: an error that says "out of memory" is passed on
   by the host's code and Python's, which need some themselves. */
enum { LEFT_TO_PROCESS = 4 * 1024 * 1024 };

static bool commit(struct guest *guest, uint64_t size)
{
    return guest->tier->relies_on_guard
               ? reservation_commit_exactly(&guest->range, GUEST_HEADER_ROOM + size)
               : reservation_commit(&guest->range, GUEST_HEADER_ROOM + size);
}

enum status memory_set_pages(struct guest *guest, uint64_t pages)
{
    uint64_t size = pages * GUEST_PAGE;

    if (pages > guest->module->binary.memory_pages_max || size > GUEST_MEMORY_MAX
        || !commit(guest, size))
        return STATUS_NO_MEMORY;
    __atomic_store_n(guest->size, size, __ATOMIC_RELAXED);
    if (guest->tier->resized)
        guest->tier->resized(guest);
    return STATUS_OK;
}

/* Header and globals over zeroed pages. */
static enum status begin_memory(struct guest *guest, uint64_t size,
                                const uint64_t globals[GUEST_GLOBALS_MAX], struct error *error)
{
    guest->trap = NULL;
    guest->exit_code = 0;
    guest->tier->begin(guest);
    memcpy(guest->globals, globals, sizeof guest->module->globals);
    if (memory_set_pages(guest, size / GUEST_PAGE))
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

    return status ? status : binary_fill(binary, guest->memory, error);
}

enum status guest_open(struct guest_module *module, void *context, size_t stack_size,
                       struct guest **opened, struct error *error)
{
    struct reservation range = {0};
    struct guest *guest;
    enum status status = guest_open_empty(module, context, stack_size, &range, &guest, error);

    if (status)
        return status;
    status = fill_memory(guest, error);
    if (status)
        guest_close(guest);
    else
        *opened = guest;
    return status;
}

void guest_get_state(const struct guest *guest, struct guest_state *state)
{
    *state = (struct guest_state){.memory_size = *guest->size,
                                  .global_count = guest->module->global_count};
    memcpy(state->globals, guest->globals, sizeof state->globals);
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
    *start = GUEST_HEADER_ROOM;
    return &guest->range;
}

uint64_t guest_memory_size(const struct guest *guest)
{
    return *guest->size;
}

enum status guest_grow(struct guest *guest, uint64_t size)
{
    if (size <= *guest->size)
        return STATUS_OK;
    if (size > GUEST_MEMORY_MAX
        || !reservation_can_commit((size_t) (size - *guest->size) + LEFT_TO_PROCESS))
        return STATUS_NO_MEMORY;
    return memory_set_pages(guest, (size + GUEST_PAGE - 1) / GUEST_PAGE);
}

void *guest_at(const struct guest *guest, uint32_t offset, uint64_t length)
{
    /* A cancel looks from another thread, while the guest may be growing. */
    uint64_t size = __atomic_load_n(guest->size, __ATOMIC_RELAXED);

    if (offset > size || length > size - offset)
        return NULL;
    return guest->memory + offset;
}

const char *guest_string(const struct guest *guest, uint32_t offset, size_t limit)
{
    uint64_t size = *guest->size;
    const char *string;

    if (offset >= size)
        return NULL;
    string = (const char *) guest->memory + offset;
    if (limit > size - offset)
        limit = size - offset;
    return memchr(string, '\0', limit) ? string : NULL;
}

void memory_zero(struct guest *guest, uint64_t offset, uint64_t size)
{
    if (!reservation_zero_range(&guest->range, GUEST_HEADER_ROOM + offset, size))
        memset(guest->memory + offset, 0, size); /* no room for one more mapping */
}
