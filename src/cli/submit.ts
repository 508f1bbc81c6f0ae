/** How the command line asks for changes. */
import type { Receipt } from "../runtime/receipts.ts";
import type { Request, WriteOp } from "../runtime/requests.ts";
import { type Call, given } from "./command.ts";

/** Submits a request as the client "cli". */
export async function submit(call: Call, request: Request): Promise<Receipt> {
  const port = await call.port();
  call.changes();
  return await port.submit(request, { client: "cli", ...given({ commandId: call.text("command-id") }) });
}

/** Submits direct changes as one command. */
export function write(call: Call, ops: readonly WriteOp[]): Promise<Receipt> {
  return submit(call, { kind: "write", ops });
}
