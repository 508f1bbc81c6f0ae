/**
 * engramlt doctor: looks over everything that has to be right, says what is wrong, and what could be better.
 *
 * Owns: what is looked at, in which order. Does not own: mending it; each finding names the command that does.
 *
 * Invariants:
 * 1. Nothing is made or changed, but for what opening the data folder makes, and a model that a person at a terminal
 *    agrees to.
 * 2. What keeps the program from working is wrong and decides the exit code; what only could be better does not.
 */
import { EngramError } from "../../kernel/errors.ts";
import { type DataPaths, dataPaths, exists, readHostFile } from "../../runtime/data_folder.ts";
import { openFilesMax, os } from "../../runtime/platform.ts";
import { roomBytes } from "../../runtime/room.ts";
import { compareVersions } from "../../runtime/version_order.ts";
import type { Call, Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { versions } from "../help/versions.ts";
import { refusalOf } from "../log/checkpoint.ts";
import { damageHint } from "../log/log.ts";
import { modelState, offerModel } from "../model/offer.ts";
import { clientStates, type Missing, missingOf } from "../setup/client_states.ts";
import { count, plural, printable, size } from "../terminal/screen.ts";
import { shellWord } from "../terminal/shell_word.ts";
import { restoredWords } from "../terminal/shown.ts";
import { type ServiceState, serviceState } from "./service.ts";
import { configFlag, hostSettings } from "./settings.ts";

/** Free room below which the next writes may fail. */
const roomBytesMin = 64 * 1024 * 1024;
/** Free room below which it is time to look. */
const roomBytesLow = 1024 * 1024 * 1024;

/** One thing the doctor looked at. */
interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** The command that makes it better, or null. */
  readonly next: string | null;
  readonly error?: EngramError;
}

type Look = () => Promise<string | Missing> | string | Missing;

class Findings {
  readonly list: Finding[] = [];

  /** Looks at one thing; whether it is right. */
  async add(check: string, look: Look): Promise<boolean> {
    try {
      const found = await look();
      const { what, next } = typeof found === "string" ? { what: found, next: null } : found;
      this.list.push({ check, ok: true, detail: what, next });
      return true;
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      this.list.push({ check, ok: false, detail: error.message, next: error.hint || null, error });
      return false;
    }
  }
}

async function examine(call: Call): Promise<readonly Finding[]> {
  const { data } = connectOptions(call);
  const found = new Findings();
  await found.add("program", () => {
    const { version, build, v8, platform } = versions();
    return `${version}, ${build} build, V8 ${v8}, ${platform}`;
  });
  await found.add("agents can wait for the engine", () => {
    if ("Suspending" in WebAssembly) return "V8 suspends WebAssembly";
    throw new EngramError("not_available", "Cannot run agents: this V8 can't suspend WebAssembly");
  });
  await found.add("settings", async () => {
    const { file, settings } = await hostSettings(call);
    const said = settings.filter(({ from }) => from !== "default").map(({ name }) => name);
    const where = file.exists ? file.path : `no ${file.path}`;
    const lack = await filesLack(Number(settings.find(({ name }) => name === "connections-max")?.value));
    if (lack !== null) return lack;
    return said.length === 0 ? `${where}, defaults` : `${where}; set: ${said.join(", ")}`;
  });
  await found.add("data folder", () => folderFinding(data));
  if (exists(data)) {
    await found.add("room", () => roomFinding(data));
    await openings(call, data, found);
  }
  await found.add("model", () => modelFinding(data));
  await found.add("service", () => serviceFinding(call));
  for (const state of await clientStates(call.screen.terminal)) {
    const lack = missingOf(state, data);
    await found.add("assistant", () => lack ?? `${state.title} starts ${state.command?.command ?? ""}`);
  }
  return found.list;
}

