import assert from "node:assert/strict";
import {
  actIn,
  addFiles,
  curatorSets,
  folderNotes,
  type NoteText,
  prepare,
  toldBy,
} from "../support/curator_notes_heldback/read.ts";
import { agentPath, loadAgent } from "../support/agent_host.ts";
import { withRuntime } from "../support/runtimes.ts";

const sets = curatorSets();
const demo = folderNotes(new URL("../../agents/demo/notes/", import.meta.url));
const note = (path: string, text: string): NoteText => ({ path, text });
const expected = JSON.parse(Deno.readTextFileSync(agentPath("digest/expected.json")));
const curator = JSON.parse(Deno.readTextFileSync(agentPath("curator/expected.json")));

/** The page for these notes, with all that was made. */
async function digested(notes: readonly NoteText[]) {
  let result:
    | (Awaited<ReturnType<typeof toldBy>> & { page: string; answer: unknown; curated: unknown })
    | undefined;
  await withRuntime(async (runtime) => {
    await prepare(runtime, ["curator", "digest"]);
    await addFiles(runtime, notes);
    const curated = await actIn(runtime, "curator", "curate");
    const answer = await actIn(runtime, "digest", "digest");
    const told = await toldBy(runtime);
    const pages = told.made.filter((one) => one.kind === "digest");
    assert.equal(pages.length, 1);
    result = { ...told, page: pages[0]?.content ?? "", answer, curated };
  });
  assert.ok(result !== undefined);
  return result;
}

const decided = [
  note(
    "2026-01-10-a.md",
    "We decided to use oil for the gate.\nThe store is at Long Road 4.\n\n- [ ] oil the gate\n- [ ] paint the gate\n",
  ),
  note(
    "2026-03-10-b.md",
    "We decided to use grease for the gate instead.\nThe store is now at Short Road 9.\n\n- [x] oil the gate\nTODO: call the smith.\n",
  ),
];

// proves: engram-13.2-example_agents
Deno.test("digest: the demo's notes give what expected.json says", async () => {
  const { answer, curated } = await digested(demo);
  assert.deepEqual({ curate: curated, digest: answer }, { curate: curator, digest: expected });
});

Deno.test("digest: every sentence stands word for word in a note at the line named", async () => {
  for (const notes of [demo, ...sets.map(([, set]) => set.notes)]) {
    const { page } = await digested(notes);
    const quoted = [...page.matchAll(/"(.+)"(?:~~)? \((?:[\d-]{10}|no date), (.+?):(\d+)\)/g)];
    assert.ok(quoted.length > 5);
    const texts = new Map(notes.map(({ path, text }) => [path, text.split("\n")]));
    for (const [, sentence = "", path = "", line = ""] of quoted) {
      assert.ok(texts.get(path)?.[Number(line) - 1]?.includes(sentence), `${path}:${line} ${sentence}`);
    }
  }
});

Deno.test("digest: a superseded decision is struck through and stands under no other heading", async () => {
  const { page } = await digested(decided);
  const parts = page.split("\n## ");
  const holding = parts.filter((part) => part.includes("use oil for the gate"));
  assert.deepEqual(holding.map((part) => part.split("\n")[0]), ["Reversals"]);
  assert.match(
    page,
    /~~"We decided to use oil for the gate\."~~ \(2026-01-10, 2026-01-10-a\.md:1\), until 2026-03-10/,
  );
});

Deno.test("digest: what stands in no file is quoted with its date alone", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime, ["curator", "digest"]);
    const content = "We decided to use oil for the gate.";
    const op = {
      op: "add",
      kind: "note",
      context: "notes",
      content,
      time: "2026-01-10",
      timeSource: "given",
    } as const;
    await runtime.submit({ kind: "write", ops: [op] });
    await actIn(runtime, "curator", "curate");
    await actIn(runtime, "digest", "digest");
    const [page] = (await toldBy(runtime)).made.filter((one) => one.kind === "digest");
    assert.match(page?.content ?? "", /oil for the gate\." \(2026-01-10\)/);
  }));

Deno.test("digest: a task ticked off later is closed", async () => {
  const { page } = await digested(decided);
  const tasks = [...page.matchAll(/- \[ \] "(.+?)"/g)].map(([, task]) => task);
  assert.deepEqual(tasks, ["call the smith.", "paint the gate"]);
});

Deno.test("digest: what it quotes is connected with from, and nothing else is", async () => {
  const { page, told } = await digested(decided);
  const from = told.filter((one) => one.type === "from" && one.newer === page);
  assert.ok(from.length > 0);
  assert.ok(
    from.every((one) =>
      one.older.split("\n").some((line) => page.includes(line.replace(/^(- \[.\] |TODO: )/, "")))
    ),
  );
});

Deno.test("digest: a second run writes nothing, nor does a freshly loaded digest", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime, ["curator", "digest"]);
    await addFiles(runtime, decided);
    await actIn(runtime, "curator", "curate");
    await actIn(runtime, "digest", "digest");
    const before = await toldBy(runtime);
    await actIn(runtime, "digest", "digest");
    await runtime.submit({ kind: "agent_unload", agent: "digest" });
    await loadAgent(runtime, "digest");
    await actIn(runtime, "digest", "digest");
    const after = await toldBy(runtime);
    assert.deepEqual([after.engrams, after.connections], [before.engrams, before.connections]);
  }));

Deno.test("digest: the order of import and earlier pages change nothing", async () => {
  const pictures: string[][] = [];
  for (const batches of [[decided], [decided.toReversed()], [decided.slice(0, 1), decided.slice(1)]]) {
    await withRuntime(async (runtime) => {
      await prepare(runtime, ["curator", "digest"]);
      for (const batch of batches) {
        await addFiles(runtime, batch);
        await actIn(runtime, "curator", "curate");
        await actIn(runtime, "digest", "digest");
      }
      pictures.push((await toldBy(runtime)).picture);
    });
  }
  assert.deepEqual(pictures[1], pictures[0]);
  assert.deepEqual(pictures[2], pictures[0]);
});

Deno.test("digest: nothing of one context stands on the page of another", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime, ["curator", "digest"]);
    await addFiles(runtime, decided);
    await runtime.submit({ kind: "context_create", name: "secret" });
    await runtime.submit({
      kind: "write",
      ops: [{ op: "add", kind: "note", context: "secret", content: "TODO: hide the key." }],
    });
    await actIn(runtime, "digest", "digest");
    const { made } = await toldBy(runtime);
    assert.ok(made.every((one) => !one.content.includes("hide the key")));
  }));
