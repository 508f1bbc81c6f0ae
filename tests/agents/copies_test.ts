import assert from "node:assert/strict";
import { actIn, addFiles, type NoteText, prepare, toldBy } from "../support/curator_notes_heldback/read.ts";
import { exportOf } from "../support/agent_host.ts";
import { apartScore, apartSets } from "../support/apart_sets.ts";
import { withRuntime } from "../support/runtimes.ts";

const note = (path: string, text: string): NoteText => ({ path, text });

/** The pairs of files that the curator joins, the names of each sorted; and what a second run adds. */
async function joined(notes: readonly NoteText[]): Promise<{ pairs: string[]; secondRun: number }> {
  let result = { pairs: [] as string[], secondRun: 0 };
  await withRuntime(async (runtime) => {
    await prepare(runtime);
    await addFiles(runtime, notes);
    await actIn(runtime, "curator", "curate");
    const before = (await exportOf(runtime)).connections.length;
    await actIn(runtime, "curator", "curate");
    const secondRun = (await exportOf(runtime)).connections.length - before;
    const { told } = await toldBy(runtime);
    const copies = told.filter(({ type }) => type === "duplicates");
    const pairs = new Set(
      copies.map(({ newerFile, olderFile }) => [newerFile, olderFile].sort().join(" | ")),
    );
    result = { pairs: [...pairs].sort(), secondRun };
  });
  return result;
}

const letter = `# Allotment letter

Dear all,

the water is turned off on 14 November, two weeks later than last year. Please empty your butts and leave the taps open, it's the frost that breaks them.

The compost from Hadley Farm comes on Saturday. It does not smell. Bring a barrow and eight pounds for each load, Ines Calder keeps the list in the shed by the lower gate.

Nobody has found the owner of the red wheelbarrow, so it stands behind the hut until the end of the month.

Ines
`;
const body = letter.replace("# Allotment letter\n\n", "");
const list = `# Shed

- two spades, one with a short handle
- watering can, leaks a little
- twine, green, nearly empty
- hand fork from the sale at Oddley
- seed trays without holes, a dozen
- the good secateurs are at Bruno's
`;
const items = list.replace("# Shed\n\n", "");

/** At most `width` characters a line, as mail programs send it. */
function wrapped(text: string, width = 64): string {
  return text.split("\n").map((line) =>
    line.split(" ").reduce((told, word) => {
      const last = told.slice(told.lastIndexOf("\n") + 1);
      return last.length + word.length > width ? `${told}\n${word}` : told === "" ? word : `${told} ${word}`;
    }, "")
  ).join("\n");
}
const quoted = (text: string) => text.split("\n").map((line) => `> ${line}`).join("\n");

const copies: readonly (readonly [what: string, older: string, newer: string])[] = [
  ["quoted line by line", letter, quoted(body)],
  ["wrapped by a mail program", letter, wrapped(body)],
  ["quoted after it was wrapped", letter, quoted(wrapped(body))],
  [
    "forwarded with the head of a mail",
    `From: Ines Calder\nDate: 1 November 2026\nTo: all plots\n\n${body}`,
    `From: Bruno Vasey\nDate: 2 November 2026\nTo: Kaya\nSubject: Fwd: water\n\nFor you, too.\n\n${
      quoted(body)
    }`,
  ],
  ["answered below who wrote what", letter, `On 1 November 2026 Ines Calder wrote:\n${quoted(body)}`],
  ["under a title of its own", letter, `# What Ines sent round\n\n${body}`],
  ["with its heading as a plain line", letter, letter.replace("# ", "")],
  ["typed in small letters", letter, body.toLowerCase()],
  ["without commas", letter, body.replaceAll(",", "")],
  ["with misspellings", letter, body.replace("barrow and", "barow and").replace("behind", "behnid")],
  ["with other short forms", letter, body.replace("it's", "it is").replace("does not", "doesn't")],
  ["with numbers as words", letter, body.replace("eight pounds", "£8").replace("two weeks", "2 weeks")],
  [
    "with dates in another form",
    letter,
    body.replace("14 November", "Nov 14th").replace("Saturday", "Sat"),
  ],
  [
    "without some articles",
    letter,
    body.replace("the lower gate", "lower gate").replace("The compost", "Compost"),
  ],
  ["with one word another in a long text", letter, body.replace("leave the taps", "keep the taps")],
  ["with a remark at its end", letter, `${body}\n(copied from the board by the gate, 20 November 2026)`],
  ["with a remark in brackets", letter, body.replace("Dear all,", "Dear all, (second try, 3 bounced)")],
  [
    "without its last sentence",
    letter,
    body.replace(" Bring a barrow", " Bring a barrow").replace(/\n\nNobody.*month\./s, ""),
  ],
  ["without the end of a sentence", letter, body.replace(", two weeks later than last year", "")],
  ["with two sentences as one", letter, body.replace("Saturday. It does", "Saturday, it does")],
  ["as a scanner reads it", letter, body.replace("barrow", "barr0w").replace("comes", "cornes")],
  [
    "with stamps of a chat",
    "Ada: the pump drips again\nBo: I have a washer, 12 mm\nAda: bring it on Friday, the shed is open until 6\nBo: ok, and the long spanner",
    "[09:31] Ada: the pump drips again\n[09:32] Bo: I have a washer, 12 mm\n[09:40] Ada: bring it on Friday, the shed is open until 6\n[09:41] Bo: ok, and the long spanner",
  ],
  [
    "without a clause that denies something",
    letter.replace("does not smell", "does not smell, and not one of us will lift it"),
    body,
  ],
  [
    "a list with boxes and no bullets",
    `# Week\n\n${items.replaceAll("- ", "- [ ] ")}`,
    `# Week\n\n${items.replaceAll("- ", "[ ] ")}`,
  ],
  ["a list with other bullets", list, list.replaceAll("- ", "* ")],
  ["a list in another order", list, `# Shed\n\n${items.trim().split("\n").reverse().join("\n")}\n`],
  ["a list as plain lines", list, `# Shed\n\n${items.replaceAll("- ", "")}`],
  ["a list without its last item", list, list.replace(/- the good.*\n/, "")],
  ["a list under another title", list, `# From my phone\n\n${items}`],
];

