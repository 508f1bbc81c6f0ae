/** How a host proves that it is the one host.json speaks of, without telling its nonce. */
import { createHmac } from "node:crypto";

/** The proof that a host knows its nonce: HMAC-SHA256 over a client's challenge, in hex. */
export function nonceProof(nonce: string, challenge: string): string {
  return createHmac("sha256", nonce).update(challenge).digest("hex");
}
