import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OperatorSession } from "../auth/auth.ts";
import type { LocksDelta } from "../contracts/contention.ts";
import type { ReviewDelta, ReviewTicket } from "../contracts/review.ts";
import type { ClientToServerEvents, JoinAnswer, OverviewDelta, Room, ServerToClientEvents } from "../contracts/socket-events.ts";
import { LiveBoard } from "./board.ts";
import { createGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { LOOK_EVERY_MS } from "./locks-room.ts";
import { fakeEngine, fakeReads, instanceView, menuEntry } from "./testing.ts";
import type { FakeEngine, FakeReads } from "./testing.ts";

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;

const session = (sessionId: string): OperatorSession => ({
  sessionId,
  operator: { operatorId: "o1", name: "Ann", email: "ann@example.com", role: "operator" },
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});

let http: Server;
let gateway: Gateway;
let board: LiveBoard;
let engine: FakeEngine;
let reads: FakeReads;
let url: string;
let clients: Client[];
let standing: Map<string, OperatorSession>;
let changed: () => void;
let queue: ReviewTicket[];
let queueReads: number;

beforeEach(async () => {
  clients = [];
  standing = new Map([["one", session("one")], ["two", session("two")]]);
  engine = fakeEngine();
  reads = fakeReads([menuEntry({ dishId: "a", supplied: 10_000, available: 10_000 })], Date.now);
  queue = [];
  queueReads = 0;
  const readReview = async () => {
    queueReads += 1;
    return { atMs: 0, tickets: queue, open: queue.length, people: [] };
  };
  board = new LiveBoard({ engine, reads, readReview, onError: () => undefined });
  http = createServer((_request, response) => response.end("page"));
  gateway = createGateway(http, {
    board,
    onError: () => undefined,
    sessionCheckMs: 50,
    auth: {
      readSession: async (headers) => ({ session: standing.get(headers.get("cookie")?.split("=")[1] ?? "") ?? null, setCookies: [] }),
      findSessions: async (ids) => new Map([...standing].filter(([id]) => ids.includes(id))),
      onChange: (listener) => {
        changed = listener;
        return () => undefined;
      },
    },
  });
  await board.start();
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const client of clients) client.disconnect();
  await gateway.close();
  board.stop();
  await new Promise((closed) => {
    http.close(closed);
    http.closeAllConnections();
  });
});

function client(headers: Record<string, string> = { cookie: "session=one" }, transports = ["websocket"]): Client {
  const socket: Client = io(url, { extraHeaders: headers, transports, forceNew: true, reconnection: false });
  clients.push(socket);
  return socket;
}

const happens = (socket: Client, event: "connect" | "connect_error" | "disconnect") =>
  new Promise<unknown>((done) => socket.once(event as "connect", done as () => void));

const join = <R extends Room>(socket: Client, room: R) =>
  new Promise<JoinAnswer<R>>((answer) => socket.emit("join", room, (given) => answer(given as JoinAnswer<R>)));

const sell = (sold: number) =>
  engine.say({ instance: "i", atMs: Date.now(), dishes: [menuEntry({ dishId: "a", supplied: 10_000, available: 10_000 - sold, sold, version: 1 + sold }).row], transactions: [] });

describe("the handshake", () => {
  test.each([
    ["without a session", {}],
    ["with a cookie nobody was given", { cookie: "session=none" }],
  ])("%s there is no socket", async (_what, headers) => {
    const refused = (await happens(client(headers as Record<string, string>), "connect_error")) as Error;
    expect(refused.message).toBe("UNAUTHENTICATED");
    expect(gateway.socketCount()).toBe(0);
  });

  test.each(["websocket", "polling"])("a page of another site gets no socket by %s, although the browser sends the cookie along", async (transport) => {
    const socket = client({ cookie: "session=one", origin: "http://evil.example" }, [transport]);
    await happens(socket, "connect_error");
    expect(gateway.socketCount()).toBe(0);
  });

  test("strangers who only knock cannot keep out who is signed in", async () => {
    const knocking = await Promise.all(Array.from({ length: 110 }, () => fetch(`${url}/socket.io/?EIO=4&transport=polling`)));
    expect(new Set(knocking.map(({ status }) => status))).toEqual(new Set([200, 403]));
    await happens(client(), "connect");
    expect(gateway.socketCount()).toBe(1);
  });

  test("one session has no more sockets than a browser has tabs", async () => {
    const tabs = Array.from({ length: 41 }, () => client());
    const outcomes = await Promise.all(tabs.map((tab) => Promise.race([happens(tab, "connect").then(() => "in"), happens(tab, "connect_error").then((error) => (error as Error).message)])));
    expect(outcomes.filter((outcome) => outcome === "in").length).toBeLessThanOrEqual(40);
    expect(outcomes).toContain("TOO_MANY");
    await happens(client({ cookie: "session=two" }), "connect");
  });

  test("a page of ours does", async () => {
    await happens(client({ cookie: "session=one", origin: url }), "connect");
    expect(gateway.socketCount()).toBe(1);
  });
});