for (const [what, older, newer] of copies) {
  Deno.test(`curator: a copy ${what} is a duplicate`, async () => {
    const { pairs, secondRun } = await joined([note("letter.md", older), note("inbox/found.md", newer)]);
    assert.deepEqual(pairs, ["inbox/found.md | letter.md"]);
    assert.equal(secondRun, 0);
  });
}

const form = (plot: string, values: readonly string[]) =>
  `# Inspection\n\nPlot ${plot}, seen by Ines Calder.\n\n- fence: ${values[0]}\n- paths: ${
    values[1]
  }\n- hut: ${
    values[2]
  }\n\nThe sheet stays in the folder by the door, and a copy goes to the council at the end of the year.\n`;

const others: readonly (readonly [what: string, older: string, newer: string])[] = [
  ["with another number", letter, letter.replace("eight pounds", "nine pounds")],
  ["with another price in figures", letter, letter.replace("eight pounds", "£12")],
  ["with another day", letter, letter.replace("14 November", "21 November")],
  ["with another month in short", letter, letter.replace("14 November", "14 Dec")],
  ["with another weekday", letter, letter.replace("Saturday", "Sunday")],
  ["with another name", letter, letter.replace("Hadley Farm", "Oxmoor Farm")],
  ["with a negation", letter, letter.replace("is turned off", "is not turned off")],
  ["without a negation", letter, letter.replace("does not smell", "does smell")],
  ["with a short negation", letter, letter.replace("comes on", "won't come on")],
  ["with the other of two", letter, letter.replace("the taps open", "the taps closed")],
  [
    "with values that changed places",
    letter,
    letter.replace("Hadley Farm", "Ines").replace("Ines Calder", "Hadley Farm"),
  ],
  ["addressed to someone else", letter, letter.replace("Dear all", "Dear Kaya")],
  [
    "of a chat with another time for what is done",
    "# Calls\n\n10:00 Ada, Bo: scene 3\n11:30 Ivy: the song\n14:00 Ada: fitting in the attic\n16:00 all: notes",
    "# Calls\n\n10:00 Ada, Bo: scene 3\n12:30 Ivy: the song\n14:00 Ada: fitting in the attic\n16:00 all: notes",
  ],
  [
    "in other words",
    letter,
    body.replace(/the water.*them\./s, "Taps run dry from mid November, so drain what you have.").replace(
      /The compost.*gate\./s,
      "There will be manure at the weekend; pay Ines.",
    ),
  ],
  ["of a form for another plot", form("12", ["ok", "weeds", "ok"]), form("14", ["ok", "weeds", "ok"])],
  ["of a form with another answer", form("12", ["ok", "weeds", "ok"]), form("12", ["ok", "clear", "ok"])],
  [
    "of a form with an answer more",
    form("12", ["ok", "weeds", "ok"]),
    form("12", ["ok", "weeds", "ok, key at Bruno's"]),
  ],
  [
    "of a list with a box ticked",
    `# Week\n\n${items.replaceAll("- ", "- [ ] ")}`,
    `# Week\n\n${items.replaceAll("- ", "- [ ] ").replace("[ ]", "[x]")}`,
  ],
  [
    "of an order with another number in its subject",
    `From: shop@seeds.example\nSubject: Order 1180\n\n${body}`,
    `From: shop@seeds.example\nSubject: Order 1183\n\n${body}`,
  ],
];

