/** Operators and API keys over the console's own routes: what changes takes effect at once, also on sockets, also elsewhere. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuth, OPERATORS_CHANGED, type Auth } from "../../auth/auth.ts";
import { setDisabled, setRole } from "./operators.ts";
import type { Operator } from "../../contracts/console.ts";
import { createGateway, type Gateway } from "../../gateway/gateway.ts";
import { Notices } from "../../notices.ts";
import { openStage, type Person, type Stage } from "../testing.ts";

/** Longer than any test: what is noticed was told, not found by looking now and then. */
const NEVER_MS = 3_600_000;

interface Process {
  url: string;
  close(): Promise<void>;
}

let stage: Stage;
let admin: Person;
/** The one whose routes are called, and another instance on the same database. */
let here: Process;
let there: Process;

beforeAll(async () => {
  stage = await openStage();
  admin = await stage.person("ada", "admin");
  here = await serve(stage.auth, null);
  there = await serve(createAuth({ prisma: stage.prisma, secret: "a secret for tests, long enough to sign with" }), stage.database.url);
}, 30_000);

afterAll(async () => {
  await Promise.all([here?.close(), there?.close()]);
  await stage?.close();
});

async function serve(auth: Auth, listenOn: string | null): Promise<Process> {
  const http: Server = createServer(stage.listener);
  const gateway: Gateway = createGateway(http, { board: stage.board, auth, onError: (error) => stage.failures.push(error), sessionCheckMs: NEVER_MS });
  const notices = listenOn === null ? null : new Notices(listenOn, OPERATORS_CHANGED, { hearing: auth.heard, heard: auth.heard, deaf: () => undefined });
  await notices?.start();
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      await notices?.stop();
      await gateway.close();
      await new Promise((closed) => {
        http.close(closed);
        http.closeAllConnections();
      });
    },
  };
}

async function socketOf({ url }: Process, { cookie }: Person): Promise<Socket> {
  const socket = io(url, { extraHeaders: { cookie }, transports: ["websocket"], forceNew: true, reconnection: false });
  await new Promise<void>((connected, failed) => {
    socket.once("connect", connected);
    socket.once("connect_error", failed);
  });
  return socket;
}

const ended = (socket: Socket) => new Promise<void>((told) => socket.once("ended", told));
const operatorOn = (socket: Socket) => new Promise<Operator>((told) => socket.once("operator", told));
const signIn = (email: string, password: string) => stage.auth.signIn({ email, password }, new Headers());
const audit = (target: string) => stage.prisma.auditEntry.findMany({ where: { target }, orderBy: { id: "asc" } });

