;; The engine is asked: 0 while there is input, then 1.
;; option: --input xy
;; expect: test: trapped: pglite_host_wait for an unknown reason
(import "env" "pglite_host_wait" (func $wait (param i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $wait (i32.const 1)) (i32.const 0))
  (call $equal (i32.const 2) (call $wait (i32.const 1)) (i32.const 0))
  (call $equal (i32.const 3) (call $wait (i32.const 1)) (i32.const 1))
  (call $equal (i32.const 4) (call $wait (i32.const 2)) (i32.const 0))
  (drop (call $wait (i32.const 3))))
