/* The tiers there are, and which of them gets a module. Nothing else of the tree names one. */
#include "guest/tier.h"

static const struct {
    bool runs_library; /* a shared object that the module was compiled to; else the module itself */
    module_opener *open;
} tiers[] = {
    {true, aot_open_module},
    {false, wasm3_open_module},
};

enum status guest_module_open(const uint8_t *wasm, size_t size,
                              const struct guest_libraries *libraries,
                              const struct guest_import_table *table, struct guest_module **module,
                              struct error *error)
{
    bool is_compiled = libraries && libraries->module;
    size_t i = 0;

    while (tiers[i].runs_library != is_compiled)
        i++;
    return tiers[i].open(wasm, size, libraries, table, module, error);
}
