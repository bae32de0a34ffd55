/* Our versions of some of wasm3's operations, put in their place by interpreter.c.
 *
 * They differ in three ways: linear memory never moves, so nothing is reloaded after a call; what
 * belongs to an instance is reached through _mem; compiled code is never rewritten once another
 * thread may run it.
 */
#ifndef PGN_GUEST_WASM3_OPERATIONS_H
#define PGN_GUEST_WASM3_OPERATIONS_H

/* Before every guest call: is there native stack left, is a safe point due? Tail calls keep
   straight-line code off the native stack; calls and loops do use it. */
static inline m3ret_t before_call(m3stack_t _sp, M3MemoryHeader *_mem)
{
    const u8 *frame = __builtin_frame_address(0);
    i32 countdown;

    if (UNLIKELY(frame < _mem->nativeLimit)) {
        m3ret_t trap = tier_stack_low(_mem, frame, _sp);
        if (trap)
            return trap;
    }
    /* guest_poke stores 0 from another thread; losing one to this decrement delays the safe point
       by one round, no more. */
    countdown = __atomic_load_n(&_mem->countdown, __ATOMIC_RELAXED) - 1;
    __atomic_store_n(&_mem->countdown, countdown, __ATOMIC_RELAXED);
    if (UNLIKELY(countdown < 0))
        return tier_safe_point(_sp + TIER_SIGNATURE_SLOTS, _mem);
    return NULL; /* not m3Err_none: that is a variable */
}

/* The function's code, compiled now if this is its first call. */
static inline m3ret_t find_code(IM3Function function, pc_t *code)
{
    m3ret_t trap = NULL;

    *code = __atomic_load_n(&function->compiled, __ATOMIC_ACQUIRE);
    if (UNLIKELY(!*code)) {
        trap = CompileFunction(function);
        *code = __atomic_load_n(&function->compiled, __ATOMIC_ACQUIRE);
    }
    return trap;
}

#define CALL(code, sp)                                                                             \
    ({                                                                                             \
        m3ret_t trap_ = before_call((sp), _mem);                                                   \
        LIKELY(!trap_) ? ((IM3Operation) (*(code)))((code) + 1, (sp), _mem, d_m3OpDefaultArgs)     \
                       : trap_;                                                                    \
    })

d_m3Op(TierCall)
{
    pc_t code = immediate(pc_t);
    i32 stack_offset = immediate(i32);
    m3ret_t trap = CALL(code, _sp + stack_offset);

    if (LIKELY(!trap))
        nextOp();
    return trap;
}

/* A call whose callee had no code when the caller was compiled. wasm3's op_Compile rewrites itself
   into op_Call in two stores that another thread could see half of; this one looks each time. */
d_m3Op(TierCallLazy)
{
    IM3Function function = immediate(IM3Function);
    i32 stack_offset = immediate(i32);
    pc_t code;
    m3ret_t trap = find_code(function, &code);

    if (UNLIKELY(trap))
        return trap;
    trap = CALL(code, _sp + stack_offset);
    if (LIKELY(!trap))
        nextOp();
    return trap;
}

d_m3Op(TierCallIndirect)
{
    u32 index = slot(u32);
    IM3Module module = immediate(IM3Module);
    IM3FuncType type = immediate(IM3FuncType);
    i32 stack_offset = immediate(i32);
    IM3Function function;
    pc_t code;
    m3ret_t trap;

    if (UNLIKELY(index >= module->table0Size))
        return m3Err_trapTableIndexOutOfRange;
    function = module->table0[index];
    if (UNLIKELY(!function))
        return m3Err_trapTableElementIsNull;
    if (UNLIKELY(type != function->funcType))
        return m3Err_trapIndirectCallTypeMismatch;
    trap = find_code(function, &code);
    if (UNLIKELY(trap))
        return trap;
    trap = CALL(code, _sp + stack_offset);
    if (LIKELY(!trap))
        nextOp();
    return trap;
}

d_m3Op(TierCallHost)
{
    return tier_host_call(immediate(const struct tier_binding *), _sp, _mem);
}

/* All of a function that has code of another tier's. */
d_m3Op(TierCallCompiled)
{
    const void *code = immediate(const void *);
    IM3FuncType type = immediate(IM3FuncType);

    return tier_compiled_call(code, type, _sp, _mem);
}

