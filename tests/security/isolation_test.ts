/**
 * Noninterference: two worlds that differ only in a context an agent may not read are one world to that agent. Every
 * result, all fuel, every write and recorded answer of its steps is the same, byte for byte.
 */
import assert from "node:assert/strict";
import type { Entry } from "../../src/kernel/mod.ts";
import { openLog, realDisk } from "../../src/log/mod.ts";
import { openRuntime, type WriteOp } from "../../src/mod.ts";
import { entriesFrom, plainPart } from "../../src/runtime/entries.ts";
import { testAgentBase64 } from "../support/agents.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { type Answered, closed, Desk, open, readOpen, writeOpen } from "../unit/host/desk.ts";

/** What is hidden: contents, which of them supersede or are connected to what is not, and how often they change. */
interface Secret {
  readonly contents: readonly string[];
  readonly superseding: boolean;
  readonly connected: boolean;
  readonly changes: number;
}

const nothing: Secret = { contents: ["a"], superseding: false, connected: false, changes: 0 };
const secrets: Record<string, Secret> = {
  "other words": { ...nothing, contents: ["the heron launches in May, says the secret plan"] },
  "many texts with the words that are searched": {
    ...nothing,
    contents: Array.from({ length: 40 }, (_, n) => `heron heron launch ${n}`),
  },
  "texts that supersede what may be read": { ...nothing, superseding: true },
  "connections to what may be read": { ...nothing, contents: ["b", "c", "d"], connected: true },
  "changes and deletions": { ...nothing, changes: 5 },
};

const grants = ["read", "write", "send"].map((name) => ({
  name,
  scope: name === "send" ? "*" : "open",
  reason: "test",
}));
const manifest = { manifest: 1, id: "spy", version: "1.0.0", abi: "engram@1", capabilities: grants };

/** The steps of the agent "spy" in a world with this secret, as they stand in the log. */
async function stepsOfSpy(secret: Secret): Promise<string> {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const write = async (...ops: WriteOp[]) =>
    ((await runtime.submit({ kind: "write", ops })).results as { id: string }[]).map(({ id }) => id);
  const act = (action: string, params: unknown) =>
    runtime.submit({ kind: "execute", agent: "spy", action, params: JSON.stringify(params), context: "open" })
      .catch(() => null);
  await runtime.submit({ kind: "context_create", name: "open" });
  await runtime.submit({ kind: "context_create", name: "closed" });
  await runtime.submit({ kind: "agent_load", agent: "spy", wasm: testAgentBase64, manifest });
  const [a = "", b = ""] = await write(
    { op: "add", context: "open", kind: "fact", content: "the heron launches in June" },
    { op: "add", context: "open", kind: "fact", content: "a launch of a ship" },
  );
  const hidden = await write(
    ...secret.contents.map((content): WriteOp => ({ op: "add", context: "closed", kind: "fact", content })),
  );
  const first = hidden[0] ?? "";
  await write(
    { op: "update", id: first, title: secret.changes > 0 ? "changed" : "still" },
    ...(secret.superseding ? [{ op: "connect", source: first, target: a, type: "supersedes" } as const] : []),
    ...(secret.connected
      ? hidden.flatMap((id): WriteOp[] => [
        { op: "connect", source: id, target: a, type: "mentions" },
        { op: "connect", source: b, target: id, type: "mentions" },
      ])
      : []),
    ...(secret.changes > 0 ? [{ op: "delete", id: first } as const] : []),
  );
  for (const [action, params] of [["Get", a], ["Get", b], ["Get", first], ["Get", "e0000"]] as const) {
    await act(action, params);
  }
  for (const words of ["heron", "launch heron", "secret", "lanch", "a"]) {
    await act("Look", words);
    await act("Know", words);
  }
  for (const id of [a, first]) {
    for (const action of ["Update", "Join", "Delete"]) await act(action, id);
  }
  await act("Write", "a thought about a heron");
  await act("Mail", "spy");
  await act("Look", "heron");
  await act("trap", "x");
  await runtime.idle();
  await runtime.close();
  return JSON.stringify(
    [...entries(folder.path)].flatMap((entry) =>
      entry.steps.filter((step) => step.agent === "spy").map(plainPart)
    ),
  );
}

function* entries(data: string): Generator<Entry> {
  const log = openLog(realDisk(data), { readOnly: true });
  try {
    for (const { entry } of entriesFrom(log, 0)) yield entry;
  } finally {
    log.close();
  }
}

const known = stepsOfSpy(nothing);

for (const [what, secret] of Object.entries(secrets)) {
  Deno.test(`an agent's steps are the same beside a hidden context with ${what}`, async () => {
    assert.equal(await stepsOfSpy(secret), await known);
  });

  Deno.test(`every host call answers the same beside a hidden context with ${what}`, () => {
    assert.deepEqual(answers(secret), answers(nothing));
  });
}

Deno.test("the worlds of these tests do differ for an agent that may read", () => {
  const all = [{ capability: "read" as const, scope: ["*"] }];
  for (const secret of Object.values(secrets)) {
    assert.notDeepEqual(answers(secret, all), answers(nothing, all));
  }
});

/** What an agent gets from every host call that reads, in a world with this secret. */
function answers(secret: Secret, granted = writeOpen): Answered {
  using desk = new Desk();
  const a = desk.add(open, "the heron launches in June", { kind: "fact" });
  const b = desk.add(open, "a launch of a ship", { kind: "fact" });
  desk.link(a, b);
  desk.together(() => {
    const hidden = secret.contents.map((content) => desk.add(closed, content, { kind: "fact" }));
    const first = hidden[0] ?? "";
    if (secret.superseding) desk.link(first, a, "supersedes");
    if (secret.connected) {
      for (const id of hidden) {
        desk.link(id, a);
        desk.link(b, id);
      }
    }
    for (let n = 0; n < secret.changes; n++) desk.commit([{ op: "engram_delete", id: first }], null);
  });
  const hand = desk.scout({ grants: [...granted, ...readOpen] });
  const read = [a, b].flatMap((id) => [
    hand.get(id),
    hand.call("find_connected_engrams", id, 8, null),
    hand.call("find_paths", id, a, 8),
    hand.call("find_paths", id, b, 8),
  ]);
  const searched = ["heron", "launch heron", "secret", "lanch", "herons in june"].flatMap((words) => [
    hand.call("search_by_text", words, 0, 100),
    hand.call("search_by_text", words, 1, 100),
    hand.call("search_combined", JSON.stringify({ text: words, includeSuperseded: true, limit: 1 })),
  ]);
  return [
    read,
    searched,
    hand.call("search_combined", JSON.stringify({ limit: 100 })),
    hand.call("recall", "heron launch", null),
    hand.call("recall", "heron", JSON.stringify({ context: "closed" })),
    hand.call("search_combined", JSON.stringify({ context: "closed" })),
    hand.call("context_get_engrams", open),
    hand.call("context_get_engrams", "closed"),
    hand.call("context_current"),
    hand.call("changes", 0n, 10_000),
    hand.call("changes", 0n, 1),
  ];
}