describe("a change of an operator", () => {
  test("to disabled ends every session and every open socket, here and in another process", async () => {
    const olga = await stage.person("olga", "operator");
    const [a, b] = await Promise.all([socketOf(here, olga), socketOf(there, olga)]);
    const all = Promise.all([ended(a), ended(b)]);
    expect((await admin.post("/operators/olga/disable", { reason: "left the company" })).status).toBe(200);
    await all;
    expect((await olga.get("/overview")).status).toBe(401);
    expect((await signIn("olga@wall.example", stage.password)).ok).toBe(false);
    expect(await audit("olga")).toMatchObject([{ actor: "ada", verb: "operator.disable", reason: "left the company", detail: { outcome: "DONE", before: { disabled: false }, after: { disabled: true } } }]);
    expect((await admin.post("/operators/olga/enable")).status).toBe(200);
    expect((await olga.get("/overview")).status).toBe(401); // the old session stays dead
    expect((await signIn("olga@wall.example", stage.password)).ok).toBe(true);
  });

  test("of the role holds for the very next request, and tells open sockets who they are now", async () => {
    const omar = await stage.person("omar", "operator");
    const sockets = await Promise.all([socketOf(here, omar), socketOf(there, omar)]);
    const told = Promise.all(sockets.map(operatorOn));
    expect((await omar.post("/transactions/nowhere/retry")).status).toBe(404);
    expect((await admin.post("/operators/omar/role", { role: "viewer", reason: "on holiday" })).status).toBe(200);
    expect((await omar.post("/transactions/nowhere/retry")).status).toBe(403);
    expect((await told).map(({ role }) => role)).toEqual(["viewer", "viewer"]);
    expect(sockets.every(({ connected }) => connected)).toBe(true);
    expect(await audit("omar")).toMatchObject([{ verb: "operator.role", detail: { before: { role: "operator" }, after: { role: "viewer" } } }]);
    for (const socket of sockets) socket.disconnect();
  });

  test("signed out in one process ends the sockets in the other", async () => {
    const otto = await stage.person("otto", "viewer");
    const socket = await socketOf(there, otto);
    const over = ended(socket);
    await stage.auth.signOut(new Headers({ cookie: otto.cookie }));
    await over;
  });

  test("is nobody's to make for himself", async () => {
    for (const [verb, body] of [["disable", {}], ["reset-password", {}], ["role", { role: "viewer" }]] as const) expect((await admin.post(`/operators/ada/${verb}`, body)).status).toBe(403);
    expect((await admin.get("/operators")).status).toBe(200);
  });

  test("leaves the installation an admin, whatever two of them do to each other at once", async () => {
    const { prisma, auth } = stage;
    await stage.person("adam", "admin");
    const others = { role: "admin", id: { notIn: ["ada", "adam"] } };
    await prisma.user.updateMany({ where: others, data: { disabledAt: new Date() } });
    for (let round = 0; round < 10; round += 1) {
      const [one, other] = round % 2 === 0 ? [setRole(prisma, auth, "ada", "viewer"), setRole(prisma, auth, "adam", "lead")] : [setRole(prisma, auth, "adam", "viewer"), setDisabled(prisma, auth, "ada", true)];
      const outcomes = await Promise.allSettled([one, other]);
      expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: { code: "ILLEGAL_STATE" } }]);
      expect(await prisma.user.count({ where: { role: "admin", disabledAt: null } })).toBe(1);
      await prisma.user.updateMany({ where: { id: { in: ["ada", "adam"] } }, data: { role: "admin", disabledAt: null } });
    }
    await prisma.user.update({ where: { id: "adam" }, data: { role: "viewer" } });
    const again = await signIn("ada@wall.example", stage.password);
    admin = stage.as(again.ok ? (again.setCookies[0]?.split(";")[0] ?? "") : "", "ada");
  });
});

