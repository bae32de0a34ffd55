;; Unwinds everything, through invoke_* too, which restores the stack pointer on the way; the
;; instance can be called again.
;; expect: test: exited 99
;; expect: after: returned
(import "env" "exit" (func $exit (param i32)))
(import "env" "invoke_vi" (func $invoke_vi (param i32 i32)))
(table 2 funcref)
(elem (i32.const 1) $leave)
(func $leave (param i32)
  (global.set $sp (i32.sub (global.get $sp) (i32.const 64)))
  (call $exit (local.get 0))
  (unreachable))
(func (export "test")
  (call $invoke_vi (i32.const 1) (i32.const 99))
  (unreachable))
(func (export "after")
  (call $equal (i32.const 1) (global.get $sp) (i32.const 65536))
  (call $equal (i32.const 2) (global.get $threw) (i32.const 0)))
