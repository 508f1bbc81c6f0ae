/** Help pages, made from the command tree. */
import { type Flag, flagsOf, isGroup, type Leaf, type Node, usageOf, variableOf } from "../command.ts";
import { globalFlags } from "../globals.ts";
import { widthOf } from "../terminal/screen.ts";

const intro = "A memory of your own, and the agents that work on it: local, deterministic, replayable.";
const otherFlags: readonly Flag[] = [
  { flags: "-h, --help", says: "show help" },
  { flags: "-V, --version", says: "show version, build, ABI, log format, V8 and platform" },
];
const lineWidth = 96;

/** Words on lines of at most `width`, all but the first indented. */
export function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && widthOf(line) + widthOf(word) + 1 > Math.max(30, width)) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** Paragraphs on lines of at most `lineWidth`; one with an indented line stays as it is. */
function prose(text: string): string {
  return text.split("\n\n").map((paragraph) =>
    /^[ \t]/m.test(paragraph) ? paragraph : wrap(paragraph.replaceAll("\n", " "), lineWidth, 0)
  ).join("\n\n");
}

/** Terms and what they mean, in two columns. */
function listing(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(26, Math.max(...rows.map(([term]) => widthOf(term))));
  return rows.map(([term, says]) => {
    const indent = width + 4;
    const start = widthOf(term) > width ? `  ${term}\n${" ".repeat(indent)}` : `  ${term.padEnd(width)}  `;
    return `${start}${wrap(says, lineWidth - indent, indent)}\n`;
  }).join("");
}

const flagRows = (flags: readonly Flag[]): [string, string][] =>
  flags.map(({ flags, says, choices }) => [
    flags.startsWith("--") ? `    ${flags}` : flags,
    choices === undefined || says.includes(choices[0] ?? "") ? says : `${says}: ${choices.join(", ")}`,
  ]);

function rootHelp(tree: readonly Node[]): string {
  const shown = tree.filter((node) => isGroup(node) || node.hidden !== true);
  return `${intro}

Usage: engramlt COMMAND [flags]

Commands:
${listing(shown.map(({ name, says }) => [name, says]))}
Flags of every command:
${listing(flagRows([...globalFlags, ...otherFlags]))}
Every flag has a variable: --wasm-path is ${variableOf("wasm-path")}, --data is ${variableOf("data")}.
An id may be given as its first characters, a name, or @last (the newest memory).
engramlt help words explains the words used here; engramlt help COMMAND a command.
`;
}

function leafHelp(leaf: Leaf, path: string): string {
  const own = flagsOf(leaf);
  const fixed = (leaf.places ?? []).filter((place) => place.noFlag === true);
  const places = fixed.map((place): [string, string] => [usageOf({ ...leaf, places: [place] }), place.says]);
  const rows = [...places, ...flagRows(own)];
  return `${wrap(`engramlt ${path}: ${leaf.says}`, lineWidth, 2)}

Usage: engramlt ${[path, usageOf(leaf), "[flags]"].filter((part) => part !== "").join(" ")}
${rows.length === 0 ? "" : `\n${listing(rows)}`}${leaf.notes === undefined ? "" : `\n${prose(leaf.notes)}\n`}
Examples:
${leaf.examples.map((example) => `  engramlt ${example}\n`).join("")}
Flags of every command (--data, --context, --json …): engramlt --help
`;
}

/** The help page for a path of words, or null where there is no such command. */
export function helpFor(tree: readonly Node[], words: readonly string[]): string | null {
  const [first, second, ...more] = words;
  if (first === undefined) return rootHelp(tree);
  const node = tree.find(({ name }) => name === first);
  if (node === undefined || more.length > 0) return null;
  if (!isGroup(node)) return second === undefined ? leafHelp(node, node.name) : null;
  const leaf = node.commands.find(({ name }) => name === second);
  if (leaf !== undefined) return leafHelp(leaf, `${node.name} ${leaf.name}`);
  if (second !== undefined) return null;
  const alone = node.commands.some(({ name }) => name === "list") ? ` (without one: list)` : "";
  return `engramlt ${node.name}: ${node.says}

Usage: engramlt ${node.name} COMMAND [flags]${alone}

Commands:
${listing(node.commands.map((one) => [`${one.name} ${usageOf(one)}`.trim(), one.says]))}
engramlt help ${node.name} COMMAND explains one.
`;
}
