/* The host's imports, called by a guest that means harm: any import, any arguments, any bytes in its memory, and any
 * result of what the host calls in it.
 *
 * An input begins with some bytes of the guest's memory; then come calls: an import's number, and its
 * arguments, each a number after a byte that says of what kind.
 */
#include <string.h>

#include "fuzz.h"
#include "guest/tier.h"
#include "host/host.h"
#include "scratch.h"
#include "space.h"

#ifndef MOUNTS_DIRECTORY
#define MOUNTS_DIRECTORY 0
#endif

enum {
    MEMORY_PAGES = 2,
    MEMORY_PAGES_MAX = 4,
    GLOBALS = 1, /* the stack pointer */
    CALLS_MAX = 64,
    NESTED_MAX = 4,
    TEXTS = 1024, /* where in the memory paths and buffers are */
    LINK_TABLE = 0x4000
};

/* The guest's exports: what the host calls, and where its table of libraries is. In order of their names. */
static struct binary_export exports[] = {
    {"__dl_seterr", 11, BINARY_FUNCTION, 0},
    {"__errno_location", 16, BINARY_FUNCTION, 1},
    {"_emscripten_timeout", 19, BINARY_FUNCTION, 2},
    {"emscripten_builtin_memalign", 27, BINARY_FUNCTION, 3},
    {"fclose", 6, BINARY_FUNCTION, 4},
    {"fopen", 5, BINARY_FUNCTION, 5},
    {"free", 4, BINARY_FUNCTION, 6},
    {"malloc", 6, BINARY_FUNCTION, 7},
    {"pglite_link_table", 17, BINARY_GLOBAL, 1},
    {"setThrew", 8, BINARY_FUNCTION, 8},
};
static struct binary_global globals[] = {{0, 0x7f, true}, {LINK_TABLE, 0x7f, false}};

/* One of each kind of import that has a type of its own choosing, and host functions. */
static const char *const invoke_types[] = {"viii", "iii", "ji", "dii", "v", "vd"};

static struct space space;
static struct host host;
static struct input input;
static unsigned nested;

/* --- the guest ------------------------------------------------------------------------------ */

static bool find_function(const struct guest_module *module, uint32_t index,
                          guest_function *function)
{
    (void) module;
    *function = index;
    return true;
}

static bool find_host_function(const struct guest_module *module, const char *name, uint32_t *index)
{
    (void) module, (void) name;
    *index = 1;
    return true;
}

static uint64_t guest_size;
static uint64_t guest_globals[GUEST_GLOBALS_MAX];

static bool open_guest(struct guest *guest, size_t stack_size)
{
    (void) stack_size;
    guest->size = &guest_size;
    guest->globals = guest_globals;
    return true;
}

static void close_guest(struct guest *guest)
{
    (void) guest;
}

static void call_import(struct guest *guest);

/* What the guest does when it is called: calls in turn, writes to its memory, and ends in any way. */
static enum guest_outcome act(struct guest *guest, uint64_t *result)
{
    uint8_t how = input_byte(&input);

    if (how & 0x40 && nested < NESTED_MAX) {
        nested++;
        call_import(guest);
        nested--;
    }
    if (result)
        *result = input_number(&input, 3);
    switch (how & 0x0f) {
    case 1:
        return GUEST_LONGJMP;
    case 2:
        return GUEST_EXITED;
    case 3:
        return guest_set_trap(guest, "for this test");
    default:
        return GUEST_RETURNED;
    }
}

static enum guest_outcome invoke(struct guest *guest, guest_function function, const uint64_t *args,
                                 uint64_t *result)
{
    (void) function, (void) args;
    return act(guest, result);
}

static enum guest_outcome invoke_table(struct guest *guest, uint32_t index, char result_type,
                                       const char *parameters, const uint64_t *args,
                                       uint64_t *result)
{
    (void) index, (void) result_type, (void) parameters, (void) args;
    return act(guest, result);
}

static const struct guest_tier tier = {
    .name = "fuzzed",
    .instance_size = sizeof(struct guest),
    .find_function = find_function,
    .find_host_function = find_host_function,
    .open = open_guest,
    .close = close_guest,
    .begin = close_guest,
    .invoke = invoke,
    .invoke_table = invoke_table,
};

static struct guest_module module = {
    .tier = &tier,
    .binary = {.memory_pages = MEMORY_PAGES,
               .memory_pages_max = MEMORY_PAGES_MAX,
               .global_count = 2,
               .export_count = sizeof exports / sizeof *exports,
               .globals = globals,
               .exports = exports},
    .reach = (uint64_t) MEMORY_PAGES_MAX * GUEST_PAGE,
    .global_count = GLOBALS,
};

/* --- the engine ----------------------------------------------------------------------------- */

static enum guest_outcome wait_upcall(void *engine, enum host_wait_reason reason, int *result)
{
    (void) engine, (void) reason;
    *result = input_byte(&input) & 1;
    return GUEST_RETURNED;
}

static enum guest_outcome receive_upcall(void *engine, void *bytes, size_t size, int64_t *result)
{
    (void) engine;
    memset(bytes, 'r', size);
    *result = (int64_t) size;
    return GUEST_RETURNED;
}

/* Reads all of it: the sanitizer looks. */
static int64_t send_upcall(void *engine, const void *bytes, size_t size)
{
    (void) engine;
    return memchr(bytes, 'z', size) ? -GE_IO : (int64_t) size;
}

