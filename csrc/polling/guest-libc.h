/* The little of libc that guest code needs.
 *
 * Guest objects are linked into PGlite's module, which exports its libc; no headers of it are pinned,
 * so the few names used are declared here. Natively (the unit tests) the platform's headers serve. */
#ifndef PGLITE_GUEST_LIBC_H
#define PGLITE_GUEST_LIBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__

typedef ptrdiff_t ssize_t;

void *malloc(size_t size);
void free(void *block);
int atoi(const char *text);
int snprintf(char *text, size_t size, const char *format, ...);
int strcmp(const char *a, const char *b);
size_t strlen(const char *text);
int getpid(void);

struct timespec {
    int64_t tv_sec;
    long tv_nsec;
};

int *__errno_location(void);
#define errno (*__errno_location())

/* errno numbers of Emscripten's libc, which are WASI's. */
#define EINTR 27
#define EINVAL 28
#define ENETUNREACH 40
#define ENOENT 44
#define ENOMEM 48
#define EPIPE 64
#define EPROTO 65
#define ERANGE 68
#define ESRCH 71

/* memory.copy: the guest is always compiled with bulk memory. */
#define memcpy __builtin_memcpy

#else

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#endif

/* GUEST_IMPORT: provided by the host, imported from module "env". GUEST_EXPORT: called by the host or by
 * the other linked modules. GUEST_LOCAL: for other files of the same object only; without it the address
 * of a function in another file goes through a mutable global and a start function. */
#ifdef __wasm__
#define GUEST_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define GUEST_EXPORT(name) __attribute__((export_name(#name), visibility("default")))
#else
#define GUEST_IMPORT(name)
#define GUEST_EXPORT(name)
#endif
#define GUEST_LOCAL __attribute__((visibility("hidden")))

#endif
