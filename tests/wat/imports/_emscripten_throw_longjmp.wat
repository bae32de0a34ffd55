;; Unwinds all there is when nothing catches it; code behind it is not reached.
;; expect: test: longjmp
(import "env" "_emscripten_throw_longjmp" (func $throw))
(func $inner
  (call $throw)
  (unreachable))
(func (export "test")
  (call $inner)
  (unreachable))
