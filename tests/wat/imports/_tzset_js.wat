;; UTC.
(import "env" "_tzset_js" (func $tzset (param i32 i32 i32 i32)))
(func (export "test")
  (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 64))
  (call $tzset (i32.const 1024) (i32.const 1028) (i32.const 1032) (i32.const 1049))
  (call $equal (i32.const 1) (i32.load (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 2) (i32.load (i32.const 1028)) (i32.const 0))
  (call $equal (i32.const 3) (i32.load (i32.const 1032)) (i32.const 0x00435455))
  (call $equal (i32.const 4) (i32.load (i32.const 1049)) (i32.const 0x00435455)))
