/**
 * The log: what one durable entry costs, against the bare write and sync of the same disk, and what opening costs.
 *
 * Baselines write the same number of bytes into zeros that were preallocated, and sync them, with nothing else. The
 * rest of an append is two hashes' worth of the body (SHA-256 for the chain, xxHash32 for the frame). `--smoke` opens a
 * shorter log.
 */

import { Payload } from "../src/kernel/payload.ts";
import { type EncodedEntry, encodeEntry, type Log, openLog, realDisk } from "../src/log/mod.ts";
import { bench, runBenches, smoke, temporary } from "./measure.ts";

const entriesOpened = smoke ? 500 : 10_000;
const folder = temporary();

const salt = new Uint8Array(16).fill(7);
const salts = () => salt;

/** A writer of `bytes` into a preallocated file, again and again from its start. */
function raw(bytes: number): () => void {
  const file = Deno.openSync(`${folder}/raw-${bytes}`, { create: true, write: true });
  const size = 16 * 1024 * 1024;
  file.writeSync(new Uint8Array(size));
  file.syncSync();
  const frame = new Uint8Array(bytes).fill(1);
  let at = 0;
  return () => {
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(frame);
    file.syncDataSync();
    at = (at + bytes) % (size - bytes);
  };
}

function log(name: string): Log {
  return openLog(realDisk(`${folder}/${name}`));
}

const payloadEntry = (bytes: number): EncodedEntry =>
  encodeEntry({ text: new Payload(new Uint8Array(bytes).fill(1)) }, salts);

for (const [name, bytes] of [["4 KB", 4096], ["10 KB", 10_240]] as const) {
  const group = `append ${name}`;
  const bare = raw(bytes);
  bench({ name: `write and sync ${name}`, group, baseline: true, fn: bare });
  const inPayload = log(`payload-${bytes}`);
  const entry = payloadEntry(bytes - 200);
  bench({
    name: `append ${name}, most of it in a payload`,
    group,
    fn: () => void inPayload.append(entry),
  });
  const inBody = log(`body-${bytes}`);
  const body = encodeEntry({ bytes: new Uint8Array(bytes - 200).fill(1) }, salts);
  bench({ name: `append ${name}, all of it in the body`, group, fn: () => void inBody.append(body) });
}

const tick = {
  tick: 1,
  steps: Array.from({ length: 50 }, (_, seat) => ({
    seat,
    agent: `agent-${seat}`,
    outcome: "completed",
    fuelUsed: 120_000 + seat,
    writes: [{
      op: "create",
      id: `e${seat}`,
      confidence: 0.5,
      texts: Payload.text("a line of some length ".repeat(4)),
    }],
  })),
};
bench({
  name: "JSON.stringify",
  group: "encode a tick of 50 steps",
  baseline: true,
  fn: () => void JSON.stringify(tick),
});
bench({
  name: "encodeEntry, with 50 payload digests",
  group: "encode a tick of 50 steps",
  fn: () => void encodeEntry(tick, salts),
});

const long = log("long");
for (let i = 0; i < entriesOpened; i++) long.append(payloadEntry(400));
long.close();
const longSegment = `${folder}/long/log/0000000000000000.log`;
bench({
  name: "read the whole file",
  group: `open a log of ${entriesOpened} entries`,
  baseline: true,
  fn: () => void Deno.readFileSync(longSegment),
});
bench({
  name: "openLog",
  group: `open a log of ${entriesOpened} entries`,
  fn: () => openLog(realDisk(`${folder}/long`), { appliedIndex: entriesOpened - 1 }).close(),
});

await runBenches();
