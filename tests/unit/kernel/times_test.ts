import assert from "node:assert/strict";
import {
  endOf,
  EngramError,
  formatDay,
  formatTime,
  parseTime,
  requireTime,
} from "../../../src/kernel/mod.ts";

Deno.test("parseTime() and formatTime() agree with the platform on every kind of day", () => {
  for (let ms = Date.UTC(1, 0, 1) - 62e12; ms < Date.UTC(2400, 0, 1); ms += 37 * 86_400_000 + 12_345_678) {
    const text = new Date(ms).toISOString();
    if (!/^\d{4}-/.test(text) || text.startsWith("0000")) continue;
    assert.equal(formatTime(ms), text);
    assert.deepEqual(parseTime(text), { ms, dayOnly: false });
    assert.equal(formatDay(ms), text.slice(0, 10));
  }
});

Deno.test("parseTime() reads zones, fractions and commas", () => {
  const ms = Date.UTC(2026, 2, 14, 9, 30, 15, 250);
  const same = [
    "2026-03-14T09:30:15.250Z",
    "2026-03-14 09:30:15,25",
    "2026-03-14T11:30:15.2509+02:00",
    "2026-03-14t04:00:15.25 -0530",
  ];
  assert.deepEqual(same.map((text) => parseTime(text)?.ms), [ms, ms, ms, ms]);
});

Deno.test("parseTime() never guesses", () => {
  const wrong = [
    "03/04/2026",
    "2026-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-04-31",
    "26-01-01",
    "2026-01-01T24:00",
    "2026-01-01T10:60",
    "2026-01-01T10",
    "2026-01-01T10:00+15:00",
    "0000-01-01",
    "today",
    "",
  ];
  assert.deepEqual(wrong.filter((text) => parseTime(text) !== null), []);
});

Deno.test("parseTime() knows leap years", () => {
  assert.deepEqual(["2024-02-29", "2000-02-29", "1900-02-29"].map((text) => parseTime(text) !== null), [
    true,
    true,
    false,
  ]);
});

Deno.test("endOf() a day that stands alone is its last millisecond", () => {
  assert.equal(formatTime(endOf(requireTime("2026-03-14", "at"))), "2026-03-14T23:59:59.999Z");
  assert.equal(formatTime(endOf(requireTime("2026-03-14T00:00", "at"))), "2026-03-14T00:00:00.000Z");
});

Deno.test("requireTime() names what it could not read", () => {
  assert.throws(
    () => requireTime("soon", "validFrom"),
    (error) =>
      error instanceof EngramError && error.code === "invalid_time" && /validFrom/.test(error.message),
  );
});
