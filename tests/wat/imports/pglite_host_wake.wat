;; The engine wakes the process; for one that has gone there is nothing to do, and no error.
;; expect: wake: 43
;; expect: wake: 44
;; expect: wake: -1
;; expect: test: returned
(import "env" "pglite_host_wake" (func $wake (param i32)))
(func (export "test")
  (call $wake (i32.const 43))
  (call $wake (i32.const 44))
  (call $wake (i32.const -1)))
