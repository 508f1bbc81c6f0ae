/** engramlt brief: one page for an assistant that begins to work. */
import { type Call, given, type Leaf } from "./command.ts";
import { contextOf } from "./ids.ts";
import { plural } from "./screen.ts";

/** engramlt brief */
export const brief: Leaf = {
  name: "brief",
  says: "show decisions, reversals, open tasks and what changed, on one page for an assistant",
  flags: [
    { flags: "--tokens N", says: "tokens of the page at most (default: 800)" },
    { flags: "--client NAME", says: "who begins a session: what changed since its last one is shown" },
    { flags: "--session ID", says: "the client's own id of the session: asking again in it begins no other" },
    { flags: "--since WHEN", says: "what changed since a tick or a date, instead of since a session" },
  ],
  examples: ["brief", "brief --context heron --client claude-code", "brief --tokens 400 --json"],
  notes:
    `Every line is quoted from a memory, with its date and id. Tokens are estimated, rather too many than too
few: one for four letters, two digits, a sign, a line end, or two bytes of other characters.`,
  run: showBrief,
};

async function showBrief(call: Call): Promise<void> {
  const port = await call.port();
  const since = call.text("since");
  const found = await port.view({
    view: "brief",
    ...given({
      context: await contextOf(call, port),
      client: call.text("client"),
      session: call.text("session"),
      since: since !== null && /^\d{1,15}$/.test(since) ? Number(since) : since,
      tokens: call.whole("tokens"),
    }),
  });
  call.screen.result(found, () => call.screen.line(found.text));
  call.screen.summary(`${plural(found.tokens, "token")} at most`);
}
