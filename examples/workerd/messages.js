// What the worker looks at of PostgreSQL's protocol: that messages are whole, and what a reply says.

const FRONTEND = 'BCDEFHPQScdf' // but for Terminate, as the session is not one client's

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

// [type, body] of each message; an error where they are not whole.
export function* messages(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    const size = at + 5 <= bytes.length ? 1 + view.getUint32(at + 1) : Infinity
    if (size < 5 || at + size > bytes.length) throw new RangeError(`the message at byte ${at} is not whole`)
    yield [String.fromCharCode(bytes[at]), bytes.subarray(at + 5, at + size)]
    at += size
  }
}

export function checkRequest(bytes) {
  for (const [type] of messages(bytes)) {
    if (!FRONTEND.includes(type)) throw new RangeError(`${JSON.stringify(type)} is no message of a request`)
  }
}

function readRow(body) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const values = []
  for (let at = 2, left = view.getUint16(0); left > 0; left--) {
    const length = view.getInt32(at)
    values.push(length < 0 ? null : decoder.decode(body.subarray(at + 4, at + 4 + length)))
    at += 4 + Math.max(length, 0)
  }
  return values
}

function readColumns(body) {
  const columns = []
  for (let at = 2; at < body.length;) {
    const end = body.indexOf(0, at)
    columns.push(decoder.decode(body.subarray(at, end)))
    at = end + 1 + 18 // types and formats: all are text
  }
  return columns
}

// Severity, SQLSTATE and message are among an error's fields, each a letter and text that ends with a NUL.
function readError(body) {
  const fields = decoder.decode(body).split('\0').map((field) => [field[0], field.slice(1)])
  const { V: severity, C: sqlstate, M: message } = Object.fromEntries(fields)
  return { severity, sqlstate, message }
}

// The answer to a simple query: a result for each of its statements, and the error if there was one.
export function readReply(bytes) {
  const results = []
  let error, columns = [], rows = []
  for (const [type, body] of messages(bytes)) {
    if (type === 'T') columns = readColumns(body)
    else if (type === 'D') rows.push(readRow(body))
    else if (type === 'E') error = readError(body)
    else if (type === 'C') {
      results.push({ command: decoder.decode(body.subarray(0, -1)), columns, rows })
      columns = []
      rows = []
    }
  }
  return { results, error }
}
