/**
 * Commands as data, and what a running command is given.
 *
 * Owns: the shape of the command tree, reading positionals, flags and their ENGRAMLT_* variables.
 * Does not own: what a command does (one file a group), parsing (parse.ts, by commander).
 *
 * Invariants:
 * 1. A value comes from the flag, else from a positional, else from the variable, in this order.
 * 2. Positionals fill the named places that no flag has filled, in order.
 * 3. The tree imports nothing heavy: what a command needs is imported when it runs.
 */
import { EngramError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/records.ts";
import type { At, Port } from "../runtime/port.ts";
import { within } from "../runtime/within.ts";
import { plural, type Screen } from "./terminal/screen.ts";
import { shellWord } from "./terminal/shell_word.ts";

/** A flag: `--limit N` takes a value, `--check` none, `--no-progress` switches something off. */
export interface Flag {
  /** As help shows it: `-q, --quiet`, `--limit N`. */
  readonly flags: string;
  readonly says: string;
  readonly choices?: readonly string[];
  /** May be given several times, or as a list with commas. */
  readonly many?: boolean;
}

/** A place for a positional, which can be given by the flag of the same name as well. */
export interface Place {
  /** The flag's name without dashes; in capitals it names the positional. */
  readonly name: string;
  /** How the positional is shown, the name in capitals where absent. */
  readonly shown?: string;
  readonly says: string;
  readonly optional?: boolean;
  /** Takes all positionals that are left. Only the last place may. */
  readonly many?: boolean;
  /** No flag of this name. */
  readonly noFlag?: boolean;
}

/** A command. */
export interface Leaf {
  readonly name: string;
  readonly says: string;
  readonly places?: readonly Place[];
  readonly flags?: readonly Flag[];
  /** At least one; each as it is typed, without the program's name. */
  readonly examples: readonly string[];
  /** More lines for its help. */
  readonly notes?: string;
  readonly hidden?: boolean;
  /** It ends by itself on SIGINT. */
  readonly catchesSignals?: boolean;
  readonly run: (call: Call) => Promise<void> | void;
}

/** A group of commands under one word. */
export interface Group {
  readonly name: string;
  readonly says: string;
  readonly commands: readonly Leaf[];
}

/** One word of the command line. */
export type Node = Leaf | Group;

/** Whether a node is a group. */
export function isGroup(node: Node): node is Group {
  return "commands" in node;
}

/** How a positional is shown in help. */
function placeName(place: Place): string {
  const name = place.shown ?? place.name.toUpperCase().replaceAll("-", "_");
  return place.many === true ? `${name}…` : name;
}

/** The long name of a flag, without dashes: `limit` of `--limit N`. */
export function flagName({ flags }: Flag): string {
  return /--([a-z][a-z0-9-]*)/.exec(flags)?.[1] ?? flags;
}

/** The variable of a flag: ENGRAMLT_WASM_PATH of `--wasm-path`. */
export function variableOf(name: string): string {
  return `ENGRAMLT_${name.toUpperCase().replaceAll("-", "_")}`;
}

function flagOf(place: Place): Flag {
  const shown = place.shown ?? place.name.split("-").at(-1)?.toUpperCase() ?? "";
  return {
    flags: `--${place.name} ${shown.replace(/[^A-Z]/g, "") || "VALUE"}`,
    says: place.says,
    ...(place.many === true ? { many: true } : {}),
  };
}

/** The flags of a command, those of its places among them. */
export function flagsOf(leaf: Leaf): Flag[] {
  const places = (leaf.places ?? []).filter((place) => place.noFlag !== true).map(flagOf);
  return [...places, ...(leaf.flags ?? [])];
}

/** Positionals as help shows them: `ID [ACTION] PATH…`. */
export function usageOf(leaf: Leaf): string {
  return (leaf.places ?? []).map((place) =>
    place.optional === true ? `[${placeName(place)}]` : placeName(place)
  ).join(" ");
}

/** A usage error. */
export function usage(message: string, hint?: string): EngramError {
  return new EngramError("usage", message, {}, hint);
}

/** The keys that have a value, for views and requests whose keys are absent where nothing was said. */
export function given<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  const kept = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], null | undefined> };
}

