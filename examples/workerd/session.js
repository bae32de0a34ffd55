// The handshake: messages go into a buffer in the guest's memory, and replies come out of another: docs/HANDSHAKE.md.
import { Guest } from './guest.js'
import { PARAMETERS } from './settings.js'

const STATUS = 0, DATA = 8 // of a buffer
const READY = 1
const WAIT_INPUT = 1
const EXIT_ALIVE = 99
const CHECKPOINT_BYTES = 16 << 20
const IDLE = 'I'.charCodeAt(0)

const encoder = new TextEncoder()

// A message of the frontend's: its type, its length, and text that ends with a NUL.
export function message(type, text) {
  const body = encoder.encode(`${text}\0`)
  const bytes = new Uint8Array(5 + body.length)
  bytes[0] = type.charCodeAt(0)
  new DataView(bytes.buffer).setInt32(1, 4 + body.length)
  bytes.set(body, 5)
  return bytes
}

function join(parts) {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export class Session {
  input = new Uint8Array() // what the guest has not been given yet
  output = []
  checkpointed = 0

  constructor(module, files, pages) {
    this.files = files
    this.guest = new Guest(module, files, pages, (reason) => this.wait(reason))
  }

  // Where the buffers are: neither moves before pglite_set_buffer_size is called again, which nothing does.
  attach() {
    const { exports } = this.guest
    this.inputBuffer = exports.pglite_get_input_buffer()
    this.outputBuffer = exports.pglite_get_output_buffer()
    this.bufferSize = exports.pglite_get_buffer_size()
  }

  // A cluster's files become an open session. PostgreSQL recovers what a session before has left in the middle.
  boot() {
    const { guest } = this
    if (guest.exports.pglite_set_buffer_size(65536) || guest.exports.pglite_transport_install(0)) {
      throw new Error('the guest has no transport of this kind')
    }
    this.attach()
    guest.call('pgl_setPGliteActive', 1)
    try {
      guest.exports.__main_argc_argv(PARAMETERS.length, this.argumentVector(PARAMETERS))
    } catch (error) {
      if (error.code !== EXIT_ALIVE) throw new Error(`PostgreSQL did not start: ${error.message}\n${this.files.log}`)
    }
    guest.call('pgl_startPGlite')
    this.logIn()
  }

  argumentVector(parameters) {
    const { exports } = this.guest
    const vector = exports.malloc(4 * (parameters.length + 1))
    for (const [n, parameter] of parameters.entries()) {
      const address = exports.malloc(parameter.length + 1)
      this.guest.encode(`${parameter}\0`, address)
      this.guest.view.setUint32(vector + 4 * n, address, true)
    }
    this.guest.view.setUint32(vector + 4 * parameters.length, 0, true)
    return vector
  }

  logIn() {
    const settings = encoder.encode('user\0postgres\0database\0postgres\0\0')
    const packet = new Uint8Array(8 + settings.length)
    new DataView(packet.buffer).setInt32(0, packet.length)
    new DataView(packet.buffer).setInt32(4, 3 << 16) // the protocol's version
    packet.set(settings, 8)
    this.input = packet
    this.fill()
    if (this.guest.call('ProcessStartupPacket', this.guest.call('pgl_getMyProcPort'), 1, 1)) {
      throw new Error('PostgreSQL has refused the startup packet')
    }
    for (const step of ['pglite_begin_session', 'pgl_sendConnData', 'pgl_pq_flush']) this.guest.call(step)
    this.ask(new Uint8Array()) // takes the greeting
  }

  // Whole messages of the frontend's protocol; returns what PostgreSQL answers.
  ask(messages) {
    const { guest } = this
    guest.exports.pglite_reset_buffers()
    this.input = messages
    this.output = []
    for (;;) {
      this.fill()
      if (!this.hasInput() && !guest.call('pq_buffer_remaining_data')) break
      guest.call('PostgresMainLoopOnce')
    }
    guest.call('PostgresSendReadyForQueryIfNecessary')
    guest.call('pgl_pq_flush')
    this.drain()
    return join(this.output)
  }

  // A stand-alone backend makes no checkpoints by itself, and without them WAL grows.
  keepHouse(reply) {
    if (this.files.written - this.checkpointed < CHECKPOINT_BYTES || reply.at(-1) !== IDLE) return
    this.ask(message('Q', 'checkpoint'))
    this.checkpointed = this.files.written
  }

  hasInput() {
    return this.guest.view.getUint32(this.inputBuffer + STATUS, true) === READY
  }

  // Write, signal: the next piece, once the guest has taken the last byte of the one before.
  fill() {
    if (this.input.length === 0 || this.hasInput()) return
    const piece = this.input.subarray(0, this.bufferSize)
    this.input = this.input.subarray(piece.length)
    this.guest.heap.set(piece, this.inputBuffer + DATA)
    this.guest.exports.pglite_signal_input_ready(piece.length)
  }

  // Read, acknowledge.
  drain() {
    const { guest, outputBuffer: buffer } = this
    if (!guest.exports.pglite_has_output()) return
    const length = guest.exports.pglite_get_output_length()
    if (length > this.bufferSize) throw new Error('the guest says that it has sent more than its buffer holds')
    this.output.push(guest.heap.slice(buffer + DATA, buffer + DATA + length))
    guest.exports.pglite_ack_output()
  }

  // pglite_host_wait: inside a message the guest wants more of it, or room for its answer.
  wait(reason) {
    this.drain()
    if (reason !== WAIT_INPUT) return 0
    // All messages are whole, so it is COPY that has not been ended.
    if (this.input.length === 0) this.input = message('f', 'the request ends within COPY')
    this.fill()
    return 0
  }
}
