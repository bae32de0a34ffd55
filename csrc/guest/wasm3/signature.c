/* Function types as strings: "viij" is the result, then the parameters. */
#include "guest/wasm3/internal.h"

static char type_letter(uint8_t type)
{
    static const char letters[] = "vijfd";

    return type < sizeof letters - 1 ? letters[type] : '?';
}

bool tier_spell_type(IM3FuncType type, char spelled[GUEST_ARGUMENTS_MAX + 2])
{
    size_t n = 0;

    if (type->numArgs > GUEST_ARGUMENTS_MAX || type->numRets > 1)
        return false;
    spelled[n++] = type->numRets ? type_letter(type->types[0]) : 'v';
    for (unsigned i = 0; i < type->numArgs; i++)
        spelled[n++] = type_letter(type->types[type->numRets + i]);
    spelled[n] = '\0';
    return true;
}

bool tier_has_type(IM3FuncType type, char result, const char *parameters)
{
    if (type->numRets > 1 || result != (type->numRets ? type_letter(type->types[0]) : 'v'))
        return false;
    for (unsigned i = 0; i < type->numArgs; i++)
        if (parameters[i] != type_letter(type->types[type->numRets + i]))
            return false;
    return parameters[type->numArgs] == '\0';
}

IM3FuncType tier_find_type(IM3Module module, const char *spelled)
{
    for (uint32_t i = 0; i < module->numFuncTypes; i++)
        if (tier_has_type(module->funcTypes[i], spelled[0], spelled + 1))
            return module->funcTypes[i];
    return NULL;
}
