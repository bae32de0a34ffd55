// PGlite on Node as a contestant: node node.mjs raw|class PGLITE_INDEX_JS PGVECTOR_INDEX_JS
// SETTINGS_JSON; see bench/against/__init__.py for what it reads and writes.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [way, pglite, pgvector, settingsText] = process.argv.slice(2)
const { PGlite } = await import(pathToFileURL(pglite))
const { vector } = await import(pathToFileURL(pgvector))
const settings = JSON.parse(settingsText)
const encoder = new TextEncoder()
const decoder = new TextDecoder()

class Missing extends Error {}

function message(kind, ...parts) {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.alloc(5)
  head.write(kind, 0, 'latin1')
  head.writeInt32BE(payload.length + 4, 1)
  return Buffer.concat([head, payload])
}

const text = (value) => Buffer.from(`${value}\0`)
const int16 = (value) => Buffer.from([value >> 8, value & 255])
const counted = (value) => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(value.length)
  return Buffer.concat([size, Buffer.from(value)])
}
const query = (sql) => message('Q', text(sql))
const sync = message('S')
const parse = (name, sql) => message('P', text(name), text(sql), int16(0))
const bind = (name, values) =>
  message('B', text(''), text(name), int16(0), int16(values.length), ...values.map(counted), int16(0))
const execute = message('E', text(''), Buffer.alloc(4))

async function ask(data) {
  const reply = await db.execProtocolRaw(data)
  // Cheap, as it is a part of what is measured: an error comes first, or the end is not ReadyForQuery.
  if (reply[0] === 69 || reply[reply.length - 6] !== 90) {
    throw new Error(decoder.decode(reply.subarray(0, 300)))
  }
  return reply
}

const names = new Map() // of prepared statements

const ways = {
  raw: {
    call: (sql) => {
      const data = query(sql)
      return () => ask(data)
    },
    preparedCall: async (sql, parameters) => {
      if (!names.has(sql)) {
        names.set(sql, `p${names.size}`)
        await ask(Buffer.concat([parse(names.get(sql), sql), sync]))
      }
      const data = Buffer.concat([bind(names.get(sql), parameters.map(String)), execute, sync])
      return () => ask(data)
    },
    fetch: () => {
      throw new Missing('a raw answer is messages, not values')
    },
  },
  class: {
    call: (sql) => () => db.query(sql),
    preparedCall: (sql, parameters) => () => db.query(sql, parameters),
    fetch: async (sql) => (await db.query(sql)).rows.length,
  },
}
const contestant = ways[way]

async function timed(work) {
  const started = performance.now()
  const result = await work()
  return [(performance.now() - started) / 1000, result]
}

function check(count, expected) {
  if (count !== expected) throw new Error(`${count} rows instead of ${expected}`)
}

async function repeat(calls, times) {
  const [seconds] = await timed(async () => {
    for (let time = 0; time < times; time++) {
      for (const call of calls) await call()
    }
  })
  return seconds
}

let hasSchema = false

const operations = {
  run: ({ statements, times }) => repeat(statements.map(contestant.call), times),
  prepared: async ({ statements, times }) => {
    const calls = []
    for (const statement of statements) calls.push(await contestant.preparedCall(...statement))
    return repeat(calls, times)
  },
  // COPY is what PGlite has it for in both ways: a file that is a Blob.
  copy_in: async ({ sql, rows }) => {
    const lines = []
    for (let n = 0; n < rows; n++) lines.push(`${n}\t0123456789abcdef0123456789abcdef\n`)
    const blob = new Blob([encoder.encode(lines.join(''))])
    const from = sql.replace('stdin', "'/dev/blob'")
    return (await timed(() => db.query(from, [], { blob })))[0]
  },
  copy_out: async ({ sql, rows }) => {
    const to = sql.replace('stdout', "'/dev/blob'")
    const [seconds, copied] = await timed(async () => (await db.query(to)).blob.text())
    check(copied.split('\n').length - 1, rows)
    return seconds
  },
  fetch: async ({ sql, rows }) => {
    const [seconds, count] = await timed(() => contestant.fetch(sql))
    check(count, rows)
    return seconds
  },
  fetch_arrow: () => {
    throw new Missing('it makes values')
  },
  second: async () => {
    const [seconds] = await timed(async () => {
      const another = await PGlite.create()
      await another.query('select 1')
      await another.close()
    })
    return seconds
  },
  reset: async ({ times }) => {
    if (!hasSchema) await db.exec(settings.schema)
    hasSchema = true
    let total = 0
    for (let i = 0; i < times; i++) {
      await db.exec(settings.writes)
      const [seconds] = await timed(async () => {
        await contestant.call(settings.truncate)()
        await contestant.call(settings.first_query)()
      })
      total += seconds
    }
    return total
  },
}

async function answer({ work, arguments: given }) {
  try {
    return { seconds: await operations[work](given) }
  } catch (error) {
    return error instanceof Missing ? { missing: error.message } : { error: String(error.message) }
  }
}

const db = await PGlite.create({ extensions: { vector } })
await contestant.call('select 1')()
console.log(JSON.stringify({ ready: `PGlite ${settings.version}, node ${process.version}` }))
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))))
}
await db.close()
process.exit(0)