/** What a program was given on its command line, before any of it is understood. */
export interface Given {
  readonly leaf: Leaf;
  /** `agent load`, for messages. */
  readonly path: string;
  readonly positionals: readonly string[];
  /** Values of flags by long name; `true` for one without a value. */
  readonly flags: ReadonlyMap<string, string | true | readonly string[]>;
}

/** What a call needs of the program. */
export interface CallParts {
  readonly screen: Screen;
  readonly connect: (call: Call) => Promise<Port>;
}

/** ms for which a command without a host waits for what agents say to each other, once it has its own answer. */
const agentsWaitMsMax = 10_000;

/** A command that runs: what it was given, where it prints, the port it speaks to. */
export class Call {
  readonly screen: Screen;
  readonly path: string;
  readonly #given: Given;
  readonly #connect: CallParts["connect"];
  #change: "none" | "alone" | "with_agents" = "none";
  readonly #places = new Map<string, readonly string[]>();
  #port: Promise<Port> | null = null;

  constructor(given: Given, parts: CallParts) {
    this.#given = given;
    this.path = given.path;
    this.screen = parts.screen;
    this.#connect = parts.connect;
    this.#fillPlaces();
  }

  #fillPlaces(): void {
    const rest = [...this.#given.positionals];
    for (const place of this.#given.leaf.places ?? []) {
      if (this.#given.flags.has(place.name) && place.many !== true) continue;
      const taken = rest.splice(0, place.many === true ? rest.length : 1);
      if (taken.length > 0) this.#places.set(place.name, taken);
    }
    const extra = rest[0];
    if (extra === undefined) return;
    const places = (this.#given.leaf.places ?? []).map(placeName).join(" ");
    throw usage(
      `Cannot run "${this.path}": ${JSON.stringify(extra)} is one argument too many`,
      places === "" ? "It takes no arguments" : `It takes ${places}; text with spaces stands in quotes`,
    );
  }

  /** The port to the runtime; opened at the first use, closed when the command ends. */
  port(): Promise<Port> {
    return this.#port ??= this.#connect(this);
  }

  /** Notes that a change was asked for: `with_agents` where they may send messages in what it sets off. */
  changes(what: "alone" | "with_agents"): void {
    if (this.#change !== "with_agents") this.#change = what;
  }

  /**
   * Closes what was opened. Without a host, what agents were set off to say to each other is waited for, up to
   * `agentsWaitMsMax`; what is left waits in the log, and is told.
   */
  async close(): Promise<void> {
    const opened = this.#port;
    this.#port = null;
    if (opened === null) return;
    const port = await opened.catch(() => null); // an open that failed was told to the command
    if (port === null) return;
    try {
      if (this.#change !== "none" && port.where === "here") await this.#leave(port);
    } finally {
      await port.close();
    }
  }

  async #leave(port: Port): Promise<void> {
    if (this.#change === "with_agents") await within(agentsWaitMsMax, port.idle());
    const status = await port.view({ view: "status" }).catch(() => null); // it is a note: the command is done
    const { waitingMessages, workflows } = status ?? { waitingMessages: 0, workflows: 0 };
    const left = [
      ...(waitingMessages === 0 ? [] : [plural(waitingMessages, "message")]),
      ...(workflows === 0 ? [] : [plural(workflows, "workflow")]),
    ];
    if (left.length === 0) return;
    const words = `Still waiting for agents: ${left.join(", ")}`;
    this.screen.note(`${words}. A host goes on, or ${this.next("engramlt agent wait")}`);
  }

  #values(name: string): readonly string[] {
    const flag = this.#given.flags.get(name);
    if (typeof flag === "string") return [flag];
    if (Array.isArray(flag)) return flag;
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    const variable = this.screen.terminal.env(variableOf(name)) ?? "";
    return variable === "" ? [] : [variable];
  }

  /** Where a value comes from; null where it was not given. */
  origin(name: string): "flag" | "variable" | null {
    if (this.#given.flags.has(name) || this.#places.has(name)) return "flag";
    return (this.screen.terminal.env(variableOf(name)) ?? "") === "" ? null : "variable";
  }

  /** A command to try next, on the data folder of this one: --data is repeated where it was given. */
  next(command: string): string {
    const data = this.#dataGiven();
    return data === null || !command.startsWith("engramlt ") ? command : `${command} ${data}`;
  }

  /** The same of a sentence: in it --data stands before what the command is followed by. */
  nextIn(sentence: string): string {
    const data = this.#dataGiven();
    return data === null ? sentence : sentence.replaceAll(/\bengramlt (?=[a-z])/g, () => `engramlt ${data} `);
  }

  #dataGiven(): string | null {
    const data = this.origin("data") === "flag" ? this.text("data") : null;
    return data === null ? null : `--data ${shellWord(data)}`;
  }

  /** A text, or null where it was not given. */
  text(name: string): string | null {
    return this.#values(name)[0] ?? null;
  }

  /** One of several words, or null. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | null {
    const text = this.text(name);
    const word = words.find((one) => one === text);
    if (text === null || word !== undefined) return word ?? null;
    throw usage(
      `Cannot run "${this.path}": --${name} ${JSON.stringify(text)} is none of ${words.join(", ")}`,
    );
  }

  /** A text that must be there. */
  need(name: string): string {
    const value = this.text(name);
    if (value !== null) return value;
    throw this.#missing(name);
  }

  #wrong(what: string): EngramError {
    return usage(`Cannot run "${this.path}": ${what}`, `engramlt help ${this.path} shows what it takes`);
  }

  #missing(name: string): EngramError {
    const place = this.#given.leaf.places?.find((one) => one.name === name);
    const shown = place === undefined ? `--${name}` : placeName(place);
    const example = this.#given.leaf.examples[0] ?? this.path;
    return usage(`Cannot run "${this.path}": ${shown} is missing`, `For example: engramlt ${example}`);
  }

  /** Every value of a place or flag that takes several. */
  all(name: string): readonly string[] {
    return this.#values(name);
  }

  /** Like {@link all}, at least one. */
  needAll(name: string): readonly string[] {
    const values = this.#values(name);
    if (values.length === 0) throw this.#missing(name);
    return values;
  }

  /** The items of a list given with commas, or by several flags; null where it was not given. */
  listed(name: string): readonly string[] | null {
    const values = this.#values(name);
    if (values.length === 0) return null;
    return values.flatMap((value) => value.split(",")).map((item) => item.trim()).filter((item) =>
      item !== ""
    );
  }

  /** Whether a switch is on. A variable of 0, false, no or nothing is off. */
  has(name: string): boolean {
    if (this.#given.flags.has(name)) return true;
    const variable = (this.screen.terminal.env(variableOf(name)) ?? "").toLowerCase();
    return !["", "0", "false", "no", "off"].includes(variable);
  }

  /** A number, or null where it was not given. */
  number(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw this.#wrong(`--${name} ${JSON.stringify(text)} is not a number`);
    }
    return value;
  }

  /** A whole number of at least `min`, or null. */
  whole(name: string, min = 1): number | null {
    const value = this.number(name);
    if (value === null || (Number.isSafeInteger(value) && value >= min)) return value;
    throw this.#wrong(`--${name} ${value} is not a whole number of ${min} or more`);
  }

  /** A JSON object, or null. */
  object(name: string): JsonObject | null {
    const text = this.text(name);
    if (text === null) return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new EngramError("invalid_json", `Cannot run "${this.path}": --${name} is not JSON: ${words}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new EngramError("invalid_json", `Cannot run "${this.path}": --${name} is not a JSON object`);
    }
    return value as JsonObject;
  }

  /** A point in history: a tick, or a date. */
  at(): At | null {
    const text = this.text("at");
    if (text === null) return null;
    return /^\d{1,15}$/.test(text) ? Number(text) : text;
  }
}
