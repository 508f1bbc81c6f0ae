/**
 * The ledger of what the seeds promise: reads tests/conformance/requirements/*.json and the tests, and compares.
 *
 * Usage: deno run -A scripts/requirements.ts            counts by seed and state
 *        deno run -A scripts/requirements.ts --open     every open promise
 *        deno run -A scripts/requirements.ts --declined every declined one with its reason
 *        deno run -A scripts/requirements.ts --sync     writes what the tests cite into the ledger
 * Exit code: 0, or 1 where ledger and tests disagree (each disagreement on stderr).
 *
 * Invariants:
 * 1. A requirement is proven exactly by the tests that cite its id; `--sync` derives state and provenBy from them.
 * 2. A declined requirement has a reason and no test.
 */

/** What is known of a promise: shown by tests, still owed, or declined with a reason. */
export type State = "proven" | "open" | "declined";

/** One promise of a seed. */
export interface Requirement {
  /** `PREFIX-SECTION-NAME`, unique over all ledgers. */
  readonly id: string;
  readonly section: string;
  readonly promise: string;
  readonly state: State;
  /** "path from the root :: test name", only where the state is proven. */
  readonly provenBy?: readonly string[];
  /** Why it is not built, only where the state is declined. */
  readonly reason?: string;
}

/** The promises of one seed. */
export interface Ledger {
  /** File name of the ledger, without folder. */
  readonly file: string;
  readonly seed: string;
  readonly requirements: readonly Requirement[];
}

/** A test or bench found in the sources, with the ids that it cites. */
export interface FoundTest {
  readonly file: string;
  readonly name: string;
  readonly cites: readonly string[];
}

/** What a scan of sources gives: tests, and `// proves:` comments that stand above none. */
export interface Scan {
  readonly tests: readonly FoundTest[];
  readonly stray: readonly string[];
}

/** A disagreement between ledger and tests. */
export interface Problem {
  readonly kind:
    | "malformed"
    | "duplicate"
    | "no_reason"
    | "lost_test"
    | "unknown_id"
    | "stray_citation"
    | "not_synced";
  readonly message: string;
}

/** First part of an id, by ledger file. */
export const prefixes: Readonly<Record<string, string>> = {
  "engram-lite-wasm-runtime.json": "engram",
  "alternatives-and-deployment.json": "deploy",
  "wasm-engine-readme.json": "readme",
  "mentatlab-wasm-guide.json": "mentat",
  "rfc-deterministic-multi-agent-runtime.json": "rfc",
  "decisions.json": "adr",
};

const root = new URL("../", import.meta.url);
const folder = new URL("tests/conformance/requirements/", root);
const syncHint = "run: deno run -A scripts/requirements.ts --sync";

// ---- reading the ledger

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(record: Record<string, unknown>, key: string, where: string): string {
  const value = record[key];
  if (typeof value !== "string" || value.trim() === "") {
    throw new TypeError(`Cannot read ${where}: "${key}" must be a text that is not empty`);
  }
  return value;
}

function parseState(value: string, where: string): State {
  if (value === "proven" || value === "open" || value === "declined") return value;
  throw new TypeError(`Cannot read ${where}: state "${value}" is not proven, open or declined`);
}

