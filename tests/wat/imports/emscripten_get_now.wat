;; Milliseconds that only go forward.
(import "env" "emscripten_get_now" (func $now (result f64)))
(import "test" "sleep" (func $sleep (param i32)))
(func (export "test")
  (local $start f64)
  (local.set $start (call $now))
  (call $sleep (i32.const 5))
  (call $equal (i32.const 1)
    (f64.ge (f64.sub (call $now) (local.get $start)) (f64.const 5)) (i32.const 1)))