d_m3Op(TierEntry)
{
    IM3Function function = immediate(IM3Function);
    u8 *stack = (u8 *) (_sp + function->numRetAndArgSlots);

    d_m3ClearRegisters;

    if (UNLIKELY((void *) (_sp + function->maxStackSlots) >= _mem->maxStack)) {
        m3ret_t trap = tier_stack_low(_mem, __builtin_frame_address(0),
                                      _sp + function->maxStackSlots);
        if (trap)
            return trap;
    }
    /* Fixed sizes first, which are no calls, and all that most functions want. What is too much falls
       on slots that have not been written yet, at the stack's end on its margin. */
    memset(stack, 0, TIER_FIXED_CLEAR);
    if (UNLIKELY(function->numLocalBytes > TIER_FIXED_CLEAR))
        memset(stack + TIER_FIXED_CLEAR, 0, function->numLocalBytes - TIER_FIXED_CLEAR);
    stack += function->numLocalBytes;
    if (function->constants) {
        memcpy(stack, function->constants, TIER_FIXED_COPY);
        if (UNLIKELY(function->numConstantBytes > TIER_FIXED_COPY))
            memcpy(stack + TIER_FIXED_COPY, (const u8 *) function->constants + TIER_FIXED_COPY,
                   function->numConstantBytes - TIER_FIXED_COPY);
    }
    nextOp();
}

d_m3Op(TierLoop)
{
    m3ret_t trap;

    d_m3ClearRegisters;

    do
        trap = nextOpImpl();
    while (trap == _pc);
    return trap;
}

/* Copied as bytes: a place holds any of the four types. */
#define GET_GLOBAL(SUFFIX, TYPE)                                                                   \
    d_m3Op(TierGetGlobal_##SUFFIX)                                                                 \
    {                                                                                              \
        const u64 *place = &_mem->globals[immediate(u32)];                                         \
                                                                                                   \
        memcpy(slot_ptr(TYPE), place, sizeof(TYPE));                                               \
        nextOp();                                                                                  \
    }

#define SET_GLOBAL(SUFFIX, TYPE, VALUE)                                                            \
    d_m3Op(TierSetGlobal_##SUFFIX)                                                                 \
    {                                                                                              \
        u64 *place = &_mem->globals[immediate(u32)];                                               \
        TYPE value = (TYPE) VALUE;                                                                 \
                                                                                                   \
        memcpy(place, &value, sizeof value);                                                       \
        nextOp();                                                                                  \
    }

GET_GLOBAL(s32, u32)
GET_GLOBAL(s64, u64)
SET_GLOBAL(s32, u32, slot(u32))
SET_GLOBAL(s64, u64, slot(u64))
SET_GLOBAL(i32, u32, _r0)
SET_GLOBAL(i64, u64, _r0)
SET_GLOBAL(f32, f32, _fp0)
SET_GLOBAL(f64, f64, _fp0)

/* memory.fill. PostgreSQL clears its 128 MiB of shared buffers at start: as zeros written, they would
   be most of an engine's memory. */
d_m3Op(TierMemFill)
{
    u32 size = (u32) _r0;
    u32 byte = slot(u32);
    u64 destination = slot(u32);

    if (UNLIKELY(destination + size > _mem->length))
        return m3Err_trapOutOfBoundsMemoryAccess;
    if ((u8) byte == 0 && size >= TIER_LARGE_FILL)
        tier_zero(_mem, destination, size);
    else
        memset(m3MemData(_mem) + destination, (u8) byte, size);
    nextOp();
}

#define op_Call TierOperation(Call)
#define op_MemFill TierOperation(MemFill)
#define op_Compile TierOperation(CallLazy)
#define op_CallIndirect TierOperation(CallIndirect)
#define op_Entry TierOperation(Entry)
#define op_Loop TierOperation(Loop)
#define op_GetGlobal_s32 TierOperation(GetGlobal_s32)
#define op_GetGlobal_s64 TierOperation(GetGlobal_s64)
#define op_SetGlobal_s32 TierOperation(SetGlobal_s32)
#define op_SetGlobal_s64 TierOperation(SetGlobal_s64)
#define op_SetGlobal_i32 TierOperation(SetGlobal_i32)
#define op_SetGlobal_i64 TierOperation(SetGlobal_i64)
#define op_SetGlobal_f32 TierOperation(SetGlobal_f32)
#define op_SetGlobal_f64 TierOperation(SetGlobal_f64)
#define TierOperation(name) op_Tier##name

#endif
