import assert from "node:assert/strict";
import {
  authorityOf,
  checkListenAddress,
  exposure,
  hostNames,
  isHostName,
  isOwnOrigin,
  localAddress,
} from "../../../src/api/addresses.ts";
import { EngramError } from "../../../src/kernel/errors.ts";

function refused(address: string, allowRemote: boolean): string {
  try {
    checkListenAddress(address, allowRemote);
  } catch (error) {
    assert(error instanceof EngramError && error.code === "usage");
    return error.message;
  }
  throw new Error("it was not refused");
}

Deno.test("checkListenAddress() takes this machine's own addresses without an agreement", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1"]) {
    assert.equal(checkListenAddress(address, false), address);
  }
  assert.equal(checkListenAddress("localhost", false), "127.0.0.1");
});

Deno.test("checkListenAddress() takes what others reach only with an agreement", () => {
  for (const address of ["0.0.0.0", "::", "192.168.1.7", "fe80::1", "::ffff:10.0.0.1"]) {
    assert.match(refused(address, false), /other machines could reach it/);
    assert.equal(checkListenAddress(address, true), address);
  }
});

Deno.test("checkListenAddress() refuses what is no address, agreed or not", () => {
  for (const address of ["", "example.org", "127.1", "1.2.3.4.5", "[::1]", "127.0.0.1:80", "0"]) {
    assert.match(refused(address, true), /it is no IP address/, address);
  }
});

Deno.test("exposure() says what is given away where others reach the host, and nothing where none does", () => {
  assert.equal(exposure("127.0.0.1"), null);
  assert.match(exposure("0.0.0.0") ?? "", /^Every machine .* not encrypted/);
  assert.match(exposure("10.0.0.1") ?? "", /^Whoever reaches 10\.0\.0\.1/);
});

Deno.test("isHostName() takes the address, localhost for this machine's, and names that were allowed", () => {
  const own = { authority: "127.0.0.1:4100" };
  assert.deepEqual(hostNames(own), ["127.0.0.1:4100", "localhost:4100"]);
  for (const host of ["evil.example:4100", "127.0.0.1:4101", "127.0.0.1", "192.168.1.7:4100", ""]) {
    assert(!isHostName(host, own), host);
  }
  const named = { ...own, allowed: ["Memory.example", "other.example:8443"] };
  for (const host of ["memory.example", "memory.example:4100", "other.example:8443"]) {
    assert(isHostName(host, named));
  }
  for (const host of ["memory.example:80", "other.example", "a.memory.example"]) {
    assert(!isHostName(host, named));
  }
  assert(isHostName("[::1]:4100", { authority: authorityOf("::1", 4100) }));
});

Deno.test("isHostName() of every address takes addresses with its port, and no name that was not allowed", () => {
  for (const authority of ["0.0.0.0:4100", "[::]:4100"]) {
    for (const host of ["192.168.1.7:4100", "127.0.0.1:4100", "[fe80::1]:4100", "localhost:4100"]) {
      assert(isHostName(host, { authority }), host);
    }
    for (
      const host of [
        "evil.example:4100",
        "192.168.1.7:80",
        "192.168.1.7",
        "1.2.3.4.evil.example:4100",
        ":4100",
      ]
    ) {
      assert(!isHostName(host, { authority }), host);
    }
  }
});

Deno.test("isOwnOrigin() is the page's own address, with TLS only under a name that was allowed", () => {
  const names = { authority: "127.0.0.1:4100", allowed: ["memory.example"] };
  assert(isOwnOrigin("http://127.0.0.1:4100", "127.0.0.1:4100", names));
  assert(isOwnOrigin("https://memory.example", "memory.example", names));
  assert(!isOwnOrigin("https://127.0.0.1:4100", "127.0.0.1:4100", names));
  assert(!isOwnOrigin("https://evil.example", "memory.example", names));
  assert(!isOwnOrigin("null", "memory.example", names));
});

Deno.test("localAddress() is where clients of this machine find the host", () => {
  assert.equal(localAddress("0.0.0.0", 1), "http://127.0.0.1:1");
  assert.equal(localAddress("::", 1), "http://[::1]:1");
  assert.equal(localAddress("10.0.0.1", 1), "http://10.0.0.1:1");
});
