/* Instances over wasm3: M3MemoryHeader is the header before the memory. */
#include "guest/wasm3/internal.h"

_Static_assert(sizeof(M3MemoryHeader) <= GUEST_HEADER_ROOM, "the header fits before the memory");
_Static_assert(sizeof(size_t) == sizeof(uint64_t),
               "the header's size is what struct guest points to");

bool tier_open(struct guest *guest, size_t stack_size)
{
    struct wasm3_guest *own = wasm3_guest(guest);

    own->header = (M3MemoryHeader *) guest->memory - 1;
    guest->size =
        (uint64_t *) &own->header->length; /* a size_t: macOS takes that for another type */
    guest->globals = own->header->globals;
    own->runtime.environment = wasm3_module(guest->module)->environment;
    own->runtime.userdata = guest;
    return tier_open_stacks(&own->stacks, stack_size);
}

void tier_close(struct guest *guest)
{
    tier_close_stacks(&wasm3_guest(guest)->stacks);
}

void tier_begin(struct guest *guest)
{
    struct wasm3_guest *own = wasm3_guest(guest);

    own->runtime.stack = own->stacks.values.base;
    own->header->runtime = &own->runtime;
    tier_watch_stacks(own);
    own->header->countdown = TIER_SAFE_POINT_CALLS;
    own->runtime.memory.mallocated = own->header;
    own->runtime.memory.maxPages = guest->module->binary.memory_pages_max;
}

void tier_resized(struct guest *guest)
{
    wasm3_guest(guest)->runtime.memory.numPages = (uint32_t) (*guest->size / GUEST_PAGE);
}

M3Result ResizeMemory(IM3Runtime runtime, u32 pages)
{
    return memory_set_pages(runtime->userdata, pages) ? m3Err_wasmMemoryOverflow : m3Err_none;
}

void tier_zero(M3MemoryHeader *memory, uint64_t offset, uint64_t size)
{
    memory_zero(memory->runtime->userdata, offset, size);
}
