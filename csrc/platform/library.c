/* Shared objects, over dlopen. */
#include "platform/system.h"

#include "platform/library.h"

#include <dlfcn.h>
#include <stdint.h>

#if defined(__linux__)
#include <link.h>

static bool contains(const struct dl_phdr_info *object, const ElfW(Phdr) * segment,
                     const void *address)
{
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;

    return segment->p_type == PT_LOAD && (uintptr_t) address >= start
           && (uintptr_t) address - start < segment->p_memsz;
}

/* Of the object that has the symbol, the executable segment. */
static int find_code(struct dl_phdr_info *object, size_t size, void *context)
{
    struct library *library = context;
    bool found = false;

    (void) size;
    for (int i = 0; i < object->dlpi_phnum; i++)
        found |= contains(object, &object->dlpi_phdr[i], library->symbol);
    for (int i = 0; found && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        library->code = (const unsigned char *) (object->dlpi_addr + segment->p_vaddr);
        library->code_size = segment->p_memsz;
    }
    return found;
}

static void locate_code(struct library *library)
{
    dl_iterate_phdr(find_code, library);
}
#elif defined(__APPLE__)
#include <mach-o/getsect.h>

/* The __TEXT segment of the image that has the symbol; dladdr knows where that begins. */
static void locate_code(struct library *library)
{
    unsigned long size = 0;
    Dl_info image;

    if (dladdr(library->symbol, &image) == 0)
        return;
    library->code = getsegmentdata(image.dli_fbase, "__TEXT", &size);
    library->code_size = size;
}
#else
static void locate_code(struct library *library)
{
    (void) library; /* not known here; nor is what a fault was of: fault.c */
}
#endif

enum status library_open(const char *path, const char *symbol, struct library *library,
                         struct error *error)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    *library = (struct library){0};
    if (!handle)
        return error_set(error, STATUS_MODULE, "cannot load %s: %s", path, dlerror());
    library->symbol = dlsym(handle, symbol);
    if (library->symbol)
        locate_code(library);
    dlclose(handle);
    if (!library->symbol)
        return error_set(error, STATUS_MODULE, "%s has no %s", path, symbol);
    if (!library->code)
        return error_set(error, STATUS_MODULE, "%s: the address of its code is unknown", path);
    return STATUS_OK;
}
