// PGlite's ways to a database like another one: node peer_pglite.mjs INDEX_JS, a JSON object on its
// input: {schema, query, rounds}. Prints milliseconds by name, a list each.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { PGlite } = await import(pathToFileURL(process.argv[2]))
const { schema, query, rounds } = JSON.parse(readFileSync(0, 'utf8'))

const template = await PGlite.create()
await template.exec(schema)
const dump = await template.dumpDataDir('none')

const ways = {
  'clone()': () => template.clone(),
  'loadDataDir': () => PGlite.create({ loadDataDir: dump }),
}
const samples = {}
for (let round = 0; round < rounds; round++) {
  for (const [name, make] of Object.entries(ways)) {
    const started = performance.now()
    const database = await make()
    await database.query(query)
    await database.close()
    ;(samples[name] ??= []).push(performance.now() - started)
  }
}
console.log(JSON.stringify(samples))
await template.close()