describe("a room", () => {
  test("answers with a snapshot, then says every change that follows, numbered on from it", async () => {
    const socket = client();
    await happens(socket, "connect");
    const answer = await join(socket, "overview");
    if (!answer.ok) throw new Error(answer.code);
    expect(answer.snapshot.cards[0]?.dishId).toBe("a");
    const heard: OverviewDelta[] = [];
    const sold = new Promise<void>((done) => {
      socket.on("overview", (delta) => {
        heard.push(delta);
        if (delta.ticks?.some((tick) => tick[5] === 3)) done();
      });
    });
    sell(3);
    await sold;
    expect(heard.map((delta) => delta.seq)).toEqual(heard.map((_, index) => answer.snapshot.seq + 1 + index));
  });

  test("of locks tells of an instance that joins, and of nothing once it was left", async () => {
    const socket = client();
    await happens(socket, "connect");
    const answer = await join(socket, "locks");
    if (!answer.ok) throw new Error(answer.code);
    expect(answer.snapshot).toMatchObject({ own: "i1", instances: [] });
    let asked = 0;
    engine.instances = () => {
      asked++;
      return [instanceView("i2")];
    };
    const heard = await new Promise<LocksDelta>((told) => socket.once("locks", told));
    expect(heard).toMatchObject({ seq: answer.snapshot.seq + 1, changed: [{ instance: "i2" }] });
    socket.emit("leave", "locks");
    await expect.poll(async () => {
      const before = asked;
      await new Promise<void>((later) => setTimeout(later, 2 * LOOK_EVERY_MS));
      return asked - before;
    }).toBe(0);
  });

  test("two rooms that speak in one moment are both heard", async () => {
    const socket = client();
    await happens(socket, "connect");
    await Promise.all([join(socket, "overview"), join(socket, "dishes"), join(socket, "transactions")]);
    const gaps: string[] = [];
    const last: Partial<Record<Room, number>> = {};
    for (const room of ["overview", "dishes"] as const) {
      socket.on(room, ({ seq }: { seq: number }) => {
        if (last[room] !== undefined && seq !== last[room] + 1) gaps.push(room);
        last[room] = seq;
      });
    }
    const all = new Promise<void>((done) => socket.on("dishes", (delta) => (delta.ticks ?? delta.entered)?.length && last.dishes !== undefined && last.dishes >= 4 && done()));
    for (let n = 1; n <= 60; n += 1) {
      sell(n);
      await new Promise((later) => setTimeout(later, 20));
    }
    await all;
    expect(gaps).toEqual([]);
  });

  test("nobody hears what he did not join, nor after he left", async () => {
    const [inside, outside] = [client(), client({ cookie: "session=two" })];
    await Promise.all([happens(inside, "connect"), happens(outside, "connect")]);
    await join(inside, "overview");
    let overheard = 0;
    outside.on("overview", () => {
      overheard += 1;
    });
    sell(1);
    await new Promise<void>((heard) => inside.once("overview", () => heard()));
    expect(overheard).toBe(0);
    inside.emit("leave", "overview");
    await expect.poll(() => board.overview.occupied).toBe(false);
  });

  test("a dish has a room of its own; whoever goes to another dish's leaves it", async () => {
    reads.entries.push(menuEntry({ dishId: "b" }));
    const socket = client();
    await happens(socket, "connect");
    const first = await join(socket, "dish:a");
    if (!first.ok) throw new Error(first.code);
    expect(first.snapshot.dish.tick.slice(0, 4)).toEqual(["a", 1, 10_000, 10_000]);
    const heard = new Promise<number>((told) => socket.on("dish:a", ({ tick }) => tick?.[5] === 4 && told(tick[3])));
    sell(4);
    expect(await heard).toBe(9_996);
    expect(await join(socket, "dish:b")).toMatchObject({ ok: true });
    await expect.poll(() => board.dishPages.page("a")?.room.occupied).toBe(false);
    for (const room of ["dish:nowhere", "dish:", "dish:a b", `dish:${"x".repeat(65)}`]) expect(await join(socket, room as "dish:a")).toEqual({ ok: false, code: "UNKNOWN_ROOM" });
  });

  test("a room that does not exist, an answer that is no function, a storm of joins: no, and nothing breaks", async () => {
    const socket = client();
    await happens(socket, "connect");
    expect(await join(socket, "__proto__" as Room)).toEqual({ ok: false, code: "UNKNOWN_ROOM" });
    (socket as unknown as { emit(event: string, ...rest: unknown[]): void }).emit("join", "overview", "not a function");
    const answers = await Promise.all(Array.from({ length: 60 }, () => join(socket, "overview")));
    expect(answers.filter((answer) => !answer.ok && answer.code === "TOO_MANY").length).toBeGreaterThan(0);
    expect(socket.connected).toBe(true);
  });

  test("the browser learns the database's clock", async () => {
    reads.aheadMs = 3_600_000;
    await board.freshPending();
    const socket = client();
    await happens(socket, "connect");
    const atMs = await new Promise<number>((answer) => socket.emit("time", answer));
    expect(Math.abs(atMs - Date.now() - 3_600_000)).toBeLessThan(5_000);
  });
});

