/* Runs one tiny guest over the real host: the layers from base to host, an in-memory VFS, and in
 * place of the engine the few answers below. What happened goes to stdout, a line each.
 *
 *     run_guest [--environment NAME=VALUE]... [--input TEXT] [--sleep no] [--clock NS] [--seed N]
 *         [--copy yes] [--native LIBRARY [--added LIBRARY]] MODULE.wasm
 *     run_guest --imports
 *
 * The guest's export `test` is called, then, unless that trapped, `after` if there is one; with --copy
 * first in another instance that was given the state of this one. Besides
 * the host's imports a guest may use those of the module "test", at the end of this file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "guest/guest.h"
#include "host/abi.h"
#include "host/host.h"
#include "platform/clock.h"
#include "platform/coroutine.h"
#include "platform/files.h"
#include "platform/monitor.h"
#include "platform/reservation.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"
#include "vfs/vfs.h"

enum {
    ARENA_SIZE = 64 << 20,
    VALUE_STACK_SIZE = 64 << 20,   /* as the engine's */
    NATIVE_STACK_SIZE = 256 << 20, /* as the engine's */
    NATIVE_MARGIN = 256 << 10,     /* for handlers, which are not checked */
    ENVIRONMENT_MAX = 16,
    TEXT_MAX = 65536
};

struct options {
    const char *environment[ENVIRONMENT_MAX + 1]; /* NULL-terminated */
    const char *input;
    const char *clock, *seed;         /* NULL: the system's */
    struct guest_libraries libraries; /* the AOT tier's */
    bool sleepless, copied;
};

/* What stands in for the engine. */
struct runner {
    struct host host;
    struct reservation memory; /* the arena's */
    struct arena arena;
    struct monitor *monitor;
    struct condition *condition; /* which nothing notifies */
    struct coroutine *coroutine;
    const char *input; /* what receive and the waits have left to give */
    char log[TEXT_MAX], sent[TEXT_MAX];
    size_t log_size, sent_size;
    int failures;
    bool interrupted; /* the next sleep */
    bool leaving;     /* the next upcall that may be left by a signal's handler is */
    int exit_code;    /* of that handler */
    bool sleepless;   /* all sleeps */
    bool copied;      /* `after` runs in a copy first */
    bool kept;        /* as a template */
};

static void append(char *text, size_t *size, const void *bytes, size_t count)
{
    if (count > TEXT_MAX - *size)
        count = TEXT_MAX - *size;
    memcpy(text + *size, bytes, count);
    *size += count;
}

static void log_sink(void *context, int fd, const void *bytes, size_t size)
{
    struct runner *runner = context;

    (void) fd;
    append(runner->log, &runner->log_size, bytes, size);
}

/* What the handler of a signal comes to. */
static enum guest_outcome deliver(struct runner *runner)
{
    if (!runner->leaving)
        return GUEST_RETURNED;
    runner->leaving = false;
    guest_set_exit_code(runner->host.guest, runner->exit_code);
    return GUEST_EXITED;
}

static enum guest_outcome wait_upcall(void *engine, enum host_wait_reason reason, int *result)
{
    struct runner *runner = engine;

    *result = reason == HOST_WAIT_INPUT && !*runner->input;
    if (reason == HOST_WAIT_INPUT && *runner->input)
        runner->input++;
    return deliver(runner);
}

static enum guest_outcome receive_upcall(void *engine, void *bytes, size_t size, int64_t *result)
{
    struct runner *runner = engine;
    size_t left = strlen(runner->input);

    if (size > left)
        size = left;
    memcpy(bytes, runner->input, size);
    runner->input += size;
    *result = (int64_t) size;
    return deliver(runner);
}

static int64_t send_upcall(void *engine, const void *bytes, size_t size)
{
    struct runner *runner = engine;

    append(runner->sent, &runner->sent_size, bytes, size);
    return (int64_t) size;
}

static enum guest_outcome sleep_upcall(void *engine, int64_t monotonic_ns, bool *woken)
{
    struct runner *runner = engine;

    *woken = runner->interrupted || runner->sleepless || runner->leaving;
    runner->interrupted = false;
    monitor_enter(runner->monitor);
    while (!*woken && platform_monotonic_ns() < monotonic_ns)
        condition_wait(runner->condition, runner->monitor, monotonic_ns);
    monitor_leave(runner->monitor);
    return deliver(runner);
}

/* The command exits with 1. */
static int run_upcall(void *engine, const char *command, const char *input, const char *output)
{
    (void) engine;
    printf("run: %s%s%s%s%s\n", command, input ? " < " : "", input ? input : "",
           output ? " > " : "", output ? output : "");
    return 256;
}

