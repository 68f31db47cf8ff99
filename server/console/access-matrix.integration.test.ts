/**
 * Who may do what: every route and every socket event, for nobody, and for each role. The routes are those that the console
 * serves, read from itself; what each needs stands here, apart from the code, so a new one is refused until somebody decides.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Socket } from "socket.io";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ROLES, roleIncludes, type Role } from "../contracts/console.ts";
import { CLIENT_EVENTS, ROOMS, type JoinAnswer, type Room } from "../contracts/socket-events.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { openStage, type Person, type Stage } from "./testing.ts";

/** "open": no session is asked for. */
const NEEDS: Record<string, Role | "open"> = {
  "POST /auth/sign-in": "open",
  "POST /auth/sign-out": "open",
  "GET /auth/session": "viewer",
  "GET /console/overview": "viewer",
  "GET /console/find": "viewer",
  "GET /console/transactions": "viewer",
  "POST /console/transactions/watch": "viewer",
  "GET /console/exports/transactions.csv": "viewer",
  "GET /console/exports/transactions.json": "viewer",
  "GET /console/transactions/:txId": "viewer",
  "GET /console/transactions/:txId/preview": "viewer",
  "POST /console/transactions/:txId/retry": "operator",
  "POST /console/transactions/:txId/confirm": "operator",
  "POST /console/transactions/:txId/cancel": "operator",
  "POST /console/transactions/:txId/reverse": "lead",
  "POST /console/transactions/:txId/force-end": "lead",
  "POST /console/end-requests/:requestId/approve": "lead",
  "POST /console/end-requests/:requestId/reject": "lead",
  "GET /console/review": "viewer",
  "POST /console/tickets/:ticketId/claim": "operator",
  "POST /console/tickets/:ticketId/hand-over": "operator",
  "POST /console/tickets/:ticketId/note": "operator",
  "POST /console/settings/self-approval": "admin",
  "GET /console/inbox": "viewer",
  "GET /console/refunds": "viewer",
  "POST /console/refunds/:ticketId/settle": "operator",
  "POST /console/inbox/:paymentKey/retry": "operator",
  "GET /console/causes": "viewer",
  "GET /console/bulk": "viewer",
  "GET /console/bulk/:bulkId": "viewer",
  "POST /console/bulk": "operator",
  "POST /console/bulk/:bulkId/start": "operator",
  "POST /console/bulk/:bulkId/undo": "operator",
  "POST /console/bulk/:bulkId/stop": "operator",
  "POST /console/bulk/:bulkId/continue": "operator",
  "GET /console/dishes/:dishId": "viewer",
  "POST /console/dishes/:dishId/restock": "operator",
  "POST /console/dishes/:dishId/write-off": "operator",
  "POST /console/dishes/:dishId/pause": "operator",
  "POST /console/dishes/:dishId/resume": "operator",
  "POST /console/dishes/:dishId/reload-cells": "operator",
  "GET /console/locks": "viewer",
  "GET /console/locks/lanes": "viewer",
  "GET /console/locks/trace": "viewer",
  "GET /console/locks/profile/mutex": "viewer",
  "GET /console/locks/profile/block": "viewer",
  "POST /console/locks/sampling": "operator",
  "GET /console/audit": "viewer",
  "GET /console/exports/audit.csv": "viewer",
  "GET /console/operators": "admin",
  "POST /console/operators": "admin",
  "POST /console/operators/:operatorId/role": "admin",
  "POST /console/operators/:operatorId/disable": "admin",
  "POST /console/operators/:operatorId/enable": "admin",
  "POST /console/operators/:operatorId/reset-password": "admin",
  "POST /console/keys": "admin",
  "POST /console/keys/:keyId/rotate": "admin",
  "POST /console/keys/:keyId/revoke": "admin",
  "GET /console/settings": "viewer",
  "POST /console/settings/own": "viewer",
  "POST /console/settings/password": "viewer",
};

/** What runs for more than one route: it must not be a way in by itself. */
const SHARED = ["/auth/*", "/console/*", "/console/tickets/*", "/console/end-requests/*", "/console/transactions/:txId/force-end"];

const HOST = "wall.example";
let stage: Stage;
let people: Record<Role, Person>;

beforeAll(async () => {
  stage = await openStage();
  const made = await Promise.all(ROLES.map(async (role) => [role, await stage.person(role, role)] as const));
  people = Object.fromEntries(made) as Record<Role, Person>;
}, 30_000);

afterAll(() => stage?.close());

/** As the console registers them, every alternative of a parameter for itself. */
function routes(): { method: string; path: string }[] {
  const found = stage.app.routes.filter(({ method }) => method !== "ALL").flatMap(({ method, path }) => alternatives(path.replace(/^\/api/, "")).map((one) => ({ method, path: one })));
  return [...new Map(found.map((route) => [`${route.method} ${route.path}`, route])).values()];
}

function alternatives(path: string): string[] {
  const match = /:\w+\{([^}]+)\}/.exec(path);
  if (match === null) return [path];
  return (match[1] ?? "").split("|").flatMap((choice) => alternatives(path.replace(match[0], choice)));
}

let keys = 0;

