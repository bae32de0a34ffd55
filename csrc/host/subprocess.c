/* system, popen and pclose. PGlite calls them through function pointers; these are put in its table.
 *
 * There are no processes: a command is run to its end by the engine, which knows the one program
 * there is, postgres, and only for initdb. So a popen to read runs its command at once, and one to
 * write runs it in pclose; the pipe between the two is a file, as upstream's JavaScript has it.
 */
#include <stdio.h>
#include <string.h>

#include "host/abi.h"
#include "host/imports.h"

static const char stdin_file[] = "/pglite/pgstdin";
static const char stdout_file[] = "/pglite/pgstdout";
static const char locales_file[] = "/pglite/locale-a"; /* the answer to "locale -a" */

static enum guest_outcome call_export(struct guest *guest, const char *name, const uint64_t *args,
                                      uint64_t *result)
{
    guest_function function;

    if (!guest_module_function(guest_module_of(guest), name, &function))
        return guest_set_trap(guest, "the module lacks an export that popen needs");
    return guest_invoke(guest, function, args, result);
}

enum guest_outcome host_install_subprocess(struct host *host)
{
    static const struct {
        const char *function, *setter;
    } rows[] = {
        {"system", "pgl_set_system_fn"},
        {"popen", "pgl_set_popen_fn"},
        {"pclose", "pgl_set_pclose_fn"},
    };
    struct guest_module *module = guest_module_of(host->guest);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t index;
        uint64_t arg;
        enum guest_outcome outcome;

        if (!guest_module_host_function(module, rows[i].function, &index))
            return guest_set_trap(host->guest, "the module cannot take system, popen and pclose");
        arg = index;
        outcome = call_export(host->guest, rows[i].setter, &arg, NULL);
        if (outcome)
            return outcome;
    }
    return GUEST_RETURNED;
}

/* fopen in the guest, its arguments on the guest's stack; *stream is 0 when it failed, and the
   guest's errno says why. */
static enum guest_outcome open_stream(struct guest *guest, const char *path, const char *mode,
                                      uint32_t *stream)
{
    enum { STACK_ALIGNMENT = 16 };
    size_t path_size = strlen(path) + 1, mode_size = strlen(mode) + 1;
    uint32_t stack_pointer = guest_stack_pointer(guest);
    uint64_t result,
        address = (stack_pointer - (path_size + mode_size)) & -(uint64_t) STACK_ALIGNMENT;
    enum guest_outcome outcome;
    char *at = guest_at(guest, (uint32_t) address, path_size + mode_size);

    if (!at || address > stack_pointer)
        return guest_set_trap(guest, "popen: no stack left");
    memcpy(at, path, path_size);
    memcpy(at + path_size, mode, mode_size);
    guest_set_stack_pointer(guest, (uint32_t) address);
    outcome = call_export(guest, "fopen", (uint64_t[2]){address, address + path_size}, &result);
    guest_set_stack_pointer(guest, stack_pointer);
    *stream = outcome ? 0 : (uint32_t) result;
    return outcome;
}

static enum guest_outcome fail_with(struct guest_call *call, int32_t error)
{
    uint64_t address;
    enum guest_outcome outcome = call_export(call->guest, "__errno_location", NULL, &address);
    void *at;

    if (outcome)
        return outcome;
    at = guest_at(call->guest, (uint32_t) address, sizeof error);
    if (at)
        store_u32(at, (uint32_t) error);
    return return_i32(call, 0);
}

enum guest_outcome subprocess_system(struct guest_call *call)
{
    const struct host *host = host_of(call);
    const char *command = guest_string(call->guest, arg_u32(call, 0), HOST_COMMAND_MAX);

    if (arg_u32(call, 0) == 0)
        return return_i32(call, 0); /* system(NULL): is there a shell? No. */
    if (!command)
        return return_i32(call, -1);
    return return_i32(call, host->upcalls->run(host->engine, command, NULL, NULL));
}

enum guest_outcome subprocess_popen(struct guest_call *call)
{
    const struct host *host = host_of(call);
    struct host_state *state = host_state(host);
    const char *command = guest_string(call->guest, arg_u32(call, 0), HOST_COMMAND_MAX);
    const char *mode = guest_string(call->guest, arg_u32(call, 1), 3);
    uint32_t stream;
    enum guest_outcome outcome;

    if (!command || !mode)
        return fail_with(call, GE_FAULT);
    if (strcmp(mode, "w") == 0) {
        if (!state->command)
            state->command = arena_allocate(host->arena, HOST_COMMAND_MAX);
        if (!state->command)
            return fail_with(call, GE_NOMEM);
        snprintf(arena_at(host->arena, state->command), HOST_COMMAND_MAX, "%s", command);
        outcome = open_stream(call->guest, stdin_file, "w", &stream);
    } else if (strcmp(mode, "r") != 0) {
        return fail_with(call, GE_INVAL);
    } else if (strcmp(command, "locale -a") == 0) {
        state->command_status = 0;
        outcome = open_stream(call->guest, locales_file, "r", &stream);
    } else {
        state->command_status = host->upcalls->run(host->engine, command, NULL, stdout_file);
        if (state->command_status < 0)
            return fail_with(call, -state->command_status);
        outcome = open_stream(call->guest, stdout_file, "r", &stream);
    }
    return outcome ? outcome : return_i32(call, (int32_t) stream);
}

enum guest_outcome subprocess_pclose(struct guest_call *call)
{
    const struct host *host = host_of(call);
    struct host_state *state = host_state(host);
    uint64_t stream = arg_u32(call, 0);
    enum guest_outcome outcome = call_export(call->guest, "fclose", &stream, NULL);

    if (outcome)
        return outcome;
    if (state->command) {
        char command[HOST_COMMAND_MAX];

        snprintf(command, sizeof command, "%s",
                 (const char *) arena_at(host->arena, state->command));
        arena_free(host->arena, state->command, HOST_COMMAND_MAX);
        state->command = 0;
        state->command_status = host->upcalls->run(host->engine, command, stdin_file, NULL);
    }
    return return_i32(call, state->command_status);
}