describe("the review queue", () => {
  const ticket = (ticketId: string, claimedBy: string | null) => ({ ticketId, claimedBy: claimedBy === null ? null : { operatorId: claimedBy, name: claimedBy } }) as ReviewTicket;

  test("streams who claimed what to everybody who looks, and is read for nobody else", async () => {
    const [one, two] = [client(), client({ cookie: "session=two" })];
    await Promise.all([happens(one, "connect"), happens(two, "connect")]);
    queue = [ticket("T1", null), ticket("T2", null)];
    const answers = await Promise.all([join(one, "review"), join(two, "review")]);
    for (const answer of answers) expect(answer).toMatchObject({ ok: true, snapshot: { open: 2, tickets: [{ ticketId: "T1" }, { ticketId: "T2" }] } });
    const told = [one, two].map((socket) => new Promise<ReviewDelta>((heard) => socket.on("review", (delta) => (delta.changed ?? []).some(({ claimedBy }) => claimedBy?.name === "ann") && heard(delta))));
    queue = [ticket("T1", "ann")];
    await board.freshReview();
    for (const delta of await Promise.all(told)) expect(delta).toMatchObject({ changed: [{ ticketId: "T1" }], gone: ["T2"], open: 1 });
    one.emit("leave", "review");
    two.emit("leave", "review");
    await expect.poll(() => board.review.occupied).toBe(false);
    const before = queueReads;
    await board.tick();
    expect(queueReads).toBe(before);
  });
});

describe("the end of a session", () => {
  test("and another role are told apart: the socket stays, and says who its operator is now", async () => {
    const socket = client();
    await happens(socket, "connect");
    const told = new Promise<unknown>((heard) => socket.once("operator", heard));
    standing.set("one", { ...session("one"), operator: { ...session("one").operator, role: "viewer" } });
    changed();
    expect(await told).toMatchObject({ operatorId: "o1", role: "viewer" });
    expect(socket.connected).toBe(true);
  });

  test("by sign-out here ends its sockets at once, and no others", async () => {
    const [ending, staying] = [client(), client({ cookie: "session=two" })];
    await Promise.all([happens(ending, "connect"), happens(staying, "connect")]);
    const told = new Promise<void>((done) => ending.once("ended", done));
    const gone = happens(ending, "disconnect");
    standing.delete("one");
    changed();
    await Promise.all([told, gone]);
    expect(staying.connected).toBe(true);
    expect(gateway.socketCount()).toBe(1);
  });

  test("elsewhere, or because the operator was disabled, ends them at the next look", async () => {
    const socket = client();
    await happens(socket, "connect");
    const gone = happens(socket, "disconnect");
    standing.delete("one");
    await gone;
  });
});
