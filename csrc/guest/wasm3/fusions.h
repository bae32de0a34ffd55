/* Fused operations: two of wasm3's as one, for a pair that often follows one another. What an
 * operation costs is mostly the jump to the next one, and a third of PostgreSQL's jumps are saved
 * so; docs/INTERPRETER.md has the counts that chose the pairs.
 *
 * A fused operation is the first one's body with the second one's in place of the jump. Its
 * immediates are those of the first, then those of the second: as they lie in the code anyway.
 */
#ifndef PGN_GUEST_WASM3_FUSIONS_H
#define PGN_GUEST_WASM3_FUSIONS_H

#define FUSED_(first, second) op_##first##_then_##second
#define FUSED(first, second) FUSED_(first, second)
#define OPERATION_(name) op_##name
#define OPERATION(name) OPERATION_(name)

/* To a place in the frame; to a decision; to what an address or a sum is made of. */
#define FUSION_SECONDS(X, ...)                                                                     \
    X(SetSlot_i32, __VA_ARGS__)                                                                    \
    X(SetSlot_i64, __VA_ARGS__)                                                                    \
    X(SetSlot_f32, __VA_ARGS__)                                                                    \
    X(SetSlot_f64, __VA_ARGS__)                                                                    \
    X(If_r, __VA_ARGS__)                                                                           \
    X(BranchIf_r, __VA_ARGS__)                                                                     \
    X(ContinueLoopIf, __VA_ARGS__)                                                                 \
    X(CopySlot_32, __VA_ARGS__)                                                                    \
    X(Return, __VA_ARGS__)                                                                         \
    X(i32_Load_i32_r, __VA_ARGS__)                                                                 \
    X(i32_Add_rs, __VA_ARGS__)

