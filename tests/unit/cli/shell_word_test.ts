import assert from "node:assert/strict";
import { shellWord } from "../../../src/cli/terminal/shell_word.ts";

const words = [
  "/home/ada/notes",
  "/home/ada/my notes",
  "it's",
  "$HOME",
  "`id`",
  'a"b',
  "a\\b",
  "~",
  "*",
  "",
  "two\nlines",
  "höhe",
];

Deno.test("shellWord() is one word to a shell, and means itself", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const command = `printf '%s\\0' ${words.map((word) => shellWord(word)).join(" ")}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});

Deno.test("shellWord() leaves plain paths as they are, and quotes by the system", () => {
  assert.equal(shellWord("/home/ada/notes-2.md", "linux"), "/home/ada/notes-2.md");
  assert.equal(shellWord("C:/notes", "windows"), "C:/notes");
  assert.equal(shellWord("C:\\my notes", "windows"), '"C:\\my notes"');
});
