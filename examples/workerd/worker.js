// PostgreSQL in a worker.
//
//     POST /sql        SQL; the answer is JSON
//     POST /protocol   messages of PostgreSQL's protocol, and PostgreSQL's answer
//     GET /            how much memory there is, and of what
import module from './build/pglite.wasm'
import image from './build/postgres.image'
import { recover, restore } from './image.js'
import { checkRequest, readReply } from './messages.js'
import { message } from './session.js'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

let files, session // the isolate's: made by the first request, as random numbers are not to be had before

// What PostgreSQL answers. Where a session has ended, or its guest has failed, the next request finds what was committed.
function ask(messages) {
  session ??= files ? recover(module, image, files) : restore(module, image)
  files = session.files
  try {
    const reply = session.ask(messages)
    session.keepHouse(reply)
    return reply
  } catch (error) {
    session = undefined
    throw new Error(`the session has ended, and what it had not committed is lost: ${error.message}\n${files.log}`)
  }
}

async function answer(request) {
  const { pathname } = new URL(request.url)
  if (request.method === 'GET') {
    return Response.json({
      memory: session?.guest.heap.length ?? 0,
      image: image.byteLength,
      files: files?.ownBytes() ?? 0,
    })
  }
  const body = new Uint8Array(await request.arrayBuffer())
  if (pathname === '/sql') return Response.json(readReply(ask(message('Q', decoder.decode(body)))))
  if (pathname !== '/protocol') return new Response('there are /sql and /protocol\n', { status: 404 })
  checkRequest(body)
  return new Response(ask(body))
}

export default {
  async fetch(request) {
    try {
      return await answer(request)
    } catch (error) {
      return new Response(`${error.message}\n`, { status: error instanceof RangeError ? 400 : 500 })
    }
  },
}
