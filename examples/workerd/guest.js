// PostgreSQL's module with its memory, and calls into it.
import { Exit, makeImports } from './imports.js'

const PAGE = 65536
const PAGES_MAX = 32768 // what the module declares
const EXIT_LONGJMP = 100 // PGlite: an ERROR has unwound the main loop, and PostgresMainLongJmp does the rest

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class Guest {
  heap = new Uint8Array()

  // Memory of so many pages; `wait` is pglite_host_wait of docs/HANDSHAKE.md.
  constructor(module, files, pages, wait) {
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX })
    this.look()
    this.exports = new WebAssembly.Instance(module, makeImports(module, this, files, wait)).exports
    this.exports.__wasm_call_ctors()
    this.exports.__pglite_link_init()
  }

  // A memory that has grown has another buffer.
  look() {
    this.heap = new Uint8Array(this.memory.buffer)
    this.view = new DataView(this.memory.buffer)
  }

  grow(size) {
    const missing = Math.ceil(size / PAGE) - this.heap.length / PAGE
    try {
      if (missing > 0) this.memory.grow(missing)
    } catch {
      return 0 // the guest has a "not enough memory" of its own
    }
    this.look()
    return 1
  }

  // Calls an export, with what PostgreSQL's ERRORs need. Whatever else it throws is the end of the guest.
  call(name, ...parameters) {
    const stack = this.exports.__stack_pointer.value
    let run = () => this.exports[name](...parameters)
    for (;;) {
      try {
        return run()
      } catch (error) {
        if (!(error instanceof Exit && error.code === EXIT_LONGJMP)) throw error
        this.exports.__stack_pointer.value = stack
        run = () => this.exports.PostgresMainLongJmp()
      }
    }
  }

  // What PostgreSQL's handler of SIGINT does. A latch begins with the word that says whether it is set.
  cancel() {
    const { QueryCancelPending, InterruptPending, MyLatch } = this.exports
    const latch = this.view.getUint32(MyLatch.value, true)
    for (const flag of [QueryCancelPending.value, InterruptPending.value, latch]) this.view.setInt32(flag, 1, true)
  }

  string(address) {
    return this.text(address, this.heap.indexOf(0, address) - address)
  }

  text(address, length) {
    return decoder.decode(this.heap.subarray(address, address + length))
  }

  encode(text, address) {
    return encoder.encodeInto(text, this.heap.subarray(address)).written
  }
}
