/* What the C that wasm2c generates is written in: included by each of the generated files, in place of
 * wasm2c's own runtime (pglite_native/aot/translate.py has the other half of this contract).
 *
 * Loads and stores are not checked: the 8 GiB behind the header are this instance's, and what of them is
 * not its memory is inaccessible. docs/AOT.md has the reason and the figures.
 */
#ifndef PGN_GUEST_AOT_CODE_H
#define PGN_GUEST_AOT_CODE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "abi.h" /* beside this file, wherever that is compiled */

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

typedef struct aot_instance instance_t;

enum {
    /* A zero fill of so many bytes is cheaper as fresh pages than as zeros written and kept. */
    LARGE_FILL = 1 << 20
};

/* Macros, and for loads and stores as well: of a module's 500,000 calls each would be inlined, which takes a fifth of
   the time that all of its compilation takes. */
#define memory_at(instance, address) ((u8 *) (instance) + (address))

/* Is [offset, offset + size) inside the memory? Both come from 32 bits: the sum does not wrap. */
static inline void check_range(instance_t *instance, u64 offset, u64 size)
{
    if (UNLIKELY(offset + size > AOT_HEADER(instance)->memory_size))
        AOT_HEADER(instance)->host->trap(instance, AOT_TRAP_MEMORY);
}

#ifdef AOT_BOUNDS_CHECKS /* to be measured against the guard: docs/AOT.md */
#define CHECK_ACCESS(instance, address, type) check_range(instance, address, sizeof(type))
#else
#define CHECK_ACCESS(instance, address, type) ((void) 0)
#endif

/* What lies anywhere in linear memory. */
#define ANYWHERE __attribute__((aligned(1)))
typedef u8 u8_at ANYWHERE;
typedef s8 s8_at ANYWHERE;
typedef u16 u16_at ANYWHERE;
typedef s16 s16_at ANYWHERE;
typedef u32 u32_at ANYWHERE;
typedef s32 s32_at ANYWHERE;
typedef u64 u64_at ANYWHERE;
typedef f32 f32_at ANYWHERE;
typedef f64 f64_at ANYWHERE;

