;; While a process waits for its client a signal may end it: the call has no result then.
;; option: --input xyz
;; expect: test: exited 7
;; expect: after: exited 8
(import "env" "pglite_host_wait" (func $wait (param i32) (result i32)))
(import "env" "pglite_recv" (func $receive (param i32 i32) (result i32)))
(import "test" "leave_next" (func $leave_next (param i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $wait (i32.const 1)) (i32.const 0))
  (call $leave_next (i32.const 7))
  (drop (call $wait (i32.const 1)))
  (unreachable))
(func (export "after")
  (call $equal (i32.const 2) (call $receive (i32.const 0) (i32.const 1)) (i32.const 1))
  (call $equal (i32.const 3) (i32.load8_u (i32.const 0)) (i32.const 0x7a)) ;; the waits had two
  (call $leave_next (i32.const 8))
  (drop (call $receive (i32.const 0) (i32.const 1)))
  (unreachable))
