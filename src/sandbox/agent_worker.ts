/**
 * One agent worker as the engine thread sees it: its thread, its channel, who sits in it, when it is given up.
 *
 * Owns: starting and fencing a thread, seats, deadlines.
 * Does not own: which agent goes where, what is served (sandbox.ts).
 *
 * Invariants:
 * 1. A worker that is fenced is never read again: its buffer is let go, its agents are nowhere.
 * 2. A thread is started when it first has something to do.
 * 3. A worker gets on as long as some guest in it begins, suspends or ends within `pollMsMax`, or within the time that a
 *    slow and busy machine takes for the fuel of its largest step: what fuel ends by itself is not given up before.
 */
import { type Doorbell, EngineEnd } from "./channel.ts";
import { Reader, Writer } from "./frame.ts";
import { order } from "./messages.ts";
import { type AgentThread, startThread } from "./threads.ts";

/** Fuel that the slowest machine burns in a millisecond, others at work beside it: a twentieth of `fuelPerMs`. */
const fuelPerMsMin = 50_000;

/** An agent that a worker holds. */
export interface HeldAgent {
  readonly id: string;
  readonly worker: AgentWorker;
  readonly seat: number;
  completedSteps: number;
  /** Whether its instance was asked for. */
  begun: boolean;
  memoryBytes: number;
  /** The number of the run it was last part of. */
  usedInRun: number;
  /** The index of the step under way, or -1. */
  step: number;
  /** How the last step ended, until that is settled. */
  unsettled: { readonly completed: boolean; readonly restorable: boolean } | null;
}

/** What all workers of a sandbox share. */
export interface WorkerSetup {
  readonly url: URL;
  readonly doorbell: Doorbell;
  readonly shadowBytesMax: number;
  readonly pollMsMax: number;
  /** Size of a channel's areas in bytes. */
  readonly areaBytes: number;
  readonly onError: (worker: AgentWorker, message: string) => void;
}

/** One worker. */
export class AgentWorker {
  readonly index: number;
  /** Orders not sent yet. */
  readonly out = new Writer();
  /** The frame received last. */
  readonly frame = new Reader();
  readonly agents = new Map<string, HeldAgent>();
  /** By seat. */
  readonly seated: (HeldAgent | undefined)[] = [];
  /** Numbers of the modules it has. */
  readonly modules = new Set<number>();
  /** How many of its agents have a step under way. */
  running = 0;
  /** Whether the worker has the turn. */
  busy = false;
  readonly #setup: WorkerSetup;
  readonly #channel: EngineEnd;
  readonly #free: number[] = [];
  #thread: AgentThread | null = null;
  /** The fuel of the largest step under way. */
  #fuel = 0;
  #deadline = 0;
  #progress = 0;

  constructor(index: number, setup: WorkerSetup) {
    this.index = index;
    this.#setup = setup;
    this.#channel = new EngineEnd(setup.areaBytes);
  }

  #start(): void {
    this.#thread = startThread({
      url: this.#setup.url,
      name: `engramlt agents ${this.index}`,
      start: {
        shared: this.#channel.shared,
        doorbell: this.#setup.doorbell.shared,
        shadowBytesMax: this.#setup.shadowBytesMax,
      },
      onError: (message) => this.#setup.onError(this, message),
    });
  }

  /** Whether it has a thread. */
  get isStarted(): boolean {
    return this.#thread !== null;
  }

  /** A step with so much fuel is about to be sent. */
  expect(fuel: number): void {
    this.#fuel = this.running === 0 ? fuel : Math.max(this.#fuel, fuel);
    this.running++;
  }

  /** How long a guest may be silent, in ms. */
  get silenceMsMax(): number {
    return Math.max(this.#setup.pollMsMax, Math.ceil(this.#fuel / fuelPerMsMin));
  }

  /** Sends the orders written so far and gives the turn. */
  send(): void {
    if (this.#thread === null) this.#start();
    this.#progress = this.#channel.progress;
    this.#deadline = performance.now() + this.silenceMsMax;
    this.#channel.send(this.out);
    this.out.reset();
    this.busy = true;
  }

  /** Whether a busy worker has handed over; then its frame is in `frame`. */
  poll(): boolean {
    if (!this.#channel.poll(this.frame)) return false;
    this.busy = false;
    return true;
  }

  /** How long a busy worker may still be silent, in ms; 0 when it is to be fenced. */
  patienceMs(now: number): number {
    const { progress } = this.#channel;
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#deadline = now + this.silenceMsMax;
    }
    return Math.max(0, this.#deadline - now);
  }

  /** Gives an agent a seat. */
  seat(id: string, completedSteps: number): HeldAgent {
    const seat = this.#free.pop() ?? this.seated.length;
    const agent: HeldAgent = {
      id,
      worker: this,
      seat,
      completedSteps,
      begun: false,
      memoryBytes: 0,
      usedInRun: 0,
      step: -1,
      unsettled: null,
    };
    this.seated[seat] = agent;
    this.agents.set(id, agent);
    return agent;
  }

  /** Takes an agent's seat away and has its instance dropped. */
  unseat(agent: HeldAgent): void {
    this.seated[agent.seat] = undefined;
    this.#free.push(agent.seat);
    this.agents.delete(agent.id);
    this.out.u8(order.drop);
    this.out.u32(agent.seat);
  }

  /** Ends the thread as far as it can be ended, and never listens to it again. */
  stop(): void {
    this.#channel.stop();
    this.#thread?.terminate();
    this.#thread = null;
  }
}
