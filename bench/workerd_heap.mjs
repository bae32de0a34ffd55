// What an isolate of workerd holds, by its inspector, as JSON: node --experimental-websocket workerd_heap.mjs PORT
const [target] = await (await fetch(`http://127.0.0.1:${process.argv[2]}/json`)).json()
const socket = new WebSocket(target.webSocketDebuggerUrl)
const ROUNDS = 8, PAUSE_MS = 100 // a collection leaves buffers to be freed behind its back

let sent = 0
const send = (method) => socket.send(JSON.stringify({ id: ++sent, method }))
const holds = []
socket.onmessage = ({ data }) => {
  const { result } = JSON.parse(data)
  if (result?.usedSize) holds.push(result)
  if (holds.length < ROUNDS) return
  console.log(JSON.stringify(holds.at(-1)))
  process.exit(0)
}
socket.onopen = () => {
  send('HeapProfiler.enable')
  setInterval(() => {
    send('HeapProfiler.collectGarbage')
    send('Runtime.getHeapUsage')
  }, PAUSE_MS)
}
