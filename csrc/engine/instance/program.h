/* A program of the guest's, PostgreSQL, initdb or pg_dump: from a module to the end of its main. */
#ifndef PGN_ENGINE_PROGRAM_H
#define PGN_ENGINE_PROGRAM_H

#include "engine/instance/arguments.h"
#include "engine/instance/module_file.h"
#include "host/host.h"

/* A guest of its own over the files. file: where the module's bytes are. environment: as host_open's; NULL: that of a
   server. The host's upcalls and engine are the caller's to set. */
enum status program_open(struct module_file *file, struct guest_module *module, size_t stack_size,
                         struct arena *arena, struct vfs *vfs, const char *const *environment,
                         struct host *host, struct error *error);

/* On the coroutine: what comes before main, the module's constructors and those linked into it. */
enum guest_outcome program_start(struct host *host);
enum guest_outcome program_main(struct host *host, const struct arguments *arguments,
                                uint64_t *result);

/* From the end of program_start on: main, and what libc's exit does. Its exit code, or -1 when it trapped. */
int program_run(struct host *host, const struct arguments *arguments);

#endif
