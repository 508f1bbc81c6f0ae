/** Ports to temporary folders, one for each way to a runtime, closed and removed at the end. */
import { findHost, type HostOptions, serveHost } from "../../src/api/mod.ts";
import { startEngine } from "../../src/runtime/engine_client.ts";
import type { Port } from "../../src/runtime/port.ts";
import { openRuntime } from "../../src/runtime/runtime.ts";
import { temporaryFolder } from "./runtimes.ts";

/** A host serving a folder, in this process. */
export interface TestHost {
  readonly data: string;
  readonly address: string;
  readonly token: string;
  readonly port: Port;
  /** Tells it to stop. */
  readonly stop: () => void;
  /** Ends as serveHost() does. */
  readonly ended: Promise<void>;
}

/** A host that listens. */
interface StartedHost {
  readonly address: string;
  readonly tokenFile: string;
  readonly stop: () => void;
  /** Ends as serveHost() does. */
  readonly ended: Promise<void>;
}

/** Serves a folder in this process; gives the host once it listens. */
export async function startHost(data: string, options: Partial<HostOptions> = {}): Promise<StartedHost> {
  const stop = new AbortController();
  const ready = Promise.withResolvers<{ address: string; tokenFile: string }>();
  const ended = serveHost({ data, workers: 1, ...options, signal: stop.signal, onReady: ready.resolve });
  ended.catch(ready.reject);
  const { address, tokenFile } = await ready.promise;
  return { address, tokenFile, stop: () => stop.abort(), ended };
}

/** Serves a folder, runs `work`, stops the host and waits for its end. */
export async function withHost(
  work: (host: TestHost) => Promise<void>,
  options: Partial<HostOptions> & { readonly folder?: string } = {},
): Promise<void> {
  using temporary = temporaryFolder();
  const { folder, ...rest } = options;
  const data = folder ?? temporary.path;
  const { address, tokenFile, stop, ended } = await startHost(data, rest);
  try {
    const port = await findHost(data);
    if (port === null) throw new Error("no host is found");
    const token = Deno.readTextFileSync(tokenFile).trim();
    await work({ data, address, token, port, stop, ended });
  } finally {
    stop();
    await ended;
  }
}

type Work = (port: Port) => Promise<void>;

async function closing(port: Port, work: Work): Promise<void> {
  try {
    await work(port);
  } finally {
    await port.close();
  }
}

/** Every way to a runtime, by name. */
export const portKinds: Readonly<Record<string, (work: Work) => Promise<void>>> = {
  "openRuntime() in this thread": async (work) => {
    using folder = temporaryFolder();
    await closing(await openRuntime({ data: folder.path, workers: 1, seed: 1 }), work);
  },
  "the engine worker": async (work) => {
    using folder = temporaryFolder();
    await closing(await startEngine({ data: folder.path, workers: 1, seed: 1 }), work);
  },
  "a host over HTTP": (work) => withHost(({ port }) => work(port), { seed: 1 }),
};