async function ask(method: string, path: string, person: Person | null, headers: Record<string, string> = { origin: `http://${HOST}` }): Promise<{ status: number; code: string | undefined }> {
  const response = await stage.app.request(`http://${HOST}/api${path.replaceAll(/:\w+/g, "nothing")}`, {
    method,
    headers: { host: HOST, "idempotency-key": `matrix-${++keys}`, ...(person === null ? {} : { cookie: person.cookie }), ...(method === "GET" ? {} : headers) },
    ...(method === "GET" ? {} : { body: "{}" }),
  });
  const text = await response.text();
  return { status: response.status, code: response.status >= 400 ? (JSON.parse(text) as { code: string }).code : undefined };
}

describe("routes", () => {
  test("each one that is served is in the table, and each in the table is served", () => {
    expect(routes().map(({ method, path }) => `${method} ${path}`).sort()).toEqual(Object.keys(NEEDS).sort());
    const shared = stage.app.routes.filter(({ method }) => method === "ALL").map(({ path }) => path.replace(/^\/api/, ""));
    expect([...new Set(shared)].sort()).toEqual([...SHARED].sort());
  });

  test("without a session nothing but sign-in and sign-out answers", async () => {
    const answers = await Promise.all(routes().map(async ({ method, path }) => [`${method} ${path}`, await ask(method, path, null)] as const));
    for (const [name, { status, code }] of answers) {
      if (NEEDS[name] === "open") expect([name, [401, 403].includes(status)]).toEqual([name, false]);
      else expect([name, status, code]).toEqual([name, 401, "UNAUTHENTICATED"]);
    }
    expect((await ask("GET", "/console/nowhere", null)).status).toBe(401);
  });

  test.each(ROLES)("%s is let into what this role may, refused all else, and a refusal leaves nothing in the audit", async (role) => {
    const before = await stage.prisma.auditEntry.count();
    const asked = routes().filter(({ method, path }) => NEEDS[`${method} ${path}`] !== "open");
    const refused = asked.filter(({ method, path }) => !roleIncludes(role, NEEDS[`${method} ${path}`] as Role));
    for (const [{ method, path }, { status, code }] of await all(refused, people[role])) expect([`${method} ${path}`, status, code]).toEqual([`${method} ${path}`, 403, "FORBIDDEN"]);
    expect(await stage.prisma.auditEntry.count()).toBe(before);
    const allowed = asked.filter((route) => !refused.includes(route));
    for (const [{ method, path }, { status }] of await all(allowed, people[role])) {
      // Nothing of that name exists, or the body is wrong: but nobody was kept out, and nothing broke.
      expect([`${method} ${path}`, status === 401 || status === 403 || status >= 500]).toEqual([`${method} ${path}`, false]);
    }
    expect(stage.failures).toEqual([]);
  });

  test("another site gets nothing changed, whoever is signed in", async () => {
    const changing = routes().filter(({ method }) => method !== "GET");
    for (const headers of [{ origin: "http://evil.example" }, { origin: "null" }, {}] as Record<string, string>[]) {
      for (const [{ path }, { status, code }] of await all(changing, people.admin, headers)) expect([path, status, code]).toEqual([path, 403, "FORBIDDEN"]);
    }
  });

  const all = (asked: { method: string; path: string }[], person: Person, headers?: Record<string, string>) =>
    Promise.all(asked.map(async (route) => [route, await ask(route.method, route.path, person, headers)] as const));
});

describe("socket events", () => {
  let http: Server;
  let gateway: Gateway;
  let url: string;
  const registered = new Set<string>();

  beforeAll(async () => {
    const on = Socket.prototype.on;
    vi.spyOn(Socket.prototype, "on").mockImplementation(function (this: Socket, ...args: Parameters<typeof on>) {
      registered.add(String(args[0]));
      return on.apply(this, args);
    });
    http = createServer(stage.listener);
    gateway = createGateway(http, { board: stage.board, auth: stage.auth, onError: (error) => stage.failures.push(error) });
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    await gateway?.close();
    await new Promise((closed) => {
      http.close(closed);
      http.closeAllConnections();
    });
  });

  const connect = (cookie: string) => io(url, { extraHeaders: { cookie }, transports: ["websocket"], forceNew: true, reconnection: false });

  test.each(ROLES)("%s may listen to every room, and nothing that a browser says is a command", async (role) => {
    const { dishId } = await stage.stage(`socket-${role}`, "RESERVED");
    const before = await stage.prisma.action.count();
    const socket = connect(people[role].cookie);
    await new Promise<void>((connected, failed) => {
      socket.once("connect", connected);
      socket.once("connect_error", failed);
    });
    for (const room of [...ROOMS, `dish:${dishId}`] as Room[]) {
      const answer = await new Promise<JoinAnswer>((told) => socket.emit("join", room, told));
      expect([room, answer.ok]).toEqual([room, true]);
      socket.emit("leave", room);
    }
    for (const event of ["confirm", "cancel", "operator", "overview", "review"]) socket.emit(event, "socket", () => undefined);
    expect(await new Promise((told) => socket.emit("time", told))).toEqual(expect.any(Number));
    expect(await stage.prisma.action.count()).toBe(before);
    socket.disconnect();
    registered.delete("error"); // Socket.IO's own
    expect([...registered].sort()).toEqual([...CLIENT_EVENTS].sort());
  });

  test("without a session there is no socket to say anything on", async () => {
    const socket = connect("eightysix.session_token=invented");
    const refused = await new Promise<Error>((failed) => socket.once("connect_error", failed));
    expect(refused.message).toBe("UNAUTHENTICATED");
    socket.disconnect();
  });
});
