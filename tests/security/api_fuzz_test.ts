/**
 * The API's description, held against a host: requests drawn from it, right and wrong, are never a fault, and every
 * answer is as the description says. `API_FUZZ_SEED` repeats a run, `API_FUZZ_RUNS` makes a longer one.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkAnswer, drawnRequests, requestOf } from "../support/drawn_requests.ts";
import { withHost } from "../support/ports.ts";

/** A pull that is drawn asks nobody: nothing listens there. */
Deno.env.set("HF_ENDPOINT", "http://127.0.0.1:9");

const seed = Number(Deno.env.get("API_FUZZ_SEED") ?? 4100);
const runs = Number(Deno.env.get("API_FUZZ_RUNS") ?? 400);

/** The route that ends the host, the one that never ends, and the page. */
const leftOut = new Set(["/v1/stop", "/v1/events", "/docs"]);
const requests = fc.oneof(...drawnRequests(leftOut).values());

Deno.test("requests drawn from the description are no faults, and their answers are as it says", () =>
  withHost(async ({ address, token, port }) => {
    for (const content of ["Heron launches on 12 May", "Heron launches on 19 May"]) {
      await port.submit({ kind: "write", ops: [{ op: "add", content, source: "a.md" }] });
    }
    const seen = new Map<string, Set<number>>();
    const property = fc.asyncProperty(requests, async (drawn) => {
      const response = await fetch(requestOf(address, token, drawn));
      const text = await response.text();
      assert(response.status < 500 || response.status === 501, `${response.status} ${text}`);
      const route = `${drawn.method} ${drawn.path}`;
      seen.set(route, (seen.get(route) ?? new Set()).add(response.status));
      const type = response.headers.get("content-type") ?? "";
      checkAnswer(drawn, response.status, type, type.startsWith("text/plain") ? text : JSON.parse(text));
      assert(response.headers.get("x-request-id"), "no request id");
    });
    await fc.assert(property, { seed, numRuns: runs, endOnFailure: true });
    // A run that meets only refusals, or only a few routes, would show nothing.
    const done = [...seen].filter(([, statuses]) => statuses.has(200) || statuses.has(201));
    assert(done.length >= 15 && seen.size >= 35, `only ${done.length} of ${seen.size} routes were done`);
  }));
