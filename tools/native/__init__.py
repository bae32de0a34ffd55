"""The native tier's shared object, through wasm2c and the C compiler (docs/NATIVE.md)."""
