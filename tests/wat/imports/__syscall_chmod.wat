;; Permission bits only, type bits are dropped.
(import "env" "__syscall_chmod" (func $chmod (param i32 i32) (result i32)))
(import "env" "__syscall_stat64" (func $stat (param i32 i32) (result i32)))
(data (i32.const 0) "/a\00")
(data (i32.const 16) "/none\00")
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 2) (call $chmod (i32.const 0) (i32.const 0x4180)) (i32.const 0)) ;; 040600
  (call $equal (i32.const 3) (call $stat (i32.const 0) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 4) (i32.load (i32.const 1028)) (i32.const 0x8180))
  (call $equal (i32.const 5) (call $chmod (i32.const 16) (i32.const 0x180)) (global.get $E_NOENT))
  (call $equal (i32.const 6) (call $chmod (global.get $WILD) (i32.const 0x180)) (global.get $E_FAULT)))
