/** How the command line asks for changes. */
import { sendsMessages } from "../kernel/commands.ts";
import type { Receipt } from "../runtime/receipts.ts";
import type { Request, WriteOp } from "../runtime/requests.ts";
import { type Call, given } from "./command.ts";
import { plural } from "./terminal/screen.ts";

/** Submits a request as the client "cli". */
export async function submit(call: Call, request: Request): Promise<Receipt> {
  const port = await call.port();
  call.changes(sendsMessages(request.kind) ? "with_agents" : "alone");
  const options = { client: "cli", ...given({ commandId: call.text("command-id") }) };
  const receipt = await port.submit(request, options);
  tellRedacted(call.screen, redactedIn(receipt));
  return receipt;
}

/** What a receipt says was left out, and how often. */
export function redactedIn({ redacted }: Receipt): [string, number][] {
  if (typeof redacted !== "object" || redacted === null) return [];
  return Object.entries(redacted).map(([what, times]) => [what, Number(times)]);
}

/** Says what the host took out of the texts before it stored them. */
export function tellRedacted(screen: Call["screen"], redacted: readonly (readonly [string, number])[]): void {
  if (redacted.length === 0) return;
  const parts = redacted.map(([what, times]) => `${what} (${plural(times, "place")})`);
  screen.note(`Not stored, it looked private: ${parts.join(", ")}`);
}

/** Submits direct changes as one command. */
export function write(call: Call, ops: readonly WriteOp[]): Promise<Receipt> {
  return submit(call, { kind: "write", ops });
}
