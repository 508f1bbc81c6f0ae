/**
 * The demo's hard promises, each kept by doing the worst to it: a hostile agent, a host killed while it works,
 * the whole log run again.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Port, ReplayReport } from "../../runtime/port.ts";
import type { Receipt } from "../../runtime/receipts.ts";
import type { Request, WriteOp } from "../../runtime/requests.ts";
import { findFiles, importFiles, type ImportParts } from "../memory/import.ts";
import { count, duration, plural, size } from "../terminal/screen.ts";
import { type DemoHost, type OnChild, runSelf } from "./host.ts";
import type { Story } from "./screen.ts";
import { assetPath, client, loadBundled } from "./steps.ts";

/** What the hostile agent came to. */
export interface HostileReport {
  readonly ok: boolean;
  readonly ms: number;
  /** Fuel at which the endless loop was stopped, and how long that took. */
  readonly spin: { readonly outcome: string; readonly fuel: number; readonly ms: number };
  readonly grab: { readonly outcome: string; readonly pages: number };
  readonly writeThenTrap: { readonly outcome: string };
  readonly before: Counts;
  readonly after: Counts;
  /** Memories found with the text it wrote. */
  readonly found: number;
}

/** How much there is. */
export interface Counts {
  readonly engrams: number;
  readonly connections: number;
}

/** What the hostile agent writes before it traps (agents/demo/hostile.wat). */
const hostileTexts = ["This sentence must not be found.", "Nor this one."];
const pageBytes = 65536;

async function countsOf(port: Port): Promise<Counts> {
  const { engrams, connections } = await port.view({ view: "status" });
  return { engrams, connections };
}

/** Runs an action that should not end well: its outcome, fuel and result. */
async function provoke(port: Port, action: string) {
  try {
    const { result, fuel } = await port.submit({ kind: "execute", agent: "hostile", action }, { client });
    return { outcome: "completed", fuel: Number(fuel), result };
  } catch (error) {
    if (!(error instanceof EngramError) || !error.code.startsWith("agent_")) throw error;
    return { outcome: String(error.data["outcome"]), fuel: Number(error.data["fuel"]), result: null };
  }
}

/** Loads the hostile agent, lets it do its worst, unloads it, and looks for what it left. */
export async function faceHostile(story: Story, port: Port): Promise<HostileReport> {
  const folder = "agents/demo/hostile";
  const { value: report, ms } = await story.working(
    "hostile.wasm spins, grabs memory, writes and traps",
    async () => {
      const before = await countsOf(port);
      await loadBundled(story, port, assetPath(`${folder}.wasm`), assetPath(`${folder}.manifest.json`));
      const start = performance.now();
      const { outcome, fuel } = await provoke(port, "spin");
      const spin = { outcome, fuel, ms: performance.now() - start };
      const grabbed = await provoke(port, "grab");
      const trapped = await provoke(port, "write_then_trap");
      await port.idle();
      const own = (await port.view({ view: "agents" })).agents.find(({ id }) => id === "hostile");
      const context = own === undefined
        ? 0
        : (await port.view({ view: "context", id: own.context })).engrams.length;
      let found = context;
      for (const text of hostileTexts) {
        const { hits } = await port.view({ view: "search", text, includeSuperseded: true, limit: 50 });
        found += hits.filter(({ content }) => content === text).length;
      }
      await port.submit({ kind: "agent_unload", agent: "hostile" }, { client });
      const after = await countsOf(port);
      const pages = Number(Object(grabbed.result)["pages"] ?? 0);
      return {
        spin,
        grab: { outcome: grabbed.outcome, pages },
        writeThenTrap: { outcome: trapped.outcome },
        before,
        after,
        found,
      };
    },
  );
  const { spin, grab, writeThenTrap, before, after, found } = report;
  const isStopped = spin.outcome === "out_of_fuel" && grab.pages > 0 && writeThenTrap.outcome === "trapped";
  const isClean = found === 0 && before.engrams === after.engrams && before.connections === after.connections;
  const ok = isStopped && isClean;
  story.check(ok, `hostile.wasm   stopped at ${count(spin.fuel)} fuel in ${duration(spin.ms)}`, duration(ms));
  story.under(`refused memory beyond ${count(grab.pages)} pages (${size(grab.pages * pageBytes)})`);
  const rest = isClean
    ? `nothing it wrote remains: ${plural(after.engrams, "memory", "memories")}, ${
      plural(after.connections, "link")
    }, as before`
    : `${plural(found, "memory", "memories")} of it found; ${count(before.engrams)} memories before, ${
      count(after.engrams)
    } after`;
  story.under(`${writeThenTrap.outcome} after its writes · ${rest}`);
  return { ok, ms, ...report };
}

