/* A client program: a module, a guest, files in memory that hold next to nothing, and a coroutine, which is suspended
 * where the program waits for its server. */
#include "engine/instance/client_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "engine/instance/file_memory.h"
#include "engine/instance/limits.h"
#include "engine/instance/program.h"
#include "platform/coroutine.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"

enum { TRANSPORT_CALLBACK = 1, STDOUT = 1, OUTPUT_INITIAL = 64 * 1024 };

#define FILES_MAX (64 * MIB)
#define VALUE_STACK (8 * MIB)

/* What no option says otherwise. There is no time zone in it: a dump has that of the database. */
static const char *const environment[] = {
    "HOME=/", "USER=postgres", "LOGNAME=postgres", "PGCLIENTENCODING=UTF8", "LANG=C.UTF-8", NULL,
};

struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

struct pgn_program {
    struct module_file file;
    struct guest_module *module;
    struct reservation memory;
    struct arena arena;
    struct vfs *vfs;
    struct host host;
    struct coroutine *coroutine;
    struct arguments arguments;
    const uint8_t *input; /* what is left of it */
    size_t input_size;
    bool is_fresh; /* it has been given bytes since it was last told that there are none */
    bool at_end;   /* its server says no more */
    struct bytes request, output, messages;
    bool lacks_memory;
    bool ended;
    int exit_code; /* -1: it trapped */
};

/* Without memory what does not fit is dropped, and the next turn fails. */
static void append(pgn_program *program, struct bytes *to, const void *bytes, size_t size)
{
    size_t capacity = to->capacity ? to->capacity : OUTPUT_INITIAL;
    uint8_t *grown = to->at;

    if (program->lacks_memory || size == 0)
        return;
    program->lacks_memory = size > SIZE_MAX / 2 - to->size;
    while (!program->lacks_memory && capacity < to->size + size)
        capacity *= 2;
    if (!program->lacks_memory && capacity != to->capacity) {
        grown = realloc(to->at, capacity);
        program->lacks_memory = !grown;
    }
    if (program->lacks_memory)
        return;
    to->at = grown;
    to->capacity = capacity;
    memcpy(to->at + to->size, bytes, size);
    to->size += size;
}

/* A vfs_sink. */
static void take_written(void *context, int fd, const void *bytes, size_t size)
{
    pgn_program *program = context;

    append(program, fd == STDOUT ? &program->output : &program->messages, bytes, size);
}

static int64_t send_bytes(void *context, const void *bytes, size_t size)
{
    pgn_program *program = context;

    append(program, &program->request, bytes, size);
    return (int64_t) size;
}

/* libpq, whose poll always says that there is something, reads until it is told that there is nothing: by 0, once.
   The next time it wants to wait (pqReadData in fe-misc.c takes the second 0 in a row for the end). */
static enum guest_outcome receive_bytes(void *context, void *bytes, size_t size, int64_t *result)
{
    pgn_program *program = context;
    bool waits = !program->is_fresh;

    while (program->input_size == 0 && waits && !program->at_end)
        coroutine_suspend(program->coroutine);
    if (size > program->input_size)
        size = program->input_size;
    if (size > 0)
        memcpy(bytes, program->input, size);
    program->input += size;
    program->input_size -= size;
    program->is_fresh = size > 0;
    *result = (int64_t) size;
    return GUEST_RETURNED;
}

static int run_no_command(void *context, const char *command, const char *input, const char *output)
{
    (void) context, (void) command, (void) input, (void) output;
    return -GE_NOSYS;
}

static const struct host_upcalls upcalls = {
    .receive = receive_bytes,
    .send = send_bytes,
    .run = run_no_command,
};

/* A stack that is used up traps: there is nothing that could be done before. */
static void ignore_low_stack(void *context)
{
    (void) context;
}

static bool install_transport(struct host *host)
{
    uint64_t kind = TRANSPORT_CALLBACK, result = 0;
    guest_function install;

    return guest_module_function(guest_module_of(host->guest), "pglite_transport_install", &install)
           && !guest_invoke(host->guest, install, &kind, &result) && (int32_t) result == 0;
}

