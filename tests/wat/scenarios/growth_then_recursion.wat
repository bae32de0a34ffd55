;; Memory grown in a host call deep down does not move the stack's limit (wasm3's own ResizeMemory
;; would).
;; expect: test: trapped: [trap] stack overflow
(import "env" "emscripten_resize_heap" (func $resize (param i32) (result i32)))
(func $grow (param i32)
  (if (local.get 0)
    (then (call $grow (i32.sub (local.get 0) (i32.const 1))))
    (else (call $equal (i32.const 1) (call $resize (i32.const 4194304)) (i32.const 1)))))
(func $forever (param i64 i64 i64 i64) (result i64)
  (i64.add
    (call $forever (local.get 1) (local.get 2) (local.get 3) (i64.add (local.get 0) (i64.const 1)))
    (i64.const 1)))
(func (export "test")
  (call $grow (i32.const 1000))
  (call $equal (i32.const 2) (memory.size) (i32.const 64))
  (i32.store (i32.const 4194300) (i32.const 1))
  (drop (call $forever (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))))
