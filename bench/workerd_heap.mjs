// What an isolate of workerd holds, by its inspector, as JSON: node --experimental-websocket workerd_heap.mjs PORT
const [target] = await (await fetch(`http://127.0.0.1:${process.argv[2]}/json`)).json()
const socket = new WebSocket(target.webSocketDebuggerUrl)
// Twice, one after the other: the first leaves buffers to be freed behind its back.
const steps = ['HeapProfiler.enable', 'HeapProfiler.collectGarbage', 'HeapProfiler.collectGarbage', 'Runtime.getHeapUsage']
const next = (id) => socket.send(JSON.stringify({ id, method: steps[id] }))
socket.onopen = () => next(0)
socket.onmessage = ({ data }) => {
  const { id, result } = JSON.parse(data)
  if (id === undefined) return // an event
  if (id < steps.length - 1) return next(id + 1)
  console.log(JSON.stringify(result))
  process.exit(0)
}
