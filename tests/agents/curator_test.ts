import assert from "node:assert/strict";
import {
  actIn,
  addFiles,
  curatorSets,
  folderNotes,
  type NoteText,
  prepare,
  type Told,
  toldBy,
} from "../support/curator_notes_heldback/read.ts";
import { act, loadAgent } from "../support/agent_host.ts";
import type { Runtime } from "../../src/mod.ts";
import { withRuntime } from "../support/runtimes.ts";

const sets = curatorSets();
const demo = folderNotes(new URL("../../agents/demo/notes/", import.meta.url));
const note = (path: string, text: string): NoteText => ({ path, text });

/** What the curator says of notes. */
async function curated(notes: readonly NoteText[]) {
  let result: Awaited<ReturnType<typeof toldBy>> | undefined;
  await withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, notes);
    await actIn(runtime, "curator", "curate");
    result = await toldBy(runtime);
  });
  assert.ok(result !== undefined);
  return result;
}

/** The relations between two one-line notes, the first in January, the second in March. */
async function relation(older: string, newer: string): Promise<string[]> {
  const { told } = await curated([note("2026-01-10-a.md", older), note("2026-03-10-b.md", newer)]);
  return told.map((one) => one.type).filter((type) => type !== "from");
}

type Pair = readonly [string, string];
const holds = (one: Told, [newer, older]: Pair) => one.newer.includes(newer) && one.older.includes(older);
const isCopy = (one: Told, [newer, older]: Pair) => one.newerFile === newer && one.olderFile === older;

Deno.test("curator: on notes it was not written on, 95 in 100 reversals and duplicates are right", async () => {
  const counts = new Map<string, { right: number; made: number; wanted: number }>();
  const count = (
    type: string,
    told: readonly Told[],
    wanted: readonly Pair[],
    same: (one: Told, pair: Pair) => boolean,
  ) => {
    const made = told.filter((one) => one.type === type);
    const sum = counts.get(type) ?? { right: 0, made: 0, wanted: 0 };
    counts.set(type, {
      right: sum.right + made.filter((one) => wanted.some((pair) => same(one, pair))).length,
      made: sum.made + made.length,
      wanted: sum.wanted + wanted.length,
    });
  };
  for (const [, set] of sets) {
    const { told } = await curated(set.notes);
    count("supersedes", told, set.supersedes, holds);
    count("contradicts", told, set.contradicts, holds);
    count("duplicates", told, set.duplicates, isCopy);
    assert.ok(
      !told.some((one) => one.type === "duplicates" && set.different.some((pair) => isCopy(one, pair))),
    );
  }
  for (const [type, { right, made, wanted }] of counts) {
    console.log(
      `curator: ${type} precision ${(right / made).toFixed(2)}, recall ${(right / wanted).toFixed(2)}`,
    );
    assert.ok(right / made >= 0.95, type);
    assert.ok(right / wanted >= 0.6, type);
  }
});

Deno.test("curator: a second run writes nothing, nor does a freshly loaded curator", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, demo);
    await actIn(runtime, "curator", "curate");
    const before = await toldBy(runtime);
    await actIn(runtime, "curator", "curate");
    await runtime.submit({ kind: "agent_unload", agent: "curator" });
    await loadAgent(runtime, "curator");
    await actIn(runtime, "curator", "curate");
    assert.deepEqual((await toldBy(runtime)).engrams, before.engrams);
    assert.deepEqual((await toldBy(runtime)).connections, before.connections);
  }));

Deno.test("curator: the order of import and the number of runs change nothing", async () => {
  const [, set] = sets[0]!;
  const half = set.notes.length >> 1;
  const pictures: string[][] = [];
  for (
    const batches of [[set.notes], [set.notes.toReversed()], [
      set.notes.slice(half),
      set.notes.slice(0, half),
    ]]
  ) {
    await withRuntime(async (runtime) => {
      await prepare(runtime);
      for (const batch of batches) {
        await addFiles(runtime, batch);
        await actIn(runtime, "curator", "curate");
      }
      pictures.push((await toldBy(runtime)).picture);
    });
  }
  assert.deepEqual(pictures[1], pictures[0]);
  assert.deepEqual(pictures[2], pictures[0]);
});

