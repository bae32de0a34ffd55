/* Throwing, by the Itanium C++ ABI's names. Nothing is ever caught (cxx.h). */
#include "cxx.h"

#include <cstdlib>
#include <exception>
#include <new>
#include <typeinfo>

#include "private_typeinfo.h"

/* The exception as a `Base`, or NULL if it is none. */
template <typename Base> static Base *as(void *object, const std::type_info *type)
{
    auto *wanted = static_cast<const __cxxabiv1::__shim_type_info *>(&typeid(Base));
    auto *thrown = static_cast<const __cxxabiv1::__shim_type_info *>(type);
    return wanted->can_catch(thrown, object) ? static_cast<Base *>(object) : nullptr;
}

extern "C" {

void __cxa_free_exception(void *object) noexcept;
int __cxa_atexit(void (*function)(void *), void *argument, void *module) noexcept;

/* In WebAssembly a destructor returns its object. */
__attribute__((visibility("default"), noreturn)) void
__cxa_throw(void *object, std::type_info *type, void *(*destroy)(void *) )
{
    auto *exception = as<std::exception>(object, type);
    bool is_memory = as<std::bad_alloc>(object, type) != nullptr;
    const char *what = cxx_keep(exception ? exception->what() : type->name());

    if (destroy)
        destroy(object);
    __cxa_free_exception(object);
    cxx_report(what, is_memory);
}

/* There is no exception that has been thrown and not ended the statement. */
__attribute__((visibility("default"))) void *__cxa_current_primary_exception() noexcept
{
    return nullptr;
}
__attribute__((visibility("default"))) void __cxa_rethrow_primary_exception(void *)
{
}
__attribute__((visibility("default"))) unsigned __cxa_uncaught_exceptions() noexcept
{
    return 0;
}

/* There is one thread, and it ends with the process. */
__attribute__((visibility("default"))) int
__cxa_thread_atexit(void (*function)(void *), void *argument, void *module) noexcept
{
    return __cxa_atexit(function, argument, module);
}
}

namespace std
{
__attribute__((visibility("default"))) void terminate() noexcept
{
    abort();
}
__attribute__((visibility("default"))) new_handler get_new_handler() noexcept
{
    return nullptr;
}
} // namespace std
