;; The value of a symbol, function or datum; the message for one that is not there.
(import "env" "_dlsym_js" (func $dlsym (param i32 i32 i32) (result i32)))
(data (i32.const 512) "\01\00\00\00\20\02\00\00")
(data (i32.const 544) "\00\03\00\00\04\00\00\00\03\00\00\00\00\04\00\00") ;; "cube": 3 symbols, at 1024
(data (i32.const 768) "cube\00aa\00ab\00abc\00")
(data (i32.const 1024) "\05\03\00\00\02\00\00\00\00\00\00\00\09\1b\00\00") ;; "aa": entry 6921
(data (i32.const 1040) "\08\03\00\00\02\00\00\00\01\00\00\00\78\56\34\12") ;; "ab": address 0x12345678
(data (i32.const 1056) "\0b\03\00\00\03\00\00\00\00\00\00\00\01\00\00\00") ;; "abc": entry 1
(data (i32.const 2084) "/lib/cube.so\00") ;; handles at 2048, 2148
(data (i32.const 2184) "/lib/other.so\00")
(data (i32.const 3000) "b\00")
(func (export "__dl_seterr") (param $format i32) (param $arguments i32)
  (i32.store (i32.const 4000) (i32.add (i32.load (i32.const 4000)) (i32.const 1)))
  (memory.copy (i32.const 4096) (i32.load (local.get $arguments)) (i32.const 100)))
(func $symbol (param $handle i32) (param $name i32) (result i32)
  (call $dlsym (local.get $handle) (local.get $name) (global.get $WILD)))
(func (export "test")
  (call $equal (i32.const 1) (call $symbol (i32.const 2048) (i32.const 773)) (i32.const 6921))
  (call $equal (i32.const 2) (call $symbol (i32.const 2048) (i32.const 776)) (i32.const 0x12345678))
  (call $equal (i32.const 3) (call $symbol (i32.const 2048) (i32.const 779)) (i32.const 1))
  (call $equal (i32.const 4) (i32.load (i32.const 4000)) (i32.const 0))
  (call $equal (i32.const 5) (call $symbol (i32.const 2048) (i32.const 774)) (i32.const 0)) ;; "a"
  (call $equal (i32.const 6) (call $symbol (i32.const 2048) (i32.const 3000)) (i32.const 0)) ;; "b"
  (call $equal (i32.const 7) (call $symbol (i32.const 2048) (i32.const 3001)) (i32.const 0)) ;; ""
  (call $equal (i32.const 8) (call $symbol (i32.const 2148) (i32.const 773)) (i32.const 0))
  (call $equal (i32.const 9) (call $symbol (i32.const 0) (i32.const 773)) (i32.const 0))
  (call $equal (i32.const 10) (call $symbol (i32.const 2048) (global.get $WILD)) (i32.const 0))
  (call $equal (i32.const 11) (i32.load (i32.const 4000)) (i32.const 6))
  (call $equal_i64 (i32.const 12) (i64.load (i32.const 4096)) (i64.const 0x206e776f6e6b6e75)) ;; "unknown "
  (i32.store (i32.const 552) (i32.const -1)) ;; as many symbols as fit in no memory
  (call $equal (i32.const 13) (call $symbol (i32.const 2048) (i32.const 773)) (i32.const 0)))
