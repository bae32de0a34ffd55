;; The length counts the NUL.
(import "env" "__syscall_getcwd" (func $getcwd (param i32 i32) (result i32)))
(func (export "test")
  (i32.store (i32.const 1024) (i32.const -1))
  (call $equal (i32.const 1) (call $getcwd (i32.const 1024) (i32.const 2)) (i32.const 2))
  (call $equal (i32.const 2) (i32.load (i32.const 1024)) (i32.const 0xffff002f)) ;; "/\0"
  (call $equal (i32.const 3) (call $getcwd (i32.const 1024) (i32.const 1)) (global.get $E_RANGE))
  (call $equal (i32.const 4) (call $getcwd (i32.const 1024) (i32.const 0)) (global.get $E_INVAL))
  (call $equal (i32.const 5) (call $getcwd (global.get $WILD) (i32.const 100)) (global.get $E_FAULT))
  (call $equal (i32.const 6) (call $getcwd (i32.const 1024) (i32.const -1)) (global.get $E_FAULT)))
