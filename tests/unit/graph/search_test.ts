import assert from "node:assert/strict";
import { type Graph, openGraph, searchLimits, type SearchQuery } from "../../../src/graph/mod.ts";
import { c, context, e, entry, graphOf, join, link, put, x } from "./support.ts";
import { nearStems } from "../../../src/graph/index/words.ts";

const found = (graph: Graph, query: Partial<SearchQuery>) =>
  graph.search({ limit: 10, ...query }).hits.map((hit) => hit.id);

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

/** The ids of all pages; `between` runs before each page but the first. */
function paged(graph: Graph, query: Partial<SearchQuery>, between: (page: number) => void = () => {}) {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page === 0 || cursor !== undefined; page++) {
    if (page > 0) between(page);
    const result = graph.search({ limit: 10, ...query, ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...result.hits.map((hit) => hit.id));
    cursor = result.cursor;
  }
  return ids;
}

function using(graph: Graph, work: (graph: Graph) => void): void {
  try {
    work(graph);
  } finally {
    graph.close();
  }
}

// proves: engram-3.1-core
Deno.test("search() finds a word in any of its forms right after the commit", () =>
  using(graphOf([put(e(0), "She was running home"), put(e(1), "A quiet day")]), (graph) => {
    assert.deepEqual(found(graph, { text: "runs" }), [e(0)]);
    graph.commit(entry(graph, [put(e(2), "They run fast")]));
    assert.deepEqual(found(graph, { text: "runs" }).sort(), [e(0), e(2)]);
  }));

Deno.test("search() ranks a word in the title above one in the text", () =>
  using(graphOf([put(e(0), "the boiler room"), put(e(1), "the room", { title: "Boiler" })]), (graph) => {
    assert.deepEqual(found(graph, { text: "boiler" }), [e(1), e(0)]);
  }));

Deno.test("search() never finds a replaced or deleted text", () =>
  using(
    graphOf([put(e(0), "old harbour"), put(e(1), "harbour wall")], [put(e(0), "new pier")], [
      { op: "engram_delete", id: e(1) },
    ]),
    (graph) => {
      assert.deepEqual(found(graph, { text: "harbour" }), []);
      assert.deepEqual(found(graph, { text: "pier" }), [e(0)]);
    },
  ));

Deno.test("search() of indexed texts forgets what a later commit replaced or deleted", () =>
  using(graphOf([put(e(0), "old harbour"), put(e(1), "harbour wall")]), (graph) => {
    assert.equal(found(graph, { text: "harbour" }).length, 2);
    graph.commit(entry(graph, [put(e(0), "new pier"), { op: "engram_delete", id: e(1) }]));
    assert.deepEqual(found(graph, { text: "harbour" }), []);
  }));

Deno.test("search() drops function words from the query unless nothing else is left", () =>
  using(graphOf([put(e(0), "what is the tide"), put(e(1), "what is it")]), (graph) => {
    assert.deepEqual(found(graph, { text: "what is the tide?" }), [e(0)]);
    assert.deepEqual(found(graph, { text: "what is it" }).sort(), [e(0), e(1)]);
  }));

Deno.test("nearStems() respells no word that is too long to be one, in no time", () => {
  assert(nearStems("lihgthouse").has("lighthous"));
  assert.equal(nearStems("a".repeat(32)).size > 0, true);
  for (const length of [33, 1_000_000]) assert.equal(nearStems("a".repeat(length)).size, 0);
});

Deno.test("search() respells an unknown word that is one edit from a known one", () =>
  using(graphOf([put(e(0), "the lighthouse keeper"), put(e(1), "a boat")]), (graph) => {
    const result = graph.search({ text: "lihgthouse", limit: 10 });
    assert.deepEqual(result.hits.map((hit) => hit.id), [e(0)]);
    assert.deepEqual(result.spelled, [{ word: "lihgthouse", as: "lighthous" }]);
  }));

Deno.test("search() lifts a text whose neighbours in the thread have the word", () => {
  const at = (n: number, thread: string, position: number, text: string) =>
    put(e(n), text, { thread, source: "chat" }, { position });
  using(
    graphOf([
      at(0, "a", 0, "shall we meet in Lisbon"),
      at(1, "a", 1, "yes gladly"),
      at(2, "b", 0, "shall we meet elsewhere"),
      at(3, "b", 1, "yes gladly"),
    ]),
    (graph) => assert.deepEqual(found(graph, { text: "gladly Lisbon" }).slice(0, 3), [e(1), e(0), e(3)]),
  );
});

