/* Instances over wasm3: M3MemoryHeader is the header before the memory. */
#include "guest/wasm3/internal.h"

_Static_assert(sizeof(M3MemoryHeader) <= GUEST_HEADER_ROOM, "the header fits before the memory");
_Static_assert(sizeof(M3MemoryHeader) == sizeof(struct guest_header)
                   && offsetof(M3MemoryHeader, globals) == offsetof(struct guest_header, globals)
                   && offsetof(M3MemoryHeader, length)
                          == offsetof(struct guest_header, memory_size),
               "its header is how all end");
_Static_assert(sizeof(size_t) == sizeof(uint64_t),
               "the header's size is what struct guest points to");

bool tier_attach(struct interpreter *interpreter, struct wasm3_module *module, struct guest *guest,
                 size_t stack_size)
{
    interpreter->guest = guest;
    interpreter->module = module;
    interpreter->header = (M3MemoryHeader *) guest->memory - 1;
    interpreter->runtime.environment = module->environment;
    interpreter->runtime.userdata = interpreter;
    return tier_open_stacks(&interpreter->stacks, stack_size);
}

bool tier_open(struct guest *guest, size_t stack_size)
{
    struct interpreter *interpreter = wasm3_interpreter(guest);
    bool opened = tier_attach(interpreter, wasm3_module(guest->module), guest, stack_size);

    guest->size =
        (uint64_t *) &interpreter->header->length; /* a size_t: macOS takes that for another type */
    guest->globals = interpreter->header->globals;
    return opened;
}

void tier_close(struct guest *guest)
{
    tier_close_stacks(&wasm3_interpreter(guest)->stacks);
}

void interpreter_begin(struct interpreter *interpreter)
{
    interpreter->runtime.stack = interpreter->stacks.values.base;
    interpreter->header->runtime = &interpreter->runtime;
    tier_watch_stacks(interpreter);
    interpreter->header->countdown = TIER_SAFE_POINT_CALLS;
    interpreter->runtime.memory.mallocated = interpreter->header;
    interpreter->runtime.memory.maxPages = interpreter->guest->module->binary.memory_pages_max;
}

void tier_begin(struct guest *guest)
{
    interpreter_begin(wasm3_interpreter(guest));
}

void interpreter_resized(struct interpreter *interpreter)
{
    interpreter->runtime.memory.numPages = (uint32_t) (*interpreter->guest->size / GUEST_PAGE);
}

void tier_resized(struct guest *guest)
{
    interpreter_resized(wasm3_interpreter(guest));
}

M3Result ResizeMemory(IM3Runtime runtime, u32 pages)
{
    struct interpreter *interpreter = runtime->userdata;

    return memory_set_pages(interpreter->guest, pages) ? m3Err_wasmMemoryOverflow : m3Err_none;
}

void tier_zero(M3MemoryHeader *memory, uint64_t offset, uint64_t size)
{
    struct interpreter *interpreter = memory->runtime->userdata;

    memory_zero(interpreter->guest, offset, size);
}
