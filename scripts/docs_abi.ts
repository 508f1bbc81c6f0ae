/**
 * docs/abi.md, written from the ABI's table (src/sandbox/abi.ts).
 *
 * Usage: deno run -A scripts/docs_abi.ts            writes the page
 *        deno run -A scripts/docs_abi.ts --check    compares; exit code 1 when the page is out of date
 */
import {
  abiModule,
  abiVersion,
  agentExports,
  callBytesMax,
  fuelPerByteShift,
  type HostFunction,
  hostFunctions,
  resultBytesMax,
  status,
  statusMeanings,
} from "../src/sandbox/abi.ts";

const page = new URL("../docs/abi.md", import.meta.url);
const mebibyte = 1024 * 1024;

function signature(name: string, host: HostFunction): string {
  const params = host.params.flatMap((param) => {
    if (param.type === "text") return [`${param.name}_ptr: i32`, `${param.name}_len: i32`];
    if (param.type === "out") return ["out_ptr: i32", "out_len_ptr: i32"];
    return [`${param.name}: ${param.type}`];
  });
  return `${name}(${params.join(", ")}) -> i32`;
}

const answers = {
  status: "a status",
  id: "a pointer to an id string, or a negative status",
  json: "a status; JSON in the buffer",
} as const;

function functionSection([name, host]: [string, HostFunction]): string {
  return `### ${name}

\`\`\`text
${signature(name, host)}
\`\`\`

${host.about} Returns ${
    answers[host.answer]
  }. Effect: ${host.effect}. Needs: ${host.capability}. Fuel: ${host.fuel}.
`;
}

function statusRow([name, about]: [string, string]): string {
  const value = Object.entries(status).find(([key]) => key === name)?.[1];
  return `| ${value} | ${name} | ${about} |`;
}

function exportRow(
  [name, of]: [string, {
    readonly params: readonly string[];
    readonly results: readonly string[];
    readonly required: boolean;
    readonly aliases: readonly string[];
  }],
): string {
  const aliases = of.aliases.map((alias) => `, or \`${alias}\` with exactly this type`).join("");
  const type = `(${of.params.join(", ")}) -> (${of.results.join(", ")})`;
  return `| \`${name}\`${aliases} | \`${type}\` | ${of.required ? "yes" : "no"} |`;
}

const effects = `- read: answered from the step's snapshot and its own writes; a replay computes it again.
- write: staged; all of a step's writes are committed together, or none.
- recorded: answered once and kept in the log as the guest got it; a replay reads it from there.`;

const memoryRules =
  `Little-endian, no alignment needed. Memory is at most 32,767 pages, so no pointer is negative.

**Text in** is a pointer and a length in bytes, UTF-8. Pointer 0 with length 0 means absent; any other pointer
with length 0 is the empty string. Text that is not UTF-8 or leads out of memory is ${status.invalidArgument}. The
texts of one call together have at most ${callBytesMax / mebibyte} MiB; beyond that the status is
${status.limitReached}. A confidence outside 0..1 is ${status.invalidArgument}, but for NaN in engram_update, which
leaves it as it is; so is a weight that is not finite.

**A buffer out** is \`out_ptr, out_len_ptr\`. On entry the u32 at out_len_ptr is the room at out_ptr; on return it is
the length needed. Too little room is ${status.bufferTooSmall}: only that length is written and nothing is lost. The
same call right after is answered with the same bytes. A room of 0 asks for the length, whatever out_ptr is.

**An id out** is a pointer to a u32 length and the bytes after it, in a block the host got from \`engram_alloc\`; the
guest frees it with \`engram_free(pointer, 4 + length)\`.

**Arguments of exports** are allocated by the host with \`engram_alloc\` and freed by it after a normal return; the
guest neither frees nor keeps them. An empty argument is (0, 0): the host never allocates 0 bytes.

**Results** of execute and query are a pointer to a u32 length and the bytes after it, at most
${
    resultBytesMax / mebibyte
  } MiB. The host frees (pointer, 4 + length), and nothing when the length is 0. Pointer 0 is
an empty result. A negative result is the agent saying that it failed: the step is rolled back. initialize and
receive return 0 or more when done, negative when failed.

**The allocator** runs on the step's fuel. A block that is 0, out of bounds, or over the host's inputs ends the
step (\`bad_alloc\`). A host function called from inside the allocator is ${status.wrongState} and does nothing. The
host reads all of a call's inputs before it allocates.

**Fuel**: a call costs its base and one for each ${
    1 << fuelPerByteShift
  } bytes of its texts in and of its answer
out. A call refused for a pointer or a number costs the base alone. A call that finds too little fuel ends the step as out of
fuel and is never carried out.`;

