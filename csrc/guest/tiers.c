/* The tiers there are, and which of them gets a module. Nothing else of the tree names one. */
#include "guest/tier.h"

static const struct {
    bool runs_library; /* a shared object that the module was compiled to; else the module itself */
    module_opener *open;
} tiers[] = {
    {true, aot_open_module},
    {false, wasm3_open_module},
};

enum status guest_module_open(const uint8_t *wasm, size_t size, const char *library,
                              const struct guest_import_table *table, struct guest_module **module,
                              struct error *error)
{
    size_t i = 0;

    while (tiers[i].runs_library != (library != NULL))
        i++;
    return tiers[i].open(wasm, size, library, table, module, error);
}
