/** What a call makes of an answer that is late, cut, empty or no answer at all. */
import { afterEach, expect, it, vi } from "vitest";
import { call, ConsoleError } from "./console-client.ts";

const answer = (body: BodyInit | null, init?: ResponseInit) => vi.stubGlobal("fetch", async () => new Response(body, init));
/** Its first half arrives, then this happens. */
const cut = (how: Error) => new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{"entries":')), pull: (body) => body.error(how) });
const asked = () => call<{ entries: unknown[] }>("/api/console/audit", {});

afterEach(() => vi.unstubAllGlobals());

it("gives what was answered, and nothing for an answer without a body", async () => {
  answer('{"entries":[]}');
  expect(await asked()).toEqual({ entries: [] });
  answer(null, { status: 204 });
  expect(await asked()).toBeNull();
});

it("takes an answer that ends half way for no answer", async () => {
  answer(cut(new TypeError("network error")));
  await expect(asked()).rejects.toEqual(new ConsoleError("UNREACHABLE"));
  answer('{"entries":');
  await expect(asked()).rejects.toEqual(new ConsoleError("UNREACHABLE"));
});

it("tells who called it off half way that it was called off", async () => {
  answer(cut(new DOMException("called off", "AbortError")));
  await expect(asked()).rejects.toMatchObject({ name: "AbortError" });
});

it("keeps how long to wait of a no without words", async () => {
  answer("The console's pages are being started again.\n", { status: 503, headers: { "retry-after": "1" } });
  await expect(asked()).rejects.toMatchObject({ code: "UNREACHABLE", retryAfterSeconds: 1, retryable: true });
});
