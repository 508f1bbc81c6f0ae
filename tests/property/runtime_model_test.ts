/**
 * Law: whatever an owner writes, the graph is what a plain map would hold; the state hash does not depend on the number
 * of workers; and replay arrives at the same.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { openRuntime, type Receipt, replay, type Runtime, type WriteOp } from "../../src/mod.ts";
import { codeOf, loadTestAgent, temporaryFolder } from "../support/runtimes.ts";

const n = fc.nat({ max: 5 });
const change = fc.oneof(
  fc.record({ op: fc.constant("add" as const), n }),
  fc.record({ op: fc.constant("upsert" as const), n, ref: fc.nat({ max: 2 }) }),
  fc.record({ op: fc.constant("update" as const), n, content: fc.boolean() }),
  fc.record({ op: fc.constant("delete" as const), n }),
  fc.record({ op: fc.constant("connect" as const), n, to: n, weight: fc.nat({ max: 2 }) }),
);
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("agents" as const), text: n }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Asked = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What the owner's memories are, kept in plain maps. */
class Model {
  readonly contents = new Map<string, { content: string; title: string | null; ref: string | null }>();
  readonly connections = new Map<string, number>();
  readonly deletedRefs = new Set<string>();
  readonly ids: string[] = [];

  id(at: number): string {
    return this.ids.length === 0 ? "e0000" : this.ids[(this.ids.length * 7 - at - 1) % this.ids.length] ?? "";
  }

  ops(changes: readonly Change[]): WriteOp[] {
    return changes.map((one): WriteOp => {
      switch (one.op) {
        case "add":
          return { op: "add", content: `content ${one.n}` };
        case "upsert":
          return { op: "upsert", source: "model", ref: `${one.ref}`, content: `upserted ${one.n}` };
        case "update":
          return one.content
            ? { op: "update", id: this.id(one.n), content: `updated ${one.n}` }
            : { op: "update", id: this.id(one.n), title: `title ${one.n}` };
        case "delete":
          return { op: "delete", id: this.id(one.n) };
        case "connect":
          return {
            op: "connect",
            source: this.id(one.n),
            target: this.id(one.to),
            type: "mentions",
            weight: one.weight,
          };
        default:
          return one satisfies never;
      }
    });
  }

  /** Whether a command of these changes can be done: one that cannot refuses all of them. */
  allows(ops: readonly WriteOp[]): boolean {
    const gone = new Set<string>();
    const there = (id: string) => this.contents.has(id) && !gone.has(id);
    return ops.every((one) => {
      if (one.op === "delete") return there(one.id) && (gone.add(one.id), true);
      if (one.op === "update") return there(one.id);
      return one.op !== "connect" || (there(one.source) && there(one.target));
    });
  }

  /** Refs of what was deleted, of which nothing is there. */
  #forgotten(): Set<string> {
    const live = new Set([...this.contents.values()].map(({ ref }) => ref));
    return new Set([...this.deletedRefs].filter((ref) => !live.has(ref)));
  }

  apply(ops: readonly WriteOp[], results: readonly { id: string; status?: string }[]): void {
    const forgotten = this.#forgotten();
    ops.forEach((one, at) => {
      const id = results[at]?.id ?? "";
      const before = this.contents.get(id);
      if (one.op === "upsert") {
        const isFirst = ![...this.contents.values()].some(({ ref }) => ref === one.ref);
        const staysGone = isFirst && forgotten.has(one.ref ?? "");
        assert.equal(results[at]?.status === "forgotten", staysGone);
        if (staysGone) return;
      }
      if (one.op === "add") this.#put(id, one.content, null);
      else if (one.op === "upsert") {
        assert.equal(before === undefined ? null : before.ref, before === undefined ? null : one.ref ?? null);
        if (before === undefined) {
          assert.ok(![...this.contents.values()].some((other) => other.ref === one.ref));
        }
        this.contents.set(id, { content: one.content, title: null, ref: one.ref ?? null });
        if (!this.ids.includes(id)) this.ids.push(id);
      } else if (one.op === "update" && before !== undefined) {
        this.contents.set(id, {
          ...before,
          content: one.content ?? before.content,
          title: one.title ?? before.title,
        });
      } else if (one.op === "delete") {
        if (typeof before?.ref === "string") this.deletedRefs.add(before.ref);
        this.contents.delete(id);
        for (const key of this.connections.keys()) {
          if (key.split(" ").includes(id)) this.connections.delete(key);
        }
      } else if (one.op === "connect") this.connections.set(`${one.source} ${one.target}`, one.weight ?? 1);
    });
  }

  #put(id: string, content: string, ref: string | null): void {
    this.contents.set(id, { content, title: null, ref });
    this.ids.push(id);
  }
}

async function compare(runtime: Runtime, model: Model): Promise<void> {
  const { engrams, connections } = await runtime.view({ view: "export", limit: 1000, context: "personal" });
  assert.deepEqual(
    new Map(engrams.map(({ id, content, title, ref }) => [id, { content, title, ref }])),
    new Map([...model.contents].sort(([a], [b]) => a < b ? -1 : 1)),
  );
  assert.deepEqual(
    connections.map(({ source, target, weight }) => `${source} ${target} ${weight}`).sort(),
    [...model.connections].map(([key, weight]) => `${key} ${weight}`).sort(),
  );
}

/** Runs the commands, comparing with the model after each; the state hash. */
async function history(data: string, workers: number, asked: readonly Asked[]): Promise<string> {
  const runtime = await openRuntime({ data, seed: 3, workers });
  try {
    for (const agent of ["a", "b", "c"]) await loadTestAgent(runtime, agent);
    const model = new Model();
    for (const one of asked) {
      if (one.kind === "agents") {
        await Promise.all(
          ["a", "b", "c"].map((agent) =>
            runtime.submit({
              kind: "execute",
              agent,
              action: "Write",
              params: JSON.stringify(`${agent} ${one.text}`),
            })
          ),
        );
        continue;
      }
      const ops = model.ops(one.changes), allowed = model.allows(ops);
      const told = runtime.submit({ kind: "write", ops });
      if (!allowed) assert.equal(await codeOf(told), "engram_not_found");
      else model.apply(ops, (await told as Receipt).results as { id: string }[]);
    }
    await compare(runtime, model);
    return runtime.status().stateHash;
  } finally {
    await runtime.close();
  }
}

Deno.test("the graph is what plain maps hold, under any number of workers, live and in replay", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 20 }), async (asked) => {
      using one = temporaryFolder();
      using two = temporaryFolder();
      const stateHash = await history(one.path, 1, asked);
      assert.equal(await history(two.path, 2, asked), stateHash);
      assert.deepEqual(
        await replay({ data: one.path, workers: 2 }).then(({ ok, stateHash }) => [ok, stateHash]),
        [
          true,
          stateHash,
        ],
      );
    }),
    { numRuns: 8 },
  );
});
