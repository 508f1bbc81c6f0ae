/**
 * The command tree in commander's hands: parsing, and "did you mean".
 *
 * Invariants:
 * 1. Every error of usage leaves here as a refusal `usage`; commander prints nothing and never exits.
 * 2. Global flags stand before or after the command.
 */
import { Command, CommanderError, Option } from "commander";
import type { EngramError } from "../kernel/errors.ts";
import { type Flag, flagName, flagsOf, type Given, isGroup, type Leaf, type Node, usage } from "./command.ts";
import { globalFlags } from "./globals.ts";
import { helpFor } from "./help/text.ts";

/** What the arguments mean. */
export type Parsed =
  | { readonly kind: "run"; readonly given: Given }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" };

type Values = Map<string, string | true | readonly string[]>;

function addFlag(command: Command, flag: Flag): void {
  const option = new Option(flag.flags.replace(/ ([A-Z…]+)$/, " <$1>"), flag.says);
  command.addOption(option);
}

/** "- milk" can be no flag: a character that no argument holds lets it pass as text. */
const guard = (arg: string): string => /^-\s/.test(arg) ? `\0${arg}` : arg;
const unguard = (text: string): string => text.replace(/^\0/, "");

function listen(command: Command, flag: Flag, values: Values): void {
  const name = flagName(flag);
  const takesValue = / [A-Z…]+$/.test(flag.flags);
  command.on(`option:${name}`, (value: unknown) => {
    if (!takesValue) values.set(name, true);
    else if (flag.many === true) {
      const before = values.get(name);
      values.set(name, [...(Array.isArray(before) ? before : []), unguard(String(value))]);
    } else values.set(name, unguard(String(value)));
  });
}

/** The tree as commander holds it. `run` hears which command was found. */
function toCommander(
  tree: readonly Node[],
  run: (given: Given) => void,
): { program: Command; values: Values } {
  const values: Values = new Map();
  const program = new Command("engramlt")
    .helpCommand(false)
    .helpOption("-h, --help", "show help")
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  program.option("-V, --version", "show version, build, ABI, log format, V8 and platform");
  listen(program, { flags: "-V, --version", says: "" }, values);
  for (const flag of globalFlags) {
    addFlag(program, flag);
    listen(program, flag, values);
  }
  for (const node of tree) {
    if (!isGroup(node)) addLeaf(program, node, node.name, values, run);
    else {
      const group = program.command(node.name);
      for (const leaf of node.commands) addLeaf(group, leaf, `${node.name} ${leaf.name}`, values, run);
    }
  }
  return { program, values };
}

function addLeaf(
  parent: Command,
  leaf: Leaf,
  path: string,
  values: Values,
  run: (given: Given) => void,
): void {
  const command = parent.command(leaf.name, { hidden: leaf.hidden === true }).argument("[positionals...]");
  for (const flag of flagsOf(leaf)) {
    addFlag(command, flag);
    listen(command, flag, values);
  }
  command.action(() => run({ leaf, path, positionals: command.args.map(unguard), flags: values }));
}

/** Understands arguments, or throws a refusal `usage`. */
export function parse(tree: readonly Node[], args: readonly string[]): Parsed {
  let found: Given | null = null;
  const { program, values } = toCommander(tree, (given) => found = given);
  try {
    program.parse(args.map(guard), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") {
      return { kind: "help", text: pageOf(tree, wordsOf(tree, args)) };
    }
    if (error.code === "commander.help") {
      if (values.has("version")) return { kind: "version" };
      if (wordsOf(tree, args).length === 0) return { kind: "help", text: pageOf(tree, []) };
      const list = listing(tree, args);
      if (list !== null) return parse(tree, list);
      throw incomplete(tree, args);
    }
    throw usageError(tree, error, args);
  }
  if (values.has("version")) return { kind: "version" };
  return found === null ? { kind: "help", text: pageOf(tree, []) } : { kind: "run", given: found };
}

/** The words of the command that the arguments name, as far as the tree knows them. */
function wordsOf(tree: readonly Node[], args: readonly string[]): string[] {
  const words = args.filter((arg) => !arg.startsWith("-"));
  for (const [at, word] of words.entries()) {
    const node = tree.find((one) => one.name === word);
    if (node === undefined) continue;
    if (!isGroup(node)) return [word];
    const leaf = words.slice(at + 1).find((one) => node.commands.some(({ name }) => name === one));
    return leaf === undefined ? [word] : [word, leaf];
  }
  return [];
}

function pageOf(tree: readonly Node[], words: readonly string[]): string {
  return helpFor(tree, words) ?? helpFor(tree, []) ?? "";
}

/** A group named alone shows what it holds, where it has a list: the arguments of that; else null. */
function listing(tree: readonly Node[], args: readonly string[]): string[] | null {
  const [word = ""] = wordsOf(tree, args);
  const node = tree.find((one) => one.name === word);
  const has = node !== undefined && isGroup(node) && node.commands.some(({ name }) => name === "list");
  return has ? args.toSpliced(args.lastIndexOf(word) + 1, 0, "list") : null;
}

function incomplete(tree: readonly Node[], args: readonly string[]): EngramError {
  const [word = ""] = wordsOf(tree, args);
  const node = tree.find((one) => one.name === word);
  const names = node !== undefined && isGroup(node) ? node.commands.map(({ name }) => name) : [];
  return usage(
    `Cannot run "${word}": it needs one of ${names.join(", ")}`,
    `engramlt help ${word} shows what each does`,
  );
}

function usageError(tree: readonly Node[], error: CommanderError, args: readonly string[]): EngramError {
  const words = wordsOf(tree, args);
  const path = words.length === 0 ? "engramlt" : words.join(" ");
  const text = error.message.replace(/^error: /, "").replace("unknown option", "unknown flag");
  const meant = /\(Did you mean (?:one of )?(.+)\?\)/.exec(text)?.[1];
  const what = (text.split("\n")[0] ?? text).replace(
    /'([^']*)'/g,
    (_, inner: string) => JSON.stringify(inner),
  );
  const bare = what.replace(/ \(Did you mean.*$/, "");
  const node = words.length === 1 ? tree.find(({ name }) => name === words[0]) : undefined;
  const group = node !== undefined && isGroup(node) ? node : null;
  const isText = /^unknown flag "-[^a-z-]/i.test(bare) || /^unknown flag ".*\s/.test(bare);
  const hint = meant !== undefined
    ? `Did you mean ${meant}?`
    : isText
    ? "Text that begins with - goes after --"
    : group !== null && bare.startsWith("unknown command")
    ? `It has ${group.commands.map(({ name }) => name).join(", ")}`
    : `engramlt help${words.length === 0 ? "" : ` ${words.join(" ")}`} shows what it takes`;
  return usage(`Cannot run "${path}": ${bare}`, hint);
}
