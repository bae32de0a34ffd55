// A worker beside the example's own, which asks many times in one request: in workerd the clock stands still meanwhile,
// so it is to be timed from outside. GET /?rounds=COUNT
import module from './build/pglite.wasm'
import image from './build/postgres.image'
import { restore } from './image.js'
import { message } from './session.js'

const query = message('Q', 'select 1')
let session

export default {
  fetch(request) {
    session ??= restore(module, image)
    const rounds = Number(new URL(request.url).searchParams.get('rounds'))
    for (let round = 0; round < rounds; round++) session.ask(query)
    return new Response()
  },
}