#define FUSION_UNARY(X, name) X(name##_r) X(name##_s)
#define FUSION_COMMUTATIVE(X, name) X(name##_rs) X(name##_ss)
#define FUSION_BINARY(X, name) FUSION_COMMUTATIVE(X, name) X(name##_sr)
#define FUSION_SELECT(X, name) X(name##_rss) X(name##_srs) X(name##_ssr) X(name##_sss)
#define FUSION_ORDERED(X, type)                                                                    \
    FUSION_BINARY(X, type##_LessThan)                                                              \
    FUSION_BINARY(X, type##_GreaterThan)                                                           \
    FUSION_BINARY(X, type##_LessThanOrEqual)                                                       \
    FUSION_BINARY(X, type##_GreaterThanOrEqual)
#define FUSION_SIGNED(X, type)                                                                     \
    FUSION_COMMUTATIVE(X, type##_Equal)                                                            \
    FUSION_COMMUTATIVE(X, type##_NotEqual)                                                         \
    FUSION_ORDERED(X, type)                                                                        \
    FUSION_UNARY(X, type##_EqualToZero)                                                            \
    FUSION_COMMUTATIVE(X, type##_Add)                                                              \
    FUSION_COMMUTATIVE(X, type##_Multiply)                                                         \
    FUSION_BINARY(X, type##_Subtract)                                                              \
    FUSION_BINARY(X, type##_ShiftRight)                                                            \
    FUSION_SELECT(X, Select_##type)
#define FUSION_UNSIGNED(X, type)                                                                   \
    FUSION_ORDERED(X, type)                                                                        \
    FUSION_COMMUTATIVE(X, type##_And)                                                              \
    FUSION_COMMUTATIVE(X, type##_Or)                                                               \
    FUSION_COMMUTATIVE(X, type##_Xor)                                                              \
    FUSION_BINARY(X, type##_ShiftLeft)                                                             \
    FUSION_BINARY(X, type##_ShiftRight)                                                            \
    FUSION_BINARY(X, type##_Rotl)
#define FUSION_FLOAT(X, type)                                                                      \
    FUSION_UNARY(X, type##_Load_##type)                                                            \
    FUSION_COMMUTATIVE(X, type##_Add)                                                              \
    FUSION_COMMUTATIVE(X, type##_Multiply)                                                         \
    FUSION_BINARY(X, type##_Subtract)                                                              \
    FUSION_BINARY(X, type##_LessThan)                                                              \
    FUSION_BINARY(X, type##_GreaterThan)

#define FUSION_FIRSTS(X)                                                                           \
    FUSION_SIGNED(X, i32)                                                                          \
    FUSION_SIGNED(X, i64)                                                                          \
    FUSION_UNSIGNED(X, u32)                                                                        \
    FUSION_UNSIGNED(X, u64)                                                                        \
    FUSION_FLOAT(X, f32)                                                                           \
    FUSION_FLOAT(X, f64)                                                                           \
    FUSION_UNARY(X, i32_Load_i8)                                                                   \
    FUSION_UNARY(X, i32_Load_u8)                                                                   \
    FUSION_UNARY(X, i32_Load_i16)                                                                  \
    FUSION_UNARY(X, i32_Load_u16)                                                                  \
    FUSION_UNARY(X, i32_Load_i32)                                                                  \
    FUSION_UNARY(X, i64_Load_i32)                                                                  \
    FUSION_UNARY(X, i64_Load_u32)                                                                  \
    FUSION_UNARY(X, i64_Load_i64)                                                                  \
    FUSION_UNARY(X, i32_Extend8_s)                                                                 \
    FUSION_UNARY(X, i32_Extend16_s)                                                                \
    FUSION_UNARY(X, i64_Extend_i32)                                                                \
    FUSION_UNARY(X, i64_Extend_u32)                                                                \
    FUSION_UNARY(X, i32_Wrap_i64)                                                                  \
    X(CopySlot_32)

/* Undefined at the end of m3_exec.h, whose macros use it. */
#define m3MemCheck(x) LIKELY(x)
#undef d_m3Op
#define d_m3Op(NAME) M3_NO_UBSAN op_section d_m3RetSig FUSED(NAME, SECOND)(d_m3OpSig)
#undef nextOpDirect
#define nextOpDirect() return OPERATION(SECOND)(_pc, d_m3OpArgs)

#define SECOND SetSlot_i32
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND SetSlot_i64
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND SetSlot_f32
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND SetSlot_f64
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND If_r
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND BranchIf_r
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND ContinueLoopIf
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND CopySlot_32
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND Return
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND i32_Load_i32_r
#include "guest/wasm3/fusible.h"
#undef SECOND
#define SECOND i32_Add_rs
#include "guest/wasm3/fusible.h"
#undef SECOND

#undef m3MemCheck
#undef d_m3Op
#define d_m3Op(NAME) M3_NO_UBSAN op_section d_m3RetSig op_##NAME(d_m3OpSig)
#undef nextOpDirect
#define nextOpDirect() return nextOpImpl()

#define FUSION_OPERATION(name, unused) OPERATION(name),
static const IM3Operation fusion_seconds[] = {FUSION_SECONDS(FUSION_OPERATION, )};
enum { FUSION_SECOND_COUNT = sizeof fusion_seconds / sizeof *fusion_seconds };

#define FUSION_PAIR(second, first) FUSED(first, second),
#define FUSION_ROW(first) {OPERATION(first), {FUSION_SECONDS(FUSION_PAIR, first)}},
static const struct {
    IM3Operation first, fused[FUSION_SECOND_COUNT];
} fusions[] = {FUSION_FIRSTS(FUSION_ROW)};
enum { FUSION_COUNT = sizeof fusions / sizeof *fusions };
_Static_assert(FUSION_COUNT < TIER_FUSION_PLACES / 2, "few collisions, and an end to each search");

/* Where a first operation's row is looked for first: functions are 16 bytes apart. */
static uint32_t fusion_place(const void *first)
{
    return (uint32_t) ((uintptr_t) first >> 4) * UINT32_C(0x9E3779B1) >> (32 - TIER_FUSION_BITS);
}

void tier_index_fusions(uint16_t index[TIER_FUSION_PLACES])
{
    for (uint16_t row = 0; row < FUSION_COUNT; row++) {
        uint32_t place = fusion_place((const void *) fusions[row].first);

        while (index[place])
            place = (place + 1) % TIER_FUSION_PLACES;
        index[place] = row + 1;
    }
}

/* The operation that does both, or NULL. */
static const void *tier_fused(const uint16_t *index, const void *first, IM3Operation second)
{
    uint32_t column = 0;

    while (column < FUSION_SECOND_COUNT && fusion_seconds[column] != second)
        column++;
    if (column == FUSION_SECOND_COUNT)
        return NULL;
    for (uint32_t place = fusion_place(first); index[place];
         place = (place + 1) % TIER_FUSION_PLACES)
        if ((const void *) fusions[index[place] - 1].first == first)
            return (const void *) fusions[index[place] - 1].fused[column];
    return NULL;
}

/* Instead of emitting `second`: makes the operation before it the fused one, where there is one and
   control reaches `second` only from it. `room`: lines that must be left for the immediates. */
static bool tier_fuse(IM3Compilation o, IM3Operation second, u32 room)
{
    const uint16_t *index = tier_fusions(o->runtime);
    const void *fused = NULL;

    if (index && o->lastOperation && o->lastPage == o->page && NumFreeLines(o->page) >= room)
        fused = tier_fused(index, *o->lastOperation, second);
    if (!fused)
        return false;
    *o->lastOperation = fused;
    o->lastOperation = NULL;
    return true;
}

#endif
