import assert from "node:assert/strict";
import { apiLimits } from "../../../src/api/limits.ts";
import { openApi } from "../../../src/api/openapi/openapi.ts";
import { routeList } from "../../../src/api/routes/list.ts";

/** Without the spaces that align its tables. */
const page = Deno.readTextFileSync(new URL("../../../docs/api.md", import.meta.url)).replace(/ +/g, " ");
const braces = (path: string) => path.replace(/:(\w+)/g, "{$1}");

Deno.test("docs/api.md has a row for every route, with its query and its scope, and no other", () => {
  const rows = routeList().map(({ method, path, query = [], scope }) => {
    const names = query.map((name) => `\`${name}\``).join(" ");
    return `| \`${method} ${braces(path)}\` | ${names}${names === "" ? "" : " "}| ${scope ?? "none"} |`;
  });
  const told = page.split("\n").filter((line) => /^\| `[A-Z]+ \//.test(line))
    .map((line) => line.split("|").slice(0, 4).join("|") + "|");
  assert.deepEqual(told.sort(), rows.sort());
});

Deno.test("docs/api.md has every limit with its value", () => {
  for (const [name, value] of Object.entries(apiLimits)) {
    assert(page.includes(`| \`${name}\` | ${value.toLocaleString("en-US")} |`), name);
  }
});

Deno.test("openApi() describes every route once, under an id of its own", () => {
  const told = Object.entries(openApi().paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
  );
  assert.deepEqual(told.sort(), routeList().map(({ method, path }) => `${method} ${braces(path)}`).sort());
  const ids = Object.values(openApi().paths).flatMap((one) => Object.values(one).map((op) => op.operationId));
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("openApi() refers to nothing that it does not hold", () => {
  const whole = openApi();
  const text = JSON.stringify(whole);
  for (const [, section = "", name = ""] of text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)) {
    const found = Object.entries(whole.components).find(([key]) => key === section)?.[1] ?? {};
    assert(Object.hasOwn(found, name), `${section}/${name}`);
  }
  assert.doesNotMatch(text, /"\$ref":"(?!#\/components\/)/);
});
