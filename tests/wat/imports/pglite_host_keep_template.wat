;; The engine is told where the list of shared memory is, and whether it has kept the process is the answer.
;; expect: keep template: shared at 1024
;; expect: keep template: shared at 4294967280
;; expect: test: returned
(import "env" "pglite_host_keep_template" (func $keep (param i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $keep (i32.const 1024)) (i32.const 1))
  (call $equal (i32.const 2) (call $keep (global.get $WILD)) (i32.const 0))) ;; the engine's to check