Deno.test("search() with exact finds the phrase alone", () =>
  using(graphOf([put(e(0), "Big red  Bus"), put(e(1), "red big bus")]), (graph) => {
    assert.deepEqual(found(graph, { exact: "big red bus" }), [e(0)]);
  }));

Deno.test("search() without words gives the newest made first, and a rewritten one keeps its place", () =>
  using(graphOf([put(e(0), "a"), put(e(1), "b")], [put(e(0), "c")]), (graph) => {
    assert.deepEqual(found(graph, {}), [e(1), e(0)]);
  }));

Deno.test("search() filters by kind, source, confidence, metadata, context and tick", () => {
  const graph = graphOf([
    context(x(0), "a"),
    put(e(0), "apple", { source: "s", metadata: { tags: ["x"] } }, { kind: "fact", confidence: 0.5 }),
    put(e(1), "apple"),
    join(x(0), e(1)),
  ], [put(e(2), "apple")]);
  using(graph, () => {
    assert.deepEqual(
      [
        { kind: "fact" as const },
        { source: "s" },
        { minConfidence: 0.6 },
        { metadata: { tags: ["x"] } },
        { context: x(0) },
        { changedSinceTick: 1 },
      ].map((filter) => found(graph, { text: "apple", ...filter })),
      [[e(0)], [e(0)], [e(1), e(2)], [e(0)], [e(1)], [e(2)]],
    );
  });
});

Deno.test("search() hides superseded engrams, or ranks them last when asked for", () =>
  using(
    graphOf([
      put(e(0), "tea tea tea", {}, { kind: "fact" }),
      put(e(1), "tea or coffee with milk", {}, { kind: "fact" }),
      link(c(0), e(1), e(0), "supersedes"),
    ]),
    (graph) => {
      assert.deepEqual(found(graph, { text: "tea" }), [e(1)]);
      assert.deepEqual(found(graph, { text: "tea", includeSuperseded: true }), [e(1), e(0)]);
    },
  ));

Deno.test("search() gives a reader the hits and scores it would get if nothing else existed", () => {
  const mine = [
    context(x(0), "a"),
    put(e(0), "salt water"),
    put(e(1), "salt"),
    join(x(0), e(0)),
    join(x(0), e(1)),
  ];
  const others = Array.from({ length: 20 }, (_, n) => put(e(10 + n), "salt and water and other words"));
  const query = { text: "salt water", limit: 10, readable: new Set([x(0)]) };
  using(
    graphOf(mine),
    (alone) =>
      using(graphOf([...mine, context(x(1), "b"), ...others, join(x(1), e(10))]), (together) => {
        assert.deepEqual(together.search(query), alone.search(query));
      }),
  );
});

Deno.test("search() follows memberships without a new version", () =>
  using(graphOf([context(x(0), "a"), put(e(0), "salt")]), (graph) => {
    const readable = new Set([x(0)]);
    assert.deepEqual(found(graph, { text: "salt", readable }), []);
    graph.commit(entry(graph, [join(x(0), e(0))]));
    assert.deepEqual(found(graph, { text: "salt", readable }), [e(0)]);
    graph.commit(entry(graph, [{ op: "member_remove", context: x(0), engram: e(0) }]));
    assert.deepEqual(found(graph, { text: "salt", readable }), []);
  }));

Deno.test("search() as of a tick gives what the same search gave then, and says that it scanned", () =>
  using(graphOf([put(e(0), "salt water"), put(e(1), "salt and pepper")]), (graph) => {
    const then = graph.search({ text: "salt pepper", limit: 10 });
    graph.commit(entry(graph, [put(e(0), "sugar"), put(e(2), "salt pepper pepper")]));
    const again = graph.search({ text: "salt pepper", limit: 10, asOf: 0 });
    assert.deepEqual(again, { ...then, scanned: true });
  }));

Deno.test("search() takes a step's staged writes for committed ones", () =>
  using(graphOf([put(e(0), "salt water"), put(e(1), "salt lake")]), (graph) => {
    const engram = graph.engram(e(0));
    assert(engram !== null);
    const staged = [{ ...engram, content: "sugar" }, { ...engram, id: e(9), content: "salt mine" }];
    const query = { staged, stagedDeleted: [e(1)] };
    assert.deepEqual(found(graph, { text: "salt", ...query }), [e(9)]);
    assert.deepEqual(found(graph, { text: "sugar", ...query }), [e(0)]);
  }));

