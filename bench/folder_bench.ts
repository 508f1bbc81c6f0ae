/**
 * A data folder: notes going in, opening it, and the program as a whole process.
 *
 * Baselines: the bare rows in libSQL; a process of the same Deno that does nothing.
 */
import Libsql from "libsql";
import { fileURLToPath } from "node:url";
import { openRuntime, type Runtime, type WriteOp } from "../src/mod.ts";
import { bench, runBenches, seeded, smoke, temporary } from "./measure.ts";

const perCommand = smoke ? 20 : 500, filled = smoke ? 40 : 5000;
const folder = temporary();

const random = seeded();
const sentence = () =>
  Array.from({ length: 12 }, () => `word${Math.floor(2 ** (random() * 14))}`).join(" ") + ".";

let note = 0;
function notes(count: number): WriteOp[] {
  return Array.from({ length: count }, (): WriteOp => {
    note++;
    const content = `${sentence()} ${sentence()} ${sentence()}`;
    return { op: "upsert", content, title: `Note ${note}`, source: "notes", ref: `note${note}.md` };
  });
}

const open = (name: string): Promise<Runtime> => openRuntime({ data: `${folder}/${name}`, workers: 1 });

const raw = new Libsql(`${folder}/raw.db`);
raw.exec("pragma journal_mode = wal; pragma synchronous = normal");
raw.exec("create table t (id integer primary key, ref text, body text); create index i on t (ref)");
const insert = raw.prepare("insert into t (ref, body) values (?, ?)");
const body = `${sentence()} ${sentence()} ${sentence()}`;
bench({
  group: `notes going in, ${perCommand} a command, a note`,
  name: "bare rows in libSQL, committed",
  baseline: true,
  operations: perCommand,
  fn: () => {
    raw.exec("begin");
    for (let n = 0; n < perCommand; n++) insert.run([`note${note++}.md`, body]);
    raw.exec("commit");
  },
});
const growing = await open("growing");
bench({
  group: `notes going in, ${perCommand} a command, a note`,
  name: "imported: checked, logged, in the graph",
  operations: perCommand,
  fn: () => growing.submit({ kind: "write", ops: notes(perCommand) }),
});
await runBenches();
await growing.close();

const full = await open("full");
for (let n = 0; n < filled; n += perCommand) await full.submit({ kind: "write", ops: notes(perCommand) });
full.maintain();
await full.close();
const empty = await open("empty");
await empty.close();
const reopen = (name: string) => async () => {
  const runtime = await open(name);
  await runtime.close();
};
bench({
  group: "opening a folder, and closing it",
  name: "an empty one",
  baseline: true,
  fn: reopen("empty"),
});
bench({ group: "opening a folder, and closing it", name: `one of ${filled} notes`, fn: reopen("full") });

const root = fileURLToPath(new URL("../", import.meta.url));
function process(args: readonly string[]): () => Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdout: "null",
    stderr: "null",
  });
  return async () => {
    const { code } = await command.output();
    if (code !== 0) throw new Error(`deno ${args.join(" ")} ended with code ${code}`);
  };
}
const fromSource = ["run", "-A", "--quiet", "--no-check", "main.ts"];
bench({
  group: "the program, a whole process",
  name: "Deno alone",
  baseline: true,
  fn: process(["eval", ""]),
});
bench({
  group: "the program, a whole process",
  name: "--version",
  fn: process([...fromSource, "--version"]),
});
bench({
  group: "the program, a whole process",
  name: "status, from source",
  fn: process([...fromSource, "status", "--json", "--data", `${folder}/full`]),
});
await runBenches();
