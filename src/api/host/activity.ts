/**
 * Activity: whether a host has anything to do, so that one that nobody uses can end.
 *
 * Invariants:
 * 1. A call of a port, a request, a stream of events and a connection count for as long as they last, and their end is
 *    the beginning of the quiet.
 * 2. What the host asks of itself counts as calls; its own streams of events do not.
 */
import type { Port } from "../../runtime/port.ts";

/** What is under way in a host. */
export class Activity {
  #calls = 0;
  #held = 0;
  #quietSince = performance.now();

  /** Port calls without an answer yet. */
  get calls(): number {
    return this.#calls;
  }

  /** For how many ms nothing has been under way; 0 where something is. */
  quietMs(): number {
    return this.#calls + this.#held > 0 ? 0 : performance.now() - this.#quietSince;
  }

  /** Begins the quiet anew. */
  touch(): void {
    this.#quietSince = performance.now();
  }

  /** Holds the host awake until what it gives is called. */
  hold(): () => void {
    this.#held++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#held--;
      this.touch();
    };
  }

  async #count<T>(work: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await work;
    } finally {
      this.#calls--;
      this.touch();
    }
  }

  /** A port whose calls count, and whose streams of events do if they are a client's. */
  counted(port: Port, streams: "clients" | "own"): Port {
    return {
      where: port.where,
      submit: (request, options) => this.#count(port.submit(request, options)),
      view: (view) => this.#count(port.view(view)),
      idle: () => this.#count(port.idle()),
      close: () => port.close(),
      events: (from, signal) =>
        streams === "own" ? port.events(from, signal) : this.#stream(port, from, signal),
    };
  }

  async *#stream(port: Port, from: number, signal: AbortSignal): ReturnType<Port["events"]> {
    const over = this.hold();
    try {
      yield* port.events(from, signal);
    } finally {
      over();
    }
  }
}
