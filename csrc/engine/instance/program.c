/* A program of the guest's, PostgreSQL or initdb: from a module to the end of its main. */
#include "engine/instance/program.h"

/* As upstream's, which has what a login shell would. */
static const char *const environment[] = {
    "HOME=/home/postgres",   "USER=postgres",    "LOGNAME=postgres",
    "PGDATA=/pglite/data",   "PGUSER=postgres",  "PGDATABASE=postgres",
    "PGCLIENTENCODING=UTF8", "LANG=en_US.UTF-8", "LC_COLLATE=en_US.UTF-8",
    "LC_CTYPE=en_US.UTF-8",  "TZ=UTC",           "PGTZ=UTC",
    "ICU_DATA=/pglite/icu",  "PATH=/",           NULL,
};

enum status program_open(struct guest_module *module, size_t stack_size, struct arena *arena,
                         struct vfs *vfs, struct host *host, struct error *error)
{
    enum status status = host_open(host, arena, vfs, environment, error);

    return status ? status : guest_open(module, host, stack_size, &host->guest, error);
}

/* Calls an export without arguments, which initdb may lack. */
static enum guest_outcome call_export(struct guest *guest, const char *name)
{
    guest_function function;

    if (!guest_module_function(guest_module_of(guest), name, &function))
        return GUEST_RETURNED;
    return guest_invoke(guest, function, NULL, NULL);
}

enum guest_outcome program_start(struct host *host)
{
    enum guest_outcome outcome = guest_start(host->guest);

    if (!outcome)
        outcome = call_export(host->guest, "__wasm_call_ctors");
    if (!outcome)
        outcome = call_export(host->guest, "__pglite_link_init");
    if (!outcome)
        outcome = host_install_subprocess(host);
    return outcome;
}

enum guest_outcome program_main(struct host *host, const struct arguments *arguments,
                                uint64_t *result)
{
    uint64_t args[] = {arguments->count, arguments_write(arguments, host->guest)};
    guest_function main;

    if (!args[1])
        return guest_set_trap(host->guest, "no memory for its arguments");
    if (!guest_module_function(guest_module_of(host->guest), "__main_argc_argv", &main))
        return guest_set_trap(host->guest, "the module has no main");
    return guest_invoke(host->guest, main, args, result);
}
