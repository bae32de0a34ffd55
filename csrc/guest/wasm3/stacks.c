/* The stacks of an instance: how far calls may go, and who is told when they have gone far. */
#include "guest/wasm3/internal.h"

enum {
    VALUE_RESERVE_PART = 4, /* of the value stack, a quarter is left when guest_low is told */
    MARGIN_SLOTS = 2 * TIER_SIGNATURE_SLOTS /* a call from outside copies its arguments there */
};

bool tier_open_stacks(struct tier_stacks *stacks, size_t value_size)
{
    return value_size >= (size_t) MARGIN_SLOTS * 2 * sizeof(m3slot_t)
           && reservation_open(&stacks->values, value_size)
           && reservation_commit(&stacks->values, stacks->values.limit);
}

void tier_close_stacks(struct tier_stacks *stacks)
{
    reservation_close(&stacks->values);
}

void tier_watch_stacks(struct interpreter *interpreter)
{
    struct tier_stacks *stacks = &interpreter->stacks;

    stacks->value_last = (m3slot_t *) (stacks->values.base + stacks->values.committed)
                         - MARGIN_SLOTS;
    stacks->value = stacks->value_last;
    if (stacks->low)
        stacks->value -= stacks->values.committed / sizeof(m3slot_t) / VALUE_RESERVE_PART;
    interpreter->header->maxStack = (void *) stacks->value;
    interpreter->header->nativeLimit = stacks->native;
}

void interpreter_set_native_stack(struct interpreter *interpreter, const void *lowest,
                                  size_t reserve, guest_low low)
{
    struct tier_stacks *stacks = &interpreter->stacks;

    stacks->native_last = lowest;
    stacks->native = (const uint8_t *) lowest + (low ? reserve : 0);
    stacks->low = low;
    tier_watch_stacks(interpreter);
}

void tier_set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low)
{
    interpreter_set_native_stack(wasm3_interpreter(guest), lowest, reserve, low);
}

m3ret_t tier_stack_low(M3MemoryHeader *memory, const void *aot_stack, const m3slot_t *value_stack)
{
    struct interpreter *interpreter = memory->runtime->userdata;
    const struct tier_stacks *stacks = &interpreter->stacks;

    if (stacks->low)
        stacks->low(interpreter->guest->context);
    return (const uint8_t *) aot_stack < stacks->native_last || value_stack >= stacks->value_last
               ? m3Err_trapStackOverflow
               : NULL;
}

void interpreter_trim_stack(struct interpreter *interpreter)
{
    struct reservation *values = &interpreter->stacks.values;
    size_t used = (size_t) ((unsigned char *) interpreter->runtime.stack - values->base);

    used += MARGIN_SLOTS * sizeof(m3slot_t);
    if (used < values->committed)
        reservation_zero_range(values, used, values->committed - used);
}

void tier_trim_stack(struct guest *guest)
{
    interpreter_trim_stack(wasm3_interpreter(guest));
}
