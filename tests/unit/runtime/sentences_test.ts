import assert from "node:assert/strict";
import fc from "fast-check";
import { sentencesOf } from "../../../src/runtime/ask/sentences.ts";
import { askSets } from "../../support/ask_sets.ts";

const texts = (content: string) => sentencesOf(content).map(({ text }) => text);

function assertVerbatim(content: string): void {
  const bytes = new TextEncoder().encode(content);
  let end = 0;
  for (const { text, start } of sentencesOf(content)) {
    const length = new TextEncoder().encode(text).length;
    assert.equal(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, start + length)),
      text,
    );
    assert.ok(start >= end, `"${text}" begins at ${start}, before ${end}`);
    end = start + length;
  }
}

Deno.test("sentencesOf() gives exactly the bytes from start, in order, for every note of the sets", () => {
  for (const { notes } of [...askSets("development"), ...askSets("held_out")]) {
    for (const { text } of notes) assertVerbatim(text);
  }
});

Deno.test("sentencesOf() gives exactly the bytes from start, in order, for any text", () => {
  const mark = fc.constantFrom(
    "- ",
    "1. ",
    "| a | b |",
    "|---|---|",
    "\n",
    "\r\n",
    "```",
    ". ",
    "? ",
    "🙂",
    "ä",
    "# ",
    "> ",
    "~~",
  );
  const text = fc.array(fc.oneof(mark, fc.string({ unit: "grapheme", maxLength: 12 })), { maxLength: 30 });
  fc.assert(fc.property(text, (parts) => assertVerbatim(parts.join("").toWellFormed())), { numRuns: 300 });
});

Deno.test("sentencesOf() ends a sentence at its full stop, not at an abbreviation, decimal, date or address", () => {
  assert.deepEqual(
    texts(
      "Dr. Amsel paid 2.5 mg, e.g. on 12. May. See https://a.example/x.html now! Mr. J. Hill left. He came back",
    ),
    [
      "Dr. Amsel paid 2.5 mg, e.g. on 12. May.",
      "See https://a.example/x.html now!",
      "Mr. J. Hill left.",
      "He came back",
    ],
  );
});

Deno.test("sentencesOf() splits typed chat that begins sentences in lower case", () => {
  assert.deepEqual(texts("ugh I have a lecture. can someone be in?"), [
    "ugh I have a lecture.",
    "can someone be in?",
  ]);
});

Deno.test("sentencesOf() keeps the quotation mark that ends a sentence with it", () => {
  assert.deepEqual(texts('"Leave it." She left.'), ['"Leave it."', "She left."]);
});

Deno.test("sentencesOf() gives list items without their marks, and what the list stands under", () => {
  const [, first, second] = sentencesOf("Present:\n\n- Ines\n2. [ ] order jars\n");
  assert.deepEqual([first?.text, first?.lead, first?.open], ["Ines", "Present:", false]);
  assert.deepEqual([second?.text, second?.lead, second?.open], ["order jars", "Present:", true]);
});

Deno.test("sentencesOf() gives rows of a table under its header, and neither header nor rule", () => {
  const rows = sentencesOf("| Item | Price |\n|------|------:|\n| Train | 38 EUR |\n");
  assert.deepEqual(rows.map(({ text, lead }) => [text, lead]), [["Train | 38 EUR", "Item Price"]]);
});

Deno.test("sentencesOf() joins wrapped lines and keeps statements on lines of their own apart", () => {
  const wrapped = "The set is built in the old garage, since the workshop has no\nheating at all.";
  assert.deepEqual(texts(`${wrapped}\nFee: 3\nCode: 4`), [wrapped, "Fee: 3", "Code: 4"]);
});

