import assert from "node:assert/strict";
import type { Runtime } from "../../src/mod.ts";
import {
  act,
  addNotes,
  agentPath,
  exportOf,
  heldBackSets,
  loadAgent,
  makeNotesContext,
  type NoteInput,
  thingsOf,
} from "../support/agent_host.ts";
import { codeOf, withRuntime } from "../support/runtimes.ts";

const sets = await heldBackSets();
const named = (names: readonly string[]) => [...names].sort();

async function linked(runtime: Runtime, notes: readonly NoteInput[]): Promise<void> {
  await makeNotesContext(runtime);
  await loadAgent(runtime, "linker");
  await addNotes(runtime, notes);
  await act(runtime, "linker", "link");
}

async function namesIn(notes: readonly (string | NoteInput)[]): Promise<string[]> {
  let names: string[] = [];
  await withRuntime(async (runtime) => {
    await linked(
      runtime,
      notes.map((note) => typeof note === "string" ? { title: "Note", content: note } : note),
    );
    names = (await thingsOf(runtime)).map((thing) => thing.name);
  });
  return named(names);
}

Deno.test("linker: on notes it was not written on, nine in ten things are right and most are found", async () => {
  let right = 0;
  let wrong = 0;
  let wanted = 0;
  for (const [, set] of sets) {
    const names = await namesIn(set.notes);
    const optional = new Set(set.optional);
    right += names.filter((name) => set.things.includes(name) && !optional.has(name)).length;
    wrong += names.filter((name) => !set.things.includes(name) && !optional.has(name)).length;
    wanted += set.things.filter((name) => !optional.has(name)).length;
  }
  console.log(
    `linker: precision ${(right / (right + wrong)).toFixed(2)}, recall ${(right / wanted).toFixed(2)}`,
  );
  assert.ok(right / (right + wrong) >= 0.9 && right / wanted >= 0.7);
});

for (const [name, set] of sets) {
  Deno.test(`linker: joins the aliases of ${name}, and an ambiguous name names nobody`, () =>
    withRuntime(async (runtime) => {
      await linked(runtime, set.notes);
      const things = await thingsOf(runtime);
      for (const [thing, aliases] of Object.entries(set.aliases)) {
        const found = things.find((one) => one.name === thing)?.metadata["aliases"];
        assert.ok(
          Array.isArray(found) && aliases.every((alias) => found.includes(alias)),
          `${thing}: ${found}`,
        );
      }
      assert.deepEqual(things.filter((thing) => set.ambiguous.includes(thing.name)), []);
    }));
}

Deno.test("linker: someone known by a title alone is named with it", async () => {
  const names = await namesIn([
    "The class teacher is Mrs Okonjo. Mrs Okonjo starts at nine.",
    "We spoke to Dr. Velmar about the knee.",
    "Anke Rudnik is the vet. Dr Rudnik comes on Tuesday.",
    "Mr Talvik grows the leeks and Mrs Talvik sells them; I asked Mr Talvik.",
  ]);
  assert.deepEqual(names, named(["Mrs Okonjo", "Dr. Velmar", "Anke Rudnik", "Talvik"]));
});

Deno.test("linker: initials, saints, firms of two names, old and new places are whole names", async () => {
  const names = await namesIn([
    "The referee was P. Dunvale, paid in cash. Frost took the box out of freezer D. Seeds are in the other.",
    "The fair is held at St Aubrin's this year. The hall of St Aubrin's seats ninety.",
    "We are insured with Pellow & Varga now. The letter from Pellow & Varga came.",
    "The talk was given by Ottavia and Quentin. Dinner with Ottavia & Quentin, and Quentin paid. Ottavia wrote.",
    "The meeting is in the Old Tram Depot on Friday.",
    "The parts came from the County Music Service again.",
  ]);
  assert.deepEqual(
    names,
    named([
      "P. Dunvale",
      "St Aubrin's",
      "Pellow & Varga",
      "Ottavia",
      "Quentin",
      "Old Tram Depot",
      "County Music Service",
    ]),
  );
});

