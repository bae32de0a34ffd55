/* The reference tier: instances over wasm3.
 *
 * A module is parsed once; its functions are compiled when first called, by whichever instance and
 * thread comes first, into code that all instances share. An instance is one reservation,
 *
 *     | page: ..., M3MemoryHeader | linear memory, 2 GiB |
 *
 * whose header holds the mutable globals, and a second one for wasm3's value stack.
 */
#include "guest/wasm3/tier.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/binary.h"
#include "platform/reservation.h"

enum {
    VALUE_RESERVE_PART = 4,     /* of the value stack, a quarter is left when guest_low is told */
    COMPILER_STACK = 64 * 1024, /* wasm3 wants one for constant expressions; we never run on it */
    HEADER_ROOM = PLATFORM_PAGE,
    STACK_MARGIN_SLOTS = 2
        * TIER_SIGNATURE_SLOTS /* a call from outside copies its arguments there */
};

_Static_assert(sizeof(M3MemoryHeader) <= HEADER_ROOM, "the header fits before the memory");
_Static_assert(GUEST_GLOBALS_MAX <= d_m3MaxInstanceGlobals, "edit 10-instance-header has room");

/* A host function in the guest's table: guest code calls it as any function pointer. */
struct lent {
    const char *name;
    uint32_t index;
    M3Function function;
    struct tier_binding binding;
};

struct guest_module {
    struct binary binary;
    pthread_mutex_t compiling;
    IM3Environment environment;
    IM3Runtime compiler; /* owns code pages; user data: this module */
    IM3Module module;
    struct tier_binding *bindings; /* one an import */
    struct lent *lent;
    uint32_t lent_count;
    uint32_t start_function;             /* UINT32_MAX: none */
    uint64_t globals[GUEST_GLOBALS_MAX]; /* initial values of the mutable ones */
    uint32_t global_count;
};

struct guest {
    M3Runtime runtime; /* its stack is where the next call from outside puts its frame */
    M3MemoryHeader *header;
    struct guest_module *module;
    void *context;
    guest_poll poll;
    const char *trap;
    int exit_code;
    struct reservation memory;
    struct reservation stack; /* wasm3's value stack */
    struct {
        const uint8_t *native, *native_last; /* grows down; NULL: not watched */
        const m3slot_t *value, *value_last;  /* grows up */
        guest_low low;
    } watch;
};

/* --- module ------------------------------------------------------------------------------- */

static char type_letter(uint8_t type)
{
    static const char letters[] = "vijfd";

    return type < sizeof letters - 1 ? letters[type] : '?';
}

/* "viij": result, then parameters. False when there are more than GUEST_ARGUMENTS_MAX. */
static bool spell_type(IM3FuncType type, char spelled[GUEST_ARGUMENTS_MAX + 2])
{
    size_t n = 0;

    if (type->numArgs > GUEST_ARGUMENTS_MAX || type->numRets > 1)
        return false;
    spelled[n++] = type->numRets ? type_letter(type->types[0]) : 'v';
    for (unsigned i = 0; i < type->numArgs; i++)
        spelled[n++] = type_letter(type->types[type->numRets + i]);
    spelled[n] = '\0';
    return true;
}

static bool serves(const struct guest_import *import, const char *module, const char *name,
                   const char *type)
{
    size_t length = strlen(import->name);

    if (strcmp(import->module, module) != 0)
        return false;
    if (length && import->name[length - 1] == '*')
        return strncmp(import->name, name, length - 1) == 0;
    return strcmp(import->name, name) == 0 && strcmp(import->type, type) == 0;
}

/* Makes function one that calls the binding. */
static bool emit_host_function(struct guest_module *module, IM3Function function,
                               const struct tier_binding *binding)
{
    IM3CodePage page = AcquireCodePageWithCapacity(module->compiler, 2);

    if (!page)
        return false;
    function->module = module->module;
    function->compiled = GetPagePC(page);
    tier_emit_host_call(page, binding);
    ReleaseCodePage(module->compiler, page);
    return true;
}

