/* Coverage as gcc reports it, given to libFuzzer, which counts what clang inserts.
 *
 * gcc's -fsanitize-coverage=trace-pc calls a function in every basic block. It increments a counter chosen by the
 * place of the call, one of those that libFuzzer was told of. Linked with --wrap, as libFuzzer has a function of that name
 * that does nothing.
 */
#include <stddef.h>
#include <stdint.h>

/* COUNTERS: a power of two, some times the target's blocks, so that few share one; libFuzzer looks at all of them after
   each input. */
static uint8_t counters[COUNTERS];
static struct place {
    uintptr_t address, flags;
} places
    [COUNTERS]; /* by which libFuzzer tells how many of them were reached: any numbers will do */

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop);
void __wrap___sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_cmpd(double a, double b);
void __sanitizer_cov_trace_cmpf(float a, float b);

__attribute__((constructor)) static void register_counters(void)
{
    for (size_t i = 0; i < COUNTERS; i++)
        places[i].address = i + 1;
    __sanitizer_cov_8bit_counters_init(counters, counters + COUNTERS);
    __sanitizer_cov_pcs_init((uintptr_t *) places, (uintptr_t *) (places + COUNTERS));
}

/* By the distance from here, not by the address: that is another one in each process. */
void __wrap___sanitizer_cov_trace_pc(void)
{
    uintptr_t place = (uintptr_t) __builtin_return_address(0) - (uintptr_t) register_counters;

    counters[((uint64_t) place * UINT64_C(0x9e3779b97f4a7c15) >> 32) % COUNTERS]++;
}

/* Comparisons of numbers with a point, which gcc reports and libFuzzer knows nothing of. */
void __sanitizer_cov_trace_cmpd(double a, double b)
{
    (void) a, (void) b;
}

void __sanitizer_cov_trace_cmpf(float a, float b)
{
    (void) a, (void) b;
}
