/**
 * The channel: how frames cross between the engine thread and one agent worker, by turns.
 *
 * Owns: the layout of the shared buffer, the turn word, chunks, the doorbell.
 * Does not own: what frames mean (messages.ts), when a worker is given up (sandbox.ts).
 *
 * Invariants:
 * 1. Exactly one side has the turn; only that side touches the areas, and it hands over with one atomic store.
 * 2. Nobody spins: the worker sleeps on its turn word, the engine on one doorbell for all workers.
 * 3. A frame larger than an area travels in chunks; between two chunks the other side only gives the turn back.
 * 4. Shared bytes are copied once into private memory before anything looks at them.
 */
import type { Reader, Writer } from "./frame.ts";

const word = { turn: 0, inLength: 1, inMore: 2, outLength: 3, outMore: 4, progress: 5 } as const;
const turn = { engine: 0, worker: 1, stop: 2 } as const;
const headerBytes = 64;

/** The size of each of a channel's two areas, in bytes. */
export const areaBytes = 1024 * 1024;

/** What a worker is sent as its one message. */
export interface ChannelParts {
  readonly shared: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
}

function views(shared: SharedArrayBuffer) {
  const size = (shared.byteLength - headerBytes) / 2;
  return {
    words: new Int32Array(shared, 0, headerBytes / 4),
    inArea: new Uint8Array(shared, headerBytes, size),
    outArea: new Uint8Array(shared, headerBytes + size, size),
  };
}

/** What the engine sleeps on until any worker hands over. */
export class Doorbell {
  readonly shared = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.shared);

  /** The count of rings so far: read it before looking at the workers, give it to {@link wait}. */
  get rings(): number {
    return Atomics.load(this.#word, 0);
  }

  /** Sleeps until a ring after `seen`, at most `timeoutMs`. */
  wait(seen: number, timeoutMs: number): void {
    Atomics.wait(this.#word, 0, seen, timeoutMs);
  }
}

/** The engine's end of a channel. Nothing in it blocks. */
export class EngineEnd {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #inArea: Uint8Array<SharedArrayBuffer>;
  readonly #outArea: Uint8Array<SharedArrayBuffer>;
  /** What of the last frame is still to be sent. */
  #rest: Uint8Array | null = null;
  /** Whether a frame is on its way in, chunk by chunk. */
  #receiving = false;

  constructor(size: number = areaBytes) {
    this.shared = new SharedArrayBuffer(headerBytes + 2 * size);
    const { words, inArea, outArea } = views(this.shared);
    this.#words = words;
    this.#inArea = inArea;
    this.#outArea = outArea;
  }

  /** A number that moves whenever the worker gets anywhere. */
  get progress(): number {
    return Atomics.load(this.#words, word.progress);
  }

  /** Sends a frame and gives the turn; allowed at the start and after {@link poll} returned true. */
  send(frame: Writer): void {
    this.#chunk(frame.bytes.subarray(0, frame.length), true);
  }

  #chunk(bytes: Uint8Array, mayBeWritten: boolean): void {
    const size = Math.min(bytes.length, this.#inArea.length);
    this.#inArea.set(bytes.subarray(0, size));
    const rest = size < bytes.length ? bytes.subarray(size) : null;
    this.#rest = rest !== null && mayBeWritten ? rest.slice() : rest;
    this.#words[word.inLength] = size;
    this.#words[word.inMore] = rest === null ? 0 : 1;
    this.#give();
  }

  #give(): void {
    Atomics.store(this.#words, word.turn, turn.worker);
    Atomics.notify(this.#words, word.turn);
  }

  /** Moves chunks on where the turn is ours; true once a whole frame is in `into`. */
  poll(into: Reader): boolean {
    if (Atomics.load(this.#words, word.turn) !== turn.engine) return false;
    if (this.#rest !== null) {
      this.#chunk(this.#rest, false);
      return false;
    }
    if (!this.#receiving) into.reset();
    const length = this.#words[word.outLength] ?? 0;
    into.append(this.#outArea.subarray(0, Math.min(length, this.#outArea.length)));
    this.#receiving = this.#words[word.outMore] === 1;
    if (!this.#receiving) return true;
    this.#words[word.inLength] = 0;
    this.#words[word.inMore] = 0;
    this.#give();
    return false;
  }

  /** Tells the worker to end, whoever has the turn. A thread that spins does not hear it. */
  stop(): void {
    Atomics.store(this.#words, word.turn, turn.stop);
    Atomics.notify(this.#words, word.turn);
  }
}

/** The worker's end of a channel: it sleeps while the turn is not its own. */
export class WorkerEnd {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #inArea: Uint8Array<SharedArrayBuffer>;
  readonly #outArea: Uint8Array<SharedArrayBuffer>;
  readonly #doorbell: Int32Array<SharedArrayBuffer>;

  constructor(parts: ChannelParts) {
    const { words, inArea, outArea } = views(parts.shared);
    this.#words = words;
    this.#inArea = inArea;
    this.#outArea = outArea;
    this.#doorbell = new Int32Array(parts.doorbell);
  }

  /** Says that the worker is alive and gets on. */
  beat(): void {
    Atomics.add(this.#words, word.progress, 1);
  }

  /** Sleeps until the turn is the worker's; false when it must end. */
  #wait(): boolean {
    for (;;) {
      const now = Atomics.load(this.#words, word.turn);
      if (now === turn.worker) return true;
      if (now === turn.stop) return false;
      Atomics.wait(this.#words, word.turn, turn.engine);
    }
  }

  /** Hands over, unless the engine has said stop meanwhile. */
  #give(length: number, more: boolean): void {
    this.#words[word.outLength] = length;
    this.#words[word.outMore] = more ? 1 : 0;
    Atomics.compareExchange(this.#words, word.turn, turn.worker, turn.engine);
    Atomics.add(this.#doorbell, 0, 1);
    Atomics.notify(this.#doorbell, 0);
  }

  /** Sleeps until a whole frame is in `into`; false when the worker must end. */
  receive(into: Reader): boolean {
    into.reset();
    for (;;) {
      if (!this.#wait()) return false;
      into.append(this.#inArea.subarray(0, this.#words[word.inLength]));
      if (this.#words[word.inMore] === 0) return true;
      this.#give(0, false);
    }
  }

  /** Hands a whole frame over; false when the worker must end. */
  send(frame: Writer): boolean {
    let offset = 0;
    for (;;) {
      const size = Math.min(frame.length - offset, this.#outArea.length);
      this.#outArea.set(frame.bytes.subarray(offset, offset + size));
      offset += size;
      this.#give(size, offset < frame.length);
      if (offset === frame.length) return true;
      if (!this.#wait()) return false;
    }
  }
}
