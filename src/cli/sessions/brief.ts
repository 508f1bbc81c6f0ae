/** engramlt brief: one page for an assistant that begins to work. */
import type { Port, ViewResults } from "../../runtime/port.ts";
import { type Call, given, type Leaf } from "../command.ts";
import { contextOf } from "../ids.ts";
import { noProjectFlag } from "../project.ts";
import { plural } from "../terminal/screen.ts";
import { hookInput, inHook } from "./hook.ts";

/** engramlt brief */
export const brief: Leaf = {
  name: "brief",
  says: "show decisions, reversals, open tasks and what changed, on one page for an assistant",
  flags: [
    { flags: "--tokens N", says: "tokens of the page at most (default: 800)" },
    { flags: "--client NAME", says: "who begins a session: what changed since its last one is shown" },
    { flags: "--session ID", says: "the client's own id of the session: asking again in it begins no other" },
    { flags: "--since WHEN", says: "what changed since a tick or a date, instead of since a session" },
    { flags: "--hook CLIENT", says: "called by a client's hook: reads its JSON from stdin, never fails" },
    noProjectFlag,
  ],
  examples: ["brief", "brief --context heron --client claude-code", "brief --tokens 400 --json"],
  notes:
    `It is the page of the project of the folder you call from. Every line is quoted from a memory, with its date
and id. Tokens are estimated, rather too many than too few: one for four letters, two digits, a sign, a line end, or
two bytes of other characters.`,
  run: (call) => call.text("hook") === null ? showBrief(call) : briefHook(call, call.need("hook")),
};

async function showBrief(call: Call): Promise<void> {
  const port = await call.port();
  const found = await briefOf(call, port, {
    folder: call.screen.terminal.folder,
    client: call.text("client"),
    session: call.text("session"),
  });
  call.screen.result(found, () => call.screen.line(found.text));
  call.screen.summary(`${plural(found.tokens, "token")} at most`);
}

/** The page as a client's hook prints it: on standard output, where it becomes part of the session. */
function briefHook(call: Call, client: string): Promise<void> {
  return inHook(call, `brief for ${client}`, async () => {
    const { cwd, session } = await hookInput(call);
    const port = await call.port();
    const found = await briefOf(call, port, { folder: cwd ?? call.screen.terminal.folder, client, session });
    call.screen.result(found, () => call.screen.line(found.text));
  });
}

async function briefOf(
  call: Call,
  port: Port,
  asked: { readonly folder: string; readonly client: string | null; readonly session: string | null },
): Promise<ViewResults["brief"]> {
  const { folder, client, session } = asked;
  const since = call.text("since");
  return await port.view({
    view: "brief",
    context: await contextFor(call, port, folder),
    ...given({
      client,
      session,
      since: since !== null && /^\d{1,15}$/.test(since) ? Number(since) : since,
      tokens: call.whole("tokens"),
    }),
  });
}

/** The context named, else that of the folder's project; null where it has none yet. */
async function contextFor(call: Call, port: Port, folder: string): Promise<string | null> {
  const named = await contextOf(call, port);
  if (named !== null) return named;
  const { ownContext } = await import("../../runtime/projects.ts");
  return await ownContext(port, call.has("no-project") ? "/" : folder);
}
