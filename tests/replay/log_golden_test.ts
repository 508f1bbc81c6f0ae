/**
 * The released log formats: a log written once by each must open, verify, decode and hash the same for ever.
 * A golden is never changed; a new format adds a folder. `deno run -A tests/replay/log_golden_test.ts --write FOLDER`
 * writes the golden of this build's format to a new folder.
 */

import assert from "node:assert/strict";
import { Payload } from "../../src/kernel/payload.ts";
import {
  encodeEntry,
  erasePayloads,
  MemoryDisk,
  openLog,
  realDisk,
  repairLog,
  toHex,
} from "../../src/log/mod.ts";

const folder = new URL("goldens/log_v1", import.meta.url);

/** Bodies that touch every canonical rule. */
const bodies: readonly unknown[] = [
  {},
  { tick: 1, commands: [{ kind: "remember", texts: Payload.text("The blue heron is back."), by: "owner" }] },
  [null, true, false, 0, -0, 127, 128, 255, 256, 65535, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER],
  [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER, 0.1, -1.5, 1e300],
  {
    "10": "ten",
    "9": "nine",
    b: "é",
    B: "🧠",
    "": "x".repeat(31),
    long: "y".repeat(32),
    "ß": "z".repeat(256),
  },
  { bytes: [new Uint8Array(0), Uint8Array.of(0, 255), new Uint8Array(256).fill(7)], nested: [[[{ a: [] }]]] },
  { forgotten: Payload.text("This was erased."), kept: [new Payload(new Uint8Array(0)), Payload.text("ü")] },
];

const hashes = [
  "dd9ca903b0b310d7d1ae0a5564307f88063bbd978bd920e5fcbc4f41c1795a3e",
  "105ed553049baaf8be0e47af6fe02c2a091212b5706a089a40510dd819a19604",
  "2e19ffb3dcf6486cc8aac5c151a96535c6ece29b3237a8be271756a75ae4e1c1",
  "80775349af5c47a80badf479bca0c79cf7b4ae675ea11f8a078198ac1d9763da",
  "495a6527cd659e5ffb04a8c6f780385a83d804830ef622a717f64c6d05393306",
  "0f934d31c0488aa6b1eccaa317d543c3479258d15fc7185830298bc031bdfcce",
  "dd5caf22e469f697e27428bf6bb75c884ce23e7f619c2953336a4d769c5d934f",
];

function write(path: string): void {
  const disk = realDisk(path);
  const log = openLog(disk, { preallocateBytes: 2048, segmentBytesMax: 1200 });
  let salt = 0;
  for (const body of bodies) {
    const { hash } = log.append(encodeEntry(body, () => new Uint8Array(16).fill(++salt)));
    console.log(`  "${toHex(hash)}",`);
  }
  log.close();
  erasePayloads(disk, new Map([[6, new Set([0])]]));
}

/** The golden, copied so that nothing can change it. */
function golden(): MemoryDisk {
  const disk = new MemoryDisk();
  for (const { name } of Deno.readDirSync(new URL(`${folder.href}/log`))) {
    disk.put(`log/${name}`, Deno.readFileSync(new URL(`${folder.href}/log/${name}`)));
  }
  return disk;
}

/** A body with payloads and binaries told as text, and no negative zero. */
function plain(value: unknown): unknown {
  if (value instanceof Payload) return value.bytes === null ? "erased" : `payload ${toHex(value.bytes)}`;
  if (value instanceof Uint8Array) return `bytes ${toHex(value)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

if (import.meta.main && Deno.args[0] === "--write" && Deno.args[1] !== undefined) {
  write(Deno.args[1]);
} else {
  Deno.test("a log of format 1 verifies", () => {
    const log = openLog(golden(), { readOnly: true });
    assert.deepEqual(log.verify(), { ok: true, entries: bodies.length });
    log.close();
  });

  Deno.test("a log of format 1 has its hashes", () => {
    const log = openLog(golden(), { readOnly: true });
    assert.deepEqual(bodies.map((_, i) => toHex(log.hashAt(i))), hashes);
    log.close();
  });

  Deno.test("a log of format 1 decodes to its bodies", () => {
    const log = openLog(golden(), { readOnly: true });
    const expected = bodies.map((body, i) =>
      i === 6 ? { ...plain(body) as object, forgotten: "erased" } : plain(body)
    );
    assert.deepEqual([...log.entries(0)].map(({ body }) => plain(body)), expected);
    log.close();
  });

  Deno.test("a log of format 1, encoded again, has the same bytes", () => {
    const log = openLog(golden(), { readOnly: true });
    for (const { body, bodyBytes } of log.entries(0)) {
      assert.deepEqual(encodeEntry(body, () => assert.fail("salts are in the log")).bodyBytes, bodyBytes);
    }
    log.close();
  });

  Deno.test("a log of format 1 needs no repair and can be continued", () => {
    const disk = golden();
    assert.equal(repairLog(disk).damage, null);
    const log = openLog(disk);
    log.append(encodeEntry({ later: true }, () => new Uint8Array(16)));
    assert.deepEqual(log.verify(), { ok: true, entries: bodies.length + 1 });
    log.close();
  });
}