Deno.test("linker: P. NAME is the one full name that fits, and nobody where two do", async () => {
  const one = ["Petra Dunvale leads the choir.", "The bill goes to P. Dunvale, the copy to Dunvale."];
  assert.deepEqual(await namesIn(one), ["Petra Dunvale"]);
  const two = [...one, "We asked Paul Dunvale to sing bass, said Petra Dunvale."];
  assert.deepEqual(await namesIn(two), named(["Petra Dunvale", "Paul Dunvale", "P. Dunvale"]));
});

Deno.test("linker: hosts and machines go by their form", async () => {
  const names = await namesIn([
    "The certificate of mail.corvane.example ran out; https://mail.corvane.example/ was down.",
    "The pages lie on tilda.example now.",
    "The backup runs on `srv-birch`, and copy-shares.ps1 starts it.",
    "Restarted `corvane-db-01` and elm-fw1.",
    "The switch behind elm-fw1 is hot.",
    "In mid-q3 we looked at top-10 and week-3; by mid-q3 it was done.",
  ]);
  assert.deepEqual(
    names,
    named([
      "https://mail.corvane.example",
      "tilda.example",
      "srv-birch",
      "copy-shares.ps1",
      "corvane-db-01",
      "elm-fw1",
    ]),
  );
});

const [, first] = sets[0]!;
const expected = JSON.parse(await Deno.readTextFile(agentPath("linker/expected.json")));

// proves: engram-13.2-example_agents
Deno.test("linker: finds in the notes of expected.json what stands there", () =>
  withRuntime(async (runtime) => {
    await makeNotesContext(runtime);
    await loadAgent(runtime, "linker");
    await addNotes(runtime, expected.notes);
    const result = await act(runtime, "linker", "link");
    const things = (await thingsOf(runtime)).map(({ name, metadata, mentions }) => {
      return { name, type: metadata["type"], aliases: metadata["aliases"], notes: mentions.length };
    });
    assert.deepEqual({ result, things }, { result: expected.result, things: expected.things });
  }));

Deno.test("linker: reads every note where there are more than a search shows", () =>
  withRuntime(async (runtime) => {
    await makeNotesContext(runtime);
    await loadAgent(runtime, "linker");
    await addNotes(
      runtime,
      Array.from({ length: 1001 }, (_, i) => ({ title: "Log", content: `Filed ABC-${i + 10}.` })),
    );
    const { notes, things } = await act(runtime, "linker", "link") as { notes: number; things: number };
    const again = await act(runtime, "linker", "link") as {
      things: number;
      links: number;
      unchanged: number;
    };
    assert.deepEqual([notes, things, again.things, again.links, again.unchanged], [1001, 1001, 0, 0, 2002]);
  }));

Deno.test("linker: a second run writes nothing, nor does a freshly loaded linker", () =>
  withRuntime(async (runtime) => {
    await linked(runtime, first.notes);
    const before = await exportOf(runtime);
    const again = await act(runtime, "linker", "link");
    await runtime.submit({ kind: "agent_unload", agent: "linker" });
    assert.deepEqual(await exportOf(runtime), before);
    assert.deepEqual({ ...(again as object), notes: 0, unchanged: 0 }, {
      notes: 0,
      things: 0,
      links: 0,
      updated: 0,
      removed: 0,
      unchanged: 0,
    });
  }));

Deno.test("linker: the order of import and the number of runs change nothing", async () => {
  const views: unknown[] = [];
  const half = first.notes.length >> 1;
  for (
    const batches of [[first.notes], [first.notes.toReversed()], [
      first.notes.slice(half),
      first.notes.slice(0, half),
    ]]
  ) {
    await withRuntime(async (runtime) => {
      await makeNotesContext(runtime);
      await loadAgent(runtime, "linker");
      for (const batch of batches) {
        await addNotes(runtime, batch);
        await act(runtime, "linker", "link");
      }
      views.push(await thingsOf(runtime));
    });
  }
  assert.deepEqual(views[1], views[0]);
  assert.deepEqual(views[2], views[0]);
});