describe("a new operator", () => {
  test("gets a password that is shown once, and nothing of it stays anywhere", async () => {
    const made = await admin.post("/operators", { name: "Nora", email: "Nora@Wall.Example", role: "lead" }, "make-nora");
    expect(made).toMatchObject({ status: 200, body: { replayed: false, password: expect.stringMatching(/^[A-Za-z2-9]{18}$/) } });
    const { operatorId, password } = made.body as { operatorId: string; password: string };
    const signedIn = await signIn("nora@wall.example", password);
    expect(signedIn.ok && signedIn.operator).toMatchObject({ operatorId, role: "lead", name: "Nora" });
    expect((await admin.post("/operators", { name: "Nora", email: "Nora@Wall.Example", role: "lead" }, "make-nora")).body).toEqual({ operatorId, password: null, replayed: true });
    const written = JSON.stringify([await stage.prisma.action.findMany({ where: { target: operatorId } }), await audit(operatorId)], (_name, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    expect(written).not.toContain(password);
    expect(JSON.parse(written)[1]).toMatchObject([{ verb: "operator.create", detail: { after: { name: "Nora", email: "nora@wall.example", role: "lead" } } }]);
  });

  test("cannot have an e-mail address that somebody has", async () => {
    expect((await admin.post("/operators", { name: "Second", email: "ada@wall.example", role: "viewer" })).body.code).toBe("ILLEGAL_STATE");
  });

  test("gets another password, and the browsers with the old one are signed out", async () => {
    const pia = await stage.person("pia", "operator");
    const socket = await socketOf(here, pia);
    const over = ended(socket);
    const { password } = (await admin.post("/operators/pia/reset-password")).body as { password: string };
    await over;
    expect((await pia.get("/overview")).status).toBe(401);
    expect((await signIn("pia@wall.example", stage.password)).ok).toBe(false);
    expect((await signIn("pia@wall.example", password)).ok).toBe(true);
  });
});

describe("one's own password", () => {
  test("changes with the current one, signs other browsers out and not this one, and guesses are slowed down", async () => {
    const ruth = await stage.person("ruth", "viewer");
    const other = await signIn("ruth@wall.example", stage.password);
    const elsewhere = stage.as(other.ok ? (other.setCookies[0]?.split(";")[0] ?? "") : "", "ruth");
    expect((await ruth.post("/settings/password", { current: "wrong", next: "a new long password" })).body).toMatchObject({ code: "VALIDATION", errors: [{ path: "current", message: "WRONG" }] });
    expect((await ruth.post("/settings/password", { current: stage.password, next: "short" })).status).toBe(400);
    expect((await ruth.post("/settings/password", { current: stage.password, next: "a new long password" })).status).toBe(200);
    expect([(await ruth.get("/overview")).status, (await elsewhere.get("/overview")).status]).toEqual([200, 401]);
    expect((await signIn("ruth@wall.example", "a new long password")).ok).toBe(true);
    for (let n = 0; n < 4; n += 1) await ruth.post("/settings/password", { current: "wrong", next: "a new long password" });
    expect((await ruth.post("/settings/password", { current: "a new long password", next: "a newer long password" })).status).toBe(429);
  });
});

describe("preferences", () => {
  test("belong to the person: what was chosen in one browser comes with the sign-in in another", async () => {
    const uma = await stage.person("uma", "viewer");
    expect((await uma.post("/settings/own", { locale: "zh-CN", theme: "dark", timeZone: "Mars/Olympus" })).status).toBe(400);
    expect((await uma.post("/settings/own", { locale: "zh-CN", theme: "dark", timeZone: "Asia/Shanghai" })).status).toBe(200);
    const answer = await stage.app.request("http://wall.example/api/auth/sign-in", {
      method: "POST",
      headers: { host: "wall.example", origin: "http://wall.example" },
      body: JSON.stringify({ email: "uma@wall.example", password: stage.password }),
    });
    expect(await answer.json()).toMatchObject({ preferences: { locale: "zh-CN", theme: "dark", timeZone: "Asia/Shanghai" } });
    expect(answer.headers.getSetCookie().join("\n")).toMatch(/eightysix\.locale=zh-CN[\s\S]*eightysix\.zone=Asia%2FShanghai/);
    expect((await uma.get("/settings")).body).toMatchObject({ preferences: { theme: "dark" }, selfApproval: { allowed: false }, facts: { participants: ["points"] } });
  });
});

describe("an API key", () => {
  test("is shown once, opens what its scopes say at its own rate, and is dead when it is revoked", async () => {
    const made = await admin.post("/keys", { name: "till", scopes: ["stock", "orders"], ratePerSecond: 5 }, "make-key");
    const { keyId, secret } = made.body as { keyId: string; secret: string };
    expect(await stage.keys.verify(secret)).toEqual({ keyId, scopes: ["orders", "stock"], ratePerSecond: 5 });
    expect((await admin.post("/keys", { name: "till", scopes: ["stock", "orders"], ratePerSecond: 5 }, "make-key")).body).toEqual({ keyId, secret: null, replayed: true });
    const listed = (await admin.get("/operators")).body as { keys: { keyId: string }[] };
    expect(listed.keys.find((key) => key.keyId === keyId)).toMatchObject({ name: "till", scopes: ["orders", "stock"], ratePerSecond: 5, revokedAtMs: null });
    expect(JSON.stringify(listed)).not.toMatch(/e86_|keyHash|password/);
    const rotated = ((await admin.post(`/keys/${keyId}/rotate`)).body as { secret: string }).secret;
    expect([await stage.keys.verify(secret), (await stage.keys.verify(rotated))?.keyId]).toEqual([null, keyId]);
    expect((await admin.post(`/keys/${keyId}/revoke`, { reason: "found in a log" })).status).toBe(200);
    expect(await stage.keys.verify(rotated)).toBeNull();
    expect((await admin.post(`/keys/${keyId}/revoke`)).body.code).toBe("ILLEGAL_STATE");
    const entries = await audit(keyId);
    expect(entries.map(({ verb }) => verb)).toEqual(["key.create", "key.rotate", "key.revoke", "key.revoke"]);
    expect(JSON.stringify([entries.map(({ detail }) => detail), (await stage.prisma.action.findMany({ where: { target: keyId } })).map(({ answer }) => answer)])).not.toContain("e86_");
  });

  test.each([{ scopes: [] }, { scopes: ["everything"] }, { scopes: ["orders"], ratePerSecond: 0 }, { name: "", scopes: ["orders"] }])("%j is no key", async (body) => {
    expect((await admin.post("/keys", { name: "bad", ...body })).status).toBe(400);
  });
});
