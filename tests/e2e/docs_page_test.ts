/** /docs in a real browser that reaches nothing but the host. */
import assert from "node:assert/strict";
import { browserNeeds, browserPath, withPage } from "../support/browser.ts";
import { withHost } from "../support/ports.ts";

const ignore = browserPath() === null;

function browserTest(sentence: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${sentence}${ignore ? ` (skipped: ${browserNeeds})` : ""}`, ignore, fn });
}

browserTest(
  "/docs shows the routes without a network, and asks for nothing beside the host",
  () =>
    withHost(({ address }) =>
      withPage(`${address}/docs`, async (page, { foreign, errors }) => {
        await page.getByText("Stores a memory").first().waitFor();
        await page.getByText("Takes a token back, by id or name").first().waitFor();
        assert.deepEqual(foreign, []);
        assert.deepEqual(errors, []);
      })
    ),
);

browserTest(
  "/docs holds no token, and its policy lets it ask its own host with the one that its reader types",
  () =>
    withHost(async ({ address, token, port }) => {
      await port.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 12 May" }] });
      await withPage(`${address}/docs`, async (page, { foreign }) => {
        const status = async (given: string) =>
          await page.evaluate(async (given) => {
            const headers = given === "" ? {} : { authorization: `Bearer ${given}` };
            const answer = await fetch("/v1/status", { headers });
            return [answer.status, (await answer.json()).engrams ?? null];
          }, given);
        assert.deepEqual(await status(""), [401, null]);
        assert.deepEqual(await status(token), [200, 1]);
        assert.deepEqual(foreign, []);
      });
    }),
);