/* There is one other process, 43. */
static int signal_upcall(void *engine, int32_t process, int signal)
{
    (void) engine;
    printf("signal: %d to %d\n", signal, (int) process);
    return process == 43 ? 0 : -GE_SRCH;
}

static int wake_upcall(void *engine, int32_t process)
{
    (void) engine;
    printf("wake: %d\n", (int) process);
    return process == 43 ? 0 : -GE_SRCH;
}

static void need_wal_writer_upcall(void *engine, int32_t milliseconds)
{
    (void) engine;
    printf("need WAL writer: %d\n", (int) milliseconds);
}

/* The first is kept, and no other. */
static enum guest_outcome keep_template_upcall(void *engine, struct guest *guest, uint32_t shared,
                                               bool *kept)
{
    struct runner *runner = engine;

    *kept = !runner->kept;
    runner->kept = true;
    printf("keep template: shared at %u\n", (unsigned) shared);
    return guest == runner->host.guest ? deliver(runner) : GUEST_TRAPPED;
}

static enum guest_outcome sync_upcall(void *engine, int host_fd, bool data_only, int *result)
{
    (void) engine;
    printf("sync %s\n", data_only ? "data" : "all");
    *result = files_sync(host_fd, data_only);
    return GUEST_RETURNED;
}

static const struct host_upcalls upcalls = {
    .wait = wait_upcall,
    .receive = receive_upcall,
    .send = send_upcall,
    .sleep_until = sleep_upcall,
    .run = run_upcall,
    .signal = signal_upcall,
    .wake = wake_upcall,
    .need_wal_writer = need_wal_writer_upcall,
    .keep_template = keep_template_upcall,
    .sync = sync_upcall,
};

static struct runner *runner_of(const struct guest_call *call)
{
    return host_of(call)->engine;
}

/* equal(check, actual, expected) */
static enum guest_outcome test_equal(struct guest_call *call)
{
    if (arg_i32(call, 1) != arg_i32(call, 2)) {
        printf("check %d: %d, expected %d\n", arg_i32(call, 0), arg_i32(call, 1), arg_i32(call, 2));
        runner_of(call)->failures++;
    }
    return GUEST_RETURNED;
}

static enum guest_outcome test_equal_i64(struct guest_call *call)
{
    if (arg_i64(call, 1) != arg_i64(call, 2)) {
        printf("check %d: %lld, expected %lld\n", arg_i32(call, 0), (long long) arg_i64(call, 1),
               (long long) arg_i64(call, 2));
        runner_of(call)->failures++;
    }
    return GUEST_RETURNED;
}

/* Passes so many milliseconds. */
static enum guest_outcome test_sleep(struct guest_call *call)
{
    int64_t until_ns = platform_monotonic_ns() + arg_i32(call, 0) * INT64_C(1000000);
    bool woken;

    return sleep_upcall(runner_of(call), until_ns, &woken);
}

/* Asks for a safe point at the next guest call. */
static enum guest_outcome test_poke(struct guest_call *call)
{
    guest_poke(call->guest);
    return GUEST_RETURNED;
}

/* The next sleep is cut short, as cancel does. */
static enum guest_outcome test_interrupt(struct guest_call *call)
{
    runner_of(call)->interrupted = true;
    return GUEST_RETURNED;
}

/* leave_next(exit code): the next wait is left, by a handler that exits. */
static enum guest_outcome test_leave_next(struct guest_call *call)
{
    struct runner *runner = runner_of(call);

    runner->leaving = true;
    runner->exit_code = arg_i32(call, 0);
    return GUEST_RETURNED;
}

/* fail_writes(countdown, errno) */
static enum guest_outcome test_fail_writes(struct guest_call *call)
{
    vfs_fail_writes(vfs_of(call), arg_u32(call, 0), (enum guest_errno) arg_i32(call, 1));
    return GUEST_RETURNED;
}

static const struct guest_import test_imports[] = {
    {"test", "equal", "viii", test_equal},         {"test", "equal_i64", "vijj", test_equal_i64},
    {"test", "sleep", "vi", test_sleep},           {"test", "poke", "v", test_poke},
    {"test", "interrupt", "v", test_interrupt},    {"test", "fail_writes", "vii", test_fail_writes},
    {"test", "leave_next", "vi", test_leave_next},
};

enum { TEST_IMPORT_COUNT = sizeof test_imports / sizeof *test_imports };

static enum guest_outcome poll_guest(void *context)
{
    return host_fire_timers(context);
}

static bool commit(void *owner, size_t size)
{
    return reservation_commit(owner, size);
}

static void release(void *owner, size_t offset, size_t size)
{
    reservation_release(owner, offset, size);
}

