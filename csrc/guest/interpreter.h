/* The functions of a module that another tier has no code for, run in its instances: those that were added to a
 * module which was compiled, where no compiler is.
 *
 * They are interpreted; the others, which have code, are called where they are. Either calls the other as it
 * calls the host: what ends a call (an outcome) is returned from one to the other, never jumped over.
 */
#ifndef PGN_GUEST_INTERPRETER_H
#define PGN_GUEST_INTERPRETER_H

#include "guest/guest.h"

/* What the interpreter asks of the tier that has the code. */
struct interpreter_base {
    const struct guest_module *module; /* the tier's */
    uint32_t first_function;           /* from here on there is no code; imports are the host's */
    /* The code of a function: by its index, if it is exported, or by an element of the table. NULL: not found. */
    const void *(*find_export)(const struct guest_module *module, uint32_t index);
    const void *(*find_element)(const struct guest_module *module, uint32_t index);
    enum guest_outcome (*call)(struct guest *guest, const void *code, const uint64_t *args,
                               uint64_t *result);
};

/* The whole module, to be interpreted from base->first_function on; base is copied. To be closed as any module. */
enum status interpreter_open(const uint8_t *wasm, size_t size,
                             const struct guest_import_table *table,
                             const struct interpreter_base *base, struct guest_module **module,
                             struct error *error);

/* The function at an index of its table, and its type as in guest_call. False: none, or one that is too wide. */
bool interpreter_element(const struct guest_module *module, uint32_t index, uint32_t *function,
                         char type[GUEST_ARGUMENTS_MAX + 2]);

/* What belongs to an instance of the tier's. NULL: no memory. */
struct interpreter *interpreter_attach(struct guest_module *module, struct guest *guest,
                                       size_t stack_size);
void interpreter_detach(struct interpreter *interpreter); /* NULL is fine */

/* Each as in struct guest_tier, for its part of the header: struct guest_header. */
void interpreter_begin(struct interpreter *interpreter);
void interpreter_resized(struct interpreter *interpreter);
void interpreter_poke(struct interpreter *interpreter);
void interpreter_set_native_stack(struct interpreter *interpreter, const void *lowest,
                                  size_t reserve, guest_low low);
void interpreter_trim_stack(struct interpreter *interpreter);

/* Calls a function by its index in the module; or the one that is an element, which must be one. */
enum guest_outcome interpreter_invoke(struct interpreter *interpreter, uint32_t function,
                                      const uint64_t *args, uint64_t *result);
enum guest_outcome interpreter_invoke_element(struct interpreter *interpreter, uint32_t index,
                                              const uint64_t *args, uint64_t *result);

#endif
