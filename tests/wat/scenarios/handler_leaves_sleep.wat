;; While a process sleeps, or others are being made like it, a signal may end it.
;; expect: test: exited 7
;; expect: keep template: shared at 0
;; expect: after: exited 8
(import "env" "pglite_host_sleep" (func $sleep (param i32 f64) (result i32)))
(import "env" "pglite_host_keep_template" (func $keep (param i32) (result i32)))
(import "test" "leave_next" (func $leave_next (param i32)))
(func (export "test")
  (call $leave_next (i32.const 7))
  (drop (call $sleep (i32.const 0) (f64.const inf)))
  (unreachable))
(func (export "after")
  (call $leave_next (i32.const 8))
  (drop (call $keep (i32.const 0)))
  (unreachable))
