/** A request and its answer as plain data, for the way from one thread to another. Bodies are whole, and as large as the API lets them be. */
export interface PlainRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: ArrayBuffer | null;
}

export interface PlainResponse {
  status: number;
  headers: [string, string][];
  body: ArrayBuffer | null;
}

export async function plainRequest(request: Request): Promise<PlainRequest> {
  return { method: request.method, url: request.url, headers: [...request.headers], body: request.body === null ? null : await request.arrayBuffer() };
}

/** What answers requests, made to answer plain ones. */
export function answering(answer: (request: Request) => Promise<Response>): (request: PlainRequest) => Promise<PlainResponse> {
  return async ({ method, url, headers, body }) => {
    const response = await answer(new Request(url, { method, headers, body }));
    return { status: response.status, headers: [...response.headers], body: response.body === null ? null : await response.arrayBuffer() };
  };
}

export function responseOf({ status, headers, body }: PlainResponse): Response {
  return new Response(body, { status, headers });
}
