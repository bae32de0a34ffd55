// What PostgreSQL imports of Emscripten's libc, and of this project's handshake. The numbers are those of Emscripten's
// musl for wasm32. A system call (`__syscall_...`) returns a negative errno, one of WASI's (`fd_...`) a positive one.
import { Errno } from './files.js'

// How `exit` and `longjmp` leave the guest: through all its frames, as an exception of JavaScript.
export class Exit extends Error {
  constructor(code) {
    super(`the guest has called exit(${code})`)
    this.code = code
  }
}
const LONGJMP = { name: 'longjmp' }

const ENVIRONMENT = [
  'HOME=/home/postgres', 'USER=postgres', 'LOGNAME=postgres', 'PGDATA=/pglite/data', 'PGUSER=postgres',
  'PGDATABASE=postgres', 'PGCLIENTENCODING=UTF8', 'LANG=en_US.UTF-8', 'LC_COLLATE=en_US.UTF-8',
  'LC_CTYPE=en_US.UTF-8', 'TZ=UTC', 'PGTZ=UTC', 'ICU_DATA=/pglite/icu', 'PATH=/',
]

const PAGE = 65536
const MEMORY_MAX = 2 ** 31
const USER = 1000
const STAT_SIZE = 96, DIRENT_SIZE = 280, DSO_NAME = 36
const F_DUPFD = 0, F_GETFL = 3, F_DUPFD_CLOEXEC = 1030
const AT_REMOVEDIR = 0x200
const EAI_NONAME = -2

