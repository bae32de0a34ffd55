"""Code compiled ahead of time: WebAssembly to a shared object, on the machine (docs/AOT.md)."""
