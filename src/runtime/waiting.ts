/**
 * Waiting: commands on their way and who is to be told what became of them — in the inbox, in a tick, carried over, or
 * until a workflow ends.
 *
 * Owns: the inbox and its bounds, who waits for which step or run, several who wait for one command.
 * Does not own: when a tick is made and what an answer says (runtime.ts), what waits across a restart (the state).
 *
 * Invariants:
 * 1. The inbox is bounded by commands and by bytes; so is how many wait for one command.
 * 2. Everyone who waits is told once.
 */
import { type Command, type Config, EngramError } from "../kernel/mod.ts";
import { payloadsIn } from "./entries.ts";
import type { Receipt } from "./receipts.ts";

/** Someone who waits for a command. */
export interface Waiting {
  readonly command: Command;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

/** Someone whose command is in the inbox, or was. */
interface Queued extends Waiting {
  /** Of the payloads in the command. */
  readonly bytes: number;
}

/** Bounds of what waits. */
interface WaitingLimits {
  /** Commands in the inbox. */
  readonly inboxMax: number;
  /** Bytes of their texts, params and vectors. One command finds room in an empty inbox, whatever its size. */
  readonly inboxBytesMax: number;
}

/** The bounds where none are given. */
const waitingDefaults: WaitingLimits = { inboxMax: 10_000, inboxBytesMax: 256 * 1024 * 1024 };

/** How many may wait for one command that was sent again with its id. */
const twinsMax = 100;

/** Bytes of the payloads in a command. */
function payloadBytes({ ask }: Command): number {
  let sum = 0;
  for (const { bytes } of payloadsIn(ask)) sum += bytes?.length ?? 0;
  return sum;
}

function inboxFull(count: number, limit: string): EngramError {
  return new EngramError("inbox_full", `Cannot take the command: ${count} are waiting (${limit})`);
}

/** Those who wait for one runtime. */
export class WaitingRoom {
  readonly #limits: WaitingLimits;
  #inbox: Queued[] = [];
  #inboxBytes = 0;
  /** By the key of the step. */
  readonly #carried = new Map<string, Waiting>();
  /** By the key of the step that began the run. */
  readonly #running = new Map<string, Waiting>();
  /** Of commands that gave an id, by id, wherever they wait. */
  readonly #pending = new Map<string, Waiting>();
  readonly #twins = new Map<string, Waiting[]>();

  constructor({ inboxMax, inboxBytesMax }: Partial<WaitingLimits>) {
    this.#limits = {
      inboxMax: inboxMax ?? waitingDefaults.inboxMax,
      inboxBytesMax: inboxBytesMax ?? waitingDefaults.inboxBytesMax,
    };
  }

  /** Commands in the inbox. */
  get inboxCount(): number {
    return this.#inbox.length;
  }

  /** Commands taken and not answered, workflows under way aside. */
  get unansweredCount(): number {
    return this.#inbox.length + this.#carried.size;
  }

  /** Commands out of the inbox that are not answered: carried over, or workflows under way. */
  get takenCount(): number {
    return this.#carried.size + this.#running.size;
  }

