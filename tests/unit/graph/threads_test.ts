import assert from "node:assert/strict";
import { openGraph } from "../../../src/graph/mod.ts";
import { PostingIndex } from "../../../src/graph/index/postings.ts";
import { Sqlite } from "../../../src/graph/file/sqlite.ts";
import { Threads } from "../../../src/graph/index/threads.ts";
import { e, entry, put } from "./support.ts";

/** Which texts of a thread a recall lifts for a word that only one of them has. */
function lifted(graph: ReturnType<typeof openGraph>): string[] {
  return graph.recall({ question: "heron", k: 10 }).hits.map(({ content }) => content).sort();
}

const turn = (n: number, position: number, text: string, thread = "t") =>
  put(e(n), text, { thread, source: "chat" }, { position });

Deno.test("recall lifts the two turns before and the two after, and none of another thread", () => {
  using folder = temporary();
  const graph = openGraph({ path: `${folder.path}/graph.db` });
  const texts = ["far", "two before", "one before", "the heron", "one after", "two after", "beyond"];
  graph.commit(entry(graph, [...texts.map((text, at) => turn(at, at, text)), turn(9, 3, "elsewhere", "u")]));
  assert.deepEqual(lifted(graph), ["one after", "one before", "the heron", "two after", "two before"]);
  graph.close();
});

Deno.test("a turn that was deleted or moved is no neighbour, and one that is added later is", () => {
  using folder = temporary();
  const graph = openGraph({ path: `${folder.path}/graph.db` });
  graph.commit(entry(graph, [turn(0, 0, "before"), turn(1, 2, "the heron"), turn(2, 4, "after")]));
  assert.deepEqual(lifted(graph), ["after", "before", "the heron"]);
  const moved = turn(2, 0, "after", "another");
  graph.commit(entry(graph, [{ op: "engram_delete", id: e(0) }, moved, turn(3, 1, "between")]));
  assert.deepEqual(lifted(graph), ["between", "the heron"]);
  graph.close();
});

Deno.test("a reader's recall sees the neighbours that the writer committed since", () => {
  using folder = temporary();
  const path = `${folder.path}/graph.db`, graph = openGraph({ path });
  graph.commit(entry(graph, [turn(0, 0, "before"), turn(1, 2, "the heron")]));
  const reader = openGraph({ path, readOnly: true });
  assert.deepEqual(lifted(reader), ["before", "the heron"]);
  graph.commit(entry(graph, [turn(2, 4, "after"), turn(3, 1, "between")]));
  assert.deepEqual(lifted(reader), ["after", "before", "between", "the heron"]);
  reader.close();
  graph.close();
});

/** A connection that counts how often many rows are asked of it. */
class Counting extends Sqlite {
  asked = 0;

  override all(...args: Parameters<Sqlite["all"]>): ReturnType<Sqlite["all"]> {
    this.asked++;
    return super.all(...args);
  }
}

Deno.test("catchUp() passes versions without a place by once, and takes in what comes after them", () => {
  using folder = temporary();
  const path = `${folder.path}/graph.db`, graph = openGraph({ path });
  graph.commit(entry(graph, [put(e(0), "alone"), put(e(1), "alone too")]));
  const db = new Counting(path), threads = new Threads(db);
  assert.deepEqual([threads.catchUp(3), threads.catchUp(3), threads.catchUp(3)], [true, true, true]);
  assert.equal(db.asked, 1);
  graph.commit(entry(graph, [turn(2, 0, "first"), turn(3, 1, "second")]));
  assert.equal(threads.catchUp(5), true);
  assert.deepEqual(threads.beside(3, () => true)?.after, [4]);
  db.close();
  graph.close();
});

Deno.test("threaded() of the index is told of versions with a place in a thread alone", () => {
  using folder = temporary();
  const path = `${folder.path}/graph.db`, graph = openGraph({ path });
  const unplaced = put(e(1), "of a thread, at no place", { thread: "t", source: "chat" });
  graph.commit(entry(graph, [put(e(0), "alone"), unplaced, turn(2, 0, "first")]));
  const db = new Sqlite(path), index = new PostingIndex(db, false);
  index.catchUp();
  assert.deepEqual([1, 2, 3].map((rid) => [index.live(rid), index.threaded(rid)]), [
    [true, false],
    [true, false],
    [true, true],
  ]);
  db.close();
  graph.close();
});

function temporary(): { path: string; [Symbol.dispose](): void } {
  const path = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}
