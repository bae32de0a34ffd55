/* Coroutines: one is begun by some instructions of the processor's; from then on setjmp and longjmp switch, as in
 * QEMU. ucontext, which musl does not have, would save the signal mask, two system calls a request: 0.33 µs against
 * 0.03, of a SELECT 1 that takes 7.
 */
#ifdef _FORTIFY_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp takes another stack for one that has been overrun */
#endif
#include "platform/system.h"

#include "platform/coroutine.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "platform/jump.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* The guard is larger than any frame of ours, so that no function can step over it. */
enum { GUARD = 65536 };

struct coroutine {
    jmp_buf self, resumer;
    coroutine_function function;
    void *argument;
    unsigned char *range; /* the guard, then the stack */
    size_t stack_size;
    bool begun, finished;
    unsigned char *suspended_at; /* no live frame is much below */
    void *fake_stack;            /* the address sanitizer's, while suspended */
    const void *resumer_bottom;
    size_t resumer_size;
};

/* The address sanitizer must be told of each switch, or it takes the other stack for an overflow.
   leaving: before it; fake_stack NULL when for good. arrived: after it; where we came from. */
static void leaving(void **fake_stack, const void *to, size_t size)
{
#ifdef HAVE_ASAN
    __sanitizer_start_switch_fiber(fake_stack, to, size);
#else
    (void) fake_stack, (void) to, (void) size;
#endif
}

static void arrived(void *fake_stack, const void **from, size_t *size)
{
#ifdef HAVE_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, from, size);
#else
    (void) fake_stack, (void) from, (void) size;
#endif
}

static void switch_to_resumer(struct coroutine *coroutine)
{
    leaving(coroutine->finished ? NULL : &coroutine->fake_stack, coroutine->resumer_bottom,
            coroutine->resumer_size);
    if (jump_mark(coroutine->self) == 0)
        jump_to(coroutine->resumer, 1);
    arrived(coroutine->fake_stack, &coroutine->resumer_bottom, &coroutine->resumer_size);
}

static void entry(struct coroutine *coroutine)
{
    arrived(NULL, &coroutine->resumer_bottom, &coroutine->resumer_size);
    coroutine->function(coroutine->argument);
    coroutine->finished = true;
    switch_to_resumer(coroutine);
}

/* Enters it on its own stack, with no frame and no return address before it, where unwinders stop. */
static _Noreturn void begin(struct coroutine *coroutine)
{
    unsigned char *top = coroutine->range + GUARD + coroutine->stack_size;

#if defined(__x86_64__)
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "pushq %%rbp\n\t"
                     "jmpq *%1"
                     :
                     : "a"(top), "c"(entry), "D"(coroutine)
                     : "memory");
#elif defined(__aarch64__)
    register unsigned char *stack __asm__("x9") = top;
    register void (*code)(struct coroutine *) __asm__(
        "x16") = entry; /* from where BTI lets jump to functions */
    register struct coroutine *argument __asm__("x0") = coroutine;

    __asm__ volatile("mov sp, %0\n\t"
                     "mov x29, xzr\n\t"
                     "mov x30, xzr\n\t"
                     "br %1"
                     :
                     : "r"(stack), "r"(code), "r"(argument)
                     : "memory");
#else
#error "how a coroutine begins is not known for this processor"
#endif
    __builtin_unreachable();
}

struct coroutine *coroutine_open(size_t stack_size, coroutine_function function, void *argument)
{
    struct coroutine *coroutine;

    if (stack_size > SIZE_MAX - 2 * (size_t) GUARD)
        return NULL;
    coroutine = calloc(1, sizeof *coroutine);
    if (!coroutine)
        return NULL;
    coroutine->function = function;
    coroutine->argument = argument;
    coroutine->stack_size = (stack_size + GUARD - 1) / GUARD * GUARD;
    coroutine->range = mmap(NULL, GUARD + coroutine->stack_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (coroutine->range == MAP_FAILED)
        goto fail;
    if (mprotect(coroutine->range, GUARD, PROT_NONE) != 0)
        goto fail_mapped;
    return coroutine;

fail_mapped:
    munmap(coroutine->range, GUARD + coroutine->stack_size);
fail:
    free(coroutine);
    return NULL;
}

void coroutine_restart(struct coroutine *coroutine, coroutine_function function, void *argument)
{
    coroutine_trim(coroutine);
#ifdef HAVE_ASAN /* frames that never returned */
    __asan_unpoison_memory_region(coroutine->range + GUARD, coroutine->stack_size);
#endif
    coroutine->function = function;
    coroutine->argument = argument;
    coroutine->begun = coroutine->finished = false;
    coroutine->suspended_at = NULL;
    coroutine->fake_stack = NULL;
}

static _Noreturn void enter(struct coroutine *coroutine)
{
    if (coroutine->begun)
        jump_to(coroutine->self, 1);
    coroutine->begun = true;
    begin(coroutine);
}

bool coroutine_resume(struct coroutine *coroutine)
{
    void *fake_stack = NULL;

    if (coroutine->finished)
        return false;
    leaving(&fake_stack, coroutine->range + GUARD, coroutine->stack_size);
    if (jump_mark(coroutine->resumer) == 0)
        enter(coroutine);
    arrived(fake_stack, NULL, NULL);
    return !coroutine->finished;
}

void coroutine_suspend(struct coroutine *coroutine)
{
    coroutine->suspended_at = __builtin_frame_address(0);
    switch_to_resumer(coroutine);
}

void *coroutine_stack_limit(const struct coroutine *coroutine)
{
    return coroutine->range + GUARD;
}

void coroutine_trim(struct coroutine *coroutine)
{
    unsigned char *start = coroutine->range + GUARD;
    size_t below = coroutine->suspended_at ? (size_t) (coroutine->suspended_at - start) : 0;

    /* A guard's width is kept for the frames of the switch itself. */
    if (below > 2 * (size_t) GUARD)
        madvise(start, below / GUARD * GUARD - GUARD, MADV_DONTNEED);
}

void coroutine_close(struct coroutine *coroutine)
{
    if (!coroutine)
        return;
    munmap(coroutine->range, GUARD + coroutine->stack_size);
    free(coroutine);
}