/** Runs the curator with a limit until it is done; how many runs it took. */
async function curateInParts(runtime: Runtime, limit: number): Promise<number> {
  let isDone: unknown = false;
  let runs = 0;
  for (; isDone !== true && runs < 100; runs++) {
    const { result } = await runtime.submit({
      kind: "execute",
      agent: "curator",
      action: "curate",
      params: JSON.stringify({ limit }),
      context: "notes",
    });
    isDone = Reflect.get(Object(result), "done");
  }
  return runs;
}

Deno.test("curator: runs with a limit reach all sections, and end where one run ends", async () => {
  const [, set] = sets[0]!;
  const whole = await curated(set.notes);
  await withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, set.notes);
    const sections = (await toldBy(runtime)).engrams.length;
    assert.ok(await curateInParts(runtime, 5) >= sections / 5);
    assert.deepEqual((await toldBy(runtime)).picture, whole.picture);
  });
});

Deno.test("curator: a freshly loaded curator with a small limit takes back nothing", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, demo);
    await actIn(runtime, "curator", "curate");
    const before = await toldBy(runtime);
    await runtime.submit({ kind: "agent_unload", agent: "curator" });
    await loadAgent(runtime, "curator");
    await curateInParts(runtime, 20);
    assert.deepEqual((await toldBy(runtime)).engrams, before.engrams);
  }));

Deno.test("curator and digest: read every note, however many", () =>
  withRuntime(async (runtime) => {
    const count = 1200;
    await prepare(runtime, ["curator", "digest"]);
    const notes = Array.from({ length: count }, (_, n) =>
      note(`2026-01-10-${n}.md`, `Desk d${n} costs €${n + 1}.`));
    for (let at = 0; at < count; at += 100) {
      await addFiles(runtime, notes.slice(at, at + 100));
    }
    await addFiles(runtime, [note("2026-01-02-first.md", "We decided to use oil for the gate.")]);
    const curated = await actIn(runtime, "curator", "curate");
    const digested = await actIn(runtime, "digest", "digest");
    assert.deepEqual(
      [Reflect.get(Object(curated), "notes"), Reflect.get(Object(curated), "facts")],
      [count + 1, count + 1],
    );
    assert.deepEqual(
      [Reflect.get(Object(digested), "decisions"), Reflect.get(Object(digested), "changed")],
      [1, count],
    );
  }));

Deno.test("curator: each fact's bytes are its sentence in the note", async () => {
  const { engrams, connections } = await curated(
    sets.flatMap(([, set], i) => set.notes.map(({ path, text }) => note(`${i}/${path}`, text))),
  );
  const by = new Map(engrams.map((one) => [one.id, one]));
  const from = connections.filter((one) => one.type === "from");
  assert.ok(from.length > 50);
  for (const { source, target, metadata } of from) {
    const bytes = new TextEncoder().encode(by.get(target)?.content ?? "");
    const text = new TextDecoder().decode(bytes.slice(Number(metadata["start"]), Number(metadata["end"])));
    assert.equal(by.get(source)?.content, text);
  }
});

Deno.test("curator: every connection says why", async () => {
  const { connections } = await curated(demo);
  assert.ok(connections.length > 0 && connections.every((one) => typeof one.metadata["why"] === "string"));
});

Deno.test("curator: works from its own context on every context granted", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, [
      note("2026-01-10-a.md", "The store is at Long Road 4."),
      note("2026-03-10-b.md", "The store is now at Short Road 9."),
    ]);
    await act(runtime, "curator", "curate");
    const contexts = await runtime.view({ view: "contexts" });
    const notes = JSON.stringify(contexts).includes('"notes"');
    assert.ok(notes);
    const { told } = await toldBy(runtime);
    assert.deepEqual(told.filter((one) => one.type === "supersedes").length, 1);
  }));

