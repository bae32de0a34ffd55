/* Functions of libc that PGlite's main module does not have, for modules that are linked onto it.
 *
 * Each does what POSIX says of it. The layouts are those of Emscripten's libc, which is musl. */
#include "guest-libc.h"

#include <stdarg.h>

typedef struct FILE FILE;
extern FILE *const stdout;
enum { SEEK_SET = 0 };
int getc(FILE *file);
int fseek(FILE *file, long offset, int whence);
void clearerr(FILE *file);
int fclose(FILE *file);
int vfprintf(FILE *file, const char *format, va_list arguments);
int vsnprintf(char *text, size_t size, const char *format, va_list arguments);
long strtol(const char *text, char **end, int base);
long long strtoll(const char *text, char **end, int base);
void *emscripten_builtin_memalign(size_t alignment, size_t size);
struct tm *gmtime(const int64_t *time);
struct tm *localtime_r(const int64_t *time, struct tm *result);
size_t strftime(char *text, size_t size, const char *format, const struct tm *time);

enum {
    CTIME_SIZE = 26, /* "Thu Jan  1 00:00:00 1970\n" */
    TM_SIZE = 44,
};

GUEST_EXPORT(atol) long atol(const char *text)
{
    return strtol(text, NULL, 10);
}
GUEST_EXPORT(atoll) long long atoll(const char *text)
{
    return strtoll(text, NULL, 10);
}
GUEST_EXPORT(islower) int islower(int character)
{
    return character >= 'a' && character <= 'z';
}
GUEST_EXPORT(fgetc) int fgetc(FILE *file)
{
    return getc(file);
}

GUEST_EXPORT(hypotf) float hypotf(float x, float y)
{
    return (float) __builtin_sqrt((double) x * x + (double) y * y);
}

GUEST_EXPORT(rewind) void rewind(FILE *file)
{
    fseek(file, 0, SEEK_SET);
    clearerr(file);
}

GUEST_EXPORT(vprintf) int vprintf(const char *format, va_list arguments)
{
    return vfprintf(stdout, format, arguments);
}

/* Emscripten's sprintf without long double. */
GUEST_EXPORT(__small_sprintf) int __small_sprintf(char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, INT32_MAX, format, arguments);
    va_end(arguments);
    return length;
}

/* As a file that cannot be opened. */
GUEST_EXPORT(freopen) FILE *freopen(const char *path, const char *mode, FILE *file)
{
    (void) path, (void) mode;
    fclose(file);
    errno = ENOENT;
    return NULL;
}

GUEST_EXPORT(gmtime_r) struct tm *gmtime_r(const int64_t *time, struct tm *result)
{
    struct tm *found = gmtime(time);
    if (!found)
        return NULL;
    memcpy(result, found, TM_SIZE);
    return result;
}

GUEST_EXPORT(ctime_r) char *ctime_r(const int64_t *time, char *text)
{
    union {
        char bytes[TM_SIZE];
        int64_t alignment;
    } local;
    if (!localtime_r(time, (struct tm *) &local))
        return NULL;
    strftime(text, CTIME_SIZE, "%a %b %e %H:%M:%S %Y\n", (struct tm *) &local);
    return text;
}

GUEST_EXPORT(posix_memalign) int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    void *found = emscripten_builtin_memalign(alignment, size);
    if (!found)
        return ENOMEM;
    *block = found;
    return 0;
}

/* Of two 64-bit halves, the low one first (the compiler's own library). */
GUEST_EXPORT(__floatuntidf) double __floatuntidf(unsigned __int128 value)
{
    /* A double takes the 64 highest bits; one more says that some below them are set, for the rounding. */
    int shift = value >> 64 ? 64 - __builtin_clzll((uint64_t) (value >> 64)) : 0;
    uint64_t top = (uint64_t) (value >> shift);
    if (shift && (value & (((unsigned __int128) 1 << shift) - 1)))
        top |= 1;
    double result = (double) top;
    for (; shift > 0; shift--)
        result *= 2;
    return result;
}