for (
  const [what, first] of [
    ["a name and a time", "Ada Quist  9:31 AM\nthe long line of the chat goes on and on until here"],
    ["a time in brackets", "[09:31] ada: the long line of the chat goes on and on until here"],
    ["a day in brackets", "[28/08/2025] ada: the long line of the chat goes on and on until here"],
    ["a day and a time", "28.08.25, 09:31 - ada: the long line of the chat goes on and on until here"],
  ] as const
) {
  Deno.test(`sentencesOf() takes a line of a chat with ${what} for one of its own, and knows who speaks`, () => {
    const chat =
      `the hall is booked for the whole of the evening and the night too\n${first}\nwe meet at the door`;
    const [before, turn] = sentencesOf(chat);
    assert.deepEqual([before?.text, turn?.text, turn?.speaker.toLowerCase().split(" ")[0]], [
      chat.split("\n")[0],
      "the long line of the chat goes on and on until here",
      "ada",
    ]);
  });
}

Deno.test("sentencesOf() knows who speaks in a pasted chat by labels that come again, and takes no list for one", () => {
  const speakers = (text: string) => sentencesOf(text).map(({ speaker, text }) => [speaker, text]);
  assert.deepEqual(speakers("Ulla: who has it?\nPer: me\nUlla: good"), [
    ["Ulla", "who has it?"],
    ["Per", "me"],
    ["Ulla", "good"],
  ]);
  assert.deepEqual(speakers("Butter: 2 kg\nSalt: some"), [["", "Butter: 2 kg"], ["", "Salt: some"]]);
});

Deno.test("sentencesOf() reads a mail without its head, under its subject, as said by its sender", () => {
  const mail = "From: Orla Finn <orla@mail.example>\nDate: 3 March 2026\nSubject: the piano\n\nI tuned it.";
  assert.deepEqual(sentencesOf(mail).map(({ text, speaker }) => [text, speaker]), [
    ["I tuned it.", "Orla Finn"],
  ]);
});

Deno.test("sentencesOf() takes a line for a new statement where its first word would have fitted before it", () => {
  const lines = [
    "the tank in the loft was emptied and scrubbed, and it holds again",
    "paint is ordered",
    "nobody has answered about the second boat yet, though Iris asked them twice by now",
  ];
  assert.deepEqual(texts(lines.join("\n")), lines);
});

Deno.test("sentencesOf() ends a sentence after a contraction", () => {
  assert.deepEqual(texts("The piano is sound, the floor isn't. From Monday we play upstairs."), [
    "The piano is sound, the floor isn't.",
    "From Monday we play upstairs.",
  ]);
});

Deno.test("sentencesOf() gives a row the heads of its columns", () => {
  const [row] = sentencesOf("| site | people |\n|---|---|\n| Orsk | 14 |");
  assert.equal(row?.heads, "site people");
});

Deno.test("sentencesOf() takes a date that stands alone as the lead of what follows", () => {
  assert.deepEqual(
    sentencesOf("3 May 2025. Queen seen. Two frames.").map(({ text, lead }) => [text, lead]),
    [["Queen seen.", "3 May 2025."], ["Two frames.", "3 May 2025."]],
  );
});

Deno.test("sentencesOf() gives lines of code whole, without the fence", () => {
  assert.deepEqual(texts("```sh\nrun a. b\n```\nDone."), ["run a. b", "Done."]);
});

Deno.test("sentencesOf() marks what is struck through", () => {
  assert.deepEqual(sentencesOf("~~Launch: 3 May~~\nLaunch: 4 May").map(({ struck }) => struck), [
    true,
    false,
  ]);
});

Deno.test("sentencesOf() looks at a bounded part of a huge note", () => {
  assert.equal(sentencesOf("Ab cd ef. ".repeat(100_000)).length, 1000);
});

for (const part of [".", " ", "|", "- ", "A b. ", "~~", "🙂", "a@", "-|", ">"]) {
  Deno.test(`sentencesOf() cuts a line of a million ${JSON.stringify(part)} into sentences of bounded length`, () => {
    const content = `x${part.repeat(1_000_000 / part.length)}x`;
    assert.ok(sentencesOf(content).every(({ text }) => text.length <= 600));
  });
}