Deno.test("curator: takes back a fact whose sentence left the note, and what it superseded", () =>
  withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, [
      note("2026-01-10-a.md", "The store is at Long Road 4."),
      note("2026-03-10-b.md", "The store is now at Short Road 9."),
    ]);
    await actIn(runtime, "curator", "curate");
    await addFiles(runtime, [note("2026-03-10-b.md", "Nothing happened.")]);
    await actIn(runtime, "curator", "curate");
    const { told, made } = await toldBy(runtime);
    assert.deepEqual([made.map((one) => one.content), told.map((one) => one.type)], [[
      "The store is at Long Road 4.",
    ], ["from"]]);
  }));

const pairs: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["a later value with a cue supersedes", "Entry costs €12.", "Entry now costs €15.", ["supersedes"]],
  ["a later value without a cue contradicts", "Entry costs €12.", "Entry costs €15.", ["contradicts"]],
  ["an earlier value with a cue supersedes nothing", "Entry now costs €15.", "Entry costs €12.", [
    "contradicts",
  ]],
  ["the same sum in other words is no other value", "Entry costs €12.", "Entry now costs 12 euros.", []],
  [
    "the same length in another unit is no other value",
    "The wall is 2 m high.",
    "The wall is now 200 cm high.",
    [],
  ],
  ["a hedge is no fact", "Entry costs €12.", "Entry might now cost €15.", []],
  ["a question is no fact", "Entry costs €12.", "Is it true that entry now costs €15?", []],
  ["a task is no fact", "Entry costs €12.", "- [ ] say that entry now costs €15.", []],
  ["another subject is another thing", "Entry costs €12.", "Parking now costs €15.", []],
  [
    "a sentence beside it may name the old value",
    "The fair is on 3 May.",
    "The fair is on 9 May. The 3rd of May is off.",
    ["supersedes"],
  ],
  ["no longer ends what was said", "The gate requires a code.", "The gate no longer requires a code.", [
    "supersedes",
  ]],
  ["a bare negation contradicts", "The gate requires a code.", "The gate does not require a code.", [
    "contradicts",
  ]],
];
for (const [what, older, newer, expected] of pairs) {
  Deno.test(`curator: ${what}`, async () => assert.deepEqual(await relation(older, newer), expected));
}

const long =
  "The pump in the lower basin was taken apart, cleaned, greased and put together again before noon";
const copies: readonly (readonly [string, string, readonly string[]])[] = [
  ["a copy", `${long}.`, ["duplicates"]],
  ["a copy with a misspelling", `${long.replace("greased", "greasd")}!`, ["duplicates"]],
  ["a copy with another number", `${long} by 3 people.`, []],
  ["a copy with a negation", `${long.replace("was taken", "was not taken")}.`, []],
  ["a copy with another name", `${long.replace("lower", "Kessel")}.`, []],
];
for (const [what, newer, expected] of copies) {
  Deno.test(`curator: ${what} ${expected.length > 0 ? "is" : "is not"} a duplicate`, async () =>
    assert.deepEqual(await relation(`${long}.`, newer), expected));
}

const { questions } = JSON.parse(
  Deno.readTextFileSync(new URL("../../agents/demo/questions.json", import.meta.url)),
);

Deno.test("curator: the demo's answers are facts at the lines named, and supersede what was said before", async () => {
  const { told, made } = await curated(demo);
  for (const { answer, superseded } of questions) {
    for (const { text, file, line } of [answer, ...superseded]) {
      assert.ok(
        made.some((one) =>
          one.content === text && one.metadata["file"] === file && one.metadata["line"] === line
        ),
      );
    }
    for (const { text } of superseded) {
      assert.ok(
        told.some((one) => one.type === "supersedes" && one.newer === answer.text && one.older === text),
      );
    }
  }
});

