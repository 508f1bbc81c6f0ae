import assert from "node:assert/strict";
import fc from "fast-check";
import { Doorbell, EngineEnd, WorkerEnd } from "../../../src/sandbox/channel.ts";
import { Reader, Writer } from "../../../src/sandbox/frame.ts";

/** A thread that sends back every frame it gets, written twice. */
function echo(end: EngineEnd, doorbell: Doorbell): Worker {
  const channel = new URL("../../../src/sandbox/channel.ts", import.meta.url).href;
  const frame = new URL("../../../src/sandbox/frame.ts", import.meta.url).href;
  const script = `
    import { WorkerEnd } from "${channel}";
    import { Reader, Writer } from "${frame}";
    self.onmessage = ({ data }) => {
      const end = new WorkerEnd(data);
      const reader = new Reader(), writer = new Writer();
      while (end.receive(reader)) {
        writer.reset();
        const bytes = reader.raw(reader.length);
        writer.raw(bytes);
        writer.raw(bytes);
        end.send(writer);
      }
      self.close();
    };`;
  const worker = new Worker(`data:application/javascript,${encodeURIComponent(script)}`, { type: "module" });
  worker.postMessage({ shared: end.shared, doorbell: doorbell.shared });
  return worker;
}

function exchange(end: EngineEnd, doorbell: Doorbell, frame: Uint8Array): Uint8Array {
  const writer = new Writer();
  writer.raw(frame);
  end.send(writer);
  writer.reset();
  writer.raw(new Uint8Array(frame.length).fill(0xee));
  const reader = new Reader();
  for (;;) {
    const seen = doorbell.rings;
    if (end.poll(reader)) return reader.raw(reader.length).slice();
    doorbell.wait(seen, 5000);
  }
}

// proves: deploy-3-queues, rfc-4.1-shared_array_buffer, rfc-4.1-atomics, rfc-9-workers
// proves: readme-4-shared_memory
Deno.test("a frame crosses whole, whatever its size against the area", () => {
  const doorbell = new Doorbell();
  const end = new EngineEnd(64);
  const worker = echo(end, doorbell);
  try {
    for (const size of [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000]) {
      const frame = Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
      const answer = exchange(end, doorbell, frame);
      assert.deepEqual(answer, new Uint8Array([...frame, ...frame]), `${size} bytes`);
    }
  } finally {
    end.stop();
    worker.terminate();
  }
});

Deno.test("stop() ends a worker that waits for its turn", () => {
  const doorbell = new Doorbell();
  const end = new EngineEnd(64);
  const worker = new WorkerEnd({ shared: end.shared, doorbell: doorbell.shared });
  end.stop();
  assert.equal(worker.receive(new Reader()), false);
});

// proves: rfc-3.2-typed_messages
Deno.test("what a Writer writes a Reader reads", () => {
  const item = fc.oneof(
    fc.record({ kind: fc.constant("u8" as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
    fc.record({ kind: fc.constant("i32" as const), value: fc.integer() }),
    fc.record({ kind: fc.constant("f64" as const), value: fc.double() }),
    fc.record({
      kind: fc.constant("i64" as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ kind: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
    fc.record({ kind: fc.constant("blob" as const), value: fc.uint8Array() }),
  );
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const writer = new Writer();
      for (const each of items) {
        if (each.kind === "i64") writer.i64(each.value);
        else if (each.kind === "text") writer.text(each.value);
        else if (each.kind === "blob") writer.blob(each.value);
        else writer[each.kind](each.value);
      }
      const reader = new Reader();
      reader.append(writer.bytes.subarray(0, writer.length));
      const read = items.map(({ kind }) => kind === "blob" ? reader.blob().slice() : reader[kind]());
      assert.deepEqual(read, items.map(({ value }) => value));
      assert.equal(reader.done, true);
    }),
    { numRuns: 100 },
  );
});

Deno.test("a Reader refuses to read past the end of its frame", () => {
  const reader = new Reader();
  reader.append(new Uint8Array([5, 0, 0, 0, 1]));
  assert.throws(() => reader.blob(), RangeError);
});

Deno.test("a Reader gives null for text that is not UTF-8", () => {
  const reader = new Reader();
  reader.append(new Uint8Array([0xc3, 0x28]));
  assert.equal(reader.utf8(2), null);
});
