/* The target with a defect: test_fuzz.py. */
#include "fuzz.h"

int planted(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return planted(bytes, size) < 0;
}