Deno.test("curator: a memory of more than 131,072 characters is left unread, and costs little", async () => {
  const price = (n: number) => `The price of part ${n % 97} of room ${n % 89} is €${n}.`;
  const long = Array.from({ length: 20_000 }, (_, n) => price(n)).join(" ");
  assert.deepEqual((await curated([note("2026-01-10-a.md", long.slice(0, 131_000))])).told.length > 0, true);
  await withRuntime(async (runtime) => {
    await prepare(runtime);
    const op = { op: "add", kind: "note", context: "notes", content: long.slice(0, 700_000) } as const;
    await runtime.submit({ kind: "write", ops: [op] });
    const { tick, fuel } = await runtime.submit({
      kind: "execute",
      agent: "curator",
      action: "curate",
      params: "{}",
    });
    assert.ok(Number(fuel) < 1e9, `${fuel} fuel at tick ${tick}`);
    assert.deepEqual((await toldBy(runtime)).told, []);
  });
});

/** The pairs of a kind that two dated notes give, as "newer | older". */
async function endedBy(type: string, older: string, newer: string): Promise<string[]> {
  const { told } = await curated([note("2026-01-10-a.md", older), note("2026-02-10-b.md", newer)]);
  return told.filter((one) => one.type === type).map((one) => `${one.newer} | ${one.older}`);
}

for (
  const [what, older, newer, pair] of [
    [
      "in a chat what is said is read without who said it",
      "Ada: I am late\nBen: the venue of the party is the Barn",
      "Cleo: I am back\nAda: the venue of the party is now the Mill",
      "the venue of the party is now the Mill | the venue of the party is the Barn",
    ],
    [
      "in a chat with stamps each line is one, without day and speaker",
      "[10/01/2026] Ada: I am late for the party again, the venue is locked\n[10/01/2026] Ben: the venue of the party is the Barn\n[10/01/2026] Ada: good",
      "10/02/2026, 18:02 - Cleo: I am back. the venue of the party is now the Mill\n10/02/2026, 18:03 - Ada: good\n10/02/2026, 18:03 - Cleo: bring shoes",
      "the venue of the party is now the Mill | the venue of the party is the Barn",
    ],
    [
      "a line without a full stop is a sentence",
      "we saw the boat\nThe mooring costs €165 a month\nit rained",
      "the bilge is dry\nThe mooring costs €180 a month now\nAda came",
      "The mooring costs €180 a month now | The mooring costs €165 a month",
    ],
    [
      "what the clause before names is over where the next says instead",
      "The venue for the playtest is the Corn Exchange.",
      "The Corn Exchange is flooded, the playtest is at the Old Depot instead.",
      "The Corn Exchange is flooded, the playtest is at the Old Depot instead. | The venue for the playtest is the Corn Exchange.",
    ],
    [
      "no longer go to A but to B ends what went to A",
      "The report goes to the journal Levantia.",
      "The report will no longer go to Levantia but to the Journal of Kilns.",
      "The report will no longer go to Levantia but to the Journal of Kilns. | The report goes to the journal Levantia.",
    ],
  ] as const
) {
  Deno.test(`curator: ${what}`, async () =>
    assert.deepEqual(await endedBy("supersedes", older, newer), [pair]));
}

for (
  const [older, newer] of [
    [
      "The choir's sheet music is kept in the vestry cupboard.",
      "The choir's sheet music has moved out of the vestry and stands in the loft.",
    ],
    [
      "Bookings for the hall go into the red book by the till.",
      "Every booking for the hall goes into the blue folder from now on.",
    ],
  ] as const
) {
  Deno.test(`curator: weighs what no rule tells: "${newer}"`, async () => {
    const { told } = await curated([note("2026-01-10-a.md", older), note("2026-02-10-b.md", newer)]);
    const ended = told.filter(({ type }) => type === "supersedes");
    assert.deepEqual(
      ended.map((one) => [one.newer, one.older, one.metadata["why"]]),
      [[newer, older, "weighs as a change of the same"]],
    );
  });
}

