// Makes the worker's two modules out of what `make build` has made: node build.mjs RESOURCES [OUTPUT]
//
//     pglite.wasm      the linked guest, which asks for as little memory as it can begin with
//     postgres.image   a booted session, by the worker's own host: image.js
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decompress } from 'fzstd'
import { Files } from './files.js'
import { save } from './image.js'
import { readPack } from './pack.mjs'
import { Session } from './session.js'
import { DATA_DIRECTORY } from './settings.js'

const UPSTREAM_PAGES = 2048
const [resources, output = 'build'] = process.argv.slice(2)
const read = (name) => readFileSync(join(resources, name))

function clusterFiles() {
  const files = new Files()
  const mount = (pack, root) => {
    for (const [path, mode, contents] of readPack(read(pack))) {
      if (contents) files.makeFile(root + path, mode, contents)
      else if (path !== '/dev') files.makeDirectory(root + path, mode)
    }
  }
  mount('system.pack', '')
  files.makeDirectory(DATA_DIRECTORY, 0o700)
  mount('cluster.pack', DATA_DIRECTORY)
  // Without addresses, as there is no resolver.
  files.makeFile(`${DATA_DIRECTORY}/pg_hba.conf`, 0o600, new TextEncoder().encode('local all all trust\n'))
  return files
}

// The import of the memory says how many pages there are at first: 2048, which are 128 MiB. Static data, and with it
// the place where the heap begins, end far below.
function withPages(binary, pages) {
  const leb = (value) => [value & 0x7f | 0x80, value >> 7]
  const before = Buffer.from('\x03env\x06memory\x02\x01', 'latin1')
  const at = binary.indexOf(Buffer.from([...before, ...leb(UPSTREAM_PAGES)]))
  if (at < 0) throw new Error('pglite.wasm does not import the memory that it should')
  const result = Buffer.from(binary)
  result.set(leb(pages), at + before.length)
  return result
}

const original = Buffer.from(decompress(read('pglite.wasm')))
const whole = new Session(new WebAssembly.Module(original), new Files(), UPSTREAM_PAGES)
const pages = Math.ceil(whole.guest.exports.__heap_base.value / 65536)
const binary = withPages(original, pages)
const module = new WebAssembly.Module(binary)
const fresh = new Session(module, new Files(), pages).guest.heap
const session = new Session(module, clusterFiles(), pages)
session.boot()
const image = save(session, fresh, (bytes) => createHash('sha256').update(bytes).digest('hex'))

mkdirSync(output, { recursive: true })
writeFileSync(join(output, 'pglite.wasm'), binary)
writeFileSync(join(output, 'postgres.image'), image)
console.log(`${output}: pglite.wasm ${binary.length} bytes, postgres.image ${image.length} bytes;`,
  `${session.guest.heap.length / 65536} pages of memory, ${pages} at first`)
