import assert from "node:assert/strict";
import { pastLimits, PastReads } from "../../../src/runtime/views/past_reads.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("readings of the past are done one after the other, whoever asks", async () => {
  const past = new PastReads(() => performance.now()), seen: string[] = [];
  await Promise.all(["a", "b", "c"].map((name) =>
    past.read(async () => {
      seen.push(`${name} begins`);
      await wait(2);
      seen.push(`${name} ends`);
    })
  ));
  assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

Deno.test("a reading begins after the command that is under way, and a failed one bars no other", async () => {
  const past = new PastReads(() => performance.now()), seen: string[] = [];
  const command = past.command(async () => {
    await wait(pastLimits.giveWayMs.min / 4);
    seen.push("command");
  });
  const failed = past.read(() => Promise.reject(new Error("lost")));
  const reading = past.read(() => Promise.resolve(seen.push("reading")));
  await assert.rejects(failed, /lost/);
  await Promise.all([command, reading]);
  assert.deepEqual(seen, ["command", "reading"]);
});

Deno.test("a reading is not starved by commands without end", async () => {
  const past = new PastReads(() => performance.now()), over = Promise.withResolvers<void>();
  const command = past.command(() => over.promise);
  assert.equal(await past.read(() => Promise.resolve("read")), "read");
  over.resolve();
  await command;
});