static bool bind_import(struct guest_module *module, uint32_t index,
                        const struct guest_import *imports, size_t import_count)
{
    IM3Function function = &module->module->functions[index];
    struct tier_binding *binding = &module->bindings[index];

    if (!spell_type(function->funcType, binding->type))
        return false;
    for (size_t i = 0; i < import_count; i++) {
        if (strcmp(imports[i].module, GUEST_LENT) == 0
            || !serves(&imports[i], function->import.moduleUtf8, function->import.fieldUtf8,
                       binding->type))
            continue;
        binding->handler = imports[i].handler;
        binding->result_count = function->funcType->numRets;
        binding->argument_count = function->funcType->numArgs;
        return true;
    }
    return false;
}

static enum status bind_imports(struct guest_module *module, const struct guest_import *imports,
                                size_t import_count, struct error *error)
{
    uint32_t count = module->module->numFuncImports;
    char missing[ERROR_MESSAGE_SIZE] = "";
    size_t used = 0;

    module->bindings = calloc(count ? count : 1, sizeof *module->bindings);
    if (!module->bindings)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u imports", count);
    for (uint32_t i = 0; i < count; i++) {
        IM3Function function = &module->module->functions[i];

        if (!bind_import(module, i, imports, import_count)) {
            if (used < sizeof missing)
                used += (size_t) snprintf(missing + used, sizeof missing - used, " %s.%s:%s",
                                          function->import.moduleUtf8, function->import.fieldUtf8,
                                          module->bindings[i].type);
            continue;
        }
        if (!emit_host_function(module, function, &module->bindings[i]))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
    }
    if (used)
        return error_set(error, STATUS_MODULE, "imports that the host does not serve:%s", missing);
    return STATUS_OK;
}

static IM3FuncType find_type(IM3Module module, const char *spelled)
{
    char type[GUEST_ARGUMENTS_MAX + 2];

    for (uint32_t i = 0; i < module->numFuncTypes; i++)
        if (spell_type(module->funcTypes[i], type) && strcmp(type, spelled) == 0)
            return module->funcTypes[i];
    return NULL;
}

/* wasm3's table ends with the last element; the module's may go on. */
static bool extend_table(struct guest_module *module, uint32_t size)
{
    IM3Module m3 = module->module;
    IM3Function *table;

    if (size <= m3->table0Size)
        return true;
    if (size > d_m3MaxSaneTableSize)
        return false;
    table = m3_ReallocArray(IM3Function, m3->table0, size, m3->table0Size);
    if (!table)
        return false;
    m3->table0 = table;
    m3->table0Size = size;
    return true;
}

/* Appends the lent functions to the table, those whose type the module knows: no other could be
   called through it. */
static enum status lend_functions(struct guest_module *module, const struct guest_import *imports,
                                  size_t import_count, struct error *error)
{
    IM3Module m3 = module->module;
    uint32_t next = m3->table0Size;
    uint32_t count = 0;

    for (size_t i = 0; i < import_count; i++)
        count += strcmp(imports[i].module, GUEST_LENT) == 0;
    if (count == 0)
        return STATUS_OK;
    module->lent = calloc(count, sizeof *module->lent);
    if (!module->lent || !extend_table(module, next + count))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the table");
    for (size_t i = 0; i < import_count; i++) {
        struct lent *lent = &module->lent[module->lent_count];
        IM3FuncType type;

        if (strcmp(imports[i].module, GUEST_LENT) != 0 || !(type = find_type(m3, imports[i].type)))
            continue;
        spell_type(type, lent->binding.type);
        lent->binding.handler = imports[i].handler;
        lent->binding.result_count = type->numRets;
        lent->binding.argument_count = type->numArgs;
        lent->function.funcType = type;
        if (!emit_host_function(module, &lent->function, &lent->binding))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
        lent->name = imports[i].name;
        lent->index = next++;
        m3->table0[lent->index] = &lent->function;
        module->lent_count++;
    }
    return STATUS_OK;
}

bool guest_module_lent(const struct guest_module *module, const char *name, uint32_t *index)
{
    for (uint32_t i = 0; i < module->lent_count; i++) {
        if (strcmp(module->lent[i].name, name) != 0)
            continue;
        *index = module->lent[i].index;
        return true;
    }
    return false;
}

/* Gives wasm3 the values of immutable globals, and of mutable ones their place in an instance
   (edits 20 and 21). */