static enum guest_outcome sleep_upcall(void *engine, int64_t monotonic_ns, bool *woken)
{
    (void) engine, (void) monotonic_ns;
    *woken = true;
    return GUEST_RETURNED;
}

static int run_upcall(void *engine, const char *command, const char *in, const char *out)
{
    (void) engine;
    FUZZ_CHECK(strlen(command) < HOST_COMMAND_MAX);
    FUZZ_CHECK((!in || *in) && (!out || *out));
    return (int) input_byte(&input) - 4;
}

static int signal_upcall(void *engine, int32_t process, int signal)
{
    (void) engine, (void) signal;
    return process == 43 ? 0 : -GE_SRCH;
}

static int wake_upcall(void *engine, int32_t process)
{
    return signal_upcall(engine, process, 0);
}

static void need_upcall(void *engine, int32_t milliseconds)
{
    (void) engine, (void) milliseconds;
}

static enum guest_outcome keep_upcall(void *engine, struct guest *guest, uint32_t shared,
                                      bool *kept)
{
    (void) engine, (void) guest, (void) shared;
    *kept = true;
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
    .need_wal_writer = need_upcall,
    .keep_template = keep_upcall,
};

/* --- the calls ------------------------------------------------------------------------------ */

/* Whatever it is, and then what an import makes sense of. */
static uint64_t argument(void)
{
    uint8_t kind = input_byte(&input);

    switch (kind >> 5) {
    case 0: /* a descriptor, or a small number */
        return kind & 0x1f;
    case 1: /* an address in the first kilobyte, where the input's bytes are */
        return (uint64_t) (kind & 0x1f) * (TEXTS / 32);
    case 2:
        return input_number(&input, 2);
    case 3: /* at the end of the memory */
        return (uint64_t) MEMORY_PAGES * GUEST_PAGE - (kind & 0x1f);
    case 4:
        return (uint64_t) 1 << (kind & 0x1f);
    case 5:
        return UINT64_MAX << (kind & 0x1f);
    case 6:
        return input_number(&input, 4);
    default:
        return input_number(&input, 8);
    }
}

static void call_import(struct guest *guest)
{
    size_t imports = host_import_table.import_count,
           functions = host_import_table.host_function_count;
    uint8_t number = input_byte(&input);
    size_t which = number % (imports + functions);
    uint64_t args[GUEST_ARGUMENTS_MAX] = {0};
    struct guest_call call = {.guest = guest, .context = &host, .args = args};
    guest_handler handler;

    if (which < imports) {
        call.type = host_import_table.imports[which].type;
        handler = host_import_table.imports[which].handler;
    } else {
        call.type = host_import_table.host_functions[which - imports].type;
        handler = host_import_table.host_functions[which - imports].handler;
    }
    if (!*call.type)
        call.type = invoke_types[input_byte(&input) % (sizeof invoke_types / sizeof *invoke_types)];
    for (size_t i = 0; call.type[i + 1]; i++)
        args[i] = argument();
    handler(&call);
}

/* --- one input ------------------------------------------------------------------------------ */

static struct guest *guest;

/* Once: files of each kind, and a host over them. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const environment[] = {"HOME=/", "TZ=UTC", NULL};
    struct error error;
    int fd;

    (void) argc, (void) argv;
    space_open(&space);
    FUZZ_CHECK(vfs_mkdirat(space.vfs, VFS_AT_CWD, "/d", 0755) == 0);
    fd = vfs_openat(space.vfs, VFS_AT_CWD, "/f", VFS_O_CREAT | VFS_O_RDWR, 0644); /* 3 */
    FUZZ_CHECK(fd == 3 && vfs_write(space.vfs, fd, "some bytes", 10) == 10);
    FUZZ_CHECK(vfs_openat(space.vfs, VFS_AT_CWD, "/d", VFS_O_DIRECTORY, 0) == 4);
    FUZZ_CHECK(vfs_symlinkat(space.vfs, "../f", VFS_AT_CWD, "/d/l") == 0);
    FUZZ_CHECK(!host_open(&host, &space.arena, space.vfs, environment, &error));
    space_keep(&space);
    FUZZ_CHECK(!guest_open(&module, &host, 0, &guest, &error));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error error;
    size_t text;

    input = (struct input){bytes, bytes + size};
    text = input_number(&input, 2) % (TEXTS + 1);
    if (text > input_left(&input))
        text = input_left(&input);
    memcpy(guest->memory, input.at, text);
    memset(guest->memory + text, 0, TEXTS - text);
    memcpy(guest->memory + LINK_TABLE, input.at, text < 64 ? text : 64);
    input.at += text;
    guest_globals[0] = GUEST_PAGE;
    guest->trap = NULL;

    space_begin(&space);
    FUZZ_CHECK(!host_attach(&host, &space.arena, space.vfs, &error));
    host.guest = guest;
    host.upcalls = &upcalls;
    if (MOUNTS_DIRECTORY)
        FUZZ_CHECK(!vfs_mount_host(space.vfs, "/h", scratch_begin(), false, &error));
    for (int i = 0; i < CALLS_MAX && input.at < input.end; i++)
        call_import(guest);
    host_fire_timers(&host);
    space_end(&space);
    if (MOUNTS_DIRECTORY)
        scratch_end();
    return 0;
}
