;; It returns nothing: 2000-02-29 00:00:00 as a date, in a struct tm at 1024.
(import "env" "_localtime_js" (func $split (param i64 i32)))
(func (export "test")
  (call $split (i64.const 951782400) (i32.const 1024))
  (call $equal (i32.const 1) (i32.load offset=12 (i32.const 1024)) (i32.const 29))
  (call $equal (i32.const 2) (i32.load offset=16 (i32.const 1024)) (i32.const 1))
  (call $equal (i32.const 3) (i32.load offset=20 (i32.const 1024)) (i32.const 100)))