/** What is to be said of more connections than this system has files for: the host takes fewer, and says so. */
async function filesLack(connectionsMax: number): Promise<Missing | null> {
  const files = await openFilesMax();
  const { connectionsIn } = await import("../../api/limits.ts");
  const most = connectionsIn(files);
  if (most >= connectionsMax) return null;
  return {
    what: `a host takes ${count(most)} connections, not ${count(connectionsMax)} (connections-max): ` +
      `a process may have ${count(files ?? 0)} files open here`,
    next: "ulimit -n lets processes open more; connections-max in config.toml asks for fewer",
  };
}

/** What needs the folder open. */
async function openings(call: Call, data: string, found: Findings): Promise<void> {
  const paths = dataPaths(data);
  const opened = await found.add("opens", async () => {
    const port = await call.port();
    if (port.refuses !== undefined) throw port.refuses;
    const { tick, engrams, cut, restored } = await port.view({ view: "status" });
    const torn = cut === null ? "" : `; cut ${plural(cut.bytes, "byte")} of an unfinished entry`;
    const way = port.where === "host" ? "through the running host" : "no host runs";
    const begun = restored === null ? "" : `; ${restoredWords(restored)}`;
    return `${plural(engrams, "memory", "memories")} at tick ${count(tick)}, ${way}${torn}${begun}`;
  });
  if (!opened) return;
  const isHosted = (await call.port()).where === "host";
  if (isHosted) await found.add("host", () => hostFinding(data));
  await found.add("host.log", () => writable(paths.hostLog));
  for (const [name, path] of [["token", paths.token], ["tokens", paths.tokens]] as const) {
    if (exists(path)) await found.add(name, () => privacy(path, 0o600));
  }
  await found.add("log", async () => {
    const { ok, entries, first } = await (await call.port()).view({ view: "verify_log" });
    if (ok) return `${plural(entries, "entry", "entries")}, checksums and chain hold`;
    const what = `${first?.segment} at byte ${first?.offset}: ${first?.what}`;
    const message = `Cannot verify the log: ${what}`;
    throw new EngramError("log_corrupt", message, { ...first }, damageHint(first?.segment ?? ""));
  });
  await found.add("checkpoints", () => checkpointFinding(paths));
  await found.add("agents", async () => {
    const { agents } = await (await call.port()).view({ view: "agents" });
    if (agents.length > 0) return agents.map(({ id }) => id).join(", ");
    return { what: "none is loaded: nothing links notes or finds duplicates", next: "engramlt up" };
  });
}

/** Whether the newest checkpoint is whole, and the memory graph has the rows that it had then. */
async function checkpointFinding(paths: DataPaths): Promise<string | Missing> {
  const [{ listCheckpoints }, { verifyCheckpoint }] = await Promise.all([
    import("../../runtime/checkpoint/checkpoint.ts"),
    import("../../runtime/checkpoint/use.ts"),
  ]);
  const all = listCheckpoints(paths);
  if (all.length === 0) return "none: a replay begins at the first entry";
  const verdict = verifyCheckpoint({ paths, which: "latest" });
  const refusal = refusalOf(verdict);
  if (refusal !== null) throw refusal;
  const graph = verdict.graph === "equal"
    ? "the memory graph has its rows"
    : "the memory graph is not compared";
  const what = `${plural(all.length, "checkpoint")}, that of tick ${count(verdict.tick)} is whole, ${graph}`;
  const wrong = all.find(({ problem }) => problem !== null);
  if (wrong === undefined) return what;
  return {
    what: `${what}; that of tick ${count(wrong.tick)} is not used: ${wrong.problem}`,
    next: `engramlt checkpoint rm ${wrong.tick}`,
  };
}

function folderFinding(data: string): string | Missing {
  if (!exists(data)) return `${data} (not there yet; made at the first use)`;
  return privacy(data, 0o700);
}

/** Whether only its owner can read a file or folder. */
function privacy(path: string, mode: number): string | Missing {
  const found = (Deno.statSync(path).mode ?? 0) & 0o777;
  if (os === "windows" || (found & 0o077) === 0) return path;
  const octal = (bits: number) => bits.toString(8);
  return {
    what: `${path} can be read by others (mode ${octal(found)})`,
    next: `chmod ${octal(mode)} ${shellWord(path)}`,
  };
}

