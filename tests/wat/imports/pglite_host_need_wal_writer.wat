;; The engine is told how long there is time; what makes no sense is the engine's to see.
;; expect: need WAL writer: 200
;; expect: need WAL writer: -1
;; expect: test: returned
(import "env" "pglite_host_need_wal_writer" (func $need (param i32)))
(func (export "test")
  (call $need (i32.const 200))
  (call $need (i32.const -1)))
