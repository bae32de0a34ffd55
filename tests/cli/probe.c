/* A PostgreSQL extension without PostgreSQL's headers: enough of its ABI (PostgreSQL 18, 32 bits) to
 * use all that linking has to get right. tests/cli/test_extension.py compiles it, several ways.
 */
#include <stdbool.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* --- fmgr.h ------------------------------------------------------------------------------ */

#ifndef PG_MAJOR
#define PG_MAJOR 18
#endif

typedef uint32_t Datum;

typedef struct {
    int len;
    int version;
    int funcmaxargs;
    int indexmaxkeys;
    int namedatalen;
    int float8byval;
    char abi_extra[32];
    const char *name;
    const char *module_version;
} Pg_magic_struct;

typedef struct {
    void *flinfo;
    void *context;
    void *resultinfo;
    uint32_t fncollation;
    bool isnull;
    short nargs;
    struct {
        Datum value;
        bool isnull;
    } args[];
} *FunctionCallInfo;

typedef Datum (*PGFunction)(FunctionCallInfo);

EXPORT const Pg_magic_struct *Pg_magic_func(void)
{
    static const Pg_magic_struct magic = {
        sizeof magic, PG_MAJOR * 100, 100, 32, 64, 0, "PostgreSQL", "probe", "1",
    };
    return &magic;
}

static const int finfo_v1 = 1;

#define FUNCTION(name)                                                                             \
    EXPORT const int *pg_finfo_##name(void);                                                       \
    EXPORT const int *pg_finfo_##name(void)                                                        \
    {                                                                                              \
        return &finfo_v1;                                                                          \
    }                                                                                              \
    EXPORT Datum name(FunctionCallInfo fcinfo);                                                    \
    EXPORT Datum name(FunctionCallInfo fcinfo)

#ifndef UNRESOLVED

/* --- what the server gives ---------------------------------------------------------------- */

extern int MyProcPid;                       /* a datum: GOT.mem */
extern void *cstring_to_text(const char *); /* a function, called */
extern Datum DirectFunctionCall2Coll(PGFunction, uint32_t, Datum, Datum);
extern Datum btint4cmp(FunctionCallInfo); /* a function, pointed to: GOT.func */
extern float invoke_fif(int, float);      /* of the host, and of a shape that nothing else has */

static int calls;                   /* zeroed data */
static int *const counter = &calls; /* an address in data: relocated */
static float half(float x)
{
    return x / 2;
}

void _PG_init(void);
EXPORT void _PG_init(void)
{
    calls = 40;
}

FUNCTION(probe_count)
{
    (void) fcinfo;
    return (Datum)++ * counter;
}

FUNCTION(probe_compare)
{
    return DirectFunctionCall2Coll(btint4cmp, 0, fcinfo->args[0].value, fcinfo->args[1].value);
}

FUNCTION(probe_text)
{
    (void) fcinfo;
    return (Datum) (uintptr_t) cstring_to_text("é, from the probe");
}

FUNCTION(probe_process)
{
    (void) fcinfo;
    return (Datum) MyProcPid;
}

FUNCTION(probe_half)
{
    return (Datum) invoke_fif((int) (uintptr_t) half, (float) fcinfo->args[0].value);
}

#else

extern int nowhere(void);
extern int nothing;

FUNCTION(probe_count)
{
    (void) fcinfo;
    return (Datum) (nowhere() + nothing);
}

#endif