static void print_outcome(const struct guest *guest, const char *name, enum guest_outcome outcome)
{
    switch (outcome) {
    case GUEST_RETURNED:
        printf("%s: returned\n", name);
        break;
    case GUEST_LONGJMP:
        printf("%s: longjmp\n", name);
        break;
    case GUEST_EXITED:
        printf("%s: exited %d\n", name, guest_exit_code(guest));
        break;
    case GUEST_TRAPPED:
        printf("%s: trapped: %s\n", name, guest_trap(guest));
        break;
    }
}

/* States that no instance of the module can have are refused. */
static bool refuses_wrong_states(struct guest *guest, const struct guest_state *state)
{
    struct guest_state too_large = *state, uneven = *state, foreign = *state;
    struct error error;

    too_large.memory_size = GUEST_MEMORY_MAX + (uint64_t) 65536;
    uneven.memory_size += 1;
    foreign.global_count += 1;
    return guest_set_state(guest, &too_large, &error) == STATUS_INVALID
           && guest_set_state(guest, &uneven, &error) == STATUS_INVALID
           && guest_set_state(guest, &foreign, &error) == STATUS_INVALID;
}

/* `after` in an instance of its own that is what this one is, and may not change it. */
static void run_in_copy(struct runner *runner, guest_function after)
{
    struct guest *guest = runner->host.guest, *copy;
    const char *limit = coroutine_stack_limit(runner->coroutine);
    struct reservation range = {0};
    struct guest_state state;
    struct error error;
    size_t from, to;

    guest_get_state(guest, &state);
    if (guest_open_empty(guest_module_of(guest), &runner->host, VALUE_STACK_SIZE, &range, &copy,
                         &error)) {
        printf("copy: %s\n", error.message);
        return;
    }
    if (!refuses_wrong_states(copy, &state) || guest_set_state(copy, &state, &error)) {
        printf("copy: wrong state\n");
    } else {
        memcpy(guest_reservation(copy, &to)->base + to,
               guest_reservation(guest, &from)->base + from, (size_t) state.memory_size);
        guest_set_poll(copy, poll_guest);
        guest_set_native_stack(copy, limit + NATIVE_MARGIN, 0, NULL);
        runner->host.guest = copy;
        print_outcome(copy, "copy", guest_invoke(copy, after, NULL, NULL));
        runner->host.guest = guest;
    }
    guest_close(copy);
}

/* On the coroutine, as in the engine: deep recursion must not meet the caller's stack. */
static void run_guest(void *argument)
{
    struct runner *runner = argument;
    struct guest *guest = runner->host.guest;
    const struct guest_module *module = guest_module_of(guest);
    const char *limit = coroutine_stack_limit(runner->coroutine);
    enum guest_outcome outcome;
    guest_function function;

    guest_set_native_stack(guest, limit + NATIVE_MARGIN, 0, NULL);
    outcome = guest_start(guest);
    if (outcome != GUEST_RETURNED) {
        print_outcome(guest, "start", outcome);
        return;
    }
    if (guest_module_function(module, "pgl_set_popen_fn", &function))
        outcome = host_install_subprocess(&runner->host);
    if (outcome != GUEST_RETURNED) {
        print_outcome(guest, "subprocess", outcome);
        return;
    }
    if (!guest_module_function(module, "test", &function)) {
        printf("test: not exported\n");
        return;
    }
    outcome = guest_invoke(guest, function, NULL, NULL);
    print_outcome(guest, "test", outcome);
    if (outcome == GUEST_TRAPPED || !guest_module_function(module, "after", &function))
        return;
    if (runner->copied)
        run_in_copy(runner, function);
    print_outcome(guest, "after", guest_invoke(guest, function, NULL, NULL));
}

static bool read_file(const char *path, uint8_t **bytes, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long length;
    bool done = false;

    *bytes = NULL;
    if (!file)
        return false;
    if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0) {
        *size = (size_t) length;
        *bytes = malloc(*size + 1);
        rewind(file);
        done = *bytes && fread(*bytes, 1, *size, file) == *size;
    }
    fclose(file);
    return done;
}

static bool open_clock_and_random(struct arena *arena, const struct options *options)
{
    struct virtual_clock *clock = virtual_clock_open(arena);
    struct random_source *source = random_source_open(arena);

    if (!clock || !source)
        return false;
    if (options->seed)
        random_source_seed(source, strtoull(options->seed, NULL, 10));
    if (options->clock)
        virtual_clock_freeze(clock, strtoll(options->clock, NULL, 10));
    virtual_clock_resume(clock);
    return true;
}

static enum status open_all(struct runner *runner, const uint8_t *wasm, size_t size,
                            const struct options *options, struct guest_module **module,
                            struct error *error)
{
    struct guest_import_table table = host_import_table;
    struct guest_import *imports;
    struct vfs *vfs;
    struct guest *guest;
    enum status status;

