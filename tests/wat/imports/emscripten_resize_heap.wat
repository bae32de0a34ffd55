;; 1 when there is room, 0 when not; new memory is zero, old memory stays.
(import "env" "emscripten_resize_heap" (func $resize (param i32) (result i32)))
(func (export "test")
  (i32.store (i32.const 2097148) (i32.const 77))
  (call $equal (i32.const 1) (call $resize (i32.const 2097153)) (i32.const 1))
  (call $equal (i32.const 2) (memory.size) (i32.const 33))
  (call $equal (i32.const 3) (i32.load (i32.const 2097148)) (i32.const 77))
  (call $equal (i32.const 4) (i32.load (i32.const 2162684)) (i32.const 0))
  (call $equal (i32.const 5) (call $resize (i32.const 1)) (i32.const 1)) ;; never smaller
  (call $equal (i32.const 6) (memory.size) (i32.const 33))
  (call $equal (i32.const 7) (call $resize (i32.const 0x80000001)) (i32.const 0))
  (call $equal (i32.const 8) (call $resize (i32.const -1)) (i32.const 0))
  (call $equal (i32.const 9) (call $resize (i32.const 4194305)) (i32.const 0)) ;; its own maximum
  (call $equal (i32.const 10) (memory.size) (i32.const 33))
  (call $equal (i32.const 11) (call $resize (i32.const 4194304)) (i32.const 1)))