export function makeImports(module, guest, files, wait) {
  const heap = () => guest.heap
  const view = () => guest.view
  const string = (address) => guest.string(address)
  const load = (address) => view().getUint32(address, true)
  const store = (address, value) => view().setUint32(address, value, true)
  const storeLong = (address, value) => view().setBigInt64(address, BigInt(value), true)

  // ---- setjmp and longjmp, as Emscripten's own JavaScript has them ----

  const functions = [] // of the table, which does not change
  const tableFunction = (index) => (functions[index] ??= guest.exports.__indirect_function_table.get(index))

  // For the trampolines whose callees' result is of one type; `zero` is what is returned after a longjmp.
  const invoker = (zero) => (index, ...parameters) => {
    const stack = guest.exports.__stack_pointer.value
    try {
      return tableFunction(index)(...parameters)
    } catch (error) {
      guest.exports.__stack_pointer.value = stack
      if (error !== LONGJMP) throw error
      guest.exports.setThrew(1, 0)
      return zero
    }
  }
  const invoke = invoker(0), invokeLong = invoker(0n)

  // ---- Dynamic linking: the linker has done it, and left a table of what there is: docs/LINKER.md ----

  function* entries(address, count, size) {
    for (let at = address; at < address + count * size; at += size) {
      yield [guest.text(load(at), load(at + 4)), at]
    }
  }

  function findLinked(handle) {
    const table = guest.exports.pglite_link_table.value
    const name = string(handle + DSO_NAME).replace(/.*\/|\.so$/g, '')
    return new Map(entries(load(table + 4), load(table), 32)).get(name)
  }

  function findSymbol(handle, symbol) {
    const linked = findLinked(handle)
    const found = linked && new Map(entries(load(linked + 12), load(linked + 8), 16)).get(string(symbol))
    return found ? load(found + 12) : 0
  }

  // ---- Files ----

  function storeStat(at, node) {
    heap().fill(0, at, at + STAT_SIZE)
    store(at, 1)
    store(at + 4, node.mode)
    store(at + 8, 1)
    store(at + 12, USER)
    store(at + 16, USER)
    storeLong(at + 24, node.size)
    store(at + 32, 4096)
    store(at + 36, Math.ceil(node.size / 512))
    for (const time of [40, 56, 72]) storeLong(at + time, Math.floor(node.mtime / 1000))
    storeLong(at + 88, node.inode)
  }

  // For each part of an iovec until one is not filled: the bytes moved in all.
  function transfer(move, vector, count, moved, position) {
    let total = 0
    for (let at = vector; at < vector + count * 8; at += 8) {
      const part = heap().subarray(load(at), load(at) + load(at + 4))
      const size = move(part, position === undefined ? undefined : Number(position) + total)
      total += size
      if (size < part.length) break
    }
    store(moved, total)
  }

  function listDirectory(descriptor, at, size) {
    const description = files.description(descriptor)
    const { node } = description
    if (!node.entries) throw new Errno('ENOTDIR')
    // What is removed meanwhile must not move what comes behind it.
    description.listing ??= [['.', node], ['..', node], ...node.entries]
    const part = description.listing.slice(description.position, description.position + Math.floor(size / DIRENT_SIZE))
    for (const [name, entry] of part) {
      heap().fill(0, at, at + DIRENT_SIZE)
      storeLong(at, entry.inode)
      storeLong(at + 8, ++description.position)
      view().setUint16(at + 16, DIRENT_SIZE, true)
      heap()[at + 18] = entry.mode >> 12
      guest.encode(name, at + 19)
      at += DIRENT_SIZE
    }
    return part.length * DIRENT_SIZE
  }

  // A mapping is a copy: there is no other process to share it with.
  function map(length, protection, flags, descriptor, offset, allocated, result) {
    const file = files.file(descriptor)
    const address = guest.exports.emscripten_builtin_memalign(PAGE, length) >>> 0
    if (!address) throw new Errno('ENOMEM')
    const bytes = heap().subarray(address, address + length)
    bytes.fill(0)
    file.read(Number(offset), bytes)
    store(allocated, 1)
    store(result, address)
  }

  function control(descriptor, command, parameters) {
    const description = files.description(descriptor)
    if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) return files.add(description, load(parameters))
    return command === F_GETFL ? description.flags : 0 // locks are granted
  }

  function duplicateTo(from, to) {
    files.open[to] = files.description(from)
    return to
  }

  const systemCalls = {
    openat: (_, path, flags, parameters) => files.openFile(string(path), flags, flags & 0x40 ? load(parameters) : 0),
    faccessat: (_, path) => void files.find(string(path)),
    chdir: (path) => files.changeDirectory(string(path)),
    getcwd: (at) => guest.encode(`${files.workingDirectory}\0`, at),
    stat64: (path, at) => storeStat(at, files.find(string(path))),
    lstat64: (path, at) => storeStat(at, files.find(string(path))),
    newfstatat: (_, path, at) => storeStat(at, files.find(string(path))),
    fstat64: (descriptor, at) => storeStat(at, files.description(descriptor).node),
    mkdirat: (_, path, mode) => files.makeDirectory(string(path), mode),
    rmdir: (path) => files.remove(string(path), true),
    unlinkat: (_, path, flags) => files.remove(string(path), Boolean(flags & AT_REMOVEDIR)),
    renameat: (_, from, __, to) => files.rename(string(from), string(to)),
    truncate64: (path, size) => files.find(string(path)).resize(Number(size)),
    ftruncate64: (descriptor, size) => files.file(descriptor).resize(Number(size)),
    fallocate: (descriptor, _, offset, length) => {
      const file = files.file(descriptor)
      file.resize(Math.max(file.size, Number(offset + length)))
    },
    getdents64: listDirectory,
    dup: (descriptor) => files.add(files.description(descriptor)),
    dup3: duplicateTo,
    fcntl64: control,
    ioctl: () => { throw new Errno('ENOTTY') }, // nothing is a terminal
    readlinkat: (_, path) => {
      files.find(string(path))
      throw new Errno('EINVAL') // nothing is a link
    },
    // PostgreSQL's to itself, by which handlers of signals would end a wait: there are neither here.
    pipe2: (descriptors) => {
      for (const at of [descriptors, descriptors + 4]) store(at, files.openFile('/dev/null', 2))
    },
    // There is one user, nothing to write out, and no use for advice.
    chmod: () => 0, fchmod: () => 0, fchmodat2: () => 0, fchown32: () => 0, fchownat: () => 0, utimensat: () => 0,
    fdatasync: () => 0, fadvise64: () => 0, poll: () => 0, umask: () => 0o077,
    getuid32: () => USER, geteuid32: () => USER, getgid32: () => USER, getegid32: () => USER,
  }

  const wasi = {
    fd_read: (descriptor, vector, count, moved) =>
      transfer((part) => files.read(descriptor, part), vector, count, moved),
    fd_write: (descriptor, vector, count, moved) =>
      transfer((part) => files.write(descriptor, part), vector, count, moved),
    fd_pread: (descriptor, vector, count, offset, moved) =>
      transfer((part, position) => files.read(descriptor, part, position), vector, count, moved, offset),
    fd_pwrite: (descriptor, vector, count, offset, moved) =>
      transfer((part, position) => files.write(descriptor, part, position), vector, count, moved, offset),
    fd_seek: (descriptor, offset, whence, result) =>
      storeLong(result, files.seek(descriptor, Number(offset), whence)),
    fd_close: (descriptor) => files.close(descriptor),
    fd_sync: () => 0,
    fd_fdstat_get: (descriptor, at) => {
      const { node } = files.description(descriptor)
      heap().fill(0, at, at + 24)
      heap()[at] = node.entries ? 3 : 4
    },
    random_get: (at, size) => void crypto.getRandomValues(heap().subarray(at, at + size)),
    clock_time_get: (_, __, at) => storeLong(at, Date.now() * 1e6),
    environ_sizes_get: (count, size) => {
      store(count, ENVIRONMENT.length)
      store(size, ENVIRONMENT.join('\0').length + 1)
    },
    environ_get: (pointers, at) => {
      for (const [n, variable] of ENVIRONMENT.entries()) {
        store(pointers + 4 * n, at)
        at += guest.encode(`${variable}\0`, at)
      }
    },
    proc_exit: (code) => { throw new Exit(code) },
  }

  function storeTime(seconds, at) {
    const time = new Date(Number(seconds) * 1000)
    const year = time.getUTCFullYear()
    const fields = [
      time.getUTCSeconds(), time.getUTCMinutes(), time.getUTCHours(), time.getUTCDate(), time.getUTCMonth(),
      year - 1900, time.getUTCDay(), Math.floor((time - Date.UTC(year, 0)) / 86400000), 0, 0,
    ]
    fields.forEach((field, n) => store(at + 4 * n, field))
    return 0
  }

  const env = {
    memory: guest.memory,
    exit: (code) => { throw new Exit(code) },
    _abort_js: () => { throw new Error('the guest has called abort()') },
    __assert_fail: (condition) => { throw new Error(`an assertion has failed in the guest: ${string(condition)}`) },
    _emscripten_throw_longjmp: () => { throw LONGJMP },
    _emscripten_runtime_keepalive_clear: () => {},
    __call_sighandler: (handler, signal) => tableFunction(handler)(signal),
    emscripten_get_heap_max: () => MEMORY_MAX,
    emscripten_resize_heap: (size) => guest.grow(size >>> 0),
    emscripten_date_now: () => Date.now(),
    emscripten_get_now: () => Date.now(),
    _setitimer_js: () => 0, // see the README: in a worker the clock stands still while it runs
    _gmtime_js: storeTime,
    _localtime_js: storeTime,
    _tzset_js: (west, hasDaylightSaving, name, daylightName) => {
      store(west, 0)
      store(hasDaylightSaving, 0)
      for (const at of [name, daylightName]) guest.encode('UTC\0', at)
    },
    _mmap_js: map,
    _munmap_js: () => 0, // the guest frees the memory
    _dlopen_js: (handle) => Number(findLinked(handle) !== undefined),
    _dlsym_js: findSymbol,
    getaddrinfo: () => EAI_NONAME,
    pglite_host_wait: wait,
    pglite_host_sleep: () => {
      guest.cancel() // nothing may block in a worker: the statement fails with 57014
      throw new Errno('EINTR')
    },
    pglite_host_signal: () => { throw new Errno('ESRCH') }, // there is no other process
    pglite_host_keep_template: () => 0, // and will be none
    pglite_host_wake: () => {},
    pglite_host_need_wal_writer: () => {},
  }
  for (const [name, call] of Object.entries(systemCalls)) env[`__syscall_${name}`] = call

  const imports = { env, wasi_snapshot_preview1: wasi }
  const result = { env: { memory: guest.memory }, wasi_snapshot_preview1: {} }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue
    if (name.startsWith('invoke_')) result[from][name] = name.startsWith('invoke_j') ? invokeLong : invoke
    else result[from][name] = guarded(name, imports[from][name], from === 'env' ? -1 : 1)
  }
  return result
}

// Errors become their numbers; what is not there is an error of its own, so that it is found.
function guarded(name, call, sign) {
  if (!call && name.startsWith('__syscall_')) call = () => { throw new Errno('ENOSYS') }
  if (!call) return () => { throw new Error(`the guest has called ${name}, which this host has not`) }
  return (...parameters) => {
    try {
      return call(...parameters) ?? 0
    } catch (error) {
      if (error instanceof Errno) return sign * error.number
      throw error
    }
  }
}
