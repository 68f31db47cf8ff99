/**
 * The contract of metrics, profiles and traces: what tools are given, byte for byte.
 */
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Locks, TraceFile } from "../../contracts/observing.ts";
import { requestOf } from "../testing.ts";
import type { Server, World } from "./world.ts";

export function observingSuite(world: World, server: () => Server): void {
  describe("observing", () => {
    it("metrics count what was done here", async () => {
      const dish = await world.dish(3);
      const reserved = async () => {
        const { status, headers, body } = await world.get("/api/metrics");
        expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
        return Number(/^eightysix_tcc_reserved_total (\d+)$/m.exec(body)?.[1]);
      };
      const before = await reserved();
      await world.reserved(dish, 2);
      expect(await reserved()).toBe(before + 1);
    });

    it.each(["mutex", "block"])("the %s profile is gzip all the way", async (view) => {
      const { baseUrl, key } = server();
      const answer = await fetch(requestOf(baseUrl, "GET", `/api/debug/pprof/${view}`, { key }));
      expect(answer.status).toBe(200);
      expect(gunzipSync(Buffer.from(await answer.arrayBuffer())).includes("contentions")).toBe(true);
    });

    it("a trace has the batches of its seconds", async () => {
      const dish = await world.dish(5);
      const capture = world.get("/api/debug/trace?seconds=1");
      let captured = false;
      void capture.finally(() => (captured = true));
      while (!captured) await world.reserved(dish, 1).then(({ txId }) => world.move(txId, "cancel"));
      const { status, body } = await capture;
      expect(status).toBe(200);
      expect(TraceFile.parse(body).traceEvents.filter(({ name }) => name === "batch").length).toBeGreaterThan(0);
    });

    it("locks tell of this instance, and the sampling rate can be turned", async () => {
      const { body } = await world.get("/api/debug/locks");
      const { instance, instances, sampleEvery } = Locks.parse(body);
      expect(instances.find((other) => other.instance === instance)).toMatchObject({ alive: true });
      const headers = { "idempotency-key": world.id("a") };
      expect(await world.post("/api/debug/sampling", { every: 3 }, headers)).toMatchObject({ status: 200, body: { every: 3 } });
      expect((await world.post("/api/debug/sampling", { every: 4 }, headers)).status).toBe(422);
      expect((await world.get("/api/debug/locks")).body.sampleEvery).toBe(3);
      await world.post("/api/debug/sampling", { every: sampleEvery });
    });
  });
}
