import assert from "node:assert/strict";
import { readJsonl, readManifest, readNote, readWorkflow } from "../../../src/input/mod.ts";

const page = Deno.readTextFileSync(new URL("../../../docs/import.md", import.meta.url));

/** The example in a code block of a language that holds a word. */
function example(language: string, word: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.find((block) => block[1] === language && block[2]?.includes(word))?.[2] ?? "";
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("docs/import.md shows a JSONL line that goes in", () => {
  const { drafts, failures } = readJsonl("a.jsonl", bytes(example("jsonl", "speaker")));
  assert.deepEqual([drafts.length, failures], [1, []]);
});

Deno.test("docs/import.md shows a workflow that is accepted", () => {
  assert.equal(readWorkflow(example("yaml", "steps"), "w.yaml").workflow.steps.length, 2);
});

Deno.test("docs/import.md shows a workflow of actions that the bundled agents have", () => {
  for (const { agent, action } of readWorkflow(example("yaml", "steps"), "w.yaml").workflow.steps) {
    const path = new URL(`../../../agents/${agent}/manifest.json`, import.meta.url);
    const { actions } = readManifest(Deno.readFileSync(path), "manifest.json");
    assert.ok(actions?.some(({ name }) => name === action), `${agent} has ${action}`);
  }
});

Deno.test("docs/import.md shows a manifest that is accepted", () => {
  assert.equal(readManifest(bytes(example("json", "manifest")), "m.json").id, "linker");
});

Deno.test("docs/import.md goes in itself, a memory a section", () => {
  const { drafts, failures } = readNote({ path: "import.md", bytes: bytes(page), modifiedAt: null });
  assert.deepEqual([drafts.map(({ title }) => title), failures], [
    [
      "What an import reads",
      "What an import reads › Notes",
      "What an import reads › JSON Lines",
      "What an import reads › Limits",
      "What an import reads › Workflows",
      "What an import reads › Manifests",
    ],
    [],
  ]);
});
