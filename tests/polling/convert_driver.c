/* Runs PostgreSQL's own conversion modules, natively built, on our functions.
 *
 * Each line of standard input is "module function source target hex": the shared object, its function, the
 * two encoding numbers, the bytes to convert. Each line of output is the converted bytes in hex, or "!" and
 * the error. The modules' undefined symbols are met by this program (linked with -rdynamic). */
#include "encoding-abi.h"
#include "fake_postgres.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_MAX = 4096,
    GROWTH_MAX = 4, /* the callers' promise: room for 4 bytes for each */
};

/* A call as PostgreSQL 18 passes it on a 64-bit machine. */
typedef struct Argument {
    uint64_t datum;
    bool is_null;
} Argument;

typedef struct Call {
    void *function_info;
    void *context;
    void *result_info;
    uint32_t collation;
    bool is_null;
    int16_t count;
    Argument arguments[6];
} Call;

typedef uint64_t (*Conversion)(Call *call);

bool errstart_cold(int level, const char *domain);
bool errstart(int level, const char *domain);
int pg_utf_mblen_private(const unsigned char *bytes);
void check_encoding_conversion_args(int source, int target, int length, int expected_source,
                                    int expected_target);

bool errstart_cold(int level, const char *domain)
{
    return errstart(level, domain);
}

int pg_utf_mblen_private(const unsigned char *bytes)
{
    return encoding_announced_length(PG_UTF8, bytes, 1);
}

void check_encoding_conversion_args(int source, int target, int length, int expected_source,
                                    int expected_target)
{
    if ((expected_source >= 0 && source != expected_source)
        || (expected_target >= 0 && target != expected_target) || length < 0)
        abort();
}

static int from_hex(const char *hex, unsigned char *bytes)
{
    int length = 0;

    for (; sscanf(hex, "%2hhx", &bytes[length]) == 1; hex += 2)
        length++;
    bytes[length] = 0;
    return length;
}

static int run(Conversion conversion, Call *call)
{
    volatile int converted = -1;

    FAKE_TRY(converted = (int) conversion(call));
    return converted;
}

static void convert(Conversion conversion, int source, int target, const char *hex)
{
    unsigned char bytes[BYTES_MAX + 1];
    int length = from_hex(hex, bytes);
    /* Exactly as large as promised, so that the address sanitizer sees an excess. */
    unsigned char *result = malloc((size_t) length * GROWTH_MAX + 1);
    Call call = {.count = 6};
    int converted;

    call.arguments[0].datum = (uint64_t) source;
    call.arguments[1].datum = (uint64_t) target;
    call.arguments[2].datum = (uint64_t) (uintptr_t) bytes;
    call.arguments[3].datum = (uint64_t) (uintptr_t) result;
    call.arguments[4].datum = (uint64_t) length;
    call.arguments[5].datum = false; /* no_error */
    converted = run(conversion, &call);
    if (converted < 0) {
        printf("! %s\n", fake_error_text());
    } else {
        if (converted != length)
            abort();
        for (const unsigned char *next = result; *next != 0; next++)
            printf("%02x", *next);
        putchar('\n');
    }
    free(result);
}

int main(void)
{
    static char line[2 * BYTES_MAX + 1024];
    static char module[512], function[64], hex[2 * BYTES_MAX + 1];
    int source, target;

    while (fgets(line, sizeof line, stdin) != NULL) {
        void *library;
        Conversion conversion;

        if (sscanf(line, "%511s %63s %d %d %8192s", module, function, &source, &target, hex) != 5)
            abort();
        library = dlopen(module, RTLD_NOW);
        if (library == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        *(void **) &conversion = dlsym(library, function);
        if (conversion == NULL)
            abort();
        convert(conversion, source, target, hex);
    }
    return 0;
}
