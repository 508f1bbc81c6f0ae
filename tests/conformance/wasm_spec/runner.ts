/**
 * Runs a script of the official suite twice, on plain V8 and instrumented, and compares the outcome of every command.
 *
 * A module that prepare() refuses is counted with its reason, and so are the commands that need it. Anything prepare()
 * throws that is not a refusal fails the script.
 */
import { decode } from "../../../src/wasm/decode.ts";
import type { Module } from "../../../src/wasm/module.ts";
import { defaultProfileLimits, defaultStackDepthMax, prepare } from "../../../src/wasm/mod.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { wat } from "../../support/wat.ts";
import { type List, type Node, plainText, readScript, stringBytes, stringName } from "./sexpr.ts";
import { callExact, Constants, type Expected, readExact, type Value } from "./values.ts";

/** How one command ended on one side. */
type Outcome =
  | { readonly kind: "values"; readonly values: readonly Value[] }
  | { readonly kind: "trap" | "exhaustion" | "exception" | "unlinkable"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

interface Side {
  readonly exports: WebAssembly.Exports;
}

interface Live {
  /** As decoded from the original, for the types of its exports. */
  readonly module: Module;
  readonly plain: Side | null;
  readonly metered: Side | null;
}

/** What a script's run found. */
export interface Report {
  modules: number;
  refused: number;
  /** Modules the assembler cannot encode, and commands skipped because of them or of refusals. */
  unassembled: number;
  skipped: number;
  compared: number;
  /** Of those, the commands whose plain outcome is what the script expects. */
  asExpected: number;
  /** Outcomes that differ in nothing but NaN bits which the rule makes canonical. */
  nanOnly: number;
  readonly differences: string[];
  readonly unexpected: string[];
  readonly reasons: Map<string, number>;
}

const limits = { ...defaultProfileLimits, nameBytesMax: 100_000 };
const fuelPerAction = 1n << 40n;

const spectestText = `(module
  (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64))
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref) (memory (export "memory") 1 2))`;
const spectest = new WebAssembly.Module(wat(spectestText));

const isList = (node: Node | undefined): node is List => node?.kind === "list";
const text = (node: Node | undefined): string => node === undefined || node.kind === "list" ? "" : node.text;
const head = (node: Node | undefined): string => isList(node) ? text(node.items[0]) : "";

/** Changes a module before it is instrumented: how the tests show that a wrong rewriting is found. */
export type Tamper = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** Runs one script, held as Latin-1. */
export function runScript(source: string, tamper: Tamper = (bytes) => bytes): Report {
  return new Script(source, tamper).run();
}

class Script {
  readonly #source: string;
  readonly #tamper: Tamper;
  readonly #commands: List[];
  readonly #constants: Constants;
  readonly #report: Report = {
    modules: 0,
    refused: 0,
    unassembled: 0,
    skipped: 0,
    compared: 0,
    asExpected: 0,
    nanOnly: 0,
    differences: [],
    unexpected: [],
    reasons: new Map(),
  };
  readonly #named = new Map<string, Live | null>();
  readonly #definitions = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #metered: WebAssembly.Exports[] = [];
  readonly #live: Live[] = [];
  readonly #registered: { plain: WebAssembly.Imports; metered: WebAssembly.Imports };
  #current: Live | null = null;

  constructor(source: string, tamper: Tamper) {
    this.#source = source;
    this.#tamper = tamper;
    this.#commands = readScript(source);
    const constants: List[] = [];
    for (const command of this.#commands) {
      if (!/^(assert_|invoke|get)/.test(head(command))) continue;
      const open: Node[] = [command];
      for (let node = open.pop(); node !== undefined; node = open.pop()) {
        if (!isList(node) || head(node) === "module") continue;
        if (head(node).endsWith(".const")) constants.push(node);
        else open.push(...node.items);
      }
    }
    this.#constants = new Constants(constants);
    const instance = () => new WebAssembly.Instance(spectest).exports;
    this.#registered = { plain: { spectest: instance() }, metered: { spectest: instance() } };
  }

  run(): Report {
    if (this.#commands.some((command) => !/^(module|assert_|invoke|get|register)/.test(head(command)))) {
      this.#instantiate(this.#assemble(this.#source));
    } else for (const command of this.#commands) this.#command(command);
    this.#compareState();
    return this.#report;
  }

  #skip(): void {
    this.#report.skipped++;
  }

  #assemble(slice: string): Uint8Array<ArrayBuffer> | null {
    try {
      return wat(plainText(slice).replace(/^\(module\s+definition/, "(module"));
    } catch {
      this.#report.unassembled++;
      return null;
    }
  }

  /** The bytes of a module form: text, binary or quoted. */
  #bytes(form: List): Uint8Array<ArrayBuffer> | null {
    const strings = form.items.filter((item) => item.kind === "string").flatMap((s) => stringBytes(text(s)));
    const words = form.items.slice(1, 4).map(text);
    if (words.includes("binary")) return new Uint8Array(strings);
    if (!words.includes("quote")) return this.#assemble(this.#source.slice(form.start, form.end));
    const quoted = String.fromCharCode(...strings);
    return this.#assemble(/^\s*\(module/.test(quoted) ? quoted : `(module ${quoted})`);
  }

  #command(command: List): void {
    const first = command.items[1];
    switch (head(command)) {
      case "module":
        return this.#module(command);
      case "register":
        return this.#register(stringName(text(first)), text(command.items[2]));
      case "assert_invalid":
      case "assert_malformed":
        return isList(first) ? this.#rejected(first, command.line) : undefined;
      case "assert_unlinkable":
      case "assert_uninstantiable":
        if (isList(first)) this.#instantiate(this.#bytes(first), command.line);
        return;
      case "assert_trap":
        if (head(first) === "module" && isList(first)) {
          this.#instantiate(this.#bytes(first), command.line);
          return;
        }
    }
    const action = head(command).startsWith("assert_") ? first : command;
    if (isList(action)) this.#action(action, command);
  }

  #module(command: List): void {
    const words = command.items.slice(1, 4).map(text);
    const name = words.find((word) => word.startsWith("$")) ?? "";
    if (words[0] === "instance") {
      const names = words.filter((word) => word.startsWith("$"));
      const bytes = this.#definitions.get(names[1] ?? names[0] ?? "");
      if (bytes === undefined) return this.#skip();
      this.#current = this.#instantiate(bytes, command.line);
      if (names[0] !== undefined) this.#named.set(names[0], this.#current);
      return;
    }
    const bytes = this.#bytes(command);
    if (words[0] === "definition") {
      if (bytes !== null) {
        this.#definitions.set(name, bytes);
        this.#definitions.set("", bytes);
      }
      return;
    }
    this.#current = this.#instantiate(bytes, command.line);
    if (name !== "") this.#named.set(name, this.#current);
  }

  #find(name: string): Live | null {
    return name === "" ? this.#current : this.#named.get(name) ?? null;
  }

  #register(as: string, name: string): void {
    const live = this.#find(name);
    if (live?.plain) this.#registered.plain[as] = { ...live.plain.exports };
    if (live?.metered) this.#registered.metered[as] = { ...live.metered.exports };
    else delete this.#registered.metered[as];
  }

  /** A module the engine must reject: prepare() may refuse it too, but only in words. */
  #rejected(form: List, line: number): void {
    // A quoted module tests a text parser; what an assembler makes of it says nothing about the engine.
    const quoted = form.items.slice(1, 3).map(text).includes("quote");
    const bytes = quoted ? null : this.#bytes(form);
    if (bytes === null) return this.#skip();
    this.#prepare(bytes, line);
    this.#report.compared++;
    if (WebAssembly.validate(bytes)) this.#report.unexpected.push(`line ${line}: V8 accepts it`);
    else this.#report.asExpected++;
  }

  #prepare(
    bytes: Uint8Array<ArrayBuffer>,
    line: number,
  ): { bytes: Uint8Array<ArrayBuffer>; start: string | null } | null {
    try {
      const module = decode(bytes, limits);
      const imports = new Map(
        module.imports.map((i) => [`${i.module}.${i.name}`, module.types[i.type]!] as const),
      );
      // Two imports of one name may have two types here; a host offers only one.
      for (const i of module.imports) {
        const type = imports.get(`${i.module}.${i.name}`)!;
        if (JSON.stringify(type) !== JSON.stringify(module.types[i.type])) return null;
      }
      const policy = { limits, linearMemoryPagesMax: 32767, stackDepthMax: defaultStackDepthMax, imports };
      return prepare(bytes, policy);
    } catch (error) {
      if (!(error instanceof EngramError)) {
        this.#report.differences.push(`line ${line}: prepare threw ${error}`);
        return null;
      }
      const reason = `${error.code}: ${error.message.replace(/[0-9]+/g, "N").replace(/"[^"]*"/g, "…")}`;
      this.#report.reasons.set(reason, (this.#report.reasons.get(reason) ?? 0) + 1);
      return null;
    }
  }

  #instantiate(bytes: Uint8Array<ArrayBuffer> | null, line = 0): Live | null {
    if (bytes === null) {
      this.#skip();
      return null;
    }
    this.#report.modules++;
    const prepared = this.#prepare(this.#tamper(bytes), line);
    if (prepared === null) {
      // Not run on plain V8 either: it may change tables and memories that it shares with others.
      this.#report.refused++;
      return null;
    }
    const plain = this.#link(() => new WebAssembly.Module(bytes), this.#registered.plain, null);
    const metered = this.#link(
      () => new WebAssembly.Module(prepared.bytes),
      this.#registered.metered,
      prepared.start,
    );
    // A module that links to what a refused one exports cannot be linked here.
    const cut = metered.outcome.kind === "unlinkable" && plain.outcome.kind !== "unlinkable";
    if (cut) this.#report.refused++;
    else this.#compare(plain.outcome, metered.outcome, line, "module");
    const live = { module: decode(bytes, limits), plain: plain.side, metered: metered.side };
    this.#live.push(live);
    return live;
  }

  #link(
    compile: () => WebAssembly.Module,
    imports: WebAssembly.Imports,
    start: string | null,
  ): { side: Side | null; outcome: Outcome } {
    try {
      const module = compile();
      const wanted: WebAssembly.Imports = {};
      for (const { module: from } of WebAssembly.Module.imports(module)) wanted[from] = imports[from] ?? {};
      const { exports } = new WebAssembly.Instance(module, wanted);
      if (exports["engramlt:fuel"] !== undefined) this.#metered.push(exports);
      if (start !== null) {
        this.#refill();
        (exports[start] as () => void)();
      }
      return { side: { exports }, outcome: { kind: "values", values: [] } };
    } catch (error) {
      return { side: null, outcome: this.#outcome(error) };
    }
  }

  #refill(): void {
    for (const exports of this.#metered) {
      (exports["engramlt:fuel"] as WebAssembly.Global).value = fuelPerAction;
      (exports["engramlt:depth"] as WebAssembly.Global).value = defaultStackDepthMax;
      (exports["engramlt:reason"] as WebAssembly.Global).value = 0;
    }
  }

  #outcome(error: unknown): Outcome {
    const message = String(error instanceof Error ? error.message : error).replace(
      /^WebAssembly.Instance\(\): /,
      "",
    );
    if (error instanceof WebAssembly.LinkError) return { kind: "unlinkable", message };
    if (error instanceof RangeError) return { kind: "exhaustion", message };
    if (isException(error)) return { kind: "exception", message: "" };
    if (!(error instanceof WebAssembly.RuntimeError)) return { kind: "refused", message: String(error) };
    for (const exports of this.#metered) {
      const reason = (exports["engramlt:reason"] as WebAssembly.Global).value;
      if (reason === 2) return { kind: "exhaustion", message };
      if (reason !== 0) return { kind: "refused", message: `ended by reason ${reason}` };
    }
    return { kind: "trap", message };
  }

  #action(action: List, command: List): void {
    const named = text(action.items[1]).startsWith("$");
    const live = this.#find(named ? text(action.items[1]) : "");
    const name = stringName(text(action.items[named ? 2 : 1]));
    const args = action.items.slice(named ? 3 : 2).filter(isList);
    if (!live?.plain || !live.metered) return this.#skip();
    const perform = head(action) === "get" ? this.#get : this.#invoke;
    const plain = this.#try(() => perform.call(this, live.module, live.plain!, name, args));
    const metered = this.#try(() => perform.call(this, live.module, live.metered!, name, args));
    this.#compare(plain, metered, command.line, name);
    if (head(command) === "invoke") return;
    if (this.#meets(plain, command)) this.#report.asExpected++;
    // What a refused module would have written is missing on both sides alike.
    else if (this.#report.refused === 0) {
      this.#report.unexpected.push(`line ${command.line}: ${name}: plain V8 gives ${show(plain)}`);
    }
  }

  #get(module: Module, side: Side, name: string): Value[] {
    return readExact(module, name, side.exports[name]);
  }

  #invoke(module: Module, side: Side, name: string, args: readonly List[]): Value[] {
    const found = module.exports.find((e) => e.name === name && e.kind === "func")!;
    const type = module.types[module.functions[found.index]!]!;
    return callExact(side.exports[name], type, args.map((arg) => this.#constants.value(arg)));
  }

  #try(perform: () => Value[]): Outcome {
    this.#refill();
    try {
      return { kind: "values", values: perform() };
    } catch (error) {
      return this.#outcome(error);
    }
  }

  #compare(plain: Outcome, metered: Outcome, line: number, what: string): void {
    this.#report.compared++;
    if (same(plain, metered, false)) return;
    if (same(plain, metered, true)) this.#report.nanOnly++;
    else {this.#report.differences.push(
        `line ${line}: ${what}: plain ${show(plain)}, metered ${show(metered)}`,
      );}
  }

  #meets(outcome: Outcome, command: List): boolean {
    const expected = command.items.slice(2).filter(isList);
    switch (head(command)) {
      case "assert_return":
        return outcome.kind === "values" && outcome.values.length === expected.length &&
          outcome.values.every((value, i) => this.#matches(value, expected[i]!));
      case "assert_trap":
        return outcome.kind === "trap";
      case "assert_exhaustion":
        return outcome.kind === "exhaustion";
      case "assert_exception":
        return outcome.kind === "exception";
      default:
        return false;
    }
  }

  #matches(value: Value, list: List): boolean {
    if (head(list) === "either") {
      return list.items.slice(1).filter(isList).some((option) => this.#matches(value, option));
    }
    const expected = this.#constants.expected(list);
    if (expected.value === null) return value.type === "ref" && value.ref !== null;
    if (value.type === "ref" || expected.value.type === "ref") {
      return value.type === "ref" && expected.value.type === "ref" && value.ref === expected.value.ref;
    }
    return matchesLanes(value.bits, expected.value.bits, expected.lanes);
  }

  /** At the end: memories hold the same bytes and tables have the same lengths. */
  #compareState(): void {
    for (const { plain, metered } of this.#live) {
      if (plain === null || metered === null) continue;
      for (const [name, item] of Object.entries(plain.exports)) {
        const other = metered.exports[name];
        if (item instanceof WebAssembly.Memory && other instanceof WebAssembly.Memory) {
          const equal = sameBytes(item, other);
          this.#report.compared++;
          if (!equal) this.#report.differences.push(`memory "${name}" differs at the end`);
        }
        if (item instanceof WebAssembly.Table && other instanceof WebAssembly.Table) {
          this.#report.compared++;
          if (item.length !== other.length) {
            this.#report.differences.push(`table "${name}" differs in length`);
          }
        }
      }
    }
  }
}

