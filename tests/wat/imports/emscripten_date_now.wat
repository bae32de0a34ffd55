;; Milliseconds since 1970.
(import "env" "emscripten_date_now" (func $now (result f64)))
(func (export "test")
  (call $equal (i32.const 1) (f64.gt (call $now) (f64.const 1.7e12)) (i32.const 1))
  (call $equal (i32.const 2) (f64.lt (call $now) (f64.const 1e13)) (i32.const 1)))
