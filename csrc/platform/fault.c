/* Memory faults, over sigaction. */
#include "platform/system.h"

#include "platform/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#ifdef __APPLE__
#include <sys/ucontext.h> /* ucontext.h is about what macOS deprecates */
#else
#include <ucontext.h>
#endif

enum { RANGES_MAX = 512, SIGNALS = 2 };

static const int signals[SIGNALS] = {SIGSEGV, SIGBUS};

static struct {
    pthread_mutex_t registering;
    bool installed;
    atomic_size_t count; /* of ranges, which are complete before they count */
    struct {
        uintptr_t start;
        size_t size;
    } ranges[RANGES_MAX];
    struct sigaction previous[SIGNALS];
} process = {.registering = PTHREAD_MUTEX_INITIALIZER};

#ifdef __GLIBC__ /* which has room for it however the module is loaded; and no function to find it by */
__attribute__((tls_model("initial-exec")))
#endif
static _Thread_local struct fault_scope *current;

struct fault_scope *fault_enter(struct fault_scope *scope)
{
    struct fault_scope *previous = current;

    current = scope;
    return previous;
}

/* 0: not known on this processor. */
static uintptr_t program_counter(const void *context)
{
    const ucontext_t *interrupted = context;

#if defined(__linux__) && defined(__x86_64__)
    return (uintptr_t) interrupted->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__) && defined(__aarch64__)
    return (uintptr_t) interrupted->uc_mcontext.pc;
#elif defined(__APPLE__) && defined(__x86_64__)
    return (uintptr_t) interrupted->uc_mcontext->__ss.__rip;
#elif defined(__APPLE__) && defined(__aarch64__)
    return (uintptr_t) __darwin_arm_thread_state64_get_pc(interrupted->uc_mcontext->__ss);
#else
    (void) interrupted;
    return 0;
#endif
}

static bool is_registered(uintptr_t address)
{
    size_t count = atomic_load_explicit(&process.count, memory_order_acquire);

    for (size_t i = 0; i < count; i++)
        if (address - process.ranges[i].start < process.ranges[i].size)
            return true;
    return false;
}

/* To the handler that was there before ours. The default action is taken by going back: with it in force the faulting
   instruction faults again; a signal that was sent has to be sent again. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *previous = &process.previous[number == SIGBUS];

    if (previous->sa_flags & SA_SIGINFO) {
        previous->sa_sigaction(number, info, context);
    } else if (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN) {
        sigaction(number, previous, NULL);
        if (info->si_code <= 0)
            raise(number);
    } else {
        previous->sa_handler(number);
    }
}

static void handle(int number, siginfo_t *info, void *context)
{
    if (info->si_code > 0 && current && is_registered(program_counter(context)))
        current->recover(current, info->si_addr);
    pass_on(number, info, context);
}

/* On the alternate stack, where a thread has one, for the handlers that a fault is passed on to: a
   full stack may be what they report. Not blocked while handled, as recover leaves by longjmp. */
static bool install(void)
{
    struct sigaction action = {.sa_sigaction = handle,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], &action, &process.previous[i]) != 0)
            return false;
    return true;
}

bool fault_register_code(const void *code, size_t size)
{
    size_t count;
    bool done = false;

    pthread_mutex_lock(&process.registering);
    count = atomic_load(&process.count);
    for (size_t i = 0; i < count; i++)
        done |= process.ranges[i].start == (uintptr_t) code;
    if (!process.installed)
        process.installed = install();
    if (!done && process.installed && count < RANGES_MAX) {
        process.ranges[count].start = (uintptr_t) code;
        process.ranges[count].size = size;
        atomic_store_explicit(&process.count, count + 1, memory_order_release);
        done = true;
    }
    pthread_mutex_unlock(&process.registering);
    return done;
}