/* address has no effects of its own */
#define LOAD(stored, result, instance, address)                                                    \
    (CHECK_ACCESS(instance, address, stored),                                                      \
     (result) * (const stored##_at *) memory_at(instance, address))
#define STORE(stored, instance, address, value)                                                    \
    (CHECK_ACCESS(instance, address, stored),                                                      \
     (void) (*(stored##_at *) memory_at(instance, address) = (stored) (value)))

#define i32_load(instance, address) LOAD(u32, u32, instance, address)
#define i64_load(instance, address) LOAD(u64, u64, instance, address)
#define f32_load(instance, address) LOAD(f32, f32, instance, address)
#define f64_load(instance, address) LOAD(f64, f64, instance, address)
#define i32_load8_s(instance, address) LOAD(s8, u32, instance, address)
#define i64_load8_s(instance, address) LOAD(s8, u64, instance, address)
#define i32_load8_u(instance, address) LOAD(u8, u32, instance, address)
#define i64_load8_u(instance, address) LOAD(u8, u64, instance, address)
#define i32_load16_s(instance, address) LOAD(s16, u32, instance, address)
#define i64_load16_s(instance, address) LOAD(s16, u64, instance, address)
#define i32_load16_u(instance, address) LOAD(u16, u32, instance, address)
#define i64_load16_u(instance, address) LOAD(u16, u64, instance, address)
#define i64_load32_s(instance, address) LOAD(s32, u64, instance, address)
#define i64_load32_u(instance, address) LOAD(u32, u64, instance, address)
#define i32_store(instance, address, value) STORE(u32, instance, address, value)
#define i64_store(instance, address, value) STORE(u64, instance, address, value)
#define f32_store(instance, address, value) STORE(f32, instance, address, value)
#define f64_store(instance, address, value) STORE(f64, instance, address, value)
#define i32_store8(instance, address, value) STORE(u8, instance, address, value)
#define i32_store16(instance, address, value) STORE(u16, instance, address, value)
#define i64_store8(instance, address, value) STORE(u8, instance, address, value)
#define i64_store16(instance, address, value) STORE(u16, instance, address, value)
#define i64_store32(instance, address, value) STORE(u32, instance, address, value)

/* gcc, where it has counted how often, makes x86's string instructions of memset. They take longer to begin than
   most fills take: 5 % of a short statement. */
static void *(*volatile const library_memset)(void *to, int byte, size_t size) = memset;

static inline void memory_fill(instance_t *instance, u32 offset, u32 byte, u32 size)
{
    check_range(instance, offset, size);
    if ((u8) byte == 0 && size >= LARGE_FILL)
        AOT_HEADER(instance)->host->zero(instance, offset, size);
    else if (__builtin_constant_p(size))
        memset(memory_at(instance, offset), (u8) byte, size);
    else
        library_memset(memory_at(instance, offset), (u8) byte, size);
}

static inline void memory_copy(instance_t *instance, u32 to, u32 from, u32 size)
{
    check_range(instance, to, size);
    check_range(instance, from, size);
    memmove(memory_at(instance, to), memory_at(instance, from), size);
}

static inline u32 memory_grow(instance_t *instance, u32 pages)
{
    return AOT_HEADER(instance)->host->grow(instance, pages);
}

static inline u32 memory_pages(instance_t *instance)
{
    return (u32) (AOT_HEADER(instance)->memory_size / 65536);
}

/* --- calls ---------------------------------------------------------------------------------- */

#if defined(__x86_64__)
register const u8 *aot_stack __asm__("rsp");
#elif defined(__aarch64__)
register const u8 *aot_stack __asm__("sp");
#else
#define aot_stack ((const u8 *) __builtin_frame_address(0))
#endif

/* Is there stack left, has somebody asked for a look around, is a safe point due? */
#define FUNC_PROLOGUE                                                                              \
    do {                                                                                           \
        if (UNLIKELY(aot_stack < *(const u8 *volatile *) &AOT_HEADER(instance)->stack_limit)       \
            || UNLIKELY(--AOT_HEADER(instance)->countdown < 0))                                    \
            AOT_HEADER(instance)->host->look_around(instance);                                     \
    } while (0)

#define FUNC_EPILOGUE

/* Of code that was added, or has none: beside the way, so that calls of the module's own stay short. */
static __attribute__((noinline, cold)) aot_code find_function(instance_t *instance, u32 index,
                                                              u32 type)
{
    if (LIKELY(index < AOT_HEADER(instance)->table_size
               && AOT_HEADER(instance)->table[index].type == type))
        return AOT_HEADER(instance)->table[index].code;
    return AOT_HEADER(instance)->host->find(instance, index, type);
}

/* TABLE_SIZE and MODULE_TABLE: the module's own, which are constant.
   own_table and own_instance: what wasm2c writes for a table of closures, which ours is not */
#define CALL_INDIRECT(own_table, signature, expected, index, own_instance, ...)                    \
    ((signature) (LIKELY((index) < TABLE_SIZE && MODULE_TABLE[index].type == (expected))           \
                      ? MODULE_TABLE[index].code                                                   \
                      : find_function(instance, index, expected)))(instance, ##__VA_ARGS__)

/* --- numbers: WebAssembly Core Specification 1.0, 4.3 --------------------------------------- */

#define TRAP(name) (AOT_HEADER(instance)->host->trap(instance, AOT_TRAP_##name), 0)
#define UNREACHABLE                                                                                \
    do {                                                                                           \
        (void) TRAP(UNREACHABLE);                                                                  \
        __builtin_unreachable();                                                                   \
    } while (0)

#define DIV_S(unsigned_type, minimum, x, y)                                                        \
    (UNLIKELY((y) == 0)                        ? (unsigned_type) TRAP(DIVISION)                    \
     : UNLIKELY((x) == (minimum) && (y) == -1) ? (unsigned_type) TRAP(OVERFLOW)                    \
                                               : (unsigned_type) ((x) / (y)))
#define REM_S(unsigned_type, x, y)                                                                 \
    (UNLIKELY((y) == 0) ? (unsigned_type) TRAP(DIVISION)                                           \
     : (y) == -1        ? 0                                                                        \
                        : (unsigned_type) ((x) % (y)))

#define I32_DIV_S(x, y) DIV_S(u32, INT32_MIN, (s32) (x), (s32) (y))
#define I64_DIV_S(x, y) DIV_S(u64, INT64_MIN, (s64) (x), (s64) (y))
#define I32_REM_S(x, y) REM_S(u32, (s32) (x), (s32) (y))
#define I64_REM_S(x, y) REM_S(u64, (s64) (x), (s64) (y))
#define DIV_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIVISION) : (x) / (y))
#define REM_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIVISION) : (x) % (y))

#define ROTL(x, y, mask) ((x) << ((y) & (mask)) | (x) >> (-(y) & (mask)))
#define ROTR(x, y, mask) ((x) >> ((y) & (mask)) | (x) << (-(y) & (mask)))
#define I32_ROTL(x, y) ROTL(x, y, 31)
#define I64_ROTL(x, y) ROTL(x, y, 63)
#define I32_ROTR(x, y) ROTR(x, y, 31)
#define I64_ROTR(x, y) ROTR(x, y, 63)

#define I32_CLZ(x) ((x) ? (u32) __builtin_clz(x) : 32u)
#define I64_CLZ(x) ((x) ? (u64) __builtin_clzll(x) : 64u)
#define I32_CTZ(x) ((x) ? (u32) __builtin_ctz(x) : 32u)
#define I64_CTZ(x) ((x) ? (u64) __builtin_ctzll(x) : 64u)
#define I32_POPCNT(x) ((u32) __builtin_popcount(x))
#define I64_POPCNT(x) ((u64) __builtin_popcountll(x))

/* The bounds are exclusive, and exact in the type compared: so each conversion below is in range. */
#define TRUNC(type, x, low, high)                                                                  \
    (UNLIKELY((x) != (x))                       ? (type) TRAP(CONVERSION)                          \
     : UNLIKELY(!((x) > (low) && (x) < (high))) ? (type) TRAP(OVERFLOW)                            \
                                                : (type) (x))
#define TRUNC_CLOSED(type, x, low, high)                                                           \
    (UNLIKELY((x) != (x))                        ? (type) TRAP(CONVERSION)                         \
     : UNLIKELY(!((x) >= (low) && (x) < (high))) ? (type) TRAP(OVERFLOW)                           \
                                                 : (type) (x))
#define SATURATE(type, x, low, high, minimum, maximum)                                             \
    ((x) != (x)      ? 0                                                                           \
     : (x) <= (low)  ? (type) (minimum)                                                            \
     : (x) >= (high) ? (type) (maximum)                                                            \
                     : (type) (x))

#define TWO_31 2147483648.0
#define TWO_32 4294967296.0
#define TWO_63 9223372036854775808.0
#define TWO_64 18446744073709551616.0

#define I32_TRUNC_S_F32(x) ((u32) TRUNC_CLOSED(s32, x, (f32) - TWO_31, (f32) TWO_31))
#define I64_TRUNC_S_F32(x) ((u64) TRUNC_CLOSED(s64, x, (f32) - TWO_63, (f32) TWO_63))
#define I32_TRUNC_S_F64(x) ((u32) TRUNC(s32, x, -TWO_31 - 1.0, TWO_31))
#define I64_TRUNC_S_F64(x) ((u64) TRUNC_CLOSED(s64, x, -TWO_63, TWO_63))
#define I32_TRUNC_U_F32(x) TRUNC(u32, x, -1.0f, (f32) TWO_32)
#define I64_TRUNC_U_F32(x) TRUNC(u64, x, -1.0f, (f32) TWO_64)
#define I32_TRUNC_U_F64(x) TRUNC(u32, x, -1.0, TWO_32)
#define I64_TRUNC_U_F64(x) TRUNC(u64, x, -1.0, TWO_64)

#define I32_TRUNC_SAT_S_F32(x)                                                                     \
    ((u32) SATURATE(s32, x, (f32) - TWO_31, (f32) TWO_31, INT32_MIN, INT32_MAX))
#define I64_TRUNC_SAT_S_F32(x)                                                                     \
    ((u64) SATURATE(s64, x, (f32) - TWO_63, (f32) TWO_63, INT64_MIN, INT64_MAX))
#define I32_TRUNC_SAT_S_F64(x) ((u32) SATURATE(s32, x, -TWO_31, TWO_31, INT32_MIN, INT32_MAX))
#define I64_TRUNC_SAT_S_F64(x) ((u64) SATURATE(s64, x, -TWO_63, TWO_63, INT64_MIN, INT64_MAX))
#define I32_TRUNC_SAT_U_F32(x) SATURATE(u32, x, -1.0f, (f32) TWO_32, 0, UINT32_MAX)
#define I64_TRUNC_SAT_U_F32(x) SATURATE(u64, x, -1.0f, (f32) TWO_64, 0, UINT64_MAX)
#define I32_TRUNC_SAT_U_F64(x) SATURATE(u32, x, -1.0, TWO_32, 0, UINT32_MAX)
#define I64_TRUNC_SAT_U_F64(x) SATURATE(u64, x, -1.0, TWO_64, 0, UINT64_MAX)

#define DEFINE_REINTERPRET(name, from, to)                                                         \
    static inline to name(from value)                                                              \
    {                                                                                              \
        to result;                                                                                 \
        memcpy(&result, &value, sizeof result);                                                    \
        return result;                                                                             \
    }

DEFINE_REINTERPRET(f32_reinterpret_i32, u32, f32)
DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)
DEFINE_REINTERPRET(f64_reinterpret_i64, u64, f64)
DEFINE_REINTERPRET(i64_reinterpret_f64, f64, u64)

#define FMIN(x, y)                                                                                 \
    ((x) != (x) || (y) != (y) ? (x) + (y)                                                          \
     : (x) == 0 && (y) == 0   ? (signbit(x) ? (x) : (y))                                           \
                              : ((x) < (y) ? (x) : (y)))
#define FMAX(x, y)                                                                                 \
    ((x) != (x) || (y) != (y) ? (x) + (y)                                                          \
     : (x) == 0 && (y) == 0   ? (signbit(x) ? (y) : (x))                                           \
                              : ((x) > (y) ? (x) : (y)))

/* C's functions keep a NaN a NaN, which is all that is asked of them. */
#define wasm_fabs(x) __builtin_fabs(x)
#define wasm_fabsf(x) __builtin_fabsf(x)
#define wasm_floor(x) floor(x)
#define wasm_floorf(x) floorf(x)
#define wasm_ceil(x) ceil(x)
#define wasm_ceilf(x) ceilf(x)
#define wasm_trunc(x) trunc(x)
#define wasm_truncf(x) truncf(x)
#define wasm_nearbyint(x) nearbyint(x)
#define wasm_nearbyintf(x) nearbyintf(x)
#define wasm_sqrt(x) sqrt(x)
#define wasm_sqrtf(x) sqrtf(x)
#define wasm_quiet(x) (x)
#define wasm_quietf(x) (x)

#endif