Deno.test("search() for words pages by cursor without gap or repetition, equal scores and many hits included", () => {
  // Ids fall while versions rise.
  const writes = range(0, 1500).map((n) => put(e(1499 - n), `salt ${"water ".repeat(n % 7)}`));
  using(graphOf(writes), (graph) => {
    const ids = paged(graph, { text: "salt", limit: 170 });
    assert.deepEqual([ids.length, new Set(ids).size], [1500, 1500]);
  });
});

Deno.test("search() without words pages through everything, however much there is", () =>
  using(graphOf(range(0, 2500).map((n) => put(e(n), `note ${n}`))), (graph) => {
    assert.deepEqual(paged(graph, { limit: 400 }), range(0, 2500).reverse().map(e));
  }));

Deno.test("search() without words leaves out and repeats nothing while engrams are added and rewritten", () =>
  using(graphOf(range(0, 40).map((n) => put(e(n), `note ${n}`))), (graph) => {
    const ids = paged(graph, {}, (page) => {
      graph.commit(entry(graph, [put(e(100 + page), "later"), put(e(3), "again"), put(e(38), "again")]));
    });
    assert.deepEqual(ids, range(0, 40).reverse().map(e));
  }));

Deno.test("search() without words as of a tick pages through what was there then", () =>
  using(graphOf(range(0, 25).map((n) => put(e(n), `note ${n}`))), (graph) => {
    graph.commit(
      entry(graph, [put(e(30), "later"), put(e(2), "again"), { op: "engram_delete", id: e(9) }]),
    );
    const hits = graph.search({ limit: 30, asOf: 0 }).hits;
    assert.deepEqual(paged(graph, { asOf: 0 }), range(0, 25).reverse().map(e));
    assert.deepEqual(hits.at(-3)?.content, "note 2");
  }));

Deno.test("search() without words gives a reader the pages and cursors it would get if nothing else existed", () => {
  const mine = [
    context(x(0), "a"),
    ...range(0, 9).flatMap((n) => [put(e(n * 7), "m"), join(x(0), e(n * 7))]),
  ];
  const others = range(0, 60).filter((n) => n % 7 > 0).map((n) => put(e(n), "other"));
  using(graphOf(mine), (alone) =>
    using(graphOf([...mine, ...others]), (together) => {
      for (const cursor of [undefined, e(62), e(57), e(20)]) {
        const query = { limit: 3, readable: new Set([x(0)]), ...(cursor === undefined ? {} : { cursor }) };
        assert.deepEqual(together.search(query), alone.search(query));
      }
    }));
});

Deno.test("search() without words keeps to filters, and has no cursor where nothing more passes", () => {
  const writes = range(0, 30).flatMap((n) => [
    put(e(n), "text", { source: n % 3 === 0 ? "s" : "t", metadata: { n: n % 2 } }, {
      kind: n % 5 === 0 ? "fact" : "note",
    }),
    ...(n < 10 ? [join(x(0), e(n))] : []),
  ]);
  using(graphOf([context(x(0), "a"), ...writes, link(c(0), e(1), e(0), "supersedes")]), (graph) => {
    const listed = (query: Partial<SearchQuery>) => {
      const { hits, cursor } = graph.search({ limit: 4, ...query });
      return [...hits.map((hit) => hit.id), ...(cursor === undefined ? [] : [cursor])];
    };
    assert.deepEqual(listed({ kind: "fact", source: "s" }), [e(15)]);
    assert.deepEqual(listed({ kind: "fact", source: "s", includeSuperseded: true }), [e(15), e(0)]);
    assert.deepEqual(listed({ context: x(0), metadata: { n: 1 }, limit: 5 }), [9, 7, 5, 3, 1].map(e));
    assert.deepEqual(listed({ context: x(0), metadata: { n: 1 } }), [9, 7, 5, 3, 2].map(e));
  });
});

Deno.test("search() without words ends a page after so many texts that do not pass, and goes on by its cursor", () =>
  using(graphOf(range(0, searchLimits.documentsMax + 2).map((n) => put(e(n), "t"))), (graph) => {
    graph.commit(entry(graph, [put(e(0), "t", { metadata: { wanted: true } })]));
    const first = graph.search({ limit: 5, metadata: { wanted: true } });
    assert.deepEqual([first.hits.length, typeof first.cursor], [0, "string"]);
    assert.deepEqual(paged(graph, { metadata: { wanted: true } }), [e(0)]);
  }));