static enum status place_globals(struct guest_module *module, struct error *error)
{
    for (uint32_t i = 0; i < module->binary.global_count; i++) {
        const struct binary_global *global = &module->binary.globals[i];

        if (!global->is_mutable) {
            module->module->globals[i].intValue = (i64) global->value;
            continue;
        }
        if (module->global_count == GUEST_GLOBALS_MAX)
            return error_set(error, STATUS_MODULE, "more than %d mutable globals",
                             (int) GUEST_GLOBALS_MAX);
        module->globals[module->global_count] = global->value;
        module->module->globals[i].intValue = module->global_count++;
    }
    return STATUS_OK;
}

enum status guest_module_open(const uint8_t *wasm, size_t size, const struct guest_import *imports,
                              size_t import_count, struct guest_module **opened,
                              struct error *error)
{
    enum status status = STATUS_OK;
    struct guest_module *module = calloc(1, sizeof *module);
    M3Result result;

    if (!module)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a module");
    if (pthread_mutex_init(&module->compiling, NULL) != 0) {
        free(module);
        return error_set(error, STATUS_NO_MEMORY, "no mutex for a module");
    }
    if (size > UINT32_MAX) {
        status = error_set(error, STATUS_MODULE, "a module of %zu bytes", size);
        goto fail;
    }
    status = binary_read(wasm, size, &module->binary, error);
    if (status)
        goto fail;

    module->environment = m3_NewEnvironment();
    if (module->environment)
        module->compiler = m3_NewRuntime(module->environment, COMPILER_STACK, module);
    if (!module->compiler) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a module's compiler");
        goto fail;
    }
    result = m3_ParseModule(module->environment, &module->module, wasm, (uint32_t) size);
    if (result) {
        status = error_set(error, STATUS_MODULE, "wasm3 cannot parse the module: %s", result);
        goto fail;
    }
    module->module->runtime = module->compiler;
    module->start_function = (uint32_t) module->module->startFunction;
    status = place_globals(module, error);
    if (status)
        goto fail;
    result = InitElements(module->module);
    if (result) {
        status = error_set(error, STATUS_MODULE, "wasm3 cannot fill the table: %s", result);
        goto fail;
    }
    if (!extend_table(module, module->binary.table_size)) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a table of %u entries",
                           module->binary.table_size);
        goto fail;
    }
    status = bind_imports(module, imports, import_count, error);
    if (!status)
        status = lend_functions(module, imports, import_count, error);
    if (status)
        goto fail;
    *opened = module;
    return STATUS_OK;

fail:
    guest_module_close(module);
    return status;
}

void guest_module_close(struct guest_module *module)
{
    if (!module)
        return;
    m3_FreeModule(module->module);
    m3_FreeRuntime(module->compiler);
    m3_FreeEnvironment(module->environment);
    free(module->bindings);
    free(module->lent);
    binary_close(&module->binary);
    pthread_mutex_destroy(&module->compiling);
    free(module);
}

M3Result CompileFunction(IM3Function function)
{
    struct guest_module *module = function->module->runtime->userdata;
    M3Result result = m3Err_none;

    pthread_mutex_lock(&module->compiling);
    if (!function->compiled)
        result = tier_compile(function);
    pthread_mutex_unlock(&module->compiling);
    return result;
}

enum status guest_module_compile(struct guest_module *module, struct error *error)
{
    for (uint32_t i = 0; i < module->module->numFunctions; i++) {
        M3Result result = CompileFunction(&module->module->functions[i]);

        if (result)
            return error_set(error, STATUS_MODULE, "cannot compile function %u: %s", i, result);
    }
    return STATUS_OK;
}

bool guest_module_function(const struct guest_module *module, const char *name,
                           guest_function *function)
{
    const struct binary_export *export = binary_find(&module->binary, name, BINARY_FUNCTION);

    if (!export || export->index >= module->module->numFunctions)
        return false;
    *function = export->index;
    return true;
}

bool guest_module_address(const struct guest_module *module, const char *name, uint32_t *address)
{
    const struct binary_export *export = binary_find(&module->binary, name, BINARY_GLOBAL);

    if (!export || export->index >= module->binary.global_count
        || module->binary.globals[export->index].is_mutable)
        return false;
    *address = (uint32_t) module->binary.globals[export->index].value;
    return true;
}

