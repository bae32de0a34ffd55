// node-postgres, and what it recommends for COPY and cursors. Prints the name of each thing it has
// done; exits with an error at the first that fails. Its argument is how to connect, as JSON.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import copy from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'

const { authority, ...place } = JSON.parse(process.argv[2])
if (authority) place.ssl = { ca: authority }

const client = new pg.Client(place)

const conversation = {
  async 'values round trip'() {
    const values = [
      ['bool', true],
      ['int4', -(2 ** 31)],
      ['int8', '-9223372036854775808'],
      ['numeric', '12345678901234567890.123456789'],
      ['float8', 0.1],
      ['text', "héllo ☃ 😀 ' \\"],
      ['bytea', Buffer.from([0, 1, 254, 255])],
      ['timestamptz', new Date('2024-02-29T12:34:56.789Z')],
      ['jsonb', { a: [1, null, 'x'] }],
      ['int4[]', [1, null, 3]],
      ['text', null],
    ]
    for (const [type, value] of values) {
      const { rows } = await client.query(`SELECT $1::${type} AS value`, [value])
      assert.deepEqual(rows, [{ value }])
    }
  },

  async 'prepared statements'() {
    for (let n = 0; n < 5; n++) {
      const query = { name: 'twice', text: 'SELECT $1::int * 2 AS n', values: [n], rowMode: 'array' }
      assert.deepEqual((await client.query(query)).rows, [[n * 2]])
    }
  },

  async 'several statements at once'() {
    const results = await client.query('CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2)')
    assert.deepEqual(results.map((result) => result.command), ['CREATE', 'INSERT'])
    assert.equal(results[1].rowCount, 2)
  },

  async transactions() {
    for (const [end, count] of [['ROLLBACK', '2'], ['COMMIT', '3']]) {
      await client.query('BEGIN')
      await client.query('INSERT INTO t VALUES ($1)', [3])
      await client.query(end)
      assert.deepEqual((await client.query('SELECT count(*) FROM t')).rows, [{ count }])
    }
  },

  async 'errors carry their fields'() {
    await client.query('CREATE TEMP TABLE checked (a int CONSTRAINT positive CHECK (a > 0))')
    await assert.rejects(client.query('INSERT INTO checked VALUES ($1)', [-1]), {
      code: '23514',
      constraint: 'positive',
    })
    await client.query('SELECT 1')
  },

  async 'copy both ways'() {
    await client.query('CREATE TEMP TABLE copied (a int, b text)')
    const lines = Array.from({ length: 1000 }, (_, n) => `${n}\trow ${n}\n`)
    await pipeline(Readable.from(lines), client.query(copy.from('COPY copied FROM STDIN')))
    let text = ''
    for await (const part of client.query(copy.to('COPY copied TO STDOUT'))) text += part
    assert.equal(text, lines.join(''))
  },

  async cursors() {
    const cursor = client.query(new Cursor('SELECT generate_series(1, 100) AS n'))
    const sizes = []
    for (let rows; (rows = await cursor.read(30)).length; ) sizes.push(rows.length)
    await cursor.close()
    assert.deepEqual(sizes, [30, 30, 30, 10])
  },

  async 'large results'() {
    const wide = "SELECT repeat('x', 2000) AS text FROM generate_series(1, 5000)"
    let size = 0
    for await (const row of client.query(new QueryStream(wide))) size += row.text.length
    assert.equal(size, 10_000_000)
  },

  async notifications() {
    const heard = new Promise((resolve) => client.once('notification', resolve))
    await client.query('LISTEN news')
    await client.query("NOTIFY news, 'payload'")
    const { channel, payload } = await heard
    assert.deepEqual([channel, payload], ['news', 'payload'])
  },

  async notices() {
    const told = new Promise((resolve) => client.once('notice', resolve))
    await client.query("DO $$ BEGIN RAISE NOTICE 'told'; END $$")
    assert.equal((await told).message, 'told')
  },

  async timeouts() {
    await client.query('SET statement_timeout = 100')
    await assert.rejects(client.query('SELECT pg_sleep(60)'), { code: '57014' })
    await client.query('RESET statement_timeout')
  },

  async pool() {
    const pool = new pg.Pool({ ...place, max: 4 })
    const asked = Array.from({ length: 20 }, (_, n) => pool.query('SELECT $1::int AS n', [n]))
    const answers = await Promise.all(asked)
    assert.deepEqual(answers.map((answer) => answer.rows[0].n), [...Array(20).keys()])
    await pool.end()
  },
}

await client.connect()
for (const [name, work] of Object.entries(conversation)) {
  await work()
  console.log(name)
}
await client.end()
