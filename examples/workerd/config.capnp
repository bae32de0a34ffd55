using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "messages.js", esModule = embed "messages.js"),
    (name = "image.js", esModule = embed "image.js"),
    (name = "session.js", esModule = embed "session.js"),
    (name = "settings.js", esModule = embed "settings.js"),
    (name = "guest.js", esModule = embed "guest.js"),
    (name = "imports.js", esModule = embed "imports.js"),
    (name = "files.js", esModule = embed "files.js"),
    (name = "build/pglite.wasm", wasm = embed "build/pglite.wasm"),
    (name = "build/postgres.image", data = embed "build/postgres.image"),
  ],
);