/** What the kill came to. */
export interface KillReport {
  readonly ok: boolean;
  readonly ms: number;
  /** Memories in the import. */
  readonly lines: number;
  /** Writes the host had acknowledged when it was killed. */
  readonly acknowledged: number;
  /** Of these, how many were read back after the restart. */
  readonly there: number;
  /** There, though nobody had been told yet. */
  readonly unacknowledged: number;
  /** Memories that are there more than once. */
  readonly twice: number;
  readonly restartMs: number;
  /** After the same import again: everything, once. */
  readonly completed: number;
  /** Bytes of an unfinished entry that the restart cut from the log. */
  readonly cutBytes: number;
}

const lines = 2000;
/** Between reaching the number of writes drawn for the kill and the kill, in ms at most. */
const killDelayMsMax = 20;
/** Writes under way at a time, each a command of its own. */
const atOnce = 64;

/** A port on which every memory of an import is a command of its own, acknowledged by itself. */
class OneByOne implements Port {
  readonly where = "host" as const;
  /** Content by id of what was acknowledged. */
  readonly acknowledged = new Map<string, string>();
  readonly #port: Port;
  readonly #onAcknowledged: (count: number) => void;

  constructor(port: Port, onAcknowledged: (count: number) => void) {
    this.#port = port;
    this.#onAcknowledged = onAcknowledged;
  }

  async submit(request: Request, options: { readonly client?: string } = {}): Promise<Receipt> {
    if (request.kind !== "write") return await this.#port.submit(request, options);
    const { ops } = request;
    const receipts: Receipt[] = [];
    const broken: unknown[] = [];
    let next = 0;
    const writer = async () => {
      while (broken.length === 0 && next < ops.length) {
        const at = next++;
        try {
          const op = ops[at];
          if (op !== undefined) receipts[at] = await this.#write(op, options);
        } catch (error) {
          broken.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, writer));
    if (broken.length > 0) throw broken[0];
    return { tick: receipts.at(-1)?.tick ?? 0, results: receipts.flatMap(({ results }) => results) };
  }

  async #write(op: WriteOp, options: { readonly client?: string }): Promise<Receipt> {
    const receipt = await this.#port.submit({ kind: "write", ops: [op] }, options);
    const { id } = Object(Object(receipt["results"])[0]);
    if (typeof id === "string" && op.op === "upsert") this.acknowledged.set(id, op.content);
    this.#onAcknowledged(this.acknowledged.size);
    return receipt;
  }

  view: Port["view"] = (view) => this.#port.view(view);
  events: Port["events"] = (from, signal) => this.#port.events(from, signal);
  idle = () => this.#port.idle();
  close = () => Promise.resolve();
}

/** Readings of a gauge, a memory a line. */
async function writeReadings(path: string): Promise<void> {
  const texts = Array.from({ length: lines }, (_, at) => {
    const level = 200 + Math.round(140 * Math.sin((at * 2 * Math.PI) / 74.5));
    const time = new Date(Date.UTC(2026, 0, 1) + at * 600_000).toISOString();
    const ref = `reading-${at + 1}`;
    return JSON.stringify({ content: `Reading ${at + 1}: ${level} cm`, ref, source: "gauge", time });
  });
  await Deno.writeTextFile(path, `${texts.join("\n")}\n`);
}

/** Memories of a context by content, and how often each is there. */
async function contentsOf(port: Port, context: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let after: string | null = null;;) {
    const page: { engrams: readonly { content: string }[]; next: string | null } = await port.view({
      view: "export",
      context,
      limit: 1000,
      ...(after === null ? {} : { after }),
    });
    for (const { content } of page.engrams) found.set(content, (found.get(content) ?? 0) + 1);
    if (page.next === null) return found;
    after = page.next;
  }
}

/** A whole number from 0 to below `max`. */
function random(max: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % max;
}

/** How many of the acknowledged memories can be read, each by its id, with the content it was given. */
async function readBack(port: Port, acknowledged: ReadonlyMap<string, string>): Promise<number> {
  let there = 0;
  const all = [...acknowledged];
  for (let at = 0; at < all.length; at += atOnce) {
    const found = await Promise.all(
      all.slice(at, at + atOnce).map(async ([id, content]) => {
        try {
          return (await port.view({ view: "engram", id })).content === content;
        } catch (error) {
          if (error instanceof EngramError && error.code === "engram_not_found") return false;
          throw error;
        }
      }),
    );
    there += found.filter(Boolean).length;
  }
  return there;
}

