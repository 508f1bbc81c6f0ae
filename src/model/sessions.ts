/**
 * Sessions in the model worker: opened at the first use, closed by least recent use, asked in turns.
 *
 * Owns: the worker, which sessions are open and how much they hold, the queue before it, the fall back to the CPU.
 * Does not own: the store (store.ts), what runs in the worker (worker.ts).
 *
 * Invariants:
 * 1. `turnsMax` turns are with the worker at a time, so that it never waits for the next, of `textsPerTurnMax` texts at
 *    most; a single text goes before a bulk. The worker reads them in order; sessions are opened and closed one by one.
 * 2. At most `textsWaitingMax` texts wait; beyond it a call is refused with `model_busy`, and nothing of it is run.
 * 3. Open sessions hold at most `sessionBytesMax` bytes of weights.
 * 4. The worker starts at the first use, and again after it was lost; those who waited hear of the loss.
 */
import { EngramError } from "../kernel/errors.ts";
import type { Asked, Opened, Provider, Replied, RunInputs, RunOutputs, WorkerCall } from "./calls.ts";
import { modelLimits } from "./limits.ts";
import { stepBackPermission } from "./low_priority.ts";

/** A version to open. */
export interface SessionOf {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly folder: string;
  readonly weights: string;
}

/** Told when something happened that no answer tells. */
export type ModelEvent =
  | {
    readonly event: "model_fallback";
    readonly model: string;
    readonly wanted: Provider;
    readonly provider: "cpu";
    readonly reason: string;
  }
  | { readonly event: "model_worker_lost"; readonly reason: string };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenSession extends Opened {
  readonly bytes: number;
  used: number;
}

/** A turn that waits. */
interface Turn {
  readonly texts: number;
  readonly run: () => Promise<void>;
  readonly drop: (error: unknown) => void;
}

/** What sessions need to know. */
export interface SessionOptions {
  readonly worker: URL;
  readonly provider: Provider;
  readonly onEvent: (event: ModelEvent) => void;
  readonly sessionBytesMax: number;
  readonly textsWaitingMax: number;
}

/** The worker reads models, loads the native library and steps back; it writes nothing and reaches no network. */
const permissions = (): Deno.PermissionOptionsObject => ({
  read: "inherit",
  ffi: "inherit",
  sys: stepBackPermission(),
  env: false,
  write: false,
  net: false,
  run: false,
});

