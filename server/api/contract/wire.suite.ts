/**
 * The contract of the wire: keys, sizes, headers, unknown routes, and what is open to everybody.
 */
import { describe, expect, it } from "vitest";
import { BODY_BYTES_MAX } from "../../contracts/limits.ts";
import { Readiness } from "../../contracts/operating.ts";
import { ROUTES } from "../routes/index.ts";
import { expectNo, type World } from "./world.ts";

export function wireSuite(world: World): void {
  describe("the wire", () => {
    it("health and readiness are open", async () => {
      expect(await world.send("GET", "/api/health", { key: null })).toMatchObject({ status: 200, body: { status: "ok" } });
      const ready = await world.send("GET", "/api/ready", { key: null });
      expect(ready.status).toBe(200);
      expect(Readiness.parse(ready.body)).toEqual({ status: "ready", dependencies: { postgres: { state: "up" }, redis: { state: "up" } } });
    });

    it("the OpenAPI document is open and has every route", async () => {
      const { status, headers, body } = await world.send("GET", "/api/v1/openapi.json", { key: null });
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("application/json");
      expect(body.openapi).toBe("3.1.0");
      for (const { method, path } of ROUTES) expect(body.paths[path][method.toLowerCase()].summary).toBeTruthy();
    });

    it("a key is asked for, as Bearer or as Basic password", async () => {
      const path = "/api/v1/dishes?limit=1";
      const refused = await world.send("GET", path, { key: null });
      expectNo(refused, "UNAUTHENTICATED");
      expect(refused.headers.get("www-authenticate")).toContain("Basic");
      expectNo(await world.send("GET", path, { key: `e86_${"x".repeat(43)}` }), "UNAUTHENTICATED");
      expect((await world.get(path)).status).toBe(200);
    });

    it("every answer carries a trace id, the caller's when there is one", async () => {
      const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
      const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      for (const path of ["/api/health", "/api/v1/dishes?limit=1", "/api/v1/dishes/nope", "/api/nowhere"]) {
        expect((await world.send("GET", path, { headers })).headers.get("x-trace-id")).toBe(traceId);
        expect((await world.get(path)).headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
      }
    });

    it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s of an unknown route is a problem", async (method) => {
      expectNo(await world.send(method, "/api/v1/nowhere"), "UNKNOWN_ROUTE");
      if (method !== "GET" && method !== "POST") expectNo(await world.send(method, "/api/v1/transactions"), "UNKNOWN_ROUTE");
    });

    it("HEAD answers as GET, without a body", async () => {
      const { status, body, headers } = await world.send("HEAD", "/api/health");
      expect([status, body]).toEqual([200, null]);
      expect(headers.get("content-type")).toBe("application/json");
    });

    it("1 MiB is read, a byte more is BODY_TOO_LARGE, announced or not", async () => {
      const { dishId, storeId } = await world.dish(100);
      const sized = (bytes: number) => {
        const text = JSON.stringify({ txId: world.id("t"), storeId, lines: [{ dishId, quantity: 1 }] });
        return text + " ".repeat(bytes - text.length);
      };
      const headers = { "content-type": "application/json" };
      for (const stream of [false, true]) {
        const send = (bytes: number) => {
          const body = sized(bytes);
          return world.send("POST", "/api/v1/transactions", { body: stream ? new Blob([body]).stream() : body, headers });
        };
        expect((await send(BODY_BYTES_MAX)).status).toBe(201);
        expectNo(await send(BODY_BYTES_MAX + 1), "BODY_TOO_LARGE");
      }
      expect(await world.stock({ dishId })).toEqual([98, 2, 0]);
    });

    it.each([
      ["malformed JSON", '{"txId":', "application/json"],
      ["another content type", "{}", "text/plain"],
      ["an unknown field", '{"txId":"t","storeId":"s","lines":[{"dishId":"d","quantity":1}],"x":1}', "application/json"],
      ["a __proto__ key", '{"txId":"t","storeId":"s","lines":[{"dishId":"d","quantity":1}],"__proto__":{}}', "application/json"],
      ["a quantity of 0", '{"txId":"t","storeId":"s","lines":[{"dishId":"d","quantity":0}]}', "application/json"],
      ["a participant", '{"txId":"t","storeId":"s","lines":[{"dishId":"d","quantity":1}],"participants":[{"name":"p"}]}', "application/json"],
    ])("%s is VALIDATION", async (_, body, type) => {
      const problem = expectNo(await world.send("POST", "/api/v1/transactions", { body, headers: { "content-type": type } }), "VALIDATION");
      expect(problem.errors?.length).toBeGreaterThan(0);
    });

    it("a caller out of time hears DEADLINE_EXCEEDED, and may ask again with the same txId", async () => {
      const dish = await world.dish(10);
      const body = { txId: world.id("t"), storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity: 1 }] };
      const hurried = await world.post("/api/v1/transactions", body, { "x-request-timeout-ms": "1" });
      expect([201, 504]).toContain(hurried.status);
      const patient = await world.post("/api/v1/transactions", body);
      expect([200, 201]).toContain(patient.status);
      expect(await world.stock(dish)).toEqual([9, 1, 0]);
    });
  });
}
