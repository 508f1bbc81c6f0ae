/** A client of the HTTP API that speaks JSON, as a foreign program would. */

/** An answer, with its JSON. */
export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- what a foreign client sees: each test says what it must be
  readonly body: any;
  readonly headers: Headers;
}

/** A client that sends JSON with a token. */
export function client(address: string, token: string) {
  return async (method: string, path: string, body?: unknown, headers: HeadersInit = {}): Promise<Answer> => {
    const response = await fetch(address + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
}
