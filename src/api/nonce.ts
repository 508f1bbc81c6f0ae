/** How a host proves that it is the one host.json speaks of, without telling its nonce. */

const encoder = new TextEncoder();

/**
 * The proof that a host knows its nonce: HMAC-SHA256 over a client's challenge, in hex. By WebCrypto: every command asks
 * for one, and node:crypto takes 25 ms to load.
 */
export async function nonceProof(nonce: string, challenge: string): Promise<string> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(nonce), hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(challenge))).toHex();
}
