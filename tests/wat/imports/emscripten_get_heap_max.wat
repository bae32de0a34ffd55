;; 2 GiB.
(import "env" "emscripten_get_heap_max" (func $max (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $max) (i32.const 0x80000000)))
