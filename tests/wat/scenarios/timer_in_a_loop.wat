;; Safe points come by themselves in a guest that only computes and calls.
(import "env" "_setitimer_js" (func $setitimer (param i32 f64) (result i32)))
(func (export "_emscripten_timeout") (param $which i32) (param $now f64)
  (i32.store (i32.const 1024) (i32.const 1)))
(func $work (param i32) (result i32)
  (i32.add (local.get 0) (i32.const 1)))
(func (export "test")
  (local $n i32)
  (call $equal (i32.const 1) (call $setitimer (i32.const 0) (f64.const 5)) (i32.const 0))
  (loop $until_fired
    (local.set $n (call $work (local.get $n)))
    (br_if $until_fired (i32.eqz (i32.load (i32.const 1024))))))
