/**
 * Law: what a graph keeps in memory over commits changes no answer: a writer and a reader that were there all the time
 * find what those find that open the file anew.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Graph, openGraph } from "../../src/graph/mod.ts";
import { indexLimits } from "../../src/graph/index/postings.ts";
import { Payload } from "../../src/kernel/payload.ts";
import type { Write } from "../../src/kernel/records.ts";
import { c, context, e, entry, join, link, put, x } from "../unit/graph/support.ts";

const model = "d".repeat(64), dimensions = 4;
const id = fc.integer({ min: 0, max: 11 });
const words = fc.array(fc.constantFrom("salt", "water", "lake", "running", "Köln", "lighthouse"), {
  maxLength: 6,
});

/** What is done between two looks: writes, by the tick they are made at; an erasure of some; or upkeep alone. */
type Step = {
  readonly writes: (tick: number) => Write[];
  readonly erased: readonly number[];
  readonly idle: boolean;
};

const digestOf = (at: number, text: string) =>
  new Uint8Array(32).fill(at + 1).map((byte, nth) => byte ^ text.charCodeAt(nth % text.length));

const write: fc.Arbitrary<(tick: number) => Write> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      id,
      words,
      fc.constantFrom("note", "fact", "thing", "digest"),
      fc.integer({ min: 0, max: 5 }),
    )
      .map(([at, text, kind, place]) => () => {
        const texts = { thread: place < 3 ? "t" : null, source: "chat" };
        const made = put(e(at), text.join(" "), texts, { position: place, kind });
        if (made.op === "engram_put") made.texts.seal(new Uint8Array(16), digestOf(at, "erased"));
        return made;
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, id, id, fc.constantFrom("mentions", "supersedes", "from", "proposed"))
      .map(([at, a, b, type]) => () => link(c(at), e(a), e(b), type)),
  },
  fc.tuple(id, id).map(([a, b]) => () => join(x(a % 2), e(b))),
  fc.tuple(id, id).map(([a, b]) => (): Write => ({ op: "member_remove", context: x(a % 2), engram: e(b) })),
  id.map((at) => (): Write => ({ op: "engram_delete", id: e(at) })),
  id.map((at) => (): Write => ({ op: "connection_delete", id: c(at) })),
  fc.tuple(id, fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 8, maxLength: 8 })).map(
    ([at, numbers]) => (tick: number): Write => {
      const count = at % 2 === 0 ? 4 : 8;
      const vectors = new Payload(Uint8Array.from(numbers.slice(0, count), (one) => one & 255));
      return { op: "vector_put", id: e(at), tick: tick - 1, model, dimensions, vectors };
    },
  ),
);
const step: fc.Arbitrary<Step> = fc.record({
  writes: fc.array(write, { maxLength: 6 }).map((all) => (tick: number) => all.map((one) => one(tick))),
  erased: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, {
    weight: 1,
    arbitrary: fc.array(id, { maxLength: 3 }),
  }),
  idle: fc.boolean(),
});

/** Everything that what is kept could change. */
function found(graph: Graph) {
  const vector = { model, numbers: Int8Array.of(90, -20, 30, 5) };
  const places = [{}, { context: x(0) }, { readable: new Set([x(1)]) }, { readable: new Set([x(0), x(1)]) }];
  return places.map((place) => ({
    words: graph.search({ text: "salt water kln", limit: 20, includeSuperseded: true, ...place }),
    recall: graph.recall({ question: "salt lake", k: 20, ...place }),
    near: graph.recall({ question: "running water", k: 20, vector, ...place }),
    sure: graph.recall({ question: "lighthouse", k: 20, vector, minConfidence: 0.5, ...place }),
  }));
}

Deno.test("a writer and a reader find over commits what the file has, erasures and upkeep included", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
      const folder = Deno.makeTempDirSync({ prefix: "engramlt-test-" }), path = `${folder}/graph.db`;
      const writer = openGraph({ path });
      writer.commit(entry(writer, [context(x(0), "a"), context(x(1), "b")]));
      const reader = openGraph({ path, readOnly: true });
      try {
        for (const { writes, erased, idle } of steps) {
          writer.commit(entry(writer, writes(writer.applied.tick + 1)));
          if (erased.length > 0) {
            writer.erase(erased.map((at) => digestOf(at, "erased")), []);
            writer.dropFreedPages();
          }
          if (idle) writer.maintain();
          const fresh = openGraph({ path, readOnly: true }), expected = found(fresh);
          fresh.close();
          assert.deepEqual(found(reader), expected);
          assert.deepEqual(found(writer), expected);
        }
      } finally {
        reader.close();
        writer.close();
        Deno.removeSync(folder, { recursive: true });
      }
    }),
    { numRuns: 20 },
  );
});

/** A writer that is looked at after each entry, beside one that has read nothing before. */
function followed(entries: readonly (readonly Write[])[]): void {
  const folder = Deno.makeTempDirSync({ prefix: "engramlt-test-" }), path = `${folder}/graph.db`;
  const writer = openGraph({ path });
  try {
    for (const writes of [[context(x(0), "a"), context(x(1), "b")], ...entries]) {
      writer.commit(entry(writer, writes));
      found(writer);
    }
    const fresh = openGraph({ path, readOnly: true }), expected = found(fresh);
    fresh.close();
    assert.deepEqual(found(writer), expected);
  } finally {
    writer.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("what was read of a word before its segments were merged counts once", () =>
  followed(Array.from({ length: 20 }, (_, at) => [put(e(at), `salt water ${"lake ".repeat(at % 3)}`)])));

Deno.test("a reader finds words it had not read when the segments that have them are merged in idle time", () => {
  const folder = Deno.makeTempDirSync({ prefix: "engramlt-test-" }), path = `${folder}/graph.db`;
  const writer = openGraph({ path }),
    many = indexLimits.quickMergeDocumentsMax / indexLimits.segmentsMax + 13;
  for (let batch = 0; batch < indexLimits.segmentsMax; batch++) {
    const notes = Array.from({ length: many }, (_, at) => put(e(batch * many + at), "salt water"));
    writer.commit(entry(writer, notes));
    writer.search({ text: "salt", limit: 1 });
  }
  const reader = openGraph({ path, readOnly: true });
  try {
    assert.equal(reader.search({ text: "salt", limit: 1 }).hits.length, 1);
    writer.maintain();
    assert.equal(reader.search({ text: "water", limit: 1 }).hits.length, 1);
  } finally {
    reader.close();
    writer.close();
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("what a deleted engram was linked with is known without it", () => {
  const notes = [0, 1, 2, 3, 4].map((at) => put(e(at), at === 0 ? "salt lake" : "quiet"));
  const links = [0, 1, 2, 3, 4].map((at) => link(c(at), e(at), e(9)));
  followed([[...notes, put(e(9), "Heron", {}, { kind: "thing" }), ...links], [{
    op: "engram_delete",
    id: e(3),
  }]]);
});
