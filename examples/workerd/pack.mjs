// Reads a pack, a file tree as one file: docs/PACK.md.
import { decompress } from 'fzstd'

const HEADER = { nodes: 24, index: 32, names: 40, blocks: 48 } // where the offsets of its parts are
const NODE = 40, BLOCK = 4096
const TYPE = 0o170000, DIRECTORY = 0o040000
const COMPRESSED = 'PGNPACK2'

// [path, permissions, contents or undefined for a directory], parents first.
export function* readPack(pack) {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.byteLength)
  const u32 = (at) => view.getUint32(at, true)
  const [nodes, index, names, blocks] = Object.values(HEADER).map((at) => Number(view.getBigUint64(at, true)))
  const stored = Buffer.from(pack.subarray(0, 8)).toString('latin1') === COMPRESSED ? unpacked() : pack.subarray(blocks)
  const paths = ['']

  function unpacked() {
    const count = u32(blocks + 4), chunks = []
    for (let n = 0, at = blocks + 8 + 4 * count; n < count; at += u32(blocks + 8 + 4 * n++)) {
      chunks.push(decompress(pack.subarray(at, at + u32(blocks + 8 + 4 * n))))
    }
    return Buffer.concat(chunks)
  }

  function contents(at) {
    const bytes = new Uint8Array(Number(view.getBigUint64(at + 16, true)))
    for (let done = 0; done < bytes.length; done += BLOCK) {
      const block = u32(index + 4 * (u32(at + 32) + done / BLOCK)) // 0: zeros
      const from = BLOCK * (block - 1)
      if (block) bytes.set(stored.subarray(from, from + Math.min(BLOCK, bytes.length - done)), done)
    }
    return bytes
  }

  for (let number = 1; number < u32(8); number++) {
    const at = nodes + NODE * number, mode = u32(at + 12)
    const name = names + u32(at + 4)
    paths.push(`${paths[u32(at)]}/${new TextDecoder().decode(pack.subarray(name, name + view.getUint16(at + 8, true)))}`)
    yield [paths[number], mode & ~TYPE, (mode & TYPE) === DIRECTORY ? undefined : contents(at)]
  }
}
