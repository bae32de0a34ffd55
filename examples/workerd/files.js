// A file system in memory, with what PostgreSQL needs of one: there are no links, owners or other processes.

const NUMBERS = { // WASI's
  EACCES: 2, EBADF: 8, EEXIST: 20, EINVAL: 28, EISDIR: 31, ENODEV: 43, ENOENT: 44, ENOMEM: 48, ENOSYS: 52,
  ENOTDIR: 54, ENOTEMPTY: 55, ENOTTY: 59, EINTR: 27, ESPIPE: 70, ESRCH: 71,
}

export class Errno extends Error {
  constructor(name) {
    super(name)
    this.number = NUMBERS[name]
  }
}

const DIRECTORY = 0o040000, REGULAR = 0o100000, DEVICE = 0o020000
const O_WRONLY = 1, O_CREAT = 0x40, O_EXCL = 0x80, O_TRUNC = 0x200, O_APPEND = 0x400, O_DIRECTORY = 0x10000
const BLOCK = 32768

let inodes = 0

class Node {
  constructor(mode, mtime) {
    this.mode = mode
    this.mtime = mtime // milliseconds
    this.inode = ++inodes
    this.size = 0
  }
}

class Directory extends Node {
  entries = new Map()
}

class File extends Node {
  blocks = [] // those that have been written to; all others are the image's, which others have too, or zeros

  constructor(mode, mtime, image = new Uint8Array()) {
    super(REGULAR | mode, mtime)
    this.image = image
    this.size = image.length
  }

  // Calls with each block's number, and where in it and in `bytes` the piece is that belongs to it.
  static forPieces(position, bytes, work) {
    for (let done = 0; done < bytes.length;) {
      const start = (position + done) % BLOCK
      const piece = bytes.subarray(done, done + BLOCK - start)
      work((position + done - start) / BLOCK, start, piece)
      done += piece.length
    }
  }

  read(position, into) {
    const bytes = into.subarray(0, Math.max(this.size - position, 0))
    File.forPieces(position, bytes, (number, start, piece) => {
      const block = this.blocks[number] ?? this.ofImage(number)
      piece.fill(0).set(block.subarray(start, start + piece.length))
    })
    return bytes.length
  }

  write(position, from) {
    this.size = Math.max(this.size, position + from.length)
    File.forPieces(position, from, (number, start, piece) => this.own(number).set(piece, start))
    this.mtime = Date.now()
    return from.length
  }

  resize(size) {
    if (size < this.size) {
      this.image = this.image.subarray(0, size)
      this.blocks.length = Math.min(this.blocks.length, Math.ceil(size / BLOCK))
      this.blocks[Math.floor(size / BLOCK)]?.fill(0, size % BLOCK) // what it grows by is zeros
    }
    this.size = size
    this.mtime = Date.now()
  }

  ofImage(number) {
    return this.image.subarray(number * BLOCK, (number + 1) * BLOCK)
  }

  own(number) {
    if (!this.blocks[number]) {
      this.blocks[number] = new Uint8Array(BLOCK)
      this.blocks[number].set(this.ofImage(number))
    }
    return this.blocks[number]
  }
}

class Device extends Node {
  constructor(read, write) {
    super(DEVICE | 0o666, 0)
    this.read = (_, into) => read(into)
    this.write = (_, from) => write(from)
  }

  resize() {}
}

const decoder = new TextDecoder()
const nothing = () => 0
const drop = (from) => from.length

export class Files {
  root = new Directory(DIRECTORY | 0o755, 0)
  workingDirectory = '/'
  open = [] // descriptors; dup makes two of one description
  written = 0 // bytes, in all
  log = '' // the last that PostgreSQL has said on its standard error

  constructor() {
    this.makeDirectory('/dev', 0o755)
    const random = (into) => crypto.getRandomValues(into).length
    this.root.entries.get('dev').entries
      .set('null', new Device(nothing, drop))
      .set('urandom', new Device(random, drop))
    const note = (from) => {
      this.log = (this.log + decoder.decode(from)).slice(-4000)
      return from.length
    }
    // A stand-alone backend greets its user on its standard output, and prompts.
    for (const write of [drop, drop, note]) {
      this.open.push({ node: new Device(nothing, write), path: '/dev/null', flags: 2, position: 0 })
    }
  }

  // ---- Paths ----

  resolve(path) {
    const names = []
    for (const name of (path.startsWith('/') ? path : `${this.workingDirectory}/${path}`).split('/')) {
      if (name === '..') names.pop()
      else if (name !== '' && name !== '.') names.push(name)
    }
    return names
  }