  /** Refuses (`inbox_full`) where no further command finds room: asked before one is read. */
  requireRoom(): void {
    const { inboxMax } = this.#limits;
    if (this.#inbox.length >= inboxMax) throw inboxFull(inboxMax, "inboxMax");
  }

  /** Puts a command into the inbox. Refuses (`inbox_full`). */
  enter(waiting: Waiting): void {
    this.requireRoom();
    const bytes = payloadBytes(waiting.command);
    if (this.#inbox.length > 0 && this.#inboxBytes + bytes > this.#limits.inboxBytesMax) {
      throw inboxFull(this.#inbox.length, "inboxBytesMax");
    }
    const queued: Queued = { ...waiting, bytes };
    this.#know(queued);
    this.#inbox.push(queued);
    this.#inboxBytes += bytes;
  }

  /** The command of an id that somebody waits for, or null. */
  commandOf(commandId: string): Command | null {
    return this.#pending.get(commandId)?.command ?? null;
  }

  /** Waits with whoever waits for a command id; false where nobody does. */
  join(commandId: string, resolve: Waiting["resolve"], reject: Waiting["reject"]): boolean {
    const first = this.#pending.get(commandId);
    if (first === undefined) return false;
    const twins = this.#twins.get(commandId) ?? [];
    if (twins.length >= twinsMax) reject(inboxFull(twinsMax, "twinsMax"));
    else this.#twins.set(commandId, [...twins, { command: first.command, resolve, reject }]);
    return true;
  }

  /** The commands of the next tick, left where they are. */
  next(config: Config): readonly Waiting[] {
    return this.#inbox.slice(0, this.#takeable(config));
  }

  /** Takes the commands of a tick out of the inbox. */
  take(config: Config): Queued[] {
    return this.#count(this.#inbox.splice(0, this.#takeable(config)), -1);
  }

  /** Takes all there are. */
  takeAll(): Queued[] {
    return this.#count(this.#inbox.splice(0), -1);
  }

  /** Commands that were taken and have to wait come first again. */
  putBack(taken: readonly Queued[]): void {
    this.#inbox.unshift(...this.#count(taken, 1));
  }

  #count<T extends readonly Queued[]>(all: T, sign: 1 | -1): T {
    for (const { bytes } of all) this.#inboxBytes += sign * bytes;
    return all;
  }

  /** How many waiting commands fit into one tick: one at least. */
  #takeable({ commandsPerTickMax, tickBytesMax }: Config): number {
    let count = 0, bytes = 0;
    for (const queued of this.#inbox) {
      bytes += queued.bytes;
      if (count === commandsPerTickMax || (count > 0 && bytes > tickBytesMax)) break;
      count++;
    }
    return count;
  }

  /** The command of a step waits for its end. */
  seat(step: string, waiting: Waiting): void {
    this.#carried.set(step, waiting);
  }

  /** Somebody waits again for a step that is carried over, or for a run. */
  rejoin(kind: "step" | "run", key: string, waiting: Waiting): void {
    this.#know(waiting);
    (kind === "step" ? this.#carried : this.#running).set(key, waiting);
  }

  /** A step's command began a run: whoever waits for it waits for the run's end. */
  began(step: string): void {
    const waiting = this.leave("step", step);
    if (waiting !== undefined) this.#running.set(step, waiting);
  }

  /** Who waits for a step or a run that has ended; they are to be told. */
  leave(kind: "step" | "run", key: string): Waiting | undefined {
    const waits = kind === "step" ? this.#carried : this.#running;
    const waiting = waits.get(key);
    waits.delete(key);
    return waiting;
  }

  /** Tells someone, and everybody who waits for the same command. */
  tell(waiting: Waiting | undefined, answer: Receipt | EngramError): void {
    if (waiting === undefined) return;
    const { commandId } = waiting.command;
    const twins = commandId === null ? [] : this.#twins.get(commandId) ?? [];
    if (commandId !== null) {
      this.#pending.delete(commandId);
      this.#twins.delete(commandId);
    }
    for (const one of [waiting, ...twins]) {
      if (answer instanceof EngramError) one.reject(answer);
      else one.resolve(answer);
    }
  }

  /** Tells everyone whose command was taken the same. */
  tellTaken(error: EngramError): void {
    const all = [...this.#carried.values(), ...this.#running.values()];
    this.#carried.clear();
    this.#running.clear();
    for (const one of all) this.tell(one, error);
  }

  /** Tells everyone the same. */
  tellAll(error: EngramError): void {
    for (const one of this.takeAll()) this.tell(one, error);
    this.tellTaken(error);
  }

  #know(waiting: Waiting): void {
    if (waiting.command.commandId !== null) this.#pending.set(waiting.command.commandId, waiting);
  }
}
