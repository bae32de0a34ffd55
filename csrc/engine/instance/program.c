/* A program of the guest's, PostgreSQL, initdb or pg_dump: from a module to the end of its main. */
#include "engine/instance/program.h"

/* As upstream's, which has what a login shell would. */
static const char *const server_environment[] = {
    "HOME=/home/postgres",
    "USER=postgres",
    "LOGNAME=postgres",
    "PGDATA=/pglite/data",
    "PGUSER=postgres",
    "PGDATABASE=postgres",
    "PGCLIENTENCODING=UTF8",
    "LANG=en_US.UTF-8",
    "LC_COLLATE=en_US.UTF-8",
    "LC_CTYPE=en_US.UTF-8",
    "TZ=UTC",
    "PGTZ=UTC",
    "ICU_DATA=/pglite/icu",
    "PROJ_DATA=/pglite/share/proj",
    "PATH=/",
    NULL,
};

enum status program_open(struct module_file *file, struct guest_module *module, size_t stack_size,
                         struct arena *arena, struct vfs *vfs, const char *const *environment,
                         struct host *host, struct error *error)
{
    enum status status = host_open(host, arena, vfs, environment ? environment : server_environment,
                                   error);

    if (!status)
        status = module_file_need(file, MODULE_DATA, error);
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

/* What libc's exit does before it leaves: atexit functions, then the streams. Emscripten has this in
   its JavaScript. initdb removes what it has made by an atexit function when it fails. */
static bool run_exit_functions(struct host *host)
{
    static const char *const steps[] = {"__funcs_on_exit", "fflush"};
    uint64_t all_streams = 0;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        guest_function step;

        if (guest_module_function(guest_module_of(host->guest), steps[i], &step)
            && guest_invoke(host->guest, step, &all_streams, NULL) == GUEST_TRAPPED)
            return false;
    }
    return true;
}

int program_run(struct host *host, const struct arguments *arguments)
{
    uint64_t result;
    int code;

    switch (program_main(host, arguments, &result)) {
    case GUEST_RETURNED:
        code = (int) result;
        break;
    case GUEST_EXITED:
        code = guest_exit_code(host->guest);
        break;
    default:
        return -1;
    }
    return run_exit_functions(host) ? code : -1;
}
