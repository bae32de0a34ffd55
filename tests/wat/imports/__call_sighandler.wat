;; Calls the handler with the signal.
;; expect: test: exited 14
(import "env" "__call_sighandler" (func $call (param i32 i32)))
(import "env" "exit" (func $exit (param i32)))
(table 3 funcref)
(elem (i32.const 1) $keep $leave)
(func $keep (param i32) (i32.store (i32.const 1024) (local.get 0)))
(func $leave (param i32) (call $exit (local.get 0)))
(func (export "test")
  (call $call (i32.const 1) (i32.const 2))
  (call $equal (i32.const 1) (i32.load (i32.const 1024)) (i32.const 2))
  (call $call (i32.const 2) (i32.const 14))
  (unreachable))