    runner->monitor = monitor_open();
    runner->condition = condition_open();
    imports = calloc(table.import_count + TEST_IMPORT_COUNT, sizeof *imports);
    if (!runner->monitor || !runner->condition || !imports
        || !reservation_open(&runner->memory, ARENA_SIZE))
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    memcpy(imports, table.imports, table.import_count * sizeof *imports);
    memcpy(imports + table.import_count, test_imports, sizeof test_imports);
    table.imports = imports;
    table.import_count += TEST_IMPORT_COUNT;
    status = guest_module_open(wasm, size, &options->libraries, &table, module, error);
    free(imports);
    if (status)
        return status;

    runner->arena = (struct arena){runner->memory.base, runner->memory.limit, commit, release,
                                   &runner->memory};
    if (!arena_init(&runner->arena))
        return error_set(error, STATUS_NO_MEMORY, "no arena");
    if (!open_clock_and_random(&runner->arena, options))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a clock");
    status = vfs_open(&runner->arena, log_sink, runner, &vfs, error);
    if (!status)
        status = host_open(&runner->host, &runner->arena, vfs, options->environment, error);
    if (!status)
        status = guest_open(*module, &runner->host, VALUE_STACK_SIZE, &guest, error);
    if (status)
        return status;
    runner->host.guest = guest;
    runner->host.upcalls = &upcalls;
    runner->host.engine = runner;
    guest_set_poll(guest, poll_guest);
    return STATUS_OK;
}

static void print_text(const char *name, const char *text, size_t size)
{
    if (size > 0)
        printf("%s: %.*s\n", name, (int) size, text);
}

static int run(const char *path, const struct options *options)
{
    struct runner *runner = calloc(1, sizeof *runner);
    struct guest_module *module = NULL;
    struct error error = {STATUS_OK, ""};
    uint8_t *wasm;
    size_t size;
    int exit_code = EXIT_FAILURE;

    if (!runner || !read_file(path, &wasm, &size)) {
        fprintf(stderr, "cannot read %s\n", path);
        free(runner);
        return EXIT_FAILURE;
    }
    runner->input = options->input;
    runner->sleepless = options->sleepless;
    runner->copied = options->copied;
    if (open_all(runner, wasm, size, options, &module, &error) != STATUS_OK) {
        printf("not opened: %s\n", error.message);
        goto done;
    }
    runner->coroutine = coroutine_open(NATIVE_STACK_SIZE, run_guest, runner);
    if (!runner->coroutine)
        goto done;
    while (coroutine_resume(runner->coroutine))
        ;
    print_text("log", runner->log, runner->log_size);
    print_text("sent", runner->sent, runner->sent_size);
    if (runner->failures == 0)
        exit_code = EXIT_SUCCESS;

done:
    coroutine_close(runner->coroutine);
    if (runner->host.guest)
        guest_close(runner->host.guest);
    if (runner->host.vfs)
        vfs_close(runner->host.vfs);
    guest_module_close(module);
    reservation_close(&runner->memory);
    condition_close(runner->condition);
    monitor_close(runner->monitor);
    free(runner);
    free(wasm);
    return exit_code;
}

static int print_imports(void)
{
    for (size_t i = 0; i < host_import_table.import_count; i++) {
        const struct guest_import *import = &host_import_table.imports[i];

        printf("%s %s %s\n", import->module, import->name, import->type);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {.input = ""};
    int variables = 0;
    int i = 1;

    if (argc == 2 && strcmp(argv[1], "--imports") == 0)
        return print_imports();
    for (; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--environment") == 0 && variables < ENVIRONMENT_MAX)
            options.environment[variables++] = argv[i + 1];
        else if (strcmp(argv[i], "--input") == 0)
            options.input = argv[i + 1];
        else if (strcmp(argv[i], "--sleep") == 0)
            options.sleepless = strcmp(argv[i + 1], "no") == 0;
        else if (strcmp(argv[i], "--copy") == 0)
            options.copied = strcmp(argv[i + 1], "yes") == 0;
        else if (strcmp(argv[i], "--clock") == 0)
            options.clock = argv[i + 1];
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = argv[i + 1];
        else if (strcmp(argv[i], "--native") == 0)
            options.libraries.module = argv[i + 1];
        else if (strcmp(argv[i], "--added") == 0)
            options.libraries.added = argv[i + 1];
        else
            break;
    }
    if (i + 1 != argc) {
        fprintf(stderr, "usage: run_guest [--environment N=V]... [--input TEXT] [--sleep no] "
                        "[--clock NS] [--seed N] [--copy yes] [--native LIBRARY [--added LIBRARY]] "
                        "GUEST.wasm\n");
        return 2;
    }
    return run(argv[i], &options);
}
