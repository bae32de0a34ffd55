/* Code with defects, for the test that defects are found: for one word in 2^32 it reads beyond its input, and for
 * another it does what C does not define. */
#include <stddef.h>
#include <stdint.h>

int planted(const uint8_t *bytes, size_t size);

int planted(const uint8_t *bytes, size_t size)
{
    if (size >= 4 && bytes[0] == 'F' && bytes[1] == 'U')
        if (bytes[2] == 'Z' && bytes[3] == 'Z')
            return bytes[size];
    if (size == 4 && bytes[0] == 'U' && bytes[1] == 'B')
        if (bytes[2] == 'S' && bytes[3] == 'N')
            return 1 << (size * 8);
    return 0;
}