/* --- instance ----------------------------------------------------------------------------- */

static unsigned char *linear_memory(const struct guest *guest)
{
    return guest->memory.base + HEADER_ROOM;
}

static enum status set_pages(struct guest *guest, uint32_t pages)
{
    uint64_t size = (uint64_t) pages * GUEST_PAGE;

    if (pages > guest->runtime.memory.maxPages
        || !reservation_commit(&guest->memory, HEADER_ROOM + size))
        return STATUS_NO_MEMORY;
    guest->runtime.memory.numPages = pages;
    guest->header->length = size;
    return STATUS_OK;
}

/* Puts the limits in force, which leave room for guest_low to do something about it. */
static void watch_stacks(struct guest *guest)
{
    guest->watch.value_last = (m3slot_t *) (guest->stack.base + guest->stack.committed)
                              - STACK_MARGIN_SLOTS;
    guest->watch.value = guest->watch.value_last;
    if (guest->watch.low)
        guest->watch.value -= guest->stack.committed / sizeof(m3slot_t) / VALUE_RESERVE_PART;
    guest->header->maxStack = (void *) guest->watch.value;
    guest->header->nativeLimit = guest->watch.native;
}

/* Header, globals and data segments over zeroed pages. */
static enum status fill_memory(struct guest *guest, struct error *error)
{
    const struct guest_module *module = guest->module;
    const struct binary *binary = &module->binary;

    if (!reservation_commit(&guest->memory, HEADER_ROOM))
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance");
    guest->header = (M3MemoryHeader *) linear_memory(guest) - 1;
    guest->header->runtime = &guest->runtime;
    watch_stacks(guest);
    guest->header->countdown = TIER_SAFE_POINT_CALLS;
    memcpy(guest->header->globals, module->globals, sizeof module->globals);
    guest->runtime.memory.mallocated = guest->header;
    guest->runtime.memory.maxPages = binary->memory_pages_max;
    if (set_pages(guest, binary->memory_pages))
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance's %u pages",
                         binary->memory_pages);
    for (uint32_t i = 0; i < binary->segment_count; i++) {
        const struct binary_segment *segment = &binary->segments[i];

        memcpy(linear_memory(guest) + segment->offset, segment->bytes, segment->size);
    }
    return STATUS_OK;
}

enum status guest_open(struct guest_module *module, void *context, size_t stack_size,
                       struct guest **opened, struct error *error)
{
    enum status status = STATUS_NO_MEMORY;
    struct guest *guest = calloc(1, sizeof *guest);

    if (!guest)
        return error_set(error, STATUS_NO_MEMORY, "no memory for an instance");
    guest->module = module;
    guest->context = context;
    guest->runtime.environment = module->environment;
    guest->runtime.userdata = guest;
    if (stack_size < (size_t) STACK_MARGIN_SLOTS * 2 * sizeof(m3slot_t)
        || !reservation_open(&guest->stack, stack_size)
        || !reservation_commit(&guest->stack, guest->stack.limit)
        || !reservation_open(&guest->memory, HEADER_ROOM + GUEST_MEMORY_MAX)) {
        error_set(error, status, "no address space for an instance (2 GiB and its stack)");
        goto fail;
    }
    guest->runtime.stack = guest->stack.base;
    status = fill_memory(guest, error);
    if (status)
        goto fail;
    *opened = guest;
    return STATUS_OK;

fail:
    guest_close(guest);
    return status;
}

void guest_close(struct guest *guest)
{
    if (!guest)
        return;
    reservation_close(&guest->memory);
    reservation_close(&guest->stack);
    free(guest);
}

enum status guest_reset(struct guest *guest, struct error *error)
{

    if (!reservation_zero(&guest->memory))
        return error_set(error, STATUS_NO_MEMORY, "cannot reset an instance's memory");
    guest->trap = NULL;
    guest->exit_code = 0;
    guest->runtime.stack = guest->stack.base;
    return fill_memory(guest, error);
}

struct guest_module *guest_module_of(const struct guest *guest)
{
    return guest->module;
}

uint64_t guest_memory_size(const struct guest *guest)
{
    return guest->header->length;
}