/** The sessions of one store. */
export class Sessions {
  readonly #options: SessionOptions;
  #worker: Worker | null = null;
  #ids = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #open = new Map<string, OpenSession>();
  #uses = 0;
  readonly #single: Turn[] = [];
  readonly #bulk: Turn[] = [];
  #textsWaiting = 0;
  #turns = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Vectors of length 1, in the order of the texts. */
  async embed(
    of: SessionOf,
    texts: readonly string[],
  ): Promise<{ vectors: Float32Array[]; provider: Provider }> {
    this.#admit(texts.length);
    const slices: string[][] = [];
    for (let at = 0; at < texts.length; at += modelLimits.textsPerTurnMax) {
      slices.push(texts.slice(at, at + modelLimits.textsPerTurnMax));
    }
    const parts = await Promise.all(
      slices.map((slice) =>
        this.#turn(slice.length, texts.length === 1, async () => {
          const { key, opened } = await this.#session(of);
          const vectors = await this.#ask({ call: "embed", key, name: of.name, texts: slice });
          return { vectors: vectors as Float32Array[], provider: opened.provider };
        })
      ),
    );
    return { vectors: parts.flatMap(({ vectors }) => vectors), provider: parts[0]?.provider ?? "cpu" };
  }

  /** The outputs of one run. */
  async run(
    of: SessionOf,
    inputs: RunInputs,
  ): Promise<{ outputs: RunOutputs; labels: readonly string[]; provider: Provider }> {
    this.#admit(1);
    return await this.#turn(1, true, async () => {
      const { key, opened } = await this.#session(of);
      const given = await this.#ask({ call: "run", key, name: of.name, inputs });
      return { ...given as { outputs: RunOutputs; labels: readonly string[] }, provider: opened.provider };
    });
  }

  /** Opens a session before it is needed. */
  async load(of: SessionOf): Promise<Opened> {
    this.#admit(1);
    return await this.#turn(1, true, async () => (await this.#session(of)).opened);
  }

  /** Opens a version that is not in the store yet, to see whether it is one, and closes it. */
  async probe(of: SessionOf): Promise<Opened> {
    this.#admit(1);
    return await this.#turn(1, true, async () => {
      const key = `probe ${of.hash}`;
      const opened = await this.#ask({ call: "open", key, ...pathOf(of), provider: "cpu" }) as Opened;
      await this.#ask({ call: "close", key });
      return opened;
    });
  }

  /** Closes the sessions of a model whose versions `keep` does not want. */
  async unload(keep: (key: string) => boolean): Promise<void> {
    const gone = [...this.#open.keys()].filter((key) => !keep(key));
    if (gone.length === 0) return;
    this.#admit(1);
    await this.#turn(1, true, async () => {
      for (const key of gone) await this.#drop(key);
    });
  }

  /** Keys of open sessions: `NAME@HASH`. */
  get loaded(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Ends the worker; what waits is refused. */
  close(): void {
    this.#closed = true;
    this.#end(new EngramError("host_stopping", "Cannot run the model: it is being closed"));
  }

  #admit(texts: number): void {
    if (this.#closed) throw new EngramError("host_stopping", "Cannot run the model: it is closed");
    const { textsWaitingMax } = this.#options;
    if (this.#textsWaiting + texts <= textsWaitingMax) return;
    throw new EngramError(
      "model_busy",
      `Cannot take ${texts} more texts: ${this.#textsWaiting} wait for the model, and ${textsWaitingMax} are the most`,
      { textsWaitingMax, waiting: this.#textsWaiting },
    );
  }

  #turn<T>(texts: number, isSingle: boolean, work: () => Promise<T>): Promise<T> {
    this.#textsWaiting += texts;
    return new Promise<T>((resolve, reject) => {
      const run = () => work().then(resolve, reject);
      (isSingle ? this.#single : this.#bulk).push({ texts, run, drop: reject });
      this.#go();
    });
  }

  #go(): void {
    while (this.#turns < modelLimits.turnsMax) {
      const turn = this.#next();
      if (turn === undefined) return;
      this.#turns++;
      void turn.run().finally(() => {
        this.#turns--;
        this.#textsWaiting -= turn.texts;
        this.#go();
      });
    }
  }

  #next(): Turn | undefined {
    return this.#single.shift() ?? this.#bulk.shift();
  }

  /** Finds or opens a session; one call at a time, so that no model is opened twice. */
  #session(of: SessionOf): Promise<{ key: string; opened: OpenSession }> {
    const next = this.#last.then(() => this.#opened(of));
    this.#last = next.catch(() => undefined); // whoever asked for it hears of it
    return next;
  }

  async #opened(of: SessionOf): Promise<{ key: string; opened: OpenSession }> {
    const key = `${of.name}@${of.hash}`;
    const known = this.#open.get(key);
    if (known !== undefined) {
      known.used = ++this.#uses;
      return { key, opened: known };
    }
    await this.#makeRoom(of);
    const { provider } = this.#options;
    const opened = await this.#ask({ call: "open", key, ...pathOf(of), provider }) as Opened;
    if (opened.fellBack !== null) {
      const event = { event: "model_fallback", model: of.name, wanted: provider, provider: "cpu" } as const;
      this.#options.onEvent({ ...event, reason: opened.fellBack });
    }
    const session: OpenSession = { ...opened, bytes: of.bytes, used: ++this.#uses };
    this.#open.set(key, session);
    return { key, opened: session };
  }

  async #makeRoom(of: SessionOf): Promise<void> {
    const { sessionBytesMax } = this.#options;
    if (of.bytes > sessionBytesMax) {
      throw new EngramError(
        "limit_reached",
        `Cannot open the model ${of.name}: its ${of.bytes} bytes are more than the ${sessionBytesMax} that sessions may hold`,
        { sessionBytesMax },
        "Pull a smaller one",
      );
    }
    const held = () => [...this.#open.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    while (held() + of.bytes > sessionBytesMax) {
      const [oldest] = [...this.#open].sort(([, a], [, b]) => a.used - b.used);
      if (oldest === undefined) return;
      await this.#drop(oldest[0]);
    }
  }

  async #drop(key: string): Promise<void> {
    if (!this.#open.delete(key)) return;
    await this.#ask({ call: "close", key });
  }

  #ask(call: WorkerCall): Promise<unknown> {
    if (this.#closed) {
      return Promise.reject(new EngramError("host_stopping", "Cannot run the model: it is closed"));
    }
    const worker = this.#worker ??= this.#start();
    return new Promise((resolve, reject) => {
      const asked: Asked = { id: ++this.#ids, call };
      this.#waiting.set(asked.id, { resolve, reject });
      worker.postMessage(asked);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#options.worker, {
      type: "module",
      name: "engramlt model",
      deno: { permissions: permissions() },
    });
    worker.addEventListener("message", (event: MessageEvent<Replied>) => this.#hear(event.data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#worker !== worker) return;
      this.#options.onEvent({ event: "model_worker_lost", reason: event.message });
      this.#end(new EngramError("model_failed", `Cannot run the model: its worker ended: ${event.message}`));
    });
    return worker;
  }

  #hear(reply: Replied): void {
    const one = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (one === undefined) return;
    if ("value" in reply) one.resolve(reply.value);
    else if (reply.error !== null) one.reject(EngramError.fromJSON(reply.error));
    else one.reject(new Error(reply.words));
  }

  #end(why: Error): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#open.clear();
    for (const one of this.#waiting.values()) one.reject(why);
    this.#waiting.clear();
    if (!this.#closed) return;
    for (const turn of [...this.#single.splice(0), ...this.#bulk.splice(0)]) {
      this.#textsWaiting -= turn.texts;
      turn.drop(why);
    }
  }
}

const pathOf = ({ name, folder, weights }: SessionOf) => ({ name, folder, weights });
