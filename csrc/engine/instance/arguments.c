/* argv: collected on the host, copied into a guest. */
#include "engine/instance/arguments.h"

#include <stdlib.h>
#include <string.h>

enum { INITIAL_CAPACITY = 64 };

bool arguments_add(struct arguments *arguments, const char *string)
{
    if (arguments->count == arguments->capacity) {
        uint32_t capacity = arguments->capacity ? 2 * arguments->capacity : INITIAL_CAPACITY;
        const char **grown = realloc(arguments->strings, capacity * sizeof *grown);

        if (!grown)
            return false;
        arguments->strings = grown;
        arguments->capacity = capacity;
    }
    arguments->strings[arguments->count++] = string;
    return true;
}

void arguments_close(struct arguments *arguments)
{
    free(arguments->strings);
    *arguments = (struct arguments){0, 0, NULL};
}

uint32_t arguments_write(const struct arguments *arguments, struct guest *guest)
{
    uint64_t vector_size = (uint64_t) (arguments->count + 1) * sizeof(uint32_t);
    uint64_t size = vector_size;
    uint64_t address;
    guest_function allocate;
    uint8_t *vector, *string;

    for (uint32_t i = 0; i < arguments->count; i++)
        size += strlen(arguments->strings[i]) + 1;
    if (!guest_module_function(guest_module_of(guest), "malloc", &allocate)
        || guest_invoke(guest, allocate, &size, &address) || (uint32_t) address == 0)
        return 0;
    vector = guest_at(guest, (uint32_t) address, size);
    if (!vector)
        return 0;
    string = vector + vector_size;
    for (uint32_t i = 0; i < arguments->count; i++) {
        size_t length = strlen(arguments->strings[i]) + 1;

        store_u32(vector + i * sizeof(uint32_t), (uint32_t) address + (uint32_t) (string - vector));
        memcpy(string, arguments->strings[i], length);
        string += length;
    }
    store_u32(vector + arguments->count * sizeof(uint32_t), 0);
    return (uint32_t) address;
}