  // The directory that has or would have it, and its name there; the root has none.
  locate(path) {
    const names = this.resolve(path)
    const last = names.pop()
    let directory = this.root
    for (const name of names) {
      directory = directory.entries.get(name)
      if (!directory) throw new Errno('ENOENT')
      if (!directory.entries) throw new Errno('ENOTDIR')
    }
    return { directory, name: last, node: last === undefined ? this.root : directory.entries.get(last) }
  }

  find(path) {
    const { node } = this.locate(path)
    if (path === '' || !node) throw new Errno('ENOENT')
    return node
  }

  changeDirectory(path) {
    if (!this.find(path).entries) throw new Errno('ENOTDIR')
    this.workingDirectory = `/${this.resolve(path).join('/')}`
  }

  makeDirectory(path, mode) {
    const { directory, name, node } = this.locate(path)
    if (node) throw new Errno('EEXIST')
    directory.entries.set(name, new Directory(DIRECTORY | mode, Date.now()))
  }

  makeFile(path, mode, bytes) {
    const { directory, name } = this.locate(path)
    const file = new File(mode, Date.now(), bytes)
    directory.entries.set(name, file)
    return file
  }

  remove(path, isDirectory) {
    const { directory, name } = this.locate(path)
    const node = this.find(path)
    if (isDirectory && !node.entries) throw new Errno('ENOTDIR')
    if (!isDirectory && node.entries) throw new Errno('EISDIR')
    if (node.entries?.size) throw new Errno('ENOTEMPTY')
    directory.entries.delete(name)
  }

  rename(from, to) {
    const node = this.find(from)
    const source = this.locate(from), target = this.locate(to)
    if (target.node === node) return
    if (target.node) this.remove(to, Boolean(node.entries))
    source.directory.entries.delete(source.name)
    target.directory.entries.set(target.name, node)
  }

  // ---- Descriptors ----

  openFile(path, flags, mode) {
    let { node } = path === '' ? {} : this.locate(path)
    if (node && flags & O_CREAT && flags & O_EXCL) throw new Errno('EEXIST')
    if (!node && !(flags & O_CREAT)) throw new Errno('ENOENT')
    node ??= this.makeFile(path, mode)
    if (node.entries && flags & (O_WRONLY | 2)) throw new Errno('EISDIR')
    if (!node.entries && flags & O_DIRECTORY) throw new Errno('ENOTDIR')
    if (flags & O_TRUNC) node.resize(0)
    return this.add({ node, path, flags, position: 0 })
  }

  add(description, lowest = 0) {
    let descriptor = lowest
    while (this.open[descriptor]) descriptor++
    this.open[descriptor] = description
    return descriptor
  }

  description(descriptor) {
    const found = this.open[descriptor]
    if (!found) throw new Errno('EBADF')
    return found
  }

  file(descriptor) {
    const { node } = this.description(descriptor)
    if (node.entries) throw new Errno('EISDIR')
    return node
  }

  close(descriptor) {
    this.description(descriptor)
    this.open[descriptor] = undefined
  }

  // As at the end of a process.
  closeAll() {
    this.open.length = 3
    this.workingDirectory = '/'
  }

  // At the descriptor's own position, which moves, where none is given.
  read(descriptor, into, position) {
    const description = this.description(descriptor)
    const count = this.file(descriptor).read(position ?? description.position, into)
    if (position === undefined) description.position += count
    return count
  }

  write(descriptor, from, position) {
    const description = this.description(descriptor)
    const node = this.file(descriptor)
    if (position === undefined && description.flags & O_APPEND) description.position = node.size
    const count = node.write(position ?? description.position, from)
    this.written += count
    if (position === undefined) description.position += count
    return count
  }

  seek(descriptor, offset, whence) {
    const description = this.description(descriptor)
    const position = offset + [0, description.position, description.node.size][whence]
    if (!(position >= 0)) throw new Errno('EINVAL')
    description.position = position
    return position
  }

  // ---- All of it ----

  // Bytes that are not the image's.
  ownBytes() {
    let count = 0
    for (const [, { blocks = [] }] of this.walk()) blocks.forEach(() => count++)
    return count * BLOCK
  }

  *walk(directory = this.root, path = '') {
    for (const [name, node] of directory.entries) {
      if (node instanceof Device) continue
      yield [`${path}/${name}`, node]
      if (node.entries) yield* this.walk(node, `${path}/${name}`)
    }
  }
}
