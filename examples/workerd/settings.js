// What PostgreSQL is started with.

export const DATA_DIRECTORY = '/pglite/data'

const SETTINGS = {
  // One session in little memory.
  shared_buffers: '4MB',
  max_connections: 4,
  max_wal_senders: 0,
  wal_level: 'minimal',
  min_wal_size: '2MB',
  max_wal_size: '4MB',
  autovacuum_worker_slots: 1,
  max_stack_depth: '100kB', // the least there is: V8's own stack is short, and is not PostgreSQL's to see
  // There are no other processes, and nothing to wait for.
  max_worker_processes: 0,
  max_parallel_workers: 0,
  max_parallel_workers_per_gather: 0,
  max_parallel_maintenance_workers: 0,
  io_method: 'sync',
  exit_on_error: false,
  log_checkpoints: false,
  jit: false,
  huge_pages: 'off',
  listen_addresses: '',
}
export const PARAMETERS = [
  '/pglite/bin/postgres', '--single', '-j', '-F',
  ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  '-D', DATA_DIRECTORY, 'postgres',
]
