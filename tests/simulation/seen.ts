/** What the doors see of a host: every view, so that two hosts of one log can be compared. */
import type { Runtime, View } from "../../src/mod.ts";
import { EngramError } from "../../src/mod.ts";
import { type ReviewItem, reviewStates } from "../../src/runtime/views/review.ts";

/** Everything proposed or decided. */
export async function reviewsOf(runtime: Runtime): Promise<ReviewItem[]> {
  const items: ReviewItem[] = [];
  for (const state of reviewStates) {
    items.push(...(await runtime.view({ view: "review", state, limit: 200 })).items);
  }
  return items;
}

/** The answers of all views, by what was asked; a refusal is an answer. Facts about this machine are left out. */
export async function seenBy(runtime: Runtime, known: readonly string[]): Promise<Map<string, unknown>> {
  const { tick } = runtime.status();
  const ids = known.slice(-5);
  const { contexts } = await runtime.view({ view: "contexts" });
  const { agents } = await runtime.view({ view: "agents" });
  const asked: View[] = [
    ...[null, 0, Math.floor(tick / 2), tick].flatMap((at) => viewsAt(at, ids)),
    ...contexts.map(({ id }): View => ({ view: "context", id, limit: 1000 })),
    ...agents.map(({ id }): View => ({ view: "resolve", what: "agent", text: id })),
    ...ids.flatMap((id): View[] => [
      { view: "versions", id },
      { view: "why", id },
      { view: "why", id, check: true },
      { view: "resolve", what: "engram", text: id.slice(0, -1) },
    ]),
    ...reviewStates.map((state): View => ({ view: "review", state })),
    { view: "agents" },
    { view: "changes", since: 0, limit: 10_000 },
    { view: "export", limit: 1000 },
    { view: "log", limit: 1000 },
    { view: "verify_log" },
    { view: "unembedded", model: "ab".repeat(32) },
    { view: "resolve", what: "engram", text: "@last" },
    { view: "brief" },
    { view: "recall", question: "What does the note say?", vector: questionVector() },
  ];
  const seen = new Map<string, unknown>();
  for (const view of asked) seen.set(JSON.stringify(view), await answerTo(runtime, view));
  return seen;
}

/** Views that can be asked of an earlier tick; null: now. */
function viewsAt(tick: number | null, ids: readonly string[]): View[] {
  const at = tick === null ? {} : { at: tick };
  const [first = "e0000", second = first] = ids;
  return [
    { view: "search", text: "token thought rewritten", limit: 50, ...at },
    { view: "search", text: "upserted", includeSuperseded: true, limit: 50, ...at },
    { view: "search", metadata: { b: { z: 1 } }, ...at },
    { view: "recall", question: "Which note says 2?", k: 50, ...at },
    { view: "ask", question: "What does note 1 say?", ...at },
    { view: "neighbors", id: first, depth: 3, ...at },
    { view: "paths", source: first, target: second, ...at },
    { view: "thread", thread: "file 1", ...at },
    { view: "contexts", ...at },
    ...ids.map((id): View => ({ view: "engram", id, ...at })),
  ];
}

function questionVector() {
  const numbers = Uint8Array.from({ length: 16 }, (_, at) => at * 15).toBase64();
  return { model: { name: "simulated", hash: "ab".repeat(32), provider: "cpu" }, numbers };
}

async function answerTo(runtime: Runtime, view: View): Promise<unknown> {
  try {
    return await runtime.view(view);
  } catch (error) {
    if (error instanceof EngramError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