function parseRequirement(value: unknown, where: string): Requirement {
  if (!isRecord(value)) throw new TypeError(`Cannot read ${where}: an entry is not an object`);
  const id = text(value, "id", where);
  const here = `${where}, ${id}`;
  const known = ["id", "section", "promise", "state", "provenBy", "reason"];
  const extra = Object.keys(value).find((key) => !known.includes(key));
  if (extra !== undefined) throw new TypeError(`Cannot read ${here}: unknown key "${extra}"`);
  const { provenBy, reason } = value;
  if (provenBy !== undefined && !isTexts(provenBy)) {
    throw new TypeError(`Cannot read ${here}: "provenBy" must be a list of texts`);
  }
  return {
    id,
    section: text(value, "section", here),
    promise: text(value, "promise", here),
    state: parseState(text(value, "state", here), here),
    ...(provenBy === undefined ? {} : { provenBy }),
    ...(reason === undefined ? {} : { reason: String(reason) }),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

/** Reads one ledger from its JSON. Throws TypeError where the form is wrong. */
export function parseLedger(file: string, json: string): Ledger {
  const value: unknown = JSON.parse(json);
  if (!isRecord(value) || !Array.isArray(value.requirements)) {
    throw new TypeError(`Cannot read ${file}: it must hold "seed" and "requirements"`);
  }
  return {
    file,
    seed: text(value, "seed", file),
    requirements: value.requirements.map((entry) => parseRequirement(entry, file)),
  };
}

/** Every ledger of tests/conformance/requirements. */
export function readLedgers(): Ledger[] {
  return Object.keys(prefixes).map((file) => parseLedger(file, Deno.readTextFileSync(new URL(file, folder))));
}

// ---- reading the tests

const call =
  /(?:\bDeno\.(?:test|bench)|(?<![.\w])(?:test|bench|contract|\w+(?:Test|Bench)))(?:\.(?:only|ignore))?\(\s*/g;
const literal = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/y;
const nameKey = /\bname:\s*/g;
const provesLine = /^[ \t]*\/\/ proves:[ \t]*(.*)$/;
const commentLine = /^[ \t]*(\/\/|\*|\/\*)/;
const citedName = /\[((?:engram|deploy|readme|mentat|rfc)-[^\]]+)\]/g;

/** The name of the test whose call ends at `index` (after the parenthesis), as written in the source. */
function nameAt(source: string, index: number): string | undefined {
  let at = index;
  if (source[index] === "{") {
    nameKey.lastIndex = index;
    const key = nameKey.exec(source);
    if (key === null || key.index - index > 600) return undefined;
    at = nameKey.lastIndex;
  }
  literal.lastIndex = at;
  const found = literal.exec(source)?.[0];
  return found?.slice(1, -1).replace(/\\(["'`\\])/g, "$1");
}

const split = (ids: string) => ids.split(/[,\s]+/).filter((id) => id !== "");

/** Ids of the `// proves:` comment block that ends just above line `line`. */
function citesAbove(lines: readonly string[], line: number, used: Set<number>): string[] {
  const ids: string[] = [];
  for (let at = line - 1; at >= 0 && commentLine.test(lines[at] ?? ""); at--) {
    const match = provesLine.exec(lines[at] ?? "");
    if (match === null) continue;
    used.add(at);
    ids.unshift(...split(match[1] ?? ""));
  }
  return ids;
}

/** Finds the tests of a source file and what they cite. */
export function scanSource(file: string, source: string): Scan {
  const lines = source.split("\n");
  const used = new Set<number>();
  const tests: FoundTest[] = [];
  for (const match of source.matchAll(call)) {
    const before = source.slice(0, match.index).split("\n");
    const line = before.length - 1;
    const quoted = /["'`]|\/\//.test(before[line] ?? "");
    const name = quoted ? undefined : nameAt(source, match.index + match[0].length);
    if (name === undefined) continue;
    const inName = Array.from(name.matchAll(citedName), (found) => split(found[1] ?? "")).flat();
    tests.push({ file, name, cites: [...citesAbove(lines, line, used), ...inName] });
  }
  const stray = lines.flatMap((text, at) =>
    provesLine.test(text) && !used.has(at) ? [`${file}:${at + 1}`] : []
  );
  return { tests, stray };
}

function sourceFiles(path: string): string[] {
  const entries = Array.from(Deno.readDirSync(new URL(`${path}/`, root)));
  return entries.sort((a, b) => a.name < b.name ? -1 : 1).flatMap((entry) => {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory) return sourceFiles(below);
    return /_(test|bench)\.ts$/.test(entry.name) ? [below] : [];
  });
}

/** Finds every test below tests/ and every bench below bench/. */
export function scanTests(): Scan {
  const tops = Array.from(Deno.readDirSync(root), (entry) => entry.name);
  const scans = ["tests", "bench"].filter((top) => tops.includes(top)).flatMap(sourceFiles)
    .map((file) => scanSource(file, Deno.readTextFileSync(new URL(file, root))));
  return { tests: scans.flatMap((scan) => scan.tests), stray: scans.flatMap((scan) => scan.stray) };
}

// ---- comparing

/** How a test is named in `provenBy`. */
const testKey = (test: FoundTest): string => `${test.file} :: ${test.name}`;

/** The tests that cite each id, as `provenBy` lists them. */
function citations(scan: Scan): Map<string, string[]> {
  const cited = new Map<string, string[]>();
  for (const test of scan.tests) {
    for (const id of test.cites) cited.set(id, [...new Set([...cited.get(id) ?? [], testKey(test)])].sort());
  }
  return cited;
}

function auditOne(requirement: Requirement, keys: ReadonlySet<string>, cited: readonly string[]): Problem[] {
  const { id, state, provenBy = [], reason } = requirement;
  const problems: Problem[] = [];
  const add = (kind: Problem["kind"], message: string) =>
    problems.push({ kind, message: `${id}: ${message}` });
  if (requirement.promise.includes("\n")) add("malformed", "the promise is more than one line");
  if (state === "declined") {
    if (reason === undefined || reason.trim().length < 10) add("no_reason", "declined without a reason");
    if (provenBy.length > 0) add("malformed", "declined and proven at once");
    for (const key of cited) add("not_synced", `declined, yet cited by ${key}`);
    return problems;
  }
  if (reason !== undefined) add("malformed", "only a declined one has a reason");
  if ((state === "proven") !== (provenBy.length > 0)) {
    add("malformed", `${state} with ${provenBy.length} tests`);
  }
  for (const key of provenBy) {
    if (!keys.has(key)) add("lost_test", `no test is called "${key}"`);
    else if (!cited.includes(key)) add("lost_test", `"${key}" does not cite it`);
  }
  for (const key of cited) {
    if (!provenBy.includes(key)) add("not_synced", `cited by "${key}", not in the ledger; ${syncHint}`);
  }
  return problems;
}

/** Every disagreement between the ledgers and the tests; empty when all is well. */
export function audit(ledgers: readonly Ledger[], scan: Scan): Problem[] {
  const keys = new Set(scan.tests.map(testKey));
  const cited = citations(scan);
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const ledger of ledgers) {
    for (const requirement of ledger.requirements) {
      const { id, section } = requirement;
      if (seen.has(id)) problems.push({ kind: "duplicate", message: `${id}: the id is used twice` });
      seen.add(id);
      const start = `${prefixes[ledger.file]}-${section}-`;
      if (!id.startsWith(start) || !/^[A-Za-z0-9_]+$/.test(id.slice(start.length))) {
        problems.push({ kind: "malformed", message: `${id}: it must be "${start}" and a name` });
      }
      problems.push(...auditOne(requirement, keys, cited.get(id) ?? []));
    }
  }
  for (const [id, tests] of cited) {
    if (!seen.has(id)) {
      problems.push({ kind: "unknown_id", message: `${id}: unknown, cited by ${tests.join(", ")}` });
    }
  }
  for (const place of scan.stray) {
    problems.push({
      kind: "stray_citation",
      message: `${place}: no test stands directly below "// proves:"`,
    });
  }
  return problems;
}

/** The ledger with state and provenBy derived from what the tests cite. Declined ones stay. */
export function synced(ledger: Ledger, scan: Scan): Ledger {
  const cited = citations(scan);
  const requirements = ledger.requirements.map((requirement): Requirement => {
    const { id, section, promise, state } = requirement;
    if (state === "declined") return requirement;
    const provenBy = cited.get(id);
    if (provenBy === undefined) return { id, section, promise, state: "open" };
    return { id, section, promise, state: "proven", provenBy };
  });
  return { ...ledger, requirements };
}

// ---- showing

/** How many requirements of each seed stand in each state, and in all. */
export function counts(ledgers: readonly Ledger[]): string {
  const states: readonly State[] = ["proven", "open", "declined"];
  const row = (name: string, all: readonly Requirement[]) => {
    const numbers = states.map((state) => all.filter((one) => one.state === state).length);
    return name.padEnd(42) + [...numbers, all.length].map((number) => String(number).padStart(10)).join("");
  };
  return [
    "seed".padEnd(42) + [...states, "all"].map((name) => name.padStart(10)).join(""),
    ...ledgers.map((ledger) => row(ledger.seed, ledger.requirements)),
    row("all", ledgers.flatMap((ledger) => ledger.requirements)),
  ].join("\n");
}

function sync(ledgers: readonly Ledger[], scan: Scan): Ledger[] {
  return ledgers.map((before) => {
    const after = synced(before, scan);
    const changed = after.requirements.filter((one, at) =>
      JSON.stringify(one) !== JSON.stringify(before.requirements[at])
    );
    if (changed.length === 0) return before;
    for (const { id, state } of changed) console.log(`${state.padEnd(8)} ${id}`);
    const { seed, requirements } = after;
    Deno.writeTextFileSync(
      new URL(before.file, folder),
      JSON.stringify({ seed, requirements }, null, 2) + "\n",
    );
    return after;
  });
}

function main(args: readonly string[]): number {
  const scan = scanTests();
  let ledgers = readLedgers();
  if (args.includes("--sync")) ledgers = sync(ledgers, scan);
  for (const state of ["open", "declined", "proven"] as const) {
    if (!args.includes(`--${state}`)) continue;
    for (const one of ledgers.flatMap((ledger) => ledger.requirements)) {
      if (one.state !== state) continue;
      console.log(`${one.id}\t${one.promise}${one.reason === undefined ? "" : `\t${one.reason}`}`);
    }
  }
  console.log(counts(ledgers));
  const problems = audit(ledgers, scan);
  for (const problem of problems) console.error(problem.message);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
