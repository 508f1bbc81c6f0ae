/** Writes the JSON schemas below docs from the schemas in src/input. */
import { publishedSchemas } from "../src/input/schemas.ts";

for (const [name, text] of Object.entries(publishedSchemas())) {
  Deno.writeTextFileSync(new URL(`../docs/${name}`, import.meta.url), text);
}
