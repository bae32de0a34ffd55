// A transport in Node: for each line of its input, `rounds` times `select 1`, and a line with the milliseconds.
//
//     node workerd_node.mjs callback ROUNDS PGLITE_INDEX_JS       PGlite's
//     node workerd_node.mjs handshake ROUNDS EXAMPLE_FOLDER       by the host of examples/workerd
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [way, rounds, path] = process.argv.slice(2)
const query = Buffer.from('Q\0\0\0\rselect 1\0', 'latin1')

const ways = {
  callback: async () => {
    const { PGlite } = await import(pathToFileURL(path))
    const db = await PGlite.create()
    return () => db.execProtocolRawSync(query)
  },
  handshake: async () => {
    const { restore } = await import(pathToFileURL(join(path, 'image.js')))
    const read = (name) => readFileSync(join(path, 'build', name))
    const session = restore(new WebAssembly.Module(read('pglite.wasm')), Uint8Array.from(read('postgres.image')).buffer)
    return () => session.ask(query)
  },
}

const ask = await ways[way]()
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now()
  for (let round = 0; round < rounds; round++) ask()
  console.log(performance.now() - started)
}
process.exit(0)
