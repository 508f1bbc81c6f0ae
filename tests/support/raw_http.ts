/** HTTP/1.1 by hand over a real socket: what a hostile client sends and fetch would not. */

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are, and reads one answer. */
export async function sendRaw(port: number, text: string): Promise<RawAnswer> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
  let all = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    all += part;
    const [head = "", ...rest] = all.split("\r\n\r\n");
    const body = rest.join("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Infinity);
    if (new TextEncoder().encode(body).length >= length) {
      return { status: Number(head.split(" ")[1]), head, body };
    }
  }
  throw new Error(`the answer broke off: ${all}`);
}