Deno.test("linker: each mention's bytes are the text it names", () =>
  withRuntime(async (runtime) => {
    await linked(runtime, sets.flatMap(([, set]) => set.notes));
    const { engrams, connections } = await exportOf(runtime);
    const bytes = new Map(engrams.map((one) => [one.id, new TextEncoder().encode(one.content)]));
    const mentions = connections.filter((one) => one.type === "mentions");
    const titles = new Map(engrams.map((one) => [one.id, one.title]));
    assert.ok(mentions.length > 50);
    for (const { source, metadata } of mentions) {
      if (metadata["field"] === "title") {
        assert.ok(titles.get(source)?.includes(String(metadata["text"])));
        continue;
      }
      const { start, end, text } = metadata;
      assert.equal(new TextDecoder().decode(bytes.get(source)?.slice(Number(start), Number(end))), text);
    }
  }));

Deno.test("linker: connects notes to things only, never to each other", () =>
  withRuntime(async (runtime) => {
    await linked(runtime, first.notes);
    const { engrams, connections } = await exportOf(runtime);
    const kind = new Map(engrams.map((one) => [one.id, one.kind]));
    assert.ok(connections.length > 0);
    assert.ok(
      connections.every((one) => kind.get(one.source) === "note" && kind.get(one.target) === "thing"),
    );
  }));

Deno.test("linker: weekdays, months and headings are no things", async () => {
  const notes = Array.from({ length: 6 }, (_, i) => ({
    title: "Diary › Retrospective",
    content: `We met on Monday in March and read the Retrospective ${"again ".repeat(i)}on Friday.`,
  }));
  assert.deepEqual(await namesIn(notes), []);
});

Deno.test("linker: a word in more than a fifth of many notes is no thing", async () => {
  const notes = Array.from(
    { length: 60 },
    (_, i) => i % 3 === 0 ? `We walked with Zorbu number ${i}.` : `Nothing happened in week ${i}.`,
  );
  assert.deepEqual(await namesIn(notes), []);
});

Deno.test("linker: one project under three names is one thing", async () => {
  assert.deepEqual(
    await namesIn([
      "We moved project Quillon to May.",
      "The quillon-api needs a key.",
      "The Quillon team agreed.",
      "Nothing else happened to Quillon.",
    ]),
    ["Quillon"],
  );
});

Deno.test("linker: a thing that no note names any more is removed, and one that a person linked stays", () =>
  withRuntime(async (runtime) => {
    await linked(runtime, [
      { title: "A", content: "Spoke with Dorabel about the roof." },
      { title: "B", content: "Met with Gustave at noon." },
    ]);
    const { engrams } = await exportOf(runtime);
    const id = (text: string) => engrams.find((one) => one.content.includes(text) && one.kind === "note")!.id;
    const thing = engrams.find((one) => one.title === "Gustave")!.id;
    await runtime.submit({
      kind: "write",
      ops: [
        { op: "add", content: "Anchor.", kind: "fact", context: "notes", ref: "anchor", source: "test" },
        { op: "update", id: id("Dorabel"), content: "Spoke about the roof." },
        { op: "update", id: id("Gustave"), content: "Met at noon." },
      ],
    });
    const anchor = (await exportOf(runtime)).engrams.find((one) => one.ref === "anchor")!.id;
    await runtime.submit({
      kind: "write",
      ops: [{ op: "connect", source: anchor, target: thing, type: "about" }],
    });
    await act(runtime, "linker", "link");
    assert.deepEqual((await thingsOf(runtime)).map((one) => one.name), ["Gustave"]);
  }));

Deno.test("linker: refuses by name more notes than notesPerRunMax, and params that are no object", () =>
  withRuntime(async (runtime) => {
    await makeNotesContext(runtime);
    await loadAgent(runtime, "linker", { config: { notesPerRunMax: 3 } });
    await addNotes(runtime, first.notes);
    assert.equal(await codeOf(act(runtime, "linker", "link")), "agent_failed");
    assert.equal(await codeOf(act(runtime, "linker", "link", [])), "agent_failed");
  }));

Deno.test("linker: fails, and removes nothing, where the host does not show the notes", () =>
  withRuntime(async (runtime) => {
    await linked(runtime, first.notes);
    const before = await exportOf(runtime);
    assert.equal(await codeOf(act(runtime, "linker", "link", { context: "nowhere" })), "agent_failed");
    assert.deepEqual(await exportOf(runtime), before);
  }));
