import assert from "node:assert/strict";
import { configure, defaultConfig } from "../../../src/kernel/mod.ts";

const config = { ...defaultConfig, profile: { functionsMax: 10 } };

Deno.test("configure() changes what is named and nothing else", () => {
  assert.deepEqual(configure(config, { stepFuelMax: 5, "profile.functionsMax": 11 }), {
    ...config,
    stepFuelMax: 5,
    profile: { functionsMax: 11 },
  });
});

Deno.test("configure() leaves the configuration it was given as it was", () => {
  const before = structuredClone(config);
  configure(config, { stepFuelMax: 5, "profile.functionsMax": 11 });
  assert.deepEqual(config, before);
});

Deno.test("configure() sets a limit that a folder was begun without", () => {
  const { mailboxBytesMax: _, ...older } = config;
  assert.deepEqual(configure(older, { mailboxBytesMax: 7 }), { ...older, mailboxBytesMax: 7 });
});

for (
  const [why, changes] of [
    ["an unknown key", { nothing: 1 }],
    ["an unknown key of the profile", { "profile.nothing": 1 }],
    ["the profile itself", { profile: 1 }],
    ["zero", { stepFuelMax: 0 }],
    ["a fraction", { stepFuelMax: 1.5 }],
    ["a number beyond exact ones", { stepFuelMax: 2 ** 53 }],
    ["a key of Object.prototype", { toString: 1 }],
    ["__proto__", JSON.parse(`{"__proto__": 1}`)],
  ] as const
) {
  Deno.test(`configure() names what is wrong: ${why}`, () => {
    assert.deepEqual(configure(config, changes), { wrong: Object.keys(changes)[0] });
  });
}

Deno.test("configure() with one wrong value changes nothing at all", () => {
  assert.deepEqual(configure(config, { stepFuelMax: 5, nothing: 1 }), { wrong: "nothing" });
});
