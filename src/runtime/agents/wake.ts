/**
 * Wakes agents: after a commit that changed engrams, and quiet, each loaded agent whose manifest subscribes to such
 * changes is executed by one logged command of the client "host".
 *
 * Owns: what has changed since an agent last looked, and the timer. Does not own: what an agent does with it (it asks
 * the host call `changes` since the tick it last saw).
 *
 * Invariants:
 * 1. A wake is a command like any other: replay needs no timer, and who wakes decides nothing of the result.
 * 2. An agent is not woken by what it did itself. What agents do to each other ends after `wakeRoundsMax` rounds
 *    without a word from outside.
 * 3. Nothing is remembered here that the log does not tell: a host that was killed finds again who is due.
 */
import { EngramError, type EngramKind, type Manifest, type Subscription } from "../../kernel/mod.ts";
import type { AgentView, LogView, Port } from "../port.ts";

/** The client that wakes, as `why` and `log` show it. */
export const wakeClient = "host";

/** How to wake. Times in ms. */
export interface WakeOptions {
  readonly port: Port;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Without a change for so long, agents are woken. */
  readonly quietMs?: number;
  /** However busy it is, after so long they are woken all the same. */
  readonly quietWaitMsMax?: number;
  /** Rounds of wakes that follow from each other, without a change from outside. */
  readonly wakeRoundsMax?: number;
  /** Told what went wrong with a wake, for people. */
  readonly onTrouble?: (words: string) => void;
}

/** Steps of one agent in a row that say they are not done. */
const wakePagesMax = 10_000;
/** Entries that are looked through at a start for what nobody was woken for. */
const lookBackEntriesMax = 4096;
/** Changes looked at for a subscription to one context; of more it is woken anyway. */
const contextChangesMax = 256;

interface Sleeper {
  readonly id: string;
  readonly subscriptions: readonly Subscription[];
  readonly action: string;
  readonly params: string;
  readonly loadedTick: number;
  /** It has seen everything up to this tick; -1: nothing. */
  seenTick: number;
  /** The newest tick it is due for, or null. */
  dueTick: number | null;
  /** Steps in a row that said they were not done. */
  pages: number;
}

/** Wakes agents until `signal` aborts or the events end. Faults of the port end it with them. */
export async function keepAwake(options: WakeOptions): Promise<void> {
  const waker = new Waker(options);
  try {
    const from = await waker.begin();
    for await (const { entry } of options.port.events(from, options.signal)) await waker.take(entry);
  } catch (error) {
    // A host that stops refuses what is asked of it: that is the end, not trouble.
    if (!(error instanceof EngramError) || !options.signal.aborted) throw error;
  } finally {
    waker.end();
  }
}

class Waker {
  readonly #options: WakeOptions;
  readonly #sleepers = new Map<string, Sleeper>();
  /** Ends the quiet; and the patience with those who are never quiet, set at the first change that agents wait for. */
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #isWaking = false;
  /** Whether an agent said that it has more to do: then nobody waits for quiet, until something changes from outside. */
  #atOnce = false;
  /** Rounds that follow from each other: ended by a change from outside, or when nobody is due after the last. */
  #rounds = 0;
  #wakeTick = -1;
  #takenTick = -1;
  #ended = false;

  constructor(options: WakeOptions) {
    this.#options = options;
  }

