import assert from "node:assert/strict";
import { publishedSchemas } from "../../../src/input/schemas.ts";

for (const [name, text] of Object.entries(publishedSchemas())) {
  Deno.test(`docs/${name} is up to date (else: deno run -A scripts/schemas.ts)`, () => {
    assert.equal(Deno.readTextFileSync(new URL(`../../../docs/${name}`, import.meta.url)), text);
  });
}
