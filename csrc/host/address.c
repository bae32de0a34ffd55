/* Name resolution of numeric addresses. PostgreSQL reads pg_hba.conf with it ("127.0.0.1/32");
 * without a network there is no name server to ask about other names.
 */
#include <stdio.h>

#include "host/abi.h"
#include "host/imports.h"
#include "host/inet.h"
#include "host/layout.h"

enum { FAMILY_ANY = 0, FAMILY_INET = 2, FAMILY_INET6 = 10 };
enum { SOCKTYPE_STREAM = 1, SOCKTYPE_DATAGRAM = 2, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* addrinfo's flags */
enum {
    AI_PASSIVE = 0x1,
    AI_CANONNAME = 0x2,
    AI_NUMERICHOST = 0x4,
    AI_V4MAPPED = 0x8,
    AI_NUMERICSERV = 0x400,
    AI_KNOWN = 0x43f
};

enum { NI_NAMEREQD = 8 };

/* the results of both functions */
enum {
    EAI_BADFLAGS = -1,
    EAI_NONAME = -2,
    EAI_AGAIN = -3,
    EAI_FAIL = -4,
    EAI_FAMILY = -6,
    EAI_SOCKTYPE = -7,
    EAI_SERVICE = -8,
    EAI_MEMORY = -10,
    EAI_OVERFLOW = -12
};

enum { NAME_MAX_SIZE = 256, SERVICE_MAX_SIZE = 32, PORT_MAX = 65535 };

/* What is asked for, and what is found. */
struct address {
    int32_t flags, family, socktype, protocol;
    unsigned port;
    unsigned char bytes[INET6_SIZE]; /* the first INET4_SIZE for FAMILY_INET */
};

static int load_hints(const struct guest *guest, uint32_t hints, struct address *address)
{
    const unsigned char *at = guest_at(guest, hints, ADDRINFO_SIZE);

    if (!at)
        return EAI_FAIL;
    address->flags = (int32_t) load_u32(at + ADDRINFO_FLAGS);
    address->family = (int32_t) load_u32(at + ADDRINFO_FAMILY);
    address->socktype = (int32_t) load_u32(at + ADDRINFO_SOCKTYPE);
    address->protocol = (int32_t) load_u32(at + ADDRINFO_PROTOCOL);
    if (address->flags & ~AI_KNOWN)
        return EAI_BADFLAGS;
    if (address->family != FAMILY_ANY && address->family != FAMILY_INET
        && address->family != FAMILY_INET6)
        return EAI_FAMILY;
    if (address->socktype && address->socktype != SOCKTYPE_STREAM
        && address->socktype != SOCKTYPE_DATAGRAM)
        return EAI_SOCKTYPE;
    return 0;
}

/* Of socket type and protocol each gives the other; TCP when there is neither. */
static void complete_hints(struct address *address)
{
    if (!address->socktype)
        address->socktype = address->protocol == PROTOCOL_UDP ? SOCKTYPE_DATAGRAM : SOCKTYPE_STREAM;
    if (!address->protocol)
        address->protocol = address->socktype == SOCKTYPE_DATAGRAM ? PROTOCOL_UDP : PROTOCOL_TCP;
}

static int parse_service(const char *service, struct address *address)
{
    unsigned port = 0;

    if (!*service)
        return EAI_SERVICE;
    for (; *service; service++) {
        if (*service < '0' || *service > '9')
            return address->flags & AI_NUMERICSERV ? EAI_NONAME : EAI_SERVICE;
        port = port * 10 + (unsigned) (*service - '0');
        if (port > PORT_MAX)
            return EAI_SERVICE;
    }
    address->port = port;
    return 0;
}

/* No node: any address to listen on, or this machine to talk to. */
static void wildcard_or_loopback(struct address *address)
{
    static const unsigned char loopback4[INET4_SIZE] = {127, 0, 0, 1};
    static const unsigned char loopback6[INET6_SIZE] = {[INET6_SIZE - 1] = 1};

    if (address->family == FAMILY_ANY)
        address->family = FAMILY_INET;
    if (address->flags & AI_PASSIVE)
        return;
    if (address->family == FAMILY_INET)
        memcpy(address->bytes, loopback4, sizeof loopback4);
    else
        memcpy(address->bytes, loopback6, sizeof loopback6);
}

static int parse_node(const char *node, struct address *address)
{
    unsigned char bytes[INET6_SIZE];

    if (inet4_parse(node, bytes)) {
        if (address->family != FAMILY_INET6) {
            address->family = FAMILY_INET;
            memcpy(address->bytes, bytes, INET4_SIZE);
            return 0;
        }
        if (!(address->flags & AI_V4MAPPED))
            return EAI_NONAME;
        memset(address->bytes + 10, 0xff, 2); /* ::ffff:0:0/96 */
        memcpy(address->bytes + INET6_SIZE - INET4_SIZE, bytes, INET4_SIZE);
        return 0;
    }
    if (inet6_parse(node, bytes)) {
        if (address->family == FAMILY_INET)
            return EAI_NONAME;
        address->family = FAMILY_INET6;
        memcpy(address->bytes, bytes, INET6_SIZE);
        return 0;
    }
    /* A name: what a resolver says that reaches no name server. */
    return address->flags & AI_NUMERICHOST ? EAI_NONAME : EAI_AGAIN;
}

static uint32_t sockaddr_size(const struct address *address)
{
    return address->family == FAMILY_INET6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE;
}

static void store_sockaddr(unsigned char *at, const struct address *address)
{
    memset(at, 0, sockaddr_size(address));
    store_u16(at + SOCKADDR_FAMILY, (uint16_t) address->family);
    at[SOCKADDR_PORT] = (unsigned char) (address->port >> 8);
    at[SOCKADDR_PORT + 1] = (unsigned char) address->port;
    if (address->family == FAMILY_INET6)
        memcpy(at + SOCKADDR_IN6_ADDR, address->bytes, INET6_SIZE);
    else
        memcpy(at + SOCKADDR_IN_ADDR, address->bytes, INET4_SIZE);
}

/* The guest's malloc; *bytes is NULL when it has no memory left. */
static enum guest_outcome allocate(struct guest *guest, uint32_t size, uint32_t *address,
                                   unsigned char **bytes)
{
    const uint64_t args[] = {size};
    uint64_t result = 0;
    guest_function malloc_function;

    *bytes = NULL;
    if (!guest_module_function(guest_module_of(guest), "malloc", &malloc_function))
        return guest_set_trap(guest, "getaddrinfo in a module without malloc");

    enum guest_outcome outcome = guest_invoke(guest, malloc_function, args, &result);
    if (outcome != GUEST_RETURNED || (uint32_t) result == 0)
        return outcome;
    *address = (uint32_t) result;
    *bytes = guest_at(guest, *address, size);
    return *bytes ? GUEST_RETURNED
                  : guest_set_trap(guest, "malloc returned memory that does not exist");
}

/* musl under Emscripten frees ai_addr and the addrinfo, nothing else: the canonical name lies
   behind the addrinfo, in the same allocation. */
static enum guest_outcome return_addrinfo(struct guest_call *call, const struct address *address,
                                          const char *canonical_name, unsigned char *result)
{
    uint32_t name_size = canonical_name ? (uint32_t) strlen(canonical_name) + 1 : 0;
    uint32_t sockaddr_at = 0;
    uint32_t info_at = 0;
    unsigned char *sockaddr, *info = NULL;
    enum guest_outcome outcome = allocate(call->guest, sockaddr_size(address), &sockaddr_at,
                                          &sockaddr);

    if (outcome == GUEST_RETURNED && sockaddr)
        outcome = allocate(call->guest, ADDRINFO_SIZE + name_size, &info_at, &info);
    if (outcome != GUEST_RETURNED)
        return outcome;
    if (!info)
        return return_i32(call, EAI_MEMORY); /* a few bytes of sockaddr are the smaller worry */

    store_sockaddr(sockaddr, address);
    memset(info, 0, ADDRINFO_SIZE);
    store_u32(info + ADDRINFO_FAMILY, (uint32_t) address->family);
    store_u32(info + ADDRINFO_SOCKTYPE, (uint32_t) address->socktype);
    store_u32(info + ADDRINFO_PROTOCOL, (uint32_t) address->protocol);
    store_u32(info + ADDRINFO_ADDRLEN, sockaddr_size(address));
    store_u32(info + ADDRINFO_ADDR, sockaddr_at);
    if (canonical_name) {
        memcpy(info + ADDRINFO_SIZE, canonical_name, name_size);
        store_u32(info + ADDRINFO_CANONNAME, info_at + ADDRINFO_SIZE);
    }
    store_u32(result, info_at);
    return return_i32(call, 0);
}

/* getaddrinfo(node or NULL, service or NULL, hints or NULL, struct addrinfo **) */
enum guest_outcome address_getaddrinfo(struct guest_call *call)
{
    struct guest *guest = call->guest;
    uint32_t node_at = arg_u32(call, 0);
    uint32_t service_at = arg_u32(call, 1);
    const char *node = node_at ? guest_string(guest, node_at, NAME_MAX_SIZE) : NULL;
    const char *service = service_at ? guest_string(guest, service_at, SERVICE_MAX_SIZE) : NULL;
    unsigned char *result = arg_at(call, 3, sizeof(uint32_t));
    struct address address = {0};
    int error = 0;