  /** Learns who is loaded and due; the tick to take events from. */
  async begin(): Promise<number> {
    const { port } = this.#options;
    const { tick, engrams } = await port.view({ view: "status" });
    await this.#learn();
    if (this.#sleepers.size > 0 && engrams > 0) await this.#lookBack(tick);
    this.#plan();
    return tick + 1;
  }

  end(): void {
    this.#ended = true;
    this.#clear();
  }

  #clear(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** Takes one entry: who is due for what it changed. */
  async take(entry: LogView): Promise<void> {
    if (entry.commands.some(({ kind }) => kind === "agent_load" || kind === "agent_unload")) {
      await this.#learn(entry.tick);
    }
    this.#takenTick = entry.tick;
    if (this.#observe(entry)) {
      this.#rounds = 0;
      this.#atOnce = false;
    }
    this.#plan();
  }

  /** The agents that subscribe to changes. One that is new has everything to see. */
  async #learn(tick: number | null = null): Promise<void> {
    const { agents } = await this.#options.port.view({ view: "agents" });
    const { engrams } = await this.#options.port.view({ view: "status" });
    const loaded = new Set(agents.map(({ id }) => id));
    for (const id of [...this.#sleepers.keys()]) if (!loaded.has(id)) this.#sleepers.delete(id);
    const { readManifest } = await import("../../input/manifest.ts");
    for (const agent of agents) {
      const manifest = manifestOf(agent, readManifest);
      const sleeper = manifest === null ? null : sleeperOf(agent, manifest);
      if (sleeper === null || this.#sleepers.get(agent.id)?.loadedTick === agent.loadedTick) continue;
      if (engrams > 0) sleeper.dueTick = tick;
      this.#sleepers.set(agent.id, sleeper);
    }
  }

  /** Goes back through the log until every agent was met that had nothing left to write, or was loaded. */
  async #lookBack(lastTick: number): Promise<void> {
    const unmet = new Set(this.#sleepers.values());
    const pageEntries = 256;
    for (let to = lastTick + 1; to > 0 && unmet.size > 0; to -= pageEntries) {
      const from = Math.max(0, to - pageEntries);
      if (lastTick - from > lookBackEntriesMax) {
        for (const sleeper of unmet) sleeper.dueTick ??= lastTick;
        return;
      }
      const { entries } = await this.#options.port.view({ view: "log", from, limit: to - from });
      for (const entry of entries.toReversed()) {
        for (const sleeper of unmet) {
          if (isChangeFor(entry, sleeper)) sleeper.dueTick ??= entry.tick;
          if (hasLooked(entry, sleeper)) {
            sleeper.seenTick = entry.tick - 1;
            if (sleeper.dueTick !== null && sleeper.dueTick <= sleeper.seenTick) sleeper.dueTick = null;
            unmet.delete(sleeper);
          }
        }
      }
    }
  }

  /** Notes who is due for an entry; whether something from outside changed. */
  #observe(entry: LogView): boolean {
    for (const sleeper of this.#sleepers.values()) {
      if (hasLooked(entry, sleeper)) this.#sees(sleeper, entry.tick - 1);
      if (entry.tick > sleeper.seenTick && isChangeFor(entry, sleeper)) sleeper.dueTick = entry.tick;
    }
    return entry.steps.some((step) => step.changed.length > 0 && clientOf(entry, step) !== wakeClient);
  }

  #sees(sleeper: Sleeper, tick: number): void {
    sleeper.seenTick = Math.max(sleeper.seenTick, tick);
    if (sleeper.dueTick !== null && sleeper.dueTick <= sleeper.seenTick) sleeper.dueTick = null;
  }

  #due(): Sleeper[] {
    return [...this.#sleepers.values()].filter(({ dueTick }) => dueTick !== null);
  }

  /** Sets the timer anew, if anyone is due. */
  #plan(): void {
    if (this.#ended || this.#isWaking) return;
    if (this.#due().length === 0) {
      this.#clear();
      if (this.#takenTick >= this.#wakeTick) this.#rounds = 0;
      return;
    }
    const { quietMs = 2000, quietWaitMsMax = 60_000 } = this.#options;
    const wake = () => void this.#wake();
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(wake, this.#atOnce ? 0 : quietMs);
    this.#patience ??= setTimeout(wake, quietWaitMsMax);
  }

  async #wake(): Promise<void> {
    this.#isWaking = true;
    this.#clear();
    this.#atOnce = false;
    try {
      const due = this.#due();
      const { wakeRoundsMax = 64 } = this.#options;
      if (!due.some(({ pages }) => pages > 0) && ++this.#rounds > wakeRoundsMax) {
        const names = due.map(({ id }) => id).join(", ");
        this.#trouble(`${names} kept changing what the others read: they sleep until something else changes`);
        for (const sleeper of due) sleeper.dueTick = null;
        return;
      }
      this.#atOnce = (await Promise.all(due.map((sleeper) => this.#wakeOne(sleeper)))).includes(true);
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      if (!this.#ended && !this.#options.signal.aborted) this.#trouble(error.message);
    } finally {
      this.#isWaking = false;
      this.#plan();
    }
  }

  /** One step of one agent; whether it says that there is more to do at once. */
  async #wakeOne(sleeper: Sleeper): Promise<boolean> {
    const { port } = this.#options;
    if (!await this.#concerns(sleeper)) return false;
    const { id: agent, action, params } = sleeper;
    try {
      const { result, tick } = await port.submit({ kind: "execute", agent, action, params }, {
        client: wakeClient,
      });
      this.#wakeTick = Math.max(this.#wakeTick, tick);
      const unfinished = isUnfinished(result) && ++sleeper.pages < wakePagesMax;
      if (!unfinished) {
        sleeper.pages = 0;
        this.#sees(sleeper, tick - 1);
      } else sleeper.dueTick = Math.max(sleeper.dueTick ?? 0, tick);
      return unfinished;
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      sleeper.pages = 0;
      if (error.code === "inbox_full") return false; // it stays due
      sleeper.dueTick = null;
      if (error.code !== "agent_not_found" && !this.#ended) this.#trouble(error.message);
      return false;
    }
  }

  /** Whether a change was in the contexts the agent subscribes to; what was not is seen. */
  async #concerns(sleeper: Sleeper): Promise<boolean> {
    const { port } = this.#options;
    const names = sleeper.subscriptions.map(({ context }) => context);
    const since = sleeper.seenTick + 1;
    if (sleeper.seenTick < 0 || sleeper.pages > 0 || names.includes(null)) return true;
    const { contexts } = await port.view({ view: "contexts" });
    const wanted = new Set(
      contexts.filter(({ id, name }) => names.includes(id) || names.includes(name)).map(({ id }) => id),
    );
    const { changes, nextTick } = await port.view({ view: "changes", since, limit: contextChangesMax });
    if (changes.length >= contextChangesMax) return true;
    for (const { op, id, tick } of changes) {
      if (op === "engram_delete" || op === "member_remove") return true; // where it was is no longer to be read
      if (op !== "engram_put" && op !== "member_add") continue;
      const engram = await port.view({ view: "engram", id, at: tick });
      if (engram.contexts.some((context) => wanted.has(context))) return true;
    }
    this.#sees(sleeper, nextTick - 1);
    return false;
  }

  #trouble(words: string): void {
    this.#options.onTrouble?.(`Cannot wake agents: ${words}`);
  }
}

type Step = LogView["steps"][number];

/** The client whose command a step of this entry answers; null where it answers none of this entry. */
function clientOf(entry: LogView, step: Step): string | null {
  if (step.tick !== entry.tick) return null;
  return entry.commands.find(({ seat }) => seat === step.seat)?.client ?? null;
}

/** Whether an entry changed what the agent subscribes to, by another's hand. */
function isChangeFor(entry: LogView, { id, subscriptions }: Sleeper): boolean {
  const wants = (kind: EngramKind | "any") =>
    kind === "any" || subscriptions.some((one) => one.kind === null || one.kind === kind);
  return entry.steps.some((step) =>
    step.agent !== id && step.outcome === "completed" && step.changed.some(wants)
  );
}

/** Whether the agent did in this entry what it is woken for, and found nothing to write: it has seen what was before. */
function hasLooked(entry: LogView, { id, action }: Sleeper): boolean {
  return entry.steps.some((step) =>
    step.agent === id && step.entry === "execute" && step.outcome === "completed" && step.writes === 0 &&
    entry.commands.some((one) => one.seat === step.seat && one.agent === id && one.action === action)
  );
}

function isUnfinished(result: unknown): boolean {
  return typeof result === "object" && result !== null && "done" in result && result.done === false;
}

function manifestOf(agent: AgentView, read: (bytes: Uint8Array, path: string) => Manifest): Manifest | null {
  if (agent.manifest === null) return null;
  return read(new TextEncoder().encode(JSON.stringify(agent.manifest)), agent.id);
}

function sleeperOf(agent: AgentView, manifest: Manifest): Sleeper | null {
  const { subscriptions } = manifest;
  const [first] = subscriptions;
  const action = first?.action ?? manifest.actions?.[0]?.name;
  if (first === undefined || action === undefined) return null;
  const params = JSON.stringify(first.params);
  const { id, loadedTick } = agent;
  return { id, subscriptions, action, params, loadedTick, seenTick: -1, dueTick: null, pages: 0 };
}
