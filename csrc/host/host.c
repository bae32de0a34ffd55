/* Opening a host. */
#include "host/host.h"

#include <string.h>

enum { ENVIRONMENT_MAX = 1 << 20 }; /* bytes: far beyond any sensible environment */

/* The strings move into the arena: the environment is part of an image. */
static enum status open_environment(struct host *host, const char *const *environment,
                                    struct error *error)
{
    struct host_state *state = host_state(host);
    size_t bytes = 0;
    size_t count = 0;

    for (; environment[count]; count++) {
        bytes += strlen(environment[count]) + 1;
        if (bytes > ENVIRONMENT_MAX)
            return error_set(error, STATUS_INVALID, "the guest's environment exceeds %d bytes",
                             (int) ENVIRONMENT_MAX);
    }
    if (count == 0)
        return STATUS_OK;
    state->environment = arena_allocate(host->arena, bytes);
    if (!state->environment)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the guest's environment");
    state->environment_count = (uint32_t) count;
    state->environment_bytes = (uint32_t) bytes;

    char *at = arena_at(host->arena, state->environment);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(environment[i]) + 1;
        memcpy(at, environment[i], size);
        at += size;
    }
    return STATUS_OK;
}

enum status host_open(struct host *host, struct arena *arena, struct vfs *vfs,
                      const char *const *environment, struct error *error)
{
    *host = (struct host){.vfs = vfs, .arena = arena};
    host->state = arena_allocate(arena, sizeof(struct host_state));
    if (!host->state)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the host's state");
    arena_set_root(arena, ARENA_ROOT_HOST, host->state);
    return open_environment(host, environment, error);
}

enum status host_attach(struct host *host, struct arena *arena, struct vfs *vfs,
                        struct error *error)
{
    *host = (struct host){.vfs = vfs, .arena = arena, .state = arena_root(arena, ARENA_ROOT_HOST)};
    if (!host->state)
        return error_set(error, STATUS_IMAGE, "the image holds no host");
    return STATUS_OK;
}

bool host_share(struct host *host, const struct host *other)
{
    *host = (struct host){.vfs = other->vfs, .arena = other->arena};
    host->state = arena_allocate(host->arena, sizeof(struct host_state));
    if (!host->state)
        return false;
    *host_state(host) = (struct host_state){
        .environment_count = host_state(other)->environment_count,
        .environment_bytes = host_state(other)->environment_bytes,
        .environment = host_state(other)->environment,
    };
    return true;
}

void host_unshare(struct host *host)
{
    if (host->state)
        arena_free(host->arena, host->state, sizeof(struct host_state));
    host->state = 0;
}
