/* Instances: what the tiers share of them, and the calls that are passed on to the tier. */
#include <stdlib.h>

#include "guest/tier.h"

/* What an instance is content with where address space is limited, if its code checks accesses: a part of that, but
   several times the memory that it begins with. */
enum { SPACE_PART = 4, ENOUGH = 3 };

static uint64_t reach_of(const struct guest *guest)
{
    uint64_t enough = ENOUGH * (uint64_t) guest->module->binary.memory_pages * GUEST_PAGE;
    uint64_t reach = guest->module->reach, part;

    if (guest->tier->relies_on_guard || enough > reach)
        return reach;
    part = reservation_at_most(reach, SPACE_PART);
    return part > enough ? part : enough;
}

static bool open_range(struct guest *guest)
{
    return guest->range.base
           || (reservation_open(&guest->range, GUEST_HEADER_ROOM + reach_of(guest))
               && reservation_commit(&guest->range, GUEST_HEADER_ROOM));
}

enum status guest_open_empty(struct guest_module *module, void *context, size_t stack_size,
                             struct reservation *range, struct guest **opened, struct error *error)
{
    const struct guest_tier *tier = module->tier;
    struct guest *guest = calloc(1, tier->instance_size);

    if (!guest) {
        reservation_close(range);
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance");
    }
    guest->tier = tier;
    guest->module = module;
    guest->context = context;
    guest->range = *range;
    *range = (struct reservation){0};
    if (!open_range(guest)) {
        reservation_close(&guest->range);
        free(guest);
        return error_set(error, STATUS_NO_MEMORY,
                         "no address space for an instance (%llu GiB and its stack): close engines",
                         (unsigned long long) (module->reach >> 30));
    }
    guest->memory = guest->range.base + GUEST_HEADER_ROOM;
    if (!tier->open(guest, stack_size)) {
        guest_close(guest);
        return error_set(error, STATUS_NO_MEMORY, "no address space for a stack: close engines");
    }
    *opened = guest;
    return STATUS_OK;
}

void guest_close(struct guest *guest)
{
    if (!guest)
        return;
    guest->tier->close(guest);
    reservation_close(&guest->range);
    free(guest);
}

struct guest_module *guest_module_of(const struct guest *guest)
{
    return guest->module;
}

enum guest_outcome guest_start(struct guest *guest)
{
    return guest->tier->start(guest);
}

enum guest_outcome guest_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                                uint64_t *result)
{
    return guest->tier->invoke(guest, function, args, result);
}

enum guest_outcome guest_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                      const char *parameters, const uint64_t *args,
                                      uint64_t *result)
{
    return guest->tier->invoke_table(guest, index, result_type, parameters, args, result);
}

void guest_set_poll(struct guest *guest, guest_poll poll)
{
    guest->poll = poll;
}

void guest_poke(struct guest *guest)
{
    guest->tier->poke(guest);
}

void guest_set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low)
{
    guest->tier->set_native_stack(guest, lowest, reserve, low);
}

void guest_trim_stack(struct guest *guest)
{
    if (guest->tier->trim_stack)
        guest->tier->trim_stack(guest);
}

uint32_t guest_stack_pointer(const struct guest *guest)
{
    return (uint32_t) guest->globals[0];
}

void guest_set_stack_pointer(struct guest *guest, uint32_t stack_pointer)
{
    guest->globals[0] = stack_pointer;
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
