import assert from "node:assert/strict";
import { findDate, writtenOn } from "../../../src/input/dates.ts";
import { formatTime } from "../../../src/kernel/times.ts";

function dateIn(text: string): string | null {
  const found = findDate(text);
  return found === null ? null : formatTime(found.ms).replace("T00:00:00.000Z", "");
}

const found: Readonly<Record<string, string>> = {
  "2026-03-14-standup": "2026-03-14",
  "2026_03_14 notes": "2026-03-14",
  "2026.03.14": "2026-03-14",
  "journal/2026/03/14": "2026-03-14",
  "IMG_20260314_0001": "2026-03-14",
  "20260314T0930": "2026-03-14",
  "14 March 2026": "2026-03-14",
  "14th of March 2026": "2026-03-14",
  "Minutes, March 14, 2026": "2026-03-14",
  "march 3rd 2026": "2026-03-03",
  "14-mar-2026": "2026-03-14",
  "Sept. 1, 2026": "2026-09-01",
  "Treffen 14.03.2026": "2026-03-14",
  "1.2.2026": "2026-02-01",
  "2024-02-29": "2024-02-29",
  "2026-03-14 09:30 call": "2026-03-14T09:30:00.000Z",
  "2026-03-14 and 2026-01-01": "2026-03-14",
  "see 2026-02-30, then 2026-03-01": "2026-03-01",
};

for (const [text, expected] of Object.entries(found)) {
  Deno.test(`findDate() reads ${JSON.stringify(text)} as ${expected}`, () => {
    assert.equal(dateIn(text), expected);
  });
}

const none = [
  "03/04/2026",
  "2026-02-29",
  "2026-13-01",
  "31.04.2026",
  "0 March 2026",
  "March 2026",
  "12-14 March 2026",
  "120260314",
  "a2026-03-14",
  "1899-01-01",
  "version 1.2.3",
  "",
];

for (const text of none) {
  Deno.test(`findDate() finds no date in ${JSON.stringify(text)}`, () => {
    assert.equal(dateIn(text), null);
  });
}

Deno.test("findDate() gives the span of the date", () => {
  const text = "Launch on 14 March 2026, maybe";
  const date = findDate(text);
  assert.equal(text.slice(date?.start, date?.end), "14 March 2026");
});

const written: readonly (readonly [line: string, day: string])[] = [
  ["Date: 3 May 2026", "2026-05-03"],
  ["**Date:** 2026-03-14 09:30", "2026-03-14"],
  ["Sent: Tue 3 Mar 2026", "2026-03-03"],
  ["Wednesday 18 March 2026", "2026-03-18"],
  ["15 February 2026. The cottage is gone.", "2026-02-15"],
  ["Roz, 8 April 2026", "2026-04-08"],
  ["By Ann Lee, 8 April 2026, after the run", "2026-04-08"],
  ["(Mateo, 13 January 2026)", "2026-01-13"],
  ["Last edited 16 January 2026 by Ines.", "2026-01-16"],
  ["Checklist, kept by Ann, last touched 15 January 2026", "2026-01-15"],
];
for (const [line, day] of written) {
  Deno.test(`writtenOn() knows the day on which ${JSON.stringify(line)} says its note was written`, () => {
    assert.equal(new Date(writtenOn(line)?.ms ?? NaN).toISOString().slice(0, 10), day);
  });
}

const about = [
  "Wedding of Lucy & Tom, 12 September 2026",
  "14 March 2026 is the day of the wedding.",
  "We launch on 12 May 2026.",
  "Concert: 14 May 2026",
  "Concert, 14 May 2026",
  "Summer Party – 14 May 2026",
  "Due date: 3 May 2026",
  "The contract was opened 3 May 2026",
  "- 12 May 2026: dentist",
  "| 12 May 2026 | dentist |",
  `Date: 3 May 2026${" and more".repeat(30)}`,
];
for (const line of about) {
  Deno.test(`writtenOn() does not take the day that ${JSON.stringify(line.slice(0, 50))} is about`, () => {
    assert.equal(writtenOn(line), null);
  });
}
