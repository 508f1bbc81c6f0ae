import assert from "node:assert/strict";
import { c, context, e, entry, graphOf, join, link, put, x } from "./support.ts";

const puts = (count: number) => Array.from({ length: count }, (_, n) => put(e(n), `text ${n}`));

/** 0 → 1 → 3, 0 → 2 → 3, 3 → 4. */
const diamond = () =>
  graphOf([
    ...puts(5),
    link(c(0), e(0), e(1)),
    link(c(1), e(0), e(2), "from", 0.5),
    link(c(2), e(1), e(3)),
    link(c(3), e(2), e(3)),
    link(c(4), e(3), e(4)),
  ]);

Deno.test("neighbors() gives the nearest first, then by id, each once with its last connection", () => {
  const graph = diamond();
  const found = graph.neighbors(e(0), { depth: 3, limit: 10 });
  assert.deepEqual(found.map((one) => [one.engram.id, one.depth, one.via.id, one.via.from]), [
    [e(1), 1, c(0), e(0)],
    [e(2), 1, c(1), e(0)],
    [e(3), 2, c(2), e(1)],
    [e(4), 3, c(4), e(3)],
  ]);
  graph.close();
});

Deno.test("neighbors() keeps to type, direction, depth and limit", () => {
  const graph = diamond();
  const ids = (options: Parameters<typeof graph.neighbors>[1]) =>
    graph.neighbors(e(3), options).map((one) => one.engram.id);
  assert.deepEqual(ids({ depth: 1, limit: 10, direction: "out" }), [e(4)]);
  assert.deepEqual(ids({ depth: 1, limit: 10, direction: "in" }), [e(1), e(2)]);
  assert.deepEqual(ids({ depth: 2, limit: 1 }), [e(1)]);
  assert.deepEqual(ids({ depth: 2, limit: 10, type: "from" }), []);
  graph.close();
});

Deno.test("neighbors() as of a tick walks the connections of then", () => {
  const graph = diamond();
  graph.commit(entry(graph, [{ op: "connection_delete", id: c(0) }, { op: "connection_delete", id: c(1) }]));
  assert.deepEqual(graph.neighbors(e(0), { depth: 2, limit: 10 }), []);
  assert.equal(graph.neighbors(e(0), { depth: 2, limit: 10, asOf: 0 }).length, 3);
  graph.close();
});

Deno.test("walks never pass through an engram the reader can't see", () => {
  const graph = diamond();
  graph.commit(entry(graph, [context(x(0), "a"), ...[0, 1, 3, 4].map((n) => join(x(0), e(n)))]));
  const readable = new Set([x(0)]);
  assert.deepEqual(
    graph.neighbors(e(0), { depth: 3, limit: 10, readable }).map((one) => one.engram.id),
    [e(1), e(3), e(4)],
  );
  const paths = graph.paths(e(0), e(4), { depthMax: 8, pathsMax: 10, readable });
  assert.deepEqual(paths.map((path) => path.engrams), [[e(0), e(1), e(3), e(4)]]);
  graph.close();
});

Deno.test("paths() gives simple paths, the shortest first, then the heavier", () => {
  const graph = diamond();
  graph.commit(entry(graph, [link(c(5), e(1), e(2))]));
  const paths = graph.paths(e(0), e(3), { depthMax: 4, pathsMax: 10 });
  assert.deepEqual(
    paths.map((path) => [path.engrams.map((id) => [0, 1, 2, 3].find((n) => e(n) === id)), path.weight]),
    [
      [[0, 1, 3], 2],
      [[0, 2, 3], 1.5],
      [[0, 1, 2, 3], 3],
      [[0, 2, 1, 3], 2.5],
    ],
  );
  graph.close();
});

Deno.test("paths() takes connections against their direction", () => {
  const graph = diamond();
  assert.equal(graph.paths(e(4), e(0), { depthMax: 3, pathsMax: 1 })[0]?.connections[0]?.id, c(4));
  graph.close();
});

Deno.test("paths() in a graph with more ways than can be walked ends with the same answer each time", () => {
  const links = Array.from(
    { length: 30 },
    (_, a) => Array.from({ length: 30 }, (_, b) => ({ a, b })).filter((pair) => pair.a < pair.b),
  ).flat();
  const graph = graphOf([...puts(30), ...links.map(({ a, b }, n) => link(c(n), e(a), e(b), "mentions", n))]);
  const ask = () => graph.paths(e(0), e(29), { depthMax: 8, pathsMax: 1000 });
  const first = ask();
  assert(first.length > 0 && first[0]?.engrams.length === 2);
  assert.deepEqual(ask(), first);
  graph.close();
});