for (const [what, older, newer] of others) {
  Deno.test(`curator: a note ${what} is no duplicate`, async () => {
    assert.deepEqual((await joined([note("letter.md", older), note("inbox/found.md", newer)])).pairs, []);
  });
}

for (
  const [text, wanted] of [
    ["The dentist is now Dr Calder, on Tuesdays only.", ["31.md | 58.md"]],
    ["Nothing new today, the same as the day before.", []],
    ["See you there.", []],
  ] as const
) {
  Deno.test(`curator: "${text}" noted on two days is ${wanted.length > 0 ? "a" : "no"} duplicate`, async () => {
    assert.deepEqual((await joined([note("31.md", text), note("58.md", text)])).pairs, wanted);
  });
}

Deno.test("curator: lists of the same answers on two days are no duplicates", async () => {
  const day = "- pump: ok\n- gate: locked\n- water: on\n- bins: out\n- lights: off\n- key: on its hook";
  assert.deepEqual((await joined([note("2026-03-01.md", day), note("2026-03-08.md", day)])).pairs, []);
});

Deno.test("curator: which copies it joins does not depend on the order of import", async () => {
  const notes = [
    note("letter.md", letter),
    note("mail/fwd.txt", `From: Bruno Vasey\nTo: Kaya\n\n${quoted(wrapped(body))}`),
    note("phone/water.txt", body.toLowerCase().replace("barrow and", "barow and")),
    note("old/letter.md", letter.replace("eight pounds", "seven pounds")),
    note("shed.md", list),
    note("phone/shed.txt", items),
  ];
  const { pairs } = await joined(notes);
  assert.deepEqual(pairs, [
    "letter.md | mail/fwd.txt",
    "letter.md | phone/water.txt",
    "mail/fwd.txt | phone/water.txt",
    "phone/shed.txt | shed.md",
  ]);
  assert.deepEqual((await joined(notes.toReversed())).pairs, pairs);
});

const paragraphs = (text: string) => text.split(/\n\s*\n/);
/** The nth long word of small letters with two letters swapped. */
const misspelt = (text: string, nth: number) => {
  let seen = 0;
  return text.replace(
    /(?<![\p{L}\p{N}])[a-z]{6,}(?![\p{L}\p{N}])/gu,
    (word) => ++seen === nth ? word.slice(0, 2) + word.charAt(3) + word.charAt(2) + word.slice(4) : word,
  );
};
/** What people do to a note when they copy it. */
const copied: readonly ((text: string) => string)[] = [
  (text) => `Passing this on.\n\n${text.replace(/^/gm, "> ")}`,
  (text) => paragraphs(text).reverse().join("\n\n"),
  (text) => `${text.trimEnd()}\n\nPlease read this before the next meeting.\n`,
  (text) => misspelt(misspelt(text, 3), 7),
  (text) => text.replace(/^- /gm, "* "),
  (text) => `Hi all,\n\n${text.trimEnd()}\n\nCheers,\nNoor\n`,
  (text) =>
    paragraphs(text).map((one) =>
      /^[-*|#>\d]/m.test(one) ? one : one.replace(/\n/g, " ").replace(/(.{1,40})( |$)/g, "$1\n").trim()
    ).join("\n\n"),
];

Deno.test("curator: it joins copies of strangers' notes, whatever a copy does to form, and nothing else", async () => {
  const found = { right: 0, made: 0, wanted: 0 };
  for (const set of apartSets("dev", "strangers")) {
    const kept = new Set([...set.duplicates, ...set.different].flat());
    // One section each, so that a pair of paths is a pair of sections.
    const notes = set.notes.filter(({ path, text }) =>
      path.endsWith(".md") && !kept.has(path) && !/^#/m.test(text.slice(1)) && text.split(/\s+/).length >= 40
    );
    const pairs = notes.map(({ path, text }, at) => {
      const [, head = "", body = ""] = /^((?:#.*\n+)?)([\s\S]*)$/.exec(text) ?? [];
      const make = copied[at % copied.length] ?? ((same: string) => same);
      return { path, copy: { path: path.replace(/[^/]+$/, "copy of $&"), text: head + make(body) } };
    });
    const { counts } = await apartScore(
      { ...set, questions: [], duplicates: pairs.map(({ path, copy }) => [path, copy.path]) },
      [...notes, ...pairs.map(({ copy }) => copy)],
    );
    const { right = 0, made = 0, wanted = 0 } = counts["duplicates"] ?? {};
    found.right += right;
    found.made += made;
    found.wanted += wanted;
  }
  assert.ok(found.wanted >= 100, `${found.wanted} copies`);
  assert.equal(found.right, found.made, "only copies are joined");
  assert.ok(found.right >= 0.97 * found.wanted, `${found.right} of ${found.wanted}`);
});