/** The class exists at run time; the library's types do not have it. */
function isException(error: unknown): boolean {
  const constructor: unknown = Reflect.get(WebAssembly, "Exception");
  return typeof constructor === "function" && error instanceof constructor;
}

function sameBytes(a: WebAssembly.Memory, b: WebAssembly.Memory): boolean {
  const left = new Uint8Array(a.buffer);
  const right = new Uint8Array(b.buffer);
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function matchesLanes(actual: bigint, expected: bigint, lanes: Expected["lanes"]): boolean {
  let shift = 0n;
  for (const { bits, pattern } of lanes) {
    const mine = BigInt.asUintN(bits, actual >> shift);
    const theirs = BigInt.asUintN(bits, expected >> shift);
    const quiet = bits === 32 ? 0x7fc00000n : 0x7ff8000000000000n;
    const magnitude = BigInt.asUintN(bits - 1, mine);
    const meets = pattern === null
      ? mine === theirs
      : pattern === "nan:canonical"
      ? magnitude === quiet
      : (magnitude & quiet) === quiet;
    if (!meets) return false;
    shift += BigInt(bits);
  }
  return true;
}

const isNaNBits = (bits: bigint, width: 32 | 64): boolean =>
  width === 32 ? BigInt.asUintN(31, bits) > 0x7f800000n : BigInt.asUintN(63, bits) > 0x7ff0000000000000n;

const isCanonical = (bits: bigint, width: 32 | 64): boolean =>
  bits === (width === 32 ? 0x7fc00000n : 0x7ff8000000000000n);

/** Whether the metered bits are the plain ones, but for NaNs made canonical. */
function sameButNaN(plain: bigint, metered: bigint, width: 32 | 64): boolean {
  return plain === metered || (isNaNBits(plain, width) && isCanonical(metered, width));
}

/** Equal, or with `nan` equal but for NaN bits: in floats, in integers that hold the bits of one, and in lanes. */
function same(plain: Outcome, metered: Outcome, nan: boolean): boolean {
  if (plain.kind !== "values" || metered.kind !== "values") {
    return plain.kind === metered.kind &&
      (plain.kind === "exhaustion" || plain.kind === "unlinkable" || !("message" in metered) ||
        !("message" in plain) || plain.message === metered.message);
  }
  return plain.values.length === metered.values.length && plain.values.every((value, i) => {
    const other = metered.values[i]!;
    if (value.type === "ref" || other.type === "ref") {
      if (value.type !== "ref" || other.type !== "ref") return false;
      return typeof value.ref === "function" ? typeof other.ref === "function" : value.ref === other.ref;
    }
    if (value.bits === other.bits) return true;
    if (value.type === "f32") return sameButNaN(value.bits, other.bits, 32);
    if (value.type === "f64") return sameButNaN(value.bits, other.bits, 64);
    if (!nan) return false;
    const lanes = (width: 32 | 64) => {
      for (let shift = 0n; shift < 128n; shift += BigInt(width)) {
        const mine = BigInt.asUintN(width, value.bits >> shift);
        if (!sameButNaN(mine, BigInt.asUintN(width, other.bits >> shift), width)) return false;
      }
      return true;
    };
    return lanes(32) || lanes(64);
  });
}

function show(outcome: Outcome): string {
  if (outcome.kind !== "values") return `${outcome.kind} ${outcome.message}`;
  return `(${
    outcome.values.map((v) => v.type === "ref" ? "ref" : `${v.type} 0x${v.bits.toString(16)}`).join(" ")
  })`;
}
