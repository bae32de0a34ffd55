;; An instance's state, size and mutable globals, makes another one of the same memory what it is; then
;; each goes its way.
;; option: --copy yes
;; expect: test: returned
;; expect: copy: returned
;; expect: after: returned
(import "env" "emscripten_resize_heap" (func $resize (param i32) (result i32)))
(global $small (mut i32) (i32.const 1))
(global $wide (mut i64) (i64.const 2))
(global $real (mut f64) (f64.const 3))
(global $fixed i32 (i32.const 4))
(data (i32.const 0) "data")
(func (export "test")
  (call $equal (i32.const 1) (call $resize (i32.const 4194304)) (i32.const 1))
  (global.set $small (i32.const -5))
  (global.set $wide (i64.const -6000000000))
  (global.set $real (f64.const 7.5))
  (i32.store (i32.const 0) (i32.const 8))
  (i32.store (i32.const 4194300) (i32.const 9)))
(func (export "after")
  (call $equal (i32.const 2) (memory.size) (i32.const 64))
  (call $equal (i32.const 3) (global.get $small) (i32.const -5))
  (call $equal_i64 (i32.const 4) (global.get $wide) (i64.const -6000000000))
  (call $equal (i32.const 5) (f64.eq (global.get $real) (f64.const 7.5)) (i32.const 1))
  (call $equal (i32.const 6) (global.get $fixed) (i32.const 4))
  (call $equal (i32.const 7) (i32.load (i32.const 0)) (i32.const 8))
  (call $equal (i32.const 8) (i32.load (i32.const 4194300)) (i32.const 9))
  (call $equal (i32.const 9) (global.get $sp) (i32.const 65536))
  (global.set $small (i32.const 0))
  (global.set $wide (i64.const 0))
  (global.set $real (f64.const 0))
  (i32.store (i32.const 0) (i32.const 0))
  (i32.store (i32.const 4194300) (i32.const 0)))
