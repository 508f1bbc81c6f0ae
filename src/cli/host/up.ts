/**
 * engramlt up: the host, where a person sees it, with one screen that says where it is and what it lacks.
 *
 * Owns: that screen. Does not own: serving (api/serve_host.ts), settings (settings.ts).
 */
import type { HostReady } from "../../api/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import type { Call, Leaf } from "../command.ts";
import { type ConnectOptions, connectOptions, runningHost } from "../connect.ts";
import { type ModelState, modelState } from "../model/offer.ts";
import { type ClientState, clientStates, type Missing, missingOf } from "../setup/client_states.ts";
import { plural, printable } from "../terminal/screen.ts";
import { hostSettings, settingFlags, type Told } from "./settings.ts";
import { untilStopped } from "./signals.ts";

/** engramlt up */
export const up: Leaf = {
  name: "up",
  says: "run the host until it is stopped: every other command then works through it",
  flags: settingFlags,
  examples: ["up", "up --port 4100 --workers 4", "up --no-agents"],
  notes:
    "linker, curator and digest are loaded where they are not, and may read and write the whole memory: every\n" +
    "project, those there now and those to come. Two seconds after a change they work on what changed. Your notes\n" +
    "are never changed. engramlt agent unload takes one away; agent load --grant narrows what it may do.\n\n" +
    "Ctrl-C or engramlt down stops it cleanly. The address stands in host.json and the token in the file token,\n" +
    "both in the data folder and readable by you alone. engramlt config shows every setting.",
  catchesSignals: true,
  async run(call) {
    const options = connectOptions(call);
    const { data, seed, lockWaitMsMax } = options;
    const told = await hostSettings(call);
    await refuseSecond(options);
    const model = await modelSeen(data);
    const clients = await clientStates(call.screen.terminal);
    const { exposure, serveHost } = await import("../../api/mod.ts");
    const exposed = exposure(told.options.host ?? "");
    await untilStopped((signal) =>
      serveHost({
        ...told.options,
        data,
        seed,
        lockWaitMsMax,
        signal,
        onReady: (host) => show(call, { host, data, told, model, clients, exposed }),
      })
    );
    call.screen.summary("stopped");
  },
};

/** Everything the screen says. */
interface Seen {
  readonly host: HostReady;
  readonly data: string;
  readonly told: Told;
  readonly model: ModelSeen;
  readonly clients: readonly ClientState[];
  /** What listening beyond this machine gives away, or null. */
  readonly exposed: string | null;
}

/** The model, or why there is none. */
interface ModelSeen {
  readonly model: ModelState["model"];
  readonly missing: Missing | null;
}

/** The model there is. Nothing is asked here: a host starts at once, whoever sits at the terminal. */
async function modelSeen(data: string): Promise<ModelSeen> {
  try {
    const { model, offer } = await modelState(data);
    const what = "no model: recall goes by words and links, not by meaning";
    return { model, missing: model === null ? { what, next: offer } : null };
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    return { model: null, missing: { what: error.message, next: error.hint } }; // the host runs without
  }
}

/** What is missing, the most useful first. */
export function missing({ host, data, model, clients }: Seen): readonly Missing[] {
  const lacks = clients.flatMap((client) => missingOf(client, data) ?? []);
  const isNobody = clients.every((client) => client.command === null);
  const none = clients.length === 0
    ? { what: "no assistant's settings were found on this machine", next: "engramlt setup claude-code" }
    : { what: `no assistant knows of this memory (${titles(clients)})`, next: "engramlt setup" };
  const empty = {
    what: "nothing is remembered yet",
    next: 'engramlt remember "The deploy key is in the vault"',
  };
  return [
    ...(isNobody ? [none] : lacks),
    ...(model.missing === null ? [] : [model.missing]),
    ...(host.engrams === 0 ? [empty] : []),
  ];
}

const titles = (clients: readonly ClientState[]): string => clients.map(({ title }) => title).join(", ");

function show(call: Call, seen: Seen): void {
  const { screen } = call;
  const { host: { address, tokenFile, agents, engrams }, data, told, model, clients, exposed } = seen;
  const lacks = missing(seen);
  const next = call.next(lacks[0]?.next ?? 'engramlt recall "what did we decide?"');
  const value = {
    address,
    tokenFile,
    data,
    agents,
    engrams,
    settings: told.file,
    model: model.model,
    clients,
  };
  screen.result({ ...value, missing: lacks, next }, () => {
    const row = (name: string, text: string) =>
      screen.line(`  ${screen.paint("dim", name.padEnd(10))} ${text}`);
    screen.line(`${screen.paint("green", "✓")} up at ${address}`);
    row("data", `${data} · ${plural(engrams, "memory", "memories")}`);
    row("token", tokenFile);
    row("settings", told.file.exists ? told.file.path : "none of their own (engramlt config)");
    for (const { id, words, isNew } of agents) {
      row(id, `${isNew ? "" : "(as it was loaded) "}${words.join(" · ")}`);
    }
    if (agents.length === 0) row("agents", "none were asked for");
    if (model.model !== null) row("model", `${model.model.name} · ${model.model.dimensions} dimensions`);
    const known = clients.filter(({ command }) => command !== null);
    if (known.length > 0) row("assistants", titles(known));
    for (const lack of lacks) {
      screen.line(`${screen.paint("yellow", "!")} ${printable(lack.what)}`);
      screen.line(screen.paint("dim", `  → ${printable(call.next(lack.next))}`));
    }
    screen.line(`next: ${screen.paint("bold", next)}`);
  });
  if (exposed !== null) screen.note(exposed);
  screen.note("Ctrl-C stops it");
}

/** One host a folder: says so at once, where the lock would only be waited for. */
async function refuseSecond(options: ConnectOptions): Promise<void> {
  const found = await runningHost(options);
  if (found === null) return;
  const { address, pid, since, startedBy } = found.host;
  const whose = startedBy === null
    ? ""
    : `, process ${pid ?? "unknown"}, since ${since ?? "unknown"}, started by ${
      startedBy === "up" ? "engramlt up" : "an assistant"
    }`;
  const message = `Cannot start a host on data folder ${options.data}: one runs at ${address}${whose}`;
  throw new EngramError("data_folder_in_use", message, { address }, "engramlt down stops it");
}