Deno.test("curator: begins with another's name, or is of another number: that is another thing", async () => {
  const days = "works on Mondays and Tuesdays in the yard";
  assert.deepEqual(await endedBy("supersedes", `Jonas ${days}.`, `Wen now ${days}.`), []);
  const test = (n: number, how: string) => `Drop test ${n} of the buoy housing ${how}.`;
  const told = [test(1, "was moved to the pool"), test(2, "was moved to the harbour")] as const;
  assert.deepEqual(await endedBy("supersedes", ...told), []);
});

Deno.test("curator: which of many candidates it weighs depends on the notes alone", async () => {
  const gates = ["mill", "bridge", "chapel", "quarry", "school", "harbour", "market", "orchard"];
  const gate = (of: string, at: number) => `The pier gate by the ${of} stands open until ${at} pm.`;
  const older = Array.from(
    { length: 32 },
    (_, at) =>
      note(
        `2026-01-${String(at % 28 + 1).padStart(2, "0")}-${at}.md`,
        gate(gates[at % 8] ?? "", 1 + Math.floor(at / 8)),
      ),
  );
  const newer = gates.map((of, at) =>
    note(`2026-02-1${at}-new.md`, `The pier gate by the ${of} now stands open until 9 pm.`)
  );
  const gone = older.map(({ path, text }, at) => note(path, at % 8 < 3 || at > 27 ? "It rained." : text));
  const pictures: string[][] = [];
  for (
    const batches of [[[...older, ...newer], gone], [[...newer, ...gone]], [newer, gone.toReversed()]]
  ) {
    await withRuntime(async (runtime) => {
      await prepare(runtime);
      for (const batch of batches) {
        await addFiles(runtime, batch);
        await actIn(runtime, "curator", "curate");
      }
      pictures.push((await toldBy(runtime)).picture);
    });
  }
  assert.ok(pictures[0]?.some((one) => one.includes("supersedes")));
  assert.deepEqual(pictures[1], pictures[0]);
  assert.deepEqual(pictures[2], pictures[0]);
});

Deno.test("curator: a line of a table is ended by what is said of it later, and says nothing by itself", async () => {
  const table = "| what | price |\n|---|---|\n| rye loaf, large | €4.60 |\n| rye roll | €1.10 |";
  const { told, made } = await curated([
    note("2026-01-10-a.md", table),
    note("2026-02-10-b.md", "The large rye loaf is now €4.90."),
  ]);
  assert.deepEqual(told.filter(({ type }) => type === "supersedes").map(({ older }) => older), [
    "| rye loaf, large | €4.60 |",
  ]);
  assert.equal(made.filter(({ content }) => content.includes("roll")).length, 0);
});

Deno.test("curator: readings under one label are no change of each other, whatever the label says", async () => {
  assert.deepEqual(
    await endedBy("supersedes", "- New members: 3\n- Fees: paid", "- New members: 5\n- Fees: paid"),
    [],
  );
});

Deno.test("curator: a list of labels is no chat", async () => {
  const list = (kitchen: string) => `Kitchen: the paint is ${kitchen}\nBathroom: the paint is blue`;
  assert.deepEqual(
    await endedBy("supersedes", list("white"), "Bathroom: the paint is now €5 red\nHall: dry"),
    [],
  );
});

Deno.test("curator: a list pasted again under a name that only says more of the same day is a duplicate", async () => {
  const text =
    "- second coat of blacking on\n- new anodes, four of them\n- weed hatch seal replaced\n- met Gwen from the next boat";
  const { told } = await curated([note("2026-01-10.md", text), note("2026-01-10-again.md", text)]);
  assert.equal(told.filter(({ type }) => type === "duplicates").length, 1);
});