static void program_body(void *context)
{
    pgn_program *program = context;

    guest_set_native_stack(program->host.guest,
                           (const uint8_t *) coroutine_stack_limit(program->coroutine)
                               + ENGINE_NATIVE_MARGIN,
                           ENGINE_NATIVE_RESERVE, ignore_low_stack);
    program->exit_code = -1;
    if (!program_start(&program->host) && install_transport(&program->host))
        program->exit_code = program_run(&program->host, &program->arguments);
    program->ended = true;
}

static enum status open_files(pgn_program *program, struct error *error)
{
    enum status status = file_memory_open(&program->memory, FILES_MAX, &program->arena, error);

    if (status)
        return status;
    if (!arena_init(&program->arena) || !virtual_clock_open(&program->arena)
        || !random_source_open(&program->arena))
        return no_memory_for(error, "in-memory files");
    return vfs_open(&program->arena, take_written, program, &program->vfs, error);
}

/* A program looks for itself by its own name, and complains when it is not there. */
static bool make_executable(struct vfs *vfs, const char *path)
{
    int fd = vfs_openat(vfs, VFS_AT_CWD, path, VFS_O_WRONLY | VFS_O_CREAT, 0755);

    return fd >= 0 && vfs_close_fd(vfs, fd) == 0;
}

static enum status open_module(pgn_program *program, const char *path, struct error *error)
{
    enum status status = module_file_open(path, &program->file, error);

    if (!status)
        status = module_file_need(&program->file, MODULE_WHOLE, error);
    return status ? status
                  : guest_module_open(program->file.bytes, program->file.size, NULL,
                                      &host_import_table, &program->module, error);
}

enum status client_program_open(const char *module, const char *const *arguments,
                                pgn_program **opened, struct error *error)
{
    pgn_program *program = calloc(1, sizeof *program);
    enum status status;

    if (!program)
        return no_memory_for(error, "a program");
    status = open_module(program, module, error);
    if (!status)
        status = open_files(program, error);
    if (!status)
        status = program_open(&program->file, program->module, VALUE_STACK, &program->arena,
                              program->vfs, environment, &program->host, error);
    if (status)
        goto fail;
    program->host.upcalls = &upcalls;
    program->host.engine = program;
    program->coroutine = coroutine_open(ENGINE_NATIVE_STACK, program_body, program);
    for (size_t i = 0; program->coroutine && arguments[i]; i++)
        program->lacks_memory |= !arguments_add(&program->arguments, arguments[i]);
    program->lacks_memory |= !make_executable(program->vfs, arguments[0]);
    if (program->coroutine && !program->lacks_memory) {
        *opened = program;
        return STATUS_OK;
    }
    status = no_memory_for(error, "a program");

fail:
    client_program_close(program);
    return status;
}

enum status client_program_run(pgn_program *program, const uint8_t *input, size_t size,
                               pgn_turn *turn, struct error *error)
{
    if (program->ended)
        return error_set(error, STATUS_CLOSED, "the program has ended");
    program->request.size = program->output.size = program->messages.size = 0;
    program->input = input;
    program->input_size = size;
    program->at_end = !input;
    coroutine_resume(program->coroutine);
    if (program->lacks_memory)
        return no_memory_for(error, "what the program has written");
    if (program->ended && program->exit_code < 0) {
        const char *trap = guest_trap(program->host.guest);

        return error_set(error, STATUS_POISONED, "the program has failed: %s: %.*s",
                         trap ? trap : "unknown", (int) program->messages.size,
                         program->messages.at ? (const char *) program->messages.at : "");
    }
    *turn = (pgn_turn){
        .request = program->request.at,
        .request_size = program->request.size,
        .output = program->output.at,
        .output_size = program->output.size,
        .messages = program->messages.at,
        .messages_size = program->messages.size,
        .ended = program->ended,
        .exit_code = program->exit_code,
    };
    return STATUS_OK;
}

void client_program_close(pgn_program *program)
{
    if (!program)
        return;
    coroutine_close(program->coroutine);
    guest_close(program->host.guest);
    guest_module_close(program->module);
    vfs_close(program->vfs);
    reservation_close(&program->memory);
    module_file_close(&program->file);
    arguments_close(&program->arguments);
    free(program->request.at);
    free(program->output.at);
    free(program->messages.at);
    free(program);
}
