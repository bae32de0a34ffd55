;; The owner of the files.
(import "env" "__syscall_geteuid32" (func $call (result i32)))
(import "env" "__syscall_fstat64" (func $fstat (param i32 i32) (result i32)))
(data (i32.const 0) "/a\00")
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 2) (call $fstat (i32.const 3) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 3) (call $call) (i32.load (i32.const 1036))))
