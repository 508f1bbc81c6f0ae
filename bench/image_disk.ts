/**
 * What the images of one hot agent take on the disk: an agent that keeps 16 MiB of linear memory, all of it in use, and
 * runs without a pause.
 *
 *   deno run -A bench/image_disk.ts [STEPS]      4,096 steps unless told
 */
import { openBlobs, realDisk } from "../src/log/mod.ts";
import { openRuntime } from "../src/mod.ts";
import { isImage } from "../src/sandbox/mod.ts";
import { wat } from "../tests/support/wat.ts";

/** Images and their bytes. */
export interface ImageDisk {
  /** Named by entries: what stood on the disk if none were removed. */
  readonly named: number;
  readonly namedBytes: number;
  /** The most that lay there while it ran. */
  readonly peakBytes: number;
  /** Left after an idle moment. */
  readonly left: number;
  readonly leftBytes: number;
}

/** Counts its steps in its first word; all but the first page of its memory is filled when it is loaded. */
const hot = (pages: number) =>
  wat(`(module
  (memory (export "memory") ${pages})
  (func (export "initialize") (param i32 i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const ${(pages - 1) * 65_536}))
    (i32.const 0))
  (func (export "release"))
  (global $heap (mut i32) (i32.const 32768))
  (func (export "engram_alloc") (param $size i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (i32.add (local.get $size) (i32.const 8))))
    (i32.sub (global.get $heap) (local.get $size)))
  (func (export "engram_free") (param i32 i32) (global.set $heap (i32.const 32768)))
  (func (export "execute") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (i32.const 0))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0)))`);

/** Runs the agent; `pages` of 64 KiB are its memory. */
export async function imageDisk(
  options: { readonly steps: number; readonly pages: number },
): Promise<ImageDisk> {
  const root = Deno.makeTempDirSync({ prefix: "engramlt-disk-" });
  const data = `${root}/data`, blobs = openBlobs(realDisk(data));
  const onDisk = (): number[] =>
    blobs.hashes().filter((sha) => isImage(blobs.head(sha, 4)))
      .map((sha) => Deno.statSync(`${data}/blobs/${sha}`).size);
  const sum = (sizes: readonly number[]) => sizes.reduce((all, one) => all + one, 0);
  const runtime = await openRuntime({ data, seed: 1, workers: 1 });
  try {
    await runtime.submit({ kind: "agent_load", agent: "hot", wasm: hot(options.pages).toBase64() });
    const { limits } = await runtime.view({ view: "info" });
    let peakBytes = 0;
    for (let step = 0; step < options.steps; step++) {
      await runtime.submit({ kind: "execute", agent: "hot", action: "work", params: "{}" });
      if (step % 64 === 63) peakBytes = Math.max(peakBytes, sum(onDisk()));
    }
    while (runtime.maintain());
    const sizes = onDisk();
    const named = Math.floor((options.steps + 1) / (limits.imageStepsMax ?? 1));
    const each = sizes[0] ?? 0;
    return { named, namedBytes: named * each, peakBytes, left: sizes.length, leftBytes: sum(sizes) };
  } finally {
    await runtime.close();
    Deno.removeSync(root, { recursive: true });
  }
}

if (import.meta.main) {
  const steps = Number(Deno.args[0] ?? 4096);
  const { named, namedBytes, peakBytes, left, leftBytes } = await imageDisk({ steps, pages: 256 });
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`${steps} steps of an agent with 16 MiB of memory, never idle`);
  console.log(`images named by the log        ${named}, ${mib(namedBytes)}`);
  console.log(`on the disk while it ran       ${mib(peakBytes)} at most`);
  console.log(`on the disk after a pause      ${left}, ${mib(leftBytes)}`);
}
