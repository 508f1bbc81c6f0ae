/**
 * Starting the threads that agents run in: here, or by another thread that is asked to.
 *
 * A worker that is started by a worker takes 0.5 to 1 s to begin on this Deno, one that the main thread starts 20 to
 * 40 ms (measured on 2.9.6). So a worker that runs a sandbox lets the main thread start its threads; what passes
 * between them afterwards is shared memory and asks nobody.
 *
 * Invariant: wherever it is started, the thread has no permissions and runs worker.ts alone.
 */
import type { WorkerStart } from "./worker.ts";

/** A thread that runs agents. */
export interface AgentThread {
  terminate(): void;
}

/** What a thread is started with. */
export interface ThreadStart {
  readonly url: URL;
  readonly name: string;
  /** Its first and only message. */
  readonly start: WorkerStart;
  /** Told of its uncaught error. */
  readonly onError: (message: string) => void;
}

/** A way to start one. */
export type ThreadStarter = (thread: ThreadStart) => AgentThread;

/** Starts a thread from this one. */
export const startHere: ThreadStarter = ({ url, name, start, onError }) => {
  const thread = new Worker(url, { type: "module", name, deno: { permissions: "none" } });
  thread.addEventListener("error", (event) => {
    event.preventDefault();
    onError(event.message);
  });
  thread.postMessage(start);
  return thread;
};

let starter = startHere;

/** Starts a thread in the way that holds in this thread. */
export const startThread: ThreadStarter = (thread) => starter(thread);

/** Says how sandboxes of this thread start theirs; called once, before the first. */
export function startThreadsBy(given: ThreadStarter): void {
  starter = given;
}
