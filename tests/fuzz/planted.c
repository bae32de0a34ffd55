/* Code with a defect, for the test that defects are found: it reads beyond its input, for one word in 2^32. */
#include <stddef.h>
#include <stdint.h>

int planted(const uint8_t *bytes, size_t size);

int planted(const uint8_t *bytes, size_t size)
{
    if (size >= 4 && bytes[0] == 'F' && bytes[1] == 'U')
        if (bytes[2] == 'Z' && bytes[3] == 'Z')
            return bytes[size];
    return 0;
}
