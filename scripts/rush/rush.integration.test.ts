/**
 * Whole rushes against a small server in memory: one that keeps the contract, and one broken server after the other.
 */
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { Participant } from "../participant/participant.ts";
import { serveParticipant } from "../participant/server.ts";
import type { RushOptions } from "./arguments.ts";
import type { Invariant } from "./audit/verdict.ts";
import { Progress } from "./progress.ts";
import { figuresOf, inWords } from "./report.ts";
import { startRush } from "./rush.ts";
import { FakeEightysix, type Flaw } from "./testing/fake-eightysix.ts";
import { broken } from "./testing/histories.ts";

/** Rushes wait for reservations to expire: they wait together. */
const waiting = { concurrent: true };

async function serve({ onTestFinished }: TestContext, flaw: Flaw | null = null): Promise<{ server: FakeEightysix; url: string }> {
  const server = new FakeEightysix(flaw);
  onTestFinished(() => server.stop());
  return { server, url: await server.listen() };
}

function folderOf({ onTestFinished }: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "rush-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const silent = () => new Progress({ write: () => true });

function options(url: string, more: Partial<RushOptions> = {}): RushOptions {
  return { url, key: "k", databaseUrl: null, seconds: 2, customers: 40, rate: null, seed: 11, stuck: 0, participantUrl: "http://127.0.0.1:1", json: null, ...more };
}

describe("a rush", waiting, () => {
  it("finds nothing wrong with a server that keeps the contract, and plays every part of it", async (context) => {
    const { url } = await serve(context);
    const figures = figuresOf(await startRush(options(url, { seconds: 5, customers: 80 }), silent()).done);
    expect(figures.audit!.verdicts.flatMap(({ findings }) => findings)).toEqual([]);
    expect(figures.errors).toEqual({});
    for (const code of ["SOLD_OUT", "COUPON_UNAVAILABLE", "LATE_TRY", "IDEMPOTENCY_MISMATCH", "ORDER_CONFLICT"]) {
      expect(figures.refused, code).toHaveProperty(code);
    }
    expect(figures.answers.confirm).toHaveProperty("UNKNOWN_TRANSACTION");
    for (const count of [figures.accepted, figures.replayed, figures.confirmed, figures.cancelled, figures.reversed, figures.expired, figures.hungUp, figures.restocks]) {
      expect(count).toBeGreaterThan(0);
    }
    expect(inWords(figures)).toContain("Everything that could be checked held; 6 invariants could not be checked.");
  });

  const flaws: [Flaw, Invariant[]][] = [
    ["forgetsTrys", ["acknowledged-stays", "acknowledged-present"]],
    ["saysYesTwice", ["one-decision"]],
    ["servesLateTrys", ["late-try", "states-agree"]],
    ["takesOtherPayloads", ["other-payload"]],
    ["refusesForNothing", ["refusals-justified"]],
    ["keepsExpired", ["all-ended"]],
    ["newFreezeIds", ["replays-repeat"]],
  ];

  it.for(flaws)("betrays a server that %s", async ([flaw, invariants], context) => {
    const { url } = await serve(context, flaw);
    const rush = await startRush(options(url, { seconds: 3 }), silent()).done;
    expect(broken(rush.audit!.verdicts)).toEqual(expect.arrayContaining(invariants));
    expect(inWords(figuresOf(rush))).toMatch(/BROKEN[^]*Broken: /);
  });

  it("goes on when the server is killed in the middle, and still judges what was acknowledged before", async (context) => {
    const { server, url } = await serve(context);
    const { port } = server;
    const busy = server.hasSeen(50);
    const running = startRush(options(url, { seconds: 5 }), silent());
    await busy;
    await server.vanish();
    await sleep(1_000);
    await server.listen(port);
    const figures = figuresOf(await running.done);
    expect(figures.audit!.verdicts.flatMap(({ findings }) => findings)).toEqual([]);
    expect(Object.keys(figures.errors).join()).toContain("connection: ");
    expect(figures.silenceMs).toBeGreaterThan(900);
  });

  it("offers orders at a fixed rate and counts those that find every customer busy", async (context) => {
    const { url } = await serve(context);
    const figures = figuresOf(await startRush(options(url, { seconds: 3, rate: 100, customers: 8 }), silent()).done);
    expect(figures.orders + figures.dropped).toBeGreaterThan(280);
    expect(figures.orders + figures.dropped).toBeLessThanOrEqual(100 * figures.seconds);
    expect(figures.dropped).toBeGreaterThan(0);
  });

  it("ends early when it is interrupted, and audits all the same", async (context) => {
    const { server, url } = await serve(context);
    const busy = server.hasSeen(20);
    const running = startRush(options(url, { seconds: 60 }), silent());
    await busy;
    running.interrupt("stopped by hand");
    const figures = figuresOf(await running.done);
    expect(figures.seconds).toBeLessThan(30);
    expect(figures.interrupted).toBe("stopped by hand");
    expect(broken(figures.audit!.verdicts)).toEqual([]);
  });
});

describe("stuck transactions", waiting, () => {
  async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  async function play(context: TestContext, folder: string, port = 0) {
    const participant = await Participant.open(folder);
    const server = await serveParticipant({ participant, port, onBroken: (error) => expect.unreachable(error.message) });
    context.onTestFinished(async () => {
      await server.close();
      await participant.close();
    });
    return { participant, server };
  }

  it("wait at a participant that the rush plays itself, are no broken promise, and are mended by one that takes over", async (context) => {
    const { url } = await serve(context);
    const folder = folderOf(context);
    const port = await freePort();
    const rush = await startRush(options(url, { seconds: 1, stuck: 8, participantUrl: `http://127.0.0.1:${port}` }), silent(), folder).done;
    const figures = figuresOf(rush);
    expect(figures.stuck).toEqual({ participant: `http://127.0.0.1:${port}`, successor: `npm run participant -- --port ${port} --data '${folder}'`, asked: 8, left: 8, otherwise: {} });
    expect(broken(figures.audit!.verdicts)).toEqual([]);
    expect(figures.audit!.states.CONFIRMING).toBe(8);
    expect(inWords(figures)).toMatch(/8 of 8 wait in CONFIRMING.*\n.*takes its place.*\n {2}mend it {5}npm run participant -- --port/);

    const { participant } = await play(context, folder, port);
    expect(participant.book.totals().branches).toMatchObject({ TRIED: 8, CONFIRMED: 0 });
    for (const { txId } of participant.book.entries()) {
      const confirmed = await fetch(`${url}/api/v1/transactions/${txId}/confirm`, { method: "POST", headers: { authorization: "Bearer k" } });
      expect([confirmed.status, await confirmed.json()]).toEqual([200, { txId, state: "CONFIRMED" }]);
    }
    expect(participant.book.totals().branches).toMatchObject({ TRIED: 0, CONFIRMED: 8 });
  });

  it("wait at the participant that listens already, which is left failing for somebody to mend", async (context) => {
    const { url } = await serve(context);
    const { server } = await play(context, folderOf(context));
    server.mode = { ...server.mode, fail: "hang" };
    const figures = figuresOf(await startRush(options(url, { seconds: 1, stuck: 3, participantUrl: server.url }), silent()).done);
    expect(figures.stuck).toMatchObject({ successor: null, left: 3 });
    expect(server.mode).toMatchObject({ fail: "503", operations: ["confirm"] });
    expect(inWords(figures)).toContain(`curl -X PUT ${server.url}/mode -d '{"fail":"none"}'`);
  });

  it("are refused in one sentence by a server that takes no participants, and at an address where something else listens", async (context) => {
    const { server, url } = await serve(context);
    const port = await freePort();
    server.takesParticipants = false;
    const begin = (participantUrl: string) => startRush(options(url, { seconds: 1, stuck: 3, participantUrl }), silent(), folderOf(context)).done;
    await expect(begin(`http://127.0.0.1:${port}`)).rejects.toThrow(`start it with PARTICIPANT_HOSTS=127.0.0.1:${port}.`);
    await expect(begin(url)).rejects.toThrow(`${url} is not a participant to play with`);
    await expect(begin(`http://127.0.0.2:${port}`)).rejects.toThrow(`Nothing answers at http://127.0.0.2:${port}`);
  });
});

describe("npm run rush", waiting, () => {
  async function run(context: TestContext, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const main = new URL("main.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--import", "tsx", main, ...args], { env: { ...process.env, DATA_DIR: folderOf(context) } });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, out, err };
  }

  it("exits 0 after a good rush and writes the report and the audit as JSON", async (context) => {
    const { url } = await serve(context);
    const json = join(folderOf(context), "report.json");
    const { code, out, err } = await run(context, "--url", url, "--key", "k", "--seconds", "1", "--customers", "20", "--json", json);
    expect(err).not.toContain("Error");
    expect(code).toBe(0);
    expect(out).toContain("Everything that could be checked held");
    const report = JSON.parse(readFileSync(json, "utf8"));
    expect(report).toMatchObject({ customers: 20, accepted: expect.any(Number), latencies: { try: { p99Ms: expect.any(Number) } } });
    expect(report.audit.verdicts.map(({ outcome }: { outcome: string }) => outcome)).toContain("held");
  });

  it("exits 1 when an invariant broke and names it with its transactions", async (context) => {
    const { url } = await serve(context, "saysYesTwice");
    const { code, out } = await run(context, "--url", url, "--key", "k", "--seconds", "2", "--customers", "60", "--seed", "11");
    expect(out).toMatch(/BROKEN of confirm and cancel exactly one is acknowledged/);
    expect(out).toMatch(/rush:\w+:\d+:\d+: both confirm and cancel were answered 200/);
    expect(code).toBe(1);
  });

  const misuses: [string, string[], string][] = [
    ["nothing listens", ["--url", "http://127.0.0.1:1", "--key", "k"], "Nothing answers at http://127.0.0.1:1"],
    ["no server is known", [], "npm start"],
    ["an option is wrong", ["--seconds", "soon"], "--seconds takes a whole number"],
    ["more is to be stuck than it can", ["--stuck", "20000"], "--stuck takes a whole number from 0 to 10000"],
    ["the report cannot be written", ["--url", "http://127.0.0.1:1", "--key", "k", "--json", "/no/such/folder/report.json"], "/no/such/folder/report.json"],
  ];

  it.for(misuses)("exits 2 with one sentence when %s", async ([, args, sentence], context) => {
    const { code, out, err } = await run(context, ...args);
    expect(err).toContain(sentence);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});
