/** Two versions of the program on one data folder: the newer takes over, the older is told to upgrade. */
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { findHost } from "../../src/api/mod.ts";
import { dataPaths, readHostFile } from "../../src/runtime/data_folder.ts";
import {
  hostPid,
  hostProcesses,
  lives,
  type Program,
  programOfVersion,
  runProgram,
  Shim,
  until,
} from "../support/life.ts";
import { temporaryFolder } from "../support/runtimes.ts";

/** The version of a folder's host, by its file and by what it answers. */
async function hostVersion(data: string): Promise<string | null> {
  const port = await findHost(data);
  if (port === null) return null;
  const { version } = await port.view({ view: "status" });
  await port.close();
  assert.equal(readHostFile(dataPaths(data))?.version, version);
  return version;
}

async function engrams(data: string): Promise<number | undefined> {
  return (await (await findHost(data))?.view({ view: "status" }))?.engrams;
}

const stopHost = (data: string, program?: Program) =>
  runProgram(["down", "--data", data, "--quiet"], program);

Deno.test("a newer shim has an older host answer what is under way and end, and is served by its own", async () => {
  using folder = temporaryFolder();
  using older = programOfVersion("0.0.9");
  const data = folder.path;
  const first = new Shim(data, {}, older);
  try {
    assert(await first.begin());
    assert.equal(await hostVersion(data), "0.0.9");
    const olderPid = hostPid(data) ?? 0;
    // Many at once, so that some are under way when the newer one comes.
    const asked = Array.from({ length: 30 }, (_, at) => first.remember(`memory ${at}`));
    const second = new Shim(data);
    try {
      assert(await second.begin());
      const acknowledged = (await Promise.all(asked)).filter((kept) => kept).length;
      assert.equal(await hostVersion(data), config.version);
      await until("the older host has ended", () => !lives(olderPid) || null);
      assert(acknowledged > 0 && (await engrams(data) ?? 0) >= acknowledged);
      assert(await second.remember("by the newer"));
      const { code, err } = await first.end();
      assert.equal(code, 8);
      assert.match(err, /connection to the host ended/);
      const { out } = await runProgram(["logs", "--data", data]);
      assert.match(out, new RegExp(`engramlt ${RegExp.escape(config.version)}, newer than this, takes over`));
    } finally {
      await second.end();
    }
  } finally {
    await first.end();
    await stopHost(data);
  }
});

Deno.test("an older shim is told to upgrade, and the newer host goes on", async () => {
  using folder = temporaryFolder();
  using older = programOfVersion("0.0.9");
  const data = folder.path;
  const first = new Shim(data);
  try {
    assert(await first.begin());
    const pid = hostPid(data);
    const second = new Shim(data, {}, older);
    const { code, err } = await second.end();
    assert.equal(code, 8);
    assert.match(err, new RegExp(`Cannot serve engramlt 0\\.0\\.9: .* is ${RegExp.escape(config.version)}`));
    assert.match(err, /\nhint: Upgrade this engramlt/);
    assert.equal(hostPid(data), pid);
    assert(await first.remember("still served"));
  } finally {
    await first.end();
    await stopHost(data);
  }
});

Deno.test("five newer shims at once leave one newer host, whoever asks the older first", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  using folder = temporaryFolder();
  using newer = programOfVersion("99.0.0");
  const data = folder.path;
  const first = new Shim(data);
  const shims: Shim[] = [];
  try {
    assert(await first.begin());
    for (let at = 0; at < 5; at++) shims.push(new Shim(data, {}, newer));
    const served = await Promise.all(
      shims.map(async (shim, at) => await shim.begin() && await shim.remember(`from ${at}`)),
    );
    assert.deepEqual(served, Array(5).fill(true));
    assert.equal(readHostFile(dataPaths(data))?.version, "99.0.0");
    await until("one process is left", () => hostProcesses(data).length === 1 || null);
    assert.equal(await engrams(data), 5);
  } finally {
    await Promise.all([first, ...shims].map((shim) => shim.end()));
    await stopHost(data, newer);
  }
});