function roomFinding(data: string): string | Missing {
  const free = roomBytes(data);
  if (free < roomBytesMin) {
    throw new EngramError("disk_full", `Cannot store much more: ${size(free)} are free below ${data}`);
  }
  const what = `${size(free)} free`;
  return free >= roomBytesLow ? what : { what, next: "make room on that disk" };
}

function hostFinding(data: string): string | Missing {
  const file = readHostFile(dataPaths(data));
  if (file === null) return "it has just ended";
  const own = versions().version;
  const by = file.startedBy === "client" ? "an assistant" : "engramlt up";
  const what = `${file.version} at ${file.address}, process ${file.pid ?? "unknown"}, started by ${by}`;
  const order = compareVersions(file.version, own) ?? 0;
  if (order === 0) return what;
  return order < 0
    ? {
      what: `${what}; this program is ${own}`,
      next: "engramlt down",
    }
    : { what: `${what}; this program is older: ${own}`, next: "upgrade this engramlt" };
}

function writable(path: string): string {
  if (!exists(path)) return `${path} (made by the first host)`;
  try {
    Deno.openSync(path, { append: true }).close();
    return path;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError(
      "io_failed",
      `Cannot write ${path}: ${words}`,
      {},
      "Let its owner write it: chmod u+w",
    );
  }
}

async function modelFinding(data: string): Promise<string | Missing> {
  const { model, offer } = await modelState(data);
  if (model !== null) return `${model.name}, ${model.dimensions} dimensions`;
  return { what: "none: recall goes by words and links, not by meaning", next: offer };
}

async function serviceFinding(call: Call): Promise<string | Missing> {
  let state: ServiceState;
  try {
    state = await serviceState(call);
  } catch (error) {
    if (error instanceof EngramError) return `none can be made: ${error.message}`; // a service is a choice
    throw error;
  }
  const { name, keeper, installed, running, path } = state;
  if (!installed) return "none: assistants start the host when they need it";
  const next = "engramlt service install";
  if (!state.ownProgram) return { what: `${path} starts another program than this one`, next };
  if (running === null) return `${name} of ${keeper}, which cannot be asked: ${state.state}`;
  return running ? `${name} runs, kept by ${keeper}` : { what: `${name} does not run: ${state.state}`, next };
}

/** engramlt doctor */
export const doctor: Leaf = {
  name: "doctor",
  says: "look over program, settings, data folder, log, model and assistants, and say what is wrong",
  flags: [configFlag],
  examples: ["doctor", "doctor --json"],
  async run(call) {
    const { screen } = call;
    const findings = await examine(call);
    const ok = findings.every((finding) => finding.ok);
    screen.result(
      { ok, findings: findings.map(({ check, ok, detail, next }) => ({ check, ok, detail, next })) },
      () => {
        for (const finding of findings) {
          const { check, detail, next } = finding;
          const [style, mark] = !finding.ok
            ? ["red", "✗"] as const
            : next === null
            ? ["green", "✓"] as const
            : ["yellow", "!"] as const;
          screen.line(`${screen.paint(style, mark)} ${check}: ${printable(detail)}`);
          if (next === null) continue;
          const said = finding.ok ? call.next(next) : call.nextIn(next); // the hint of an error
          screen.line(screen.paint("dim", `  → ${printable(said)}`));
        }
      },
    );
    const { data } = connectOptions(call);
    const lacksModel = findings.some(({ check, ok, next }) => check === "model" && ok && next !== null);
    if (lacksModel) await offerModel(call, data);
    const better = findings.filter((finding) => finding.ok && finding.next !== null).length;
    screen.summary(
      !ok
        ? "something is wrong"
        : better === 0
        ? "all is well"
        : `nothing is wrong; ${better} could be better`,
    );
    const broken = findings.find((finding) => finding.error !== undefined)?.error;
    if (broken !== undefined) throw broken;
  },
};