enum status guest_grow(struct guest *guest, uint64_t size)
{
    if (size <= guest->header->length)
        return STATUS_OK;
    if (size > GUEST_MEMORY_MAX)
        return STATUS_NO_MEMORY;
    return set_pages(guest, (uint32_t) ((size + GUEST_PAGE - 1) / GUEST_PAGE));
}

M3Result ResizeMemory(IM3Runtime runtime, u32 pages)
{
    return set_pages(runtime->userdata, pages) ? m3Err_wasmMemoryOverflow : m3Err_none;
}

void *guest_at(const struct guest *guest, uint32_t offset, uint64_t length)
{
    uint64_t size = guest->header->length;

    if (offset > size || length > size - offset)
        return NULL;
    return linear_memory(guest) + offset;
}

const char *guest_string(const struct guest *guest, uint32_t offset, size_t limit)
{
    uint64_t size = guest->header->length;
    const char *string;

    if (offset >= size)
        return NULL;
    string = (const char *) linear_memory(guest) + offset;
    if (limit > size - offset)
        limit = size - offset;
    return memchr(string, '\0', limit) ? string : NULL;
}

void tier_zero(M3MemoryHeader *memory, uint64_t offset, uint64_t size)
{
    struct guest *guest = memory->runtime->userdata;

    if (!reservation_zero_range(&guest->memory, HEADER_ROOM + offset, size))
        memset(linear_memory(guest) + offset, 0, size); /* no room for one more mapping */
}

uint32_t guest_stack_pointer(const struct guest *guest)
{
    return (uint32_t) guest->header->globals[0];
}

void guest_set_stack_pointer(struct guest *guest, uint32_t stack_pointer)
{
    guest->header->globals[0] = stack_pointer;
}

int guest_exit_code(const struct guest *guest)
{
    return guest->exit_code;
}

void guest_set_exit_code(struct guest *guest, int code)
{
    guest->exit_code = code;
}

const char *guest_trap(const struct guest *guest)
{
    return guest->trap;
}

enum guest_outcome guest_set_trap(struct guest *guest, const char *reason)
{
    guest->trap = reason;
    return GUEST_TRAPPED;
}

/* --- calls -------------------------------------------------------------------------------- */

static m3ret_t trap_of(enum guest_outcome outcome)
{
    switch (outcome) {
    case GUEST_RETURNED:
        return m3Err_none;
    case GUEST_LONGJMP:
        return tier_longjmp;
    case GUEST_EXITED:
        return tier_exit;
    case GUEST_TRAPPED:
        return tier_trap;
    }
    return tier_trap;
}

static enum guest_outcome outcome_of(struct guest *guest, m3ret_t trap)
{
    if (!trap)
        return GUEST_RETURNED;
    if (trap == tier_longjmp)
        return GUEST_LONGJMP;
    if (trap == tier_exit)
        return GUEST_EXITED;
    if (trap != tier_trap)
        guest->trap = trap;
    return GUEST_TRAPPED;
}

static enum guest_outcome call(struct guest *guest, IM3Function function, const uint64_t *args,
                               uint64_t *result)
{
    IM3FuncType type = function->funcType;
    uint64_t *frame = guest->runtime.stack;
    m3ret_t trap = m3Err_none;

    if (type->numArgs > GUEST_ARGUMENTS_MAX || type->numRets > 1 || (type->numArgs && !args))
        return guest_set_trap(guest, "a call from outside with the wrong number of arguments");
    if ((m3slot_t *) frame >= guest->watch.value_last) /* the margin above it has the arguments */
        return guest_set_trap(guest, m3Err_trapStackOverflow);
    if (!__atomic_load_n(&function->compiled, __ATOMIC_ACQUIRE))
        trap = CompileFunction(function);
    if (!trap) {
        if (args)
            memcpy(frame + type->numRets, args, type->numArgs * sizeof *args);
        trap = tier_enter(function->compiled, (m3stack_t) frame, guest->header);
    }
    if (!trap && result) {
        *result = type->numRets ? frame[0] : 0;
        if (type->numRets && type->types[0] == c_m3Type_i32)
            *result = (uint32_t) *result; /* wasm3 writes half a slot */
    }
    return outcome_of(guest, trap);
}

