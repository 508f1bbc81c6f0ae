/** A program's standard output as messages: one JSON object a line. */
export class JsonLines {
  readonly #texts: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(from: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#texts = from.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next message, or null at the end. */
  async next(): Promise<Record<string, unknown> | null> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#texts.read();
      if (done) return null;
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line);
  }
}
