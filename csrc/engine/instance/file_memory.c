/* The address space that files in memory, and a host's state, are in. */
#include "engine/instance/file_memory.h"

static bool commit_memory(void *memory, size_t size)
{
    return reservation_commit(memory, size);
}

static void release_memory(void *memory, size_t offset, size_t size)
{
    reservation_release(memory, offset, size);
}

enum status file_memory_open(struct reservation *memory, size_t limit, struct arena *arena,
                             struct error *error)
{
    if (!memory->base && !reservation_open(memory, limit))
        return error_set(error, STATUS_NO_MEMORY,
                         "no address space for in-memory files: close engines");
    *arena = (struct arena){.base = memory->base,
                            .limit = memory->limit,
                            .commit = commit_memory,
                            .release = release_memory,
                            .owner = memory};
    return STATUS_OK;
}