enum guest_outcome guest_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                                uint64_t *result)
{
    return call(guest, &guest->module->module->functions[function], args, result);
}

enum guest_outcome guest_start(struct guest *guest)
{
    if (guest->module->start_function == UINT32_MAX)
        return GUEST_RETURNED;
    return guest_invoke(guest, guest->module->start_function, NULL, NULL);
}

static bool has_type(IM3FuncType type, const char *spelled)
{
    if (type->numRets > 1 || spelled[0] != (type->numRets ? type_letter(type->types[0]) : 'v'))
        return false;
    for (unsigned i = 0; i < type->numArgs; i++)
        if (spelled[1 + i] != type_letter(type->types[type->numRets + i]))
            return false;
    return spelled[1 + type->numArgs] == '\0';
}

enum guest_outcome guest_invoke_table(struct guest *guest, uint32_t index, const char *type,
                                      const uint64_t *args, uint64_t *result)
{
    IM3Module module = guest->module->module;
    IM3Function function = index < module->table0Size ? module->table0[index] : NULL;

    if (index >= module->table0Size)
        return guest_set_trap(guest, m3Err_trapTableIndexOutOfRange);
    if (!function)
        return guest_set_trap(guest, m3Err_trapTableElementIsNull);
    if (!has_type(function->funcType, type))
        return guest_set_trap(guest, m3Err_trapIndirectCallTypeMismatch);
    return call(guest, function, args, result);
}

m3ret_t tier_host_call(const struct tier_binding *binding, m3stack_t stack, M3MemoryHeader *memory)
{
    struct guest *guest = memory->runtime->userdata;
    uint64_t *slots = (uint64_t *) stack;
    void *frame = guest->runtime.stack;
    struct guest_call host_call = {
        .guest = guest,
        .context = guest->context,
        .type = binding->type,
        .args = slots + binding->result_count,
    };
    enum guest_outcome outcome;

    /* Calls that the handler makes put their frames above its arguments. */
    guest->runtime.stack = slots + binding->result_count + binding->argument_count;
    outcome = binding->handler(&host_call);
    guest->runtime.stack = frame;
    if (outcome == GUEST_RETURNED && binding->result_count)
        slots[0] = host_call.result;
    return trap_of(outcome);
}

/* --- safe points -------------------------------------------------------------------------- */

void guest_set_poll(struct guest *guest, guest_poll poll)
{
    guest->poll = poll;
}

void guest_poke(struct guest *guest)
{
    __atomic_store_n(&guest->header->countdown, 0, __ATOMIC_RELAXED);
}

void guest_set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low)
{
    guest->watch.native_last = lowest;
    guest->watch.native = (const uint8_t *) lowest + (low ? reserve : 0);
    guest->watch.low = low;
    watch_stacks(guest);
}

m3ret_t tier_stack_low(M3MemoryHeader *memory, const void *native_stack,
                       const m3slot_t *value_stack)
{
    struct guest *guest = memory->runtime->userdata;

    if (guest->watch.low)
        guest->watch.low(guest->context);
    return (const uint8_t *) native_stack < guest->watch.native_last
                   || value_stack >= guest->watch.value_last
               ? m3Err_trapStackOverflow
               : NULL;
}

void guest_trim_stack(struct guest *guest)
{
    size_t used = (size_t) ((unsigned char *) guest->runtime.stack - guest->stack.base);

    used += STACK_MARGIN_SLOTS * sizeof(m3slot_t);
    if (used < guest->stack.committed)
        reservation_zero_range(&guest->stack, used, guest->stack.committed - used);
}

m3ret_t tier_safe_point(m3stack_t free_stack, M3MemoryHeader *memory)
{
    struct guest *guest = memory->runtime->userdata;
    void *frame = guest->runtime.stack;
    enum guest_outcome outcome;

    __atomic_store_n(&memory->countdown, TIER_SAFE_POINT_CALLS, __ATOMIC_RELAXED);
    if (!guest->poll)
        return m3Err_none;
    guest->runtime.stack = free_stack;
    outcome = guest->poll(guest->context);
    guest->runtime.stack = frame;
    return trap_of(outcome);
}