Deno.test("search() without words takes a step's staged writes for committed ones, in their place", () =>
  using(graphOf(range(0, 8).map((n) => put(e(n * 10), `note ${n}`))), (graph) => {
    const engram = graph.engram(e(30));
    assert(engram !== null);
    const staged = [{ ...engram, content: "again" }, { ...engram, id: e(35) }, { ...engram, id: e(99) }];
    const ids = paged(graph, { limit: 3, staged, stagedDeleted: [e(50), e(0)] });
    assert.deepEqual(ids, [99, 70, 60, 40, 35, 30, 20, 10].map(e));
  }));

Deno.test("search() with a phrase of marks alone finds the texts that hold it", () =>
  using(graphOf([put(e(0), "what ?!"), put(e(1), "what")]), (graph) => {
    assert.deepEqual(found(graph, { exact: "?!" }), [e(0)]);
  }));

Deno.test("search() cuts the snippet from the content around the match, unchanged", () => {
  const filler = "Nothing of note happened here. ".repeat(20);
  using(graphOf([put(e(0), `${filler}The Ünïcode lighthouse stood.${filler}`)]), (graph) => {
    const [hit] = graph.search({ text: "unicode lighthouse", limit: 1 }).hits;
    assert(hit !== undefined && hit.content.includes(hit.snippet) && hit.snippet.length <= 240);
    assert.match(hit.snippet, /Ünïcode lighthouse/);
  });
});

Deno.test("search() gives the same result before and after maintain(), and to a reader of the file", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/graph.db`;
  const graph = openGraph({ path });
  for (let n = 0; n < 20; n++) {
    graph.commit(entry(graph, [put(e(n), `salt ${n % 3 === 0 ? "water" : "lake"} ${n}`)]));
    if (n < 18) graph.search({ text: "salt", limit: 1 });
  }
  const reader = openGraph({ path, readOnly: true });
  const query = { text: "salt water 4", limit: 10 };
  const pending = reader.search(query);
  const before = graph.search(query);
  graph.maintain();
  assert.deepEqual([pending, graph.search(query), reader.search(query)], [before, before, before]);
  reader.close();
  graph.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("search() refuses a limit or cursor that is none", () =>
  using(graphOf([put(e(0), "a")]), (graph) => {
    const wrong = [{ limit: 0 }, { limit: 1001 }, { limit: 1, cursor: "x" }, { limit: 1, cursor: "o1" }];
    for (const query of [...wrong, { limit: 1, text: "a", cursor: e(0) }]) {
      assert.throws(() => graph.search(query), /Cannot search/);
    }
  }));

Deno.test("maintain() says that there is more until all is indexed, and search() does not wait for it", () => {
  const writes = Array.from({ length: 4001 }, (_, n) => put(e(n), n === 4000 ? "salt" : "water"));
  using(graphOf(writes), (graph) => {
    assert.equal(graph.maintain(), true);
    assert.deepEqual(found(graph, { text: "salt" }), [e(4000)]);
    assert.equal(graph.maintain(), false);
  });
});

Deno.test("search() as of a tick refuses to read more than it may; a reader of less, and search now, go on", () => {
  const graph = openGraph({ path: ":memory:", scannedCharsMax: 3000 });
  using(graph, () => {
    const texts = range(0, 1500).map((n) => put(e(n), `note ${n}`));
    graph.commit(
      entry(graph, [context(x(0), "small"), put(e(5000), "a small note"), join(x(0), e(5000)), ...texts]),
    );
    graph.commit(entry(graph, [put(e(0), "note of later")]));
    assert.throws(() => found(graph, { text: "note", asOf: 0 }), { code: "limit_reached" });
    assert.deepEqual(found(graph, { text: "note", asOf: 0, readable: new Set([x(0)]) }), [e(5000)]);
    assert.equal(found(graph, { text: "note" }).length, 10);
  });
});

Deno.test("search() as of a tick reads every row, however many pages they are", () =>
  using(graphOf(range(0, 2001).map((n) => put(e(n), `note ${n}`)), [put(e(0), "another")]), (graph) => {
    assert.deepEqual(found(graph, { text: "2000", asOf: 0 }), [e(2000)]);
    assert.deepEqual(paged(graph, { text: "note", asOf: 0, limit: 500 }).length, 2001);
  }));
