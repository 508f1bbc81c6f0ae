/** Killed with SIGKILL at any instant, everything acknowledged is there; the rest is there whole or not at all. */
import assert from "node:assert/strict";
import { openRuntime, replay } from "../../src/mod.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const kills = 6;

async function writeAndKill(data: string, prefix: string, afterMs: number): Promise<string[]> {
  const script = new URL("../support/writer_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, data, prefix],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let text = "", started = false;
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (started) continue;
    started = true;
    setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  await child.status;
  // A line cut by the kill was not read whole by anyone: it is no acknowledgement.
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((id) => id !== "");
}

// proves: engram-4.4-atomic, rfc-7-replay, rfc-4.2-replay_log
Deno.test("a host killed at any instant keeps every acknowledged write, once, and replays", async () => {
  using folder = temporaryFolder();
  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round++) {
    const ids = await writeAndKill(folder.path, `round ${round}`, 5 + round * 37);
    assert.ok(ids.length > 0);
    acknowledged.push(...ids);
    const runtime = await openRuntime({ data: folder.path, workers: 1 });
    for (const id of ids) assert.equal((await runtime.view({ view: "engram", id })).id, id);
    const contents = new Map<string, number>();
    let after = "e";
    for (;;) {
      const page = await runtime.view({ view: "export", limit: 1000, after });
      for (const { content } of page.engrams) contents.set(content, (contents.get(content) ?? 0) + 1);
      if (page.next === null) break;
      after = page.next;
    }
    assert.deepEqual([...contents].filter(([, count]) => count > 1), []);
    await runtime.close();
  }
  assert.equal(new Set(acknowledged).size, acknowledged.length);
  const report = await replay({ data: folder.path, workers: 2 });
  assert.deepEqual(report.first, undefined);
});
