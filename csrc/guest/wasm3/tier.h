/* Between wasm3 with our operations, which are interpreter.c, and the modules and instances over
 * it, which are the other files. Only this folder names m3_*. */
#ifndef PGN_GUEST_WASM3_TIER_H
#define PGN_GUEST_WASM3_TIER_H

#include "guest/guest.h"

/* Messages would need a runtime per thread; the result codes say enough. */
#define d_m3VerboseErrorMessages 0

#pragma GCC diagnostic push /* wasm3's headers are not written for -Wextra */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wpedantic"
#include "m3_env.h"
#include "m3_function.h"
#pragma GCC diagnostic pop

enum {
/* Bytes of locals and of constants that op_Entry sets in any case. */
#ifdef TIER_PLAIN /* without what makes it faster, for bench/interpreter.py to compare with */
    TIER_FIXED_CLEAR = 0,
    TIER_FIXED_COPY = 0,
#else
    TIER_FIXED_CLEAR = 64,
    TIER_FIXED_COPY = 32,
#endif
    /* Places in a module's index of fusions.h. */
    TIER_FUSION_BITS = 10,
    TIER_FUSION_PLACES = 1 << TIER_FUSION_BITS,
    /* Slots a call's arguments and results can take: what a safe point steps over. */
    TIER_SIGNATURE_SLOTS = 2 * (GUEST_ARGUMENTS_MAX + 1),
    /* Guest calls between two looks at timers; at some 30 ns a call, about 0.1 ms. */
    TIER_SAFE_POINT_CALLS = 4096,
    /* A zero fill of so many bytes is cheaper as fresh pages: a system call and later faults against
       writing, and keeping, them all. */
    TIER_LARGE_FILL = 1 << 20
};

/* One import of one module: what op_CallHost finds behind its immediate. */
struct tier_binding {
    guest_handler handler;
    uint8_t result_count; /* 0 or 1 */
    uint8_t argument_count;
    char type[GUEST_ARGUMENTS_MAX + 2];
};

/* wasm3's "traps" are pointers to constant strings. These two are ours; a third says that
   guest_trap() already holds the reason. */
extern const char tier_longjmp[], tier_exit[], tier_trap[];

/* interpreter.c */
m3ret_t tier_enter(pc_t code, m3stack_t stack, M3MemoryHeader *memory);
void tier_emit_host_call(IM3CodePage page, const struct tier_binding *binding);
void tier_emit_compiled_call(IM3CodePage page, const void *code, IM3FuncType type);
/* Fills a module's index, which is all zero, of the operations that fuse with what follows. */
void tier_index_fusions(uint16_t index[TIER_FUSION_PLACES]);

/* The index of the module that a compiler's runtime belongs to. NULL: none, it is wasm3's own for a
   constant expression; module.c */
const uint16_t *tier_fusions(IM3Runtime compiler);

/* Called by the operations: call.c, stacks.c, instance.c */
m3ret_t tier_host_call(const struct tier_binding *binding, m3stack_t stack, M3MemoryHeader *memory);
m3ret_t tier_compiled_call(const void *code, IM3FuncType type, m3stack_t stack,
                           M3MemoryHeader *memory);
m3ret_t tier_safe_point(m3stack_t free_stack, M3MemoryHeader *memory);
m3ret_t tier_stack_low(M3MemoryHeader *memory, const void *aot_stack, const m3slot_t *value_stack);
void tier_zero(M3MemoryHeader *memory, uint64_t offset, uint64_t size);

/* wasm3's compiler, serialised; module.c */
M3Result CompileFunction(IM3Function function);
/* wasm3's own, not to be called from two threads at once; interpreter.c */
M3Result tier_compile(IM3Function function);
/* What memory.grow calls; instance.c */
M3Result ResizeMemory(IM3Runtime runtime, u32 pages);
/* wasm3's element section reader, not in its headers */
M3Result InitElements(IM3Module module);

#endif
