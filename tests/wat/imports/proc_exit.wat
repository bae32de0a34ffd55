;; As exit.
;; expect: test: exited -1
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
(func (export "test")
  (call $exit (i32.const -1))
  (unreachable))