const shapes: readonly (readonly [string, string])[] = [
  [
    "engram",
    "`{id, kind, content, title, source, ref, confidence, metadata, contexts, thread, position, observedAt, " +
    "validFrom, validTo, createdTick, updatedTick, supersededBy, by}`",
  ],
  ["engram_get", "an engram"],
  [
    "search_by_text, search_by_metadata, search_combined",
    "`{hits: [engram + score + snippet …], cursor?}`",
  ],
  ["find_paths", "`{paths: [{engrams: [id…], connections: [{id, type, weight}…], weight}…]}`"],
  ["find_connected_engrams", "`{connected: [{engram, depth, via}…]}`"],
  ["context_get_engrams", "`{engrams: [engram…]}`"],
  ["context_current", "`{id, name}`"],
  ["changes", "`{changes: [{tick, op, id}…], nextTick}`"],
  [
    "recall",
    "`{hits: [engram + score + snippet + parts: {lexical, vector, graph} + facts: [{id, content, supersededBy}…] …], " +
    "model: {name, hash, provider} or null where no vectors took part}`",
  ],
  [
    "embed",
    "`{vector, dimensions, model: {name, hash}, provider, input}`: vector is a vector of length 1, times 508, as int8 " +
    "numbers in base64; input is the sha256 of what the model was given",
  ],
  ["similarity", "`{similarity, model}`, the model by its hash"],
  [
    "params of search_combined",
    "`{text?, exact?, metadata?: {key: value}, kind?, source?, minConfidence?, context?, changedSinceTick?, " +
    "includeSuperseded?, limit?, cursor?}`",
  ],
  ["argument of initialize", "`{agent, version, contexts, grants, limits, config}`"],
  ["argument of receive", "`[{from, tick, body}…]`, in order of arrival"],
];

const metadataRules =
  `The keys kind, title, ref, thread, position, observedAt, validFrom and validTo of the metadata
given to engram_create and engram_update are taken out of it and set those fields; a wrong type is
${status.invalidArgument}. Reserved connection types, from the newer or derived engram to its origin: \`from\`
(metadata \`{start, end}\` in UTF-8 bytes), \`mentions\`, \`duplicates\`, \`supersedes\` (sets the target's
supersededBy), \`contradicts\`.`;

function markdown(): string {
  const sections = Object.entries<HostFunction>(hostFunctions).map(functionSection).join("\n");
  return `# The agent ABI, version ${abiVersion}

<!-- Written by scripts/docs_abi.ts from src/sandbox/abi.ts: do not edit. -->

How a WebAssembly agent and the host speak. An agent imports functions from module \`${abiModule}\` and exports a few
of its own. It names the version in a custom section \`engram_abi\` (a LEB128 number) or an exported immutable i32
global of that name; without one, version 1 is meant.

## Exports

\`memory\` must be exported, and these functions:

| export | type | required |
| --- | --- | --- |
${Object.entries(agentExports).map(exportRow).join("\n")}

## Memory

${memoryRules}

## Statuses

| value | name | meaning |
| --- | --- | --- |
${Object.entries(statusMeanings).map(statusRow).join("\n")}

## JSON

| where | shape |
| --- | --- |
${shapes.map(([where, shape]) => `| ${where} | ${shape} |`).join("\n")}

${metadataRules}

## Transactions

A step is a transaction. transaction_begin opens a savepoint inside it; transaction_rollback undoes what was done
since, messages included; transaction_commit keeps it. A step that does not complete is rolled back whole. In a query,
calls that write or send return ${status.denied}, and nothing of the step stays.

## Host functions

Every parameter is i32 but for the floats and since_tick; every function returns i32.

${effects}

${sections}`;
}

/** The page as `deno fmt` leaves it. */
async function abiPage(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "--line-width", "110", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown()));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("Cannot format docs/abi.md: deno fmt failed");
  return new TextDecoder().decode(stdout);
}

async function main(args: readonly string[]): Promise<number> {
  const text = await abiPage();
  if (!args.includes("--check")) {
    await Deno.writeTextFile(page, text);
    return 0;
  }
  const found = await Deno.readTextFile(page).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  if (found.replaceAll("\r\n", "\n") === text) return 0;
  console.error("docs/abi.md is out of date: deno run -A scripts/docs_abi.ts");
  return 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
