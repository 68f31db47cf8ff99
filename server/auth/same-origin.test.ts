import { expect, test } from "vitest";
import { isSameOrigin } from "./same-origin.ts";

const request = (headers: Record<string, string>) => new Headers({ host: "wall.example:8686", ...headers });

test.each([
  ["a page of ours may change something", { origin: "http://wall.example:8686" }, true, true],
  ["also behind a proxy that ends TLS", { origin: "https://wall.example:8686" }, true, true],
  ["another site may not", { origin: "http://evil.example" }, true, false],
  ["nor another port of this host", { origin: "http://wall.example:9999" }, true, false],
  ["nor a page without an origin", { origin: "null" }, true, false],
  ["nor a program that sends none", {}, true, false],
  ["nor a browser that says it comes from elsewhere", { origin: "http://wall.example:8686", "sec-fetch-site": "cross-site" }, true, false],
  ["a sister site is elsewhere", { origin: "http://wall.example:8686", "sec-fetch-site": "same-site" }, true, false],
  ["a plain read needs no origin", {}, false, true],
  ["but a wrong one is wrong there too", { origin: "http://evil.example" }, false, false],
])("%s", (_guarantee, headers, requireOrigin, allowed) => {
  expect(isSameOrigin(request(headers as Record<string, string>), requireOrigin)).toBe(allowed);
});

test("the default port may be left out on either side", () => {
  expect(isSameOrigin(new Headers({ host: "wall.example", origin: "https://wall.example" }), true)).toBe(true);
  expect(isSameOrigin(new Headers({ host: "wall.example:80", origin: "http://wall.example" }), true)).toBe(true);
});
