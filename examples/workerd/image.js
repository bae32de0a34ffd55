// A booted session as bytes, and sessions from them. An image has what memory has more than a new guest's, and the files.
//
//     u32 size of the header, the header as JSON, then what it gives offsets of
import { Files } from './files.js'
import { Session } from './session.js'

const PAGE = 65536
const UNIT = 4096
const HEADER_AT = 4

// [address, size] of each run of units that differ. A new guest's memory is the shorter one, with zeros behind it.
function* differences(memory, fresh) {
  const units = new BigUint64Array(memory.buffer), freshUnits = new BigUint64Array(fresh.buffer)
  const words = UNIT / 8
  let start
  for (let unit = 0; unit <= units.length / words; unit++) {
    let isDifferent = false
    for (let word = unit * words; word < Math.min((unit + 1) * words, units.length) && !isDifferent; word++) {
      isDifferent = units[word] !== (freshUnits[word] ?? 0n)
    }
    if (isDifferent) start ??= unit
    else if (start !== undefined) {
      yield [start * UNIT, (unit - start) * UNIT]
      start = undefined
    }
  }
}

// `keyOf` tells equal contents, which are stored once.
export function save(session, fresh, keyOf) {
  const { files, guest } = session
  const parts = [], places = new Map()
  let size = 0
  const place = (bytes) => {
    const key = keyOf(bytes)
    if (!places.has(key)) {
      places.set(key, size)
      parts.push(bytes.slice())
      size += bytes.length
    }
    return places.get(key)
  }
  const header = new TextEncoder().encode(JSON.stringify({
    memory: guest.heap.length,
    stack: guest.exports.__stack_pointer.value,
    runs: [...differences(guest.heap, fresh)].map(([address, length]) =>
      [address, length, place(guest.heap.subarray(address, address + length))]),
    workingDirectory: files.workingDirectory,
    files: [...files.walk()].map(([path, node]) => {
      if (node.entries) return [path, node.mode]
      const bytes = new Uint8Array(node.size)
      node.read(0, bytes)
      return [path, node.mode, node.size, place(bytes)]
    }),
    open: files.open.map((description) =>
      description && [description.path, description.flags, description.position]),
  }))
  const start = HEADER_AT + header.length
  const image = new Uint8Array(start + size)
  new DataView(image.buffer).setUint32(0, header.length, true)
  image.set(header, HEADER_AT)
  let at = start
  for (const part of parts) {
    image.set(part, at)
    at += part.length
  }
  return image
}

function readHeader(image) {
  const size = new DataView(image).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(image, HEADER_AT, size)))
  return { header, bytes: (offset, length) => new Uint8Array(image, HEADER_AT + size + offset, length) }
}

export function restore(module, image) {
  const { header, bytes } = readHeader(image)
  const files = new Files()
  for (const [path, mode, length, offset] of header.files) {
    if (length !== undefined) files.makeFile(path, mode, bytes(offset, length))
    else if (path !== '/dev') files.makeDirectory(path, mode)
  }
  files.changeDirectory(header.workingDirectory)
  header.open.forEach((description, descriptor) => {
    if (!description || files.open[descriptor]) return
    const [path, flags, position] = description
    files.open[descriptor] = { node: files.find(path), path, flags, position }
  })
  const session = new Session(module, files, header.memory / PAGE)
  for (const [address, length, offset] of header.runs) session.guest.heap.set(bytes(offset, length), address)
  session.guest.exports.__stack_pointer.value = header.stack
  session.attach()
  session.guest.call('pglite_reseed') // random numbers must not be the same in all of its instances
  return session
}

// Another session of the files that one has left, which has failed: as after a crash, from the write-ahead log.
export function recover(module, image, files) {
  files.closeAll()
  const session = new Session(module, files, readHeader(image).header.memory / PAGE)
  session.boot()
  return session
}
