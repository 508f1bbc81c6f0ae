import assert from "node:assert/strict";
import { HostLog, hostLogLimits, logFiles } from "../../../src/api/host/log.ts";
import { EngramError } from "../../../src/kernel/errors.ts";

function withFolder(work: (path: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
  try {
    work(`${folder}/host.log`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const sizes = (path: string) =>
  logFiles(path, 99).map((file) => {
    try {
      return Deno.statSync(file).size;
    } catch {
      return null;
    }
  }).filter((size) => size !== null);

Deno.test("HostLog writes time, level and text on one line, whatever the text holds", () =>
  withFolder((path) => {
    const log = new HostLog(path, { now: () => 0 });
    log.write("warn", "two\nlines\x1b[31m");
    log.close();
    assert.equal(Deno.readTextFileSync(path), "1970-01-01T00:00:00.000Z warn  two\\nlines [31m\n");
    if (Deno.build.os !== "windows") assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("HostLog keeps to the bounds of a file and of their number, and the newest lines", () =>
  withFolder((path) => {
    const log = new HostLog(path, { fileBytesMax: 500, filesMax: 3 });
    for (let at = 0; at < 200; at++) log.write("info", `line ${at}`);
    log.close();
    assert(sizes(path).every((size) => size > 0 && size <= 500), sizes(path).join());
    assert.equal(sizes(path).length, 3);
    const kept = logFiles(path, 3).reverse().map((file) => Deno.readTextFileSync(file)).join("");
    const numbers = [...kept.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    assert.equal(numbers.at(-1), 199);
    assert(numbers.every((number, at) => at === 0 || number === (numbers[at - 1] ?? 0) + 1));
  }));

Deno.test("HostLog tells its lines as well, but for an error that is thrown", () =>
  withFolder((path) => {
    const told: string[] = [];
    const log = new HostLog(path, { now: () => 0, onLine: (level, text) => told.push(`${level} ${text}`) });
    log.error(new EngramError("io_failed", "Cannot write"));
    log.thrown(new EngramError("io_failed", "Cannot listen"));
    log.close();
    assert.deepEqual(told, ["error Cannot write"]);
    assert.match(Deno.readTextFileSync(path), /error Cannot write\n.* error Cannot listen\n$/);
  }));

Deno.test("HostLog goes on in the file of the host before", () =>
  withFolder((path) => {
    for (const text of ["first", "second"]) {
      const log = new HostLog(path, { now: () => 0 });
      log.write("info", text);
      log.close();
    }
    assert.deepEqual(Deno.readTextFileSync(path).match(/first|second/g), ["first", "second"]);
  }));

Deno.test("HostLog cuts a text that is longer than a line may be", () =>
  withFolder((path) => {
    const log = new HostLog(path);
    log.write("info", "x".repeat(100_000));
    log.close();
    assert(Deno.statSync(path).size < hostLogLimits.lineCharsMax + 100);
  }));

Deno.test("HostLog counts the lines that it cannot write, and tells with the next", () =>
  withFolder((path) => {
    Deno.mkdirSync(path); // a folder in its place
    const log = new HostLog(path);
    log.write("info", "lost");
    log.write("info", "lost too");
    Deno.removeSync(path);
    log.write("info", "written");
    log.close();
    assert.match(Deno.readTextFileSync(path), /warn {2}2 lines before this one .*\n.*written\n$/);
  }));

Deno.test("HostLog tells a refusal in its words and a fault with its stack", () =>
  withFolder((path) => {
    const log = new HostLog(path);
    log.error(new EngramError("disk_full", "Cannot go on: the disk is full"));
    log.error(new Error("Fault: odd"));
    log.close();
    const [first = "", second = ""] = Deno.readTextFileSync(path).split("\n");
    assert.match(first, /error Cannot go on: the disk is full$/);
    assert.match(second, /error Error: Fault: odd\\n {4}at /);
  }));
