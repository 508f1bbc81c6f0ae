/** A host in a process of its own, for tests that kill it: `host_process.ts DATA` says its address when it is ready. */
import { serveHost } from "../../src/api/mod.ts";

const [data = ""] = Deno.args;
await serveHost({
  data,
  workers: 1,
  signal: new AbortController().signal,
  onReady: ({ address }) => console.log(address),
});
