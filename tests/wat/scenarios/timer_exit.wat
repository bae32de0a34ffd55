;; And an exit ends it.
;; expect: test: exited 3
(import "env" "_setitimer_js" (func $setitimer (param i32 f64) (result i32)))
(import "env" "exit" (func $exit (param i32)))
(func (export "_emscripten_timeout") (param $which i32) (param $now f64)
  (call $exit (i32.const 3)))
(func $work (param i32) (result i32)
  (i32.add (local.get 0) (i32.const 1)))
(func (export "test")
  (local $n i32)
  (call $equal (i32.const 1) (call $setitimer (i32.const 0) (f64.const 5)) (i32.const 0))
  (loop $again
    (local.set $n (call $work (local.get $n)))
    (br $again)))
