/*
 * PostgreSQL's configuration in PGlite: that of a 64-bit Linux, which its headers come with, but
 * for what WebAssembly has otherwise.
 */
#include "pg_config_linux.h"

#undef ALIGNOF_LONG
#define ALIGNOF_LONG 4
#undef SIZEOF_LONG
#define SIZEOF_LONG 4
#undef SIZEOF_SIZE_T
#define SIZEOF_SIZE_T 4
#undef SIZEOF_VOID_P
#define SIZEOF_VOID_P 4

#undef HAVE__GET_CPUID
#undef HAVE__GET_CPUID_COUNT
#undef PG_INT128_TYPE
#undef USE_AVX512_CRC32C_WITH_RUNTIME_CHECK
#undef USE_AVX512_POPCNT_WITH_RUNTIME_CHECK
#undef USE_SSE42_CRC32C_WITH_RUNTIME_CHECK
