/* wasm3 as one translation unit, with our operations in place of some of its own.
 *
 * Included, not copied: the sources are fetched and verified by vendor/, and changed there only
 * where a definition here could not do it (vendor/wasm3-edits). m3_info.c and m3_bind.c are left
 * out: printing, and linking by signature strings.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wtype-limits"

#define M3_IMPLEMENT_ERROR_STRINGS /* the strings are defined here, where wasm3.h comes first */
#include "guest/wasm3/tier.h"

#include "m3_exec.h"

#include "guest/wasm3/operations.h"

#include "guest/wasm3/fusions.h"

#include "m3_code.c"
#include "m3_core.c"
#include "m3_emit.c"
#include "m3_exec.c"
#include "m3_function.c"
#include "m3_module.c"
#include "m3_parse.c"

#define CompileFunction tier_compile
#include "m3_compile.c"
#undef CompileFunction

/* Its memory.grow would move the memory. */
M3Result wasm3_resize(IM3Runtime runtime, u32 pages);
#define ResizeMemory wasm3_resize
#include "m3_env.c"
#undef ResizeMemory

const char tier_longjmp[] = "longjmp";
const char tier_exit[] = "exit";
const char tier_trap[] = "trap";

m3ret_t tier_enter(pc_t code, m3stack_t stack, M3MemoryHeader *_mem)
{
    return CALL(code, stack);
}

void tier_emit_host_call(IM3CodePage page, const struct tier_binding *binding)
{
    EmitWord(page, op_TierCallHost);
    EmitWord(page, binding);
}

void tier_emit_compiled_call(IM3CodePage page, const void *code, IM3FuncType type)
{
    EmitWord(page, op_TierCallCompiled);
    EmitWord(page, code);
    EmitWord(page, type);
}
