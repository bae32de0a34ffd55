;; Comes back.
(import "env" "_emscripten_runtime_keepalive_clear" (func $clear))
(func (export "test")
  (call $clear))
