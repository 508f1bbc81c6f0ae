import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { fileURLToPath } from "node:url";

const own = getPriority();
const cannotStepBack = Deno.build.os !== "linux" || own >= 10;
const module = JSON.stringify(new URL("../../../src/model/low_priority.ts", import.meta.url).href);

/** A worker that steps back, and does `then` at each message. */
function start(then: string, permissions: Deno.PermissionOptions): Worker {
  const script = `import { getPriority } from "node:os";
    import { stepBack } from ${module};
    stepBack();
    globalThis.onmessage = () => postMessage(${then});`;
  const url = `data:application/javascript,${encodeURIComponent(script)}`;
  return new Worker(url, { type: "module", deno: { permissions } });
}

function asked<Answer>(worker: Worker): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage("tell");
  });
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 25));

Deno.test({
  name: "stepBack() moves its own thread behind the others, and no other thread",
  ignore: cannotStepBack,
  fn: async () => {
    const worker = start("getPriority()", { read: true, sys: ["setPriority", "getPriority"] });
    let nice = own;
    for (let left = 200; left > 0 && nice === own; left--) {
      await soon();
      nice = await asked<number>(worker);
    }
    assert.equal(nice, 10);
    assert.equal(getPriority(), own);
    worker.terminate();
  },
});

Deno.test("a thread that may not step back goes on as it is", async () => {
  const worker = start("'still here'", { read: true, sys: false });
  for (let left = 4; left > 0; left--) {
    assert.equal(await asked(worker), "still here"); // an error that it does not catch would end it
    await soon();
  }
  worker.terminate();
});

/** Prints the nice values that threads of a process with a reader have, once there are two. */
const readerProcess = (root: URL) =>
  `const { openRuntime } = await import(${JSON.stringify(new URL("src/runtime/runtime.ts", root).href)});
  const { startReader } = await import(${
    JSON.stringify(new URL("src/runtime/views/reader_client.ts", root).href)
  });
  const data = Deno.makeTempDirSync();
  const runtime = await openRuntime({ data, seed: 1 });
  const reader = await startReader(data);
  const niceOf = ({ name }) =>
    Number(Deno.readTextFileSync("/proc/self/task/" + name + "/stat").split(/\\) (?=[A-Z] )/)[1].split(" ")[16]);
  let values = new Set();
  for (let left = 200; left > 0 && values.size < 2; left--) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    values = new Set(Array.from(Deno.readDirSync("/proc/self/task"), niceOf));
  }
  console.log(JSON.stringify([...values].sort((a, b) => a - b)));
  reader.close();
  await runtime.close();
  Deno.removeSync(data, { recursive: true });
  Deno.exit(0);`;

Deno.test({
  name: "the reader of a folder stands behind the engine",
  ignore: cannotStepBack,
  fn: async () => {
    const root = new URL("../../../", import.meta.url);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-check",
        "--config",
        fileURLToPath(new URL("deno.json", root)),
        readerProcess(root),
      ],
    }).output();
    assert.deepEqual(
      JSON.parse(new TextDecoder().decode(stdout)),
      [own, 10],
      new TextDecoder().decode(stderr),
    );
  },
});