/** Kills the host with SIGKILL at a random moment of an import, restarts it, and looks for every acknowledged write. */
export async function killHost(
  story: Story,
  host: DemoHost,
  restart: () => Promise<DemoHost>,
  folder: string,
): Promise<{ readonly host: DemoHost; readonly report: KillReport }> {
  const { value, ms } = await story.working("importing, to be killed in the middle", async (say) => {
    const path = `${folder}/readings.jsonl`;
    await writeReadings(path);
    const files = await findFiles([path]);
    const { id } = await host.port.submit({ kind: "context_create", name: "readings" }, { client });
    const context = String(id);
    const parts = (port: Port): ImportParts => ({
      port,
      context,
      prefix: "",
      createContexts: false,
      onProgress: () => {},
      client,
    });
    // Between a quarter and three quarters of the way, at any moment of a tick.
    const killAt = lines / 4 + random(lines / 2), delayMs = random(killDelayMsMax);
    const port = new OneByOne(host.port, (acknowledged) => {
      if (acknowledged === killAt) setTimeout(() => host.end(), delayMs);
    });
    let isBroken = false;
    try {
      await importFiles(files, parts(port));
    } catch (error) {
      if (!(error instanceof EngramError) || error.code !== "host_unreachable") throw error;
      isBroken = true;
    }
    await host.kill();
    say(`killed with SIGKILL after ${count(port.acknowledged.size)} acknowledged writes, restarting`);
    const start = performance.now();
    const again = await restart();
    const restartMs = performance.now() - start;
    say("reading back every acknowledged write");
    const there = await readBack(again.port, port.acknowledged);
    const contents = await contentsOf(again.port, context);
    const twice = [...contents.values()].filter((times) => times > 1).length;
    const { cut } = await again.port.view({ view: "status" });
    say("importing the rest");
    await importFiles(files, parts(again.port));
    const completed = await contentsOf(again.port, context);
    const acknowledged = port.acknowledged.size;
    const isComplete = completed.size === lines && [...completed.values()].every((times) => times === 1);
    return {
      host: again,
      report: {
        ok: isBroken && there === acknowledged && twice === 0 && isComplete,
        lines,
        acknowledged,
        there,
        unacknowledged: contents.size - there,
        twice,
        restartMs,
        completed: completed.size,
        cutBytes: cut?.bytes ?? 0,
      },
    };
  });
  const report = { ...value.report, ms };
  const { acknowledged, there, twice, completed, cutBytes } = report;
  story.check(
    report.ok,
    `killed the host after ${count(acknowledged)} acknowledged writes · restarted · ${count(there)} there`,
    duration(ms),
  );
  const cut = cutBytes === 0 ? "" : ` · ${plural(cutBytes, "byte")} of an unfinished entry cut`;
  const copies = twice === 0 ? "none twice" : `${count(twice)} twice`;
  story.under(`imported the rest: ${count(completed)} of ${count(lines)}, ${copies}${cut}`);
  return { host: value.host, report };
}

/** What the replay came to. */
export interface ReplayedReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly ticks: number;
  readonly steps: number;
  readonly liveWorkers: number;
  readonly replayWorkers: number;
  /** State hashes, 64 hex digits each. */
  readonly live: string;
  readonly replay: string;
  readonly first: { readonly tick: number; readonly what: string } | null;
}

/** Replays as a person would; a process of its own, so that the screen stays alive. */
async function runReplay(data: string, workers: number, onChild: OnChild): Promise<ReplayReport> {
  const { out, err } = await runSelf(["replay", "--data", data, "--workers", String(workers)], onChild);
  if (out.trim() === "") throw EngramError.fromJSON(errorIn(err));
  return JSON.parse(out);
}

function errorIn(err: string): unknown {
  try {
    return Object(JSON.parse(err))["error"];
  } catch {
    return { code: "not_available", message: `Cannot replay: ${err.trim()}` };
  }
}

/** Runs the whole log again with another number of workers. `live` is the state hash the host ended with. */
export async function replayLog(
  story: Story,
  data: string,
  live: string,
  workers: { readonly live: number; readonly replay: number },
  onChild: OnChild,
): Promise<ReplayedReport> {
  const { value: report, ms } = await story.working(
    "running the whole log again",
    () => runReplay(data, workers.replay, onChild),
  );
  const ok = report.ok && report.stateHash === live;
  const first = report.first === undefined ? null : { tick: report.first.tick, what: report.first.what };
  const verdict = ok
    ? "identical"
    : first === null
    ? "different"
    : `tick ${first.tick} differs in ${first.what}`;
  story.check(
    ok,
    `replayed ${plural(report.ticks, "tick")} with ${
      plural(workers.replay, "worker")
    } instead of ${workers.live}: ${verdict}`,
    duration(ms),
  );
  story.under(`live    ${live}`);
  story.under(`replay  ${report.stateHash}`);
  const { ticks, steps, stateHash } = report;
  return {
    ok,
    ms,
    ticks,
    steps,
    liveWorkers: workers.live,
    replayWorkers: workers.replay,
    live,
    replay: stateHash,
    first,
  };
}