    if (!result || (node_at && !node))
        return return_i32(call, EAI_FAIL);
    if (service_at && !service)
        return return_i32(call, EAI_SERVICE);
    if (!node && !service)
        return return_i32(call, EAI_NONAME);
    if (arg_u32(call, 2))
        error = load_hints(guest, arg_u32(call, 2), &address);
    if (!error && (address.flags & AI_CANONNAME) && !node)
        error = EAI_BADFLAGS;
    if (!error && service)
        error = parse_service(service, &address);
    if (!error && node)
        error = parse_node(node, &address);
    if (error)
        return return_i32(call, error);
    if (!node)
        wildcard_or_loopback(&address);
    complete_hints(&address);
    return return_addrinfo(call, &address, address.flags & AI_CANONNAME ? node : NULL, result);
}

static int load_sockaddr(const struct guest *guest, uint32_t at, uint32_t size,
                         struct address *address)
{
    const unsigned char *sockaddr = guest_at(guest, at, size);

    if (!sockaddr || size < SOCKADDR_IN_SIZE)
        return EAI_FAMILY;
    address->family = load_u16(sockaddr + SOCKADDR_FAMILY);
    address->port = (unsigned) sockaddr[SOCKADDR_PORT] << 8 | sockaddr[SOCKADDR_PORT + 1];
    if (address->family == FAMILY_INET && size == SOCKADDR_IN_SIZE)
        memcpy(address->bytes, sockaddr + SOCKADDR_IN_ADDR, INET4_SIZE);
    else if (address->family == FAMILY_INET6 && size == SOCKADDR_IN6_SIZE)
        memcpy(address->bytes, sockaddr + SOCKADDR_IN6_ADDR, INET6_SIZE);
    else
        return EAI_FAMILY;
    return 0;
}

/* Into a buffer of the guest's; one of address or size 0 is not asked for. */
static int store_text(const struct guest *guest, uint32_t at, uint32_t size, const char *text)
{
    size_t text_size = strlen(text) + 1;
    char *buffer = guest_at(guest, at, size);

    if (!at || !size)
        return 0;
    if (!buffer)
        return EAI_FAIL;
    if (text_size > size)
        return EAI_OVERFLOW;
    memcpy(buffer, text, text_size);
    return 0;
}

/* getnameinfo(sockaddr *, size, node *, size, service *, size, flags): always numbers. */
enum guest_outcome address_getnameinfo(struct guest_call *call)
{
    struct address address = {0};
    char node[INET_TEXT_MAX];
    char service[SERVICE_MAX_SIZE];
    int error = load_sockaddr(call->guest, arg_u32(call, 0), arg_u32(call, 1), &address);

    if (!error && (arg_u32(call, 6) & NI_NAMEREQD))
        error = EAI_NONAME;
    if (error)
        return return_i32(call, error);
    if (address.family == FAMILY_INET6)
        inet6_format(address.bytes, node);
    else
        inet4_format(address.bytes, node);
    snprintf(service, sizeof service, "%u", address.port);
    error = store_text(call->guest, arg_u32(call, 2), arg_u32(call, 3), node);
    if (!error)
        error = store_text(call->guest, arg_u32(call, 4), arg_u32(call, 5), service);
    return return_i32(call, error);
}
