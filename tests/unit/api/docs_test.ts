import assert from "node:assert/strict";
import { apiLimits } from "../../../src/api/http.ts";
import { routeList } from "../../../src/api/routes.ts";

/** Without the spaces that align its tables. */
const page = Deno.readTextFileSync(new URL("../../../docs/api.md", import.meta.url)).replace(/ +/g, " ");

Deno.test("docs/api.md has a row for every route, with its query and what it does, and no other", () => {
  const rows = routeList().map(({ method, path, query = [], summary }) => {
    const names = query.map((name) => `\`${name}\``).join(" ");
    return `| \`${method} ${path}\` | ${names}${names === "" ? "" : " "}| ${summary} |`;
  });
  assert.deepEqual(page.split("\n").filter((line) => /^\| `(GET|POST) /.test(line)), rows);
});

Deno.test("docs/api.md has every limit with its value", () => {
  for (const [name, value] of Object.entries(apiLimits)) {
    assert(page.includes(`| \`${name}\` | ${value.toLocaleString("en-US")} |`), name);
  }
});
