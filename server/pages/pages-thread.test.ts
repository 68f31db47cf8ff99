import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PagesThread } from "./pages-thread.ts";
import type { PageReads } from "./reads.ts";

let pages: PagesThread;
let server: Server;
let url: string;
const troubles: Error[] = [];

const reads = {
  wall: async (what: string) => ({ overview: `of ${what}` }),
  locks: () => Promise.reject(new TypeError("no locks today")),
} as unknown as PageReads;

beforeEach(async () => {
  troubles.length = 0;
  pages = await PagesThread.start({ dir: "", reads, onTrouble: (error) => troubles.push(error as Error), entry: new URL("./testing/renderer.mjs", import.meta.url), restartAfterMs: 1 });
  server = createServer((request, response) => {
    response.setHeader("x-frame-options", "DENY");
    request.headers["x-nonce"] = "once";
    void pages.handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await pages.close();
});

test("a request is passed on as it is, and the answer back", async () => {
  const response = await fetch(`${url}/page?a=1`, { method: "POST", body: "the body" });
  expect(response.status).toBe(201);
  expect(await response.text()).toBe("the body");
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(Object.fromEntries(response.headers)).toMatchObject({ "x-frame-options": "DENY", "x-host": new URL(url).host, "x-nonce": "once" });
});

test.each([
  ["/dishes/%E0%A4%A", "/dishes/%25E0%25A4%25A"],
  ["/dishes/%FF?q=%FF", "/dishes/%25FF?q=%FF"],
  ["/dishes/%E8%B1%86?q=%E0%A4%A", "/dishes/%E8%B1%86?q=%E0%A4%A"],
])("an address whose path cannot be decoded is one where nothing is: %s", async (sent, passedOn) => {
  expect((await fetch(`${url}${sent}`)).headers.get("x-path")).toBe(passedOn);
});

test("what a page asks for comes through the door, a failure as words", async () => {
  expect(await (await fetch(`${url}/read/wall`)).json()).toEqual({ id: 1, value: { overview: "of a" } });
  expect(await (await fetch(`${url}/read/locks`)).json()).toEqual({ id: 1, failure: "TypeError: no locks today" });
  expect(await (await fetch(`${url}/read/nothing`)).json()).toEqual({ id: 1, failure: "Error: a page asked for nothing, which nobody answers" });
});

test("a thread that dies answers 503, and is started again", async () => {
  expect((await fetch(`${url}/die`)).status).toBe(503);
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(201), { timeout: 10_000 });
  expect(troubles.some(({ message }) => message === "the pages' thread ended with 7")).toBe(true);
});

test("a page that is cut in the middle does not look whole", async () => {
  await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow();
});

test("whoever does not wait for the page is not rendered for", async () => {
  const aborter = new AbortController();
  const page = fetch(`${url}/hangs`, { signal: aborter.signal });
  await expect(Promise.race([page, new Promise((resolve) => setImmediate(resolve, "waits"))])).resolves.toBe("waits");
  await fetch(`${url}/asked`); // it has come through before this one
  aborter.abort();
  await expect(page).rejects.toThrow();
  await vi.waitFor(async () => expect(await (await fetch(`${url}/asked`)).text()).toBe("-1"), { timeout: 10_000 });
  expect(troubles).toEqual([]);
});
