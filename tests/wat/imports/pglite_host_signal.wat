;; A signal for another process is the engine's to keep; for one that is not there it is an error.
;; expect: signal: 10 to 43
;; expect: signal: 10 to 44
;; expect: test: returned
(import "env" "pglite_host_signal" (func $signal (param i32 i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $signal (i32.const 43) (i32.const 10)) (i32.const 0))
  (call $equal (i32.const 2) (call $signal (i32.const 44) (i32.const 10)) (i32.const -71)))
