import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PrismaClient } from "../generated/prisma/client.ts";
import { createDatabase } from "../testing/stack.ts";
import type { TestDatabase } from "../testing/stack.ts";
import { createAuth } from "./auth.ts";
import type { Auth } from "./auth.ts";
import { SignInThrottle } from "./throttle.ts";

const SECRET = "a secret for tests, long enough to sign with";
let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;

beforeAll(async () => {
  database = await createDatabase();
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 4 }) });
  auth = createAuth({ prisma, secret: SECRET });
});

afterAll(async () => {
  await prisma?.$disconnect();
  await database?.drop();
});

beforeEach(async () => {
  await prisma.user.deleteMany();
  await prisma.rateLimit.deleteMany();
});

const cookieOf = (setCookies: string[]) => setCookies.map((cookie) => cookie.split(";")[0]).join("; ");
const withCookie = (cookie: string) => new Headers({ cookie });

async function signedIn() {
  const first = await auth.createFirstOperator();
  if (first === null) throw new Error("There is an operator already.");
  const result = await auth.signIn(first, new Headers({ origin: "http://localhost:1" }));
  if (!result.ok) throw new Error("The first operator cannot sign in.");
  return { first, cookie: cookieOf(result.setCookies), setCookies: result.setCookies, operator: result.operator };
}

describe("the first operator", () => {
  test("is made once, as an admin, with a password nobody can guess", async () => {
    const { first, operator } = await signedIn();
    expect(first.password).toMatch(/^[A-Za-z2-9]{18}$/);
    expect(operator).toMatchObject({ email: first.email, role: "admin" });
    expect(await auth.createFirstOperator()).toBeNull();
    expect((await prisma.account.findFirstOrThrow()).password).not.toContain(first.password);
  });

  test("is one, also when two instances start at once", async () => {
    const made = await Promise.all([auth.createFirstOperator(), auth.createFirstOperator()]);
    expect(made.filter((each) => each !== null)).toHaveLength(1);
    expect(await prisma.user.count()).toBe(1);
  });
});

describe("sign-in", () => {
  test("refuses a wrong password and an unknown address alike, and makes no session", async () => {
    const first = await auth.createFirstOperator();
    const wrong = await auth.signIn({ email: first?.email ?? "", password: "wrong" }, new Headers());
    const unknown = await auth.signIn({ email: "nobody@example.com", password: "wrong" }, new Headers());
    expect([wrong, unknown]).toEqual([
      { ok: false, because: "WRONG" },
      { ok: false, because: "WRONG" },
    ]);
    expect(await prisma.session.count()).toBe(0);
  });

  test("gives a cookie scripts cannot read, and that only https carries when the browser came by https", async () => {
    const { first, setCookies } = await signedIn();
    expect(setCookies[0]).toMatch(/HttpOnly/i);
    expect(setCookies[0]).toMatch(/SameSite=Lax/i);
    expect(setCookies[0]).not.toMatch(/Secure/i);
    const result = await auth.signIn(first, new Headers({ origin: "https://wall.example" }));
    expect(result.ok && result.setCookies.every((cookie) => /;\s*Secure/i.test(cookie))).toBe(true);
  });

  test("keeps a disabled operator out, and ends the sessions he has", async () => {
    const { first, cookie } = await signedIn();
    await prisma.user.updateMany({ data: { disabledAt: new Date() } });
    expect((await auth.readSession(withCookie(cookie))).session).toBeNull();
    expect((await auth.signIn(first, new Headers())).ok).toBe(false);
  });

  test("cannot be had by making an account", async () => {
    const made = await auth.signIn({ email: "new@example.com", password: "a long password" }, new Headers());
    expect(made.ok).toBe(false);
    expect(await prisma.user.count()).toBe(0);
  });
});

describe("a session", () => {
  test("is known by its cookie, not by a forged one", async () => {
    const { cookie, first } = await signedIn();
    expect((await auth.readSession(withCookie(cookie))).session?.operator.email).toBe(first.email);
    const [name, value = ""] = cookie.split("=");
    const forged = `${name}=${value.slice(0, 8)}x${value.slice(9)}`;
    expect((await auth.readSession(withCookie(forged))).session).toBeNull();
    expect((await auth.readSession(new Headers())).session).toBeNull();
  });

  test("ends on sign-out: its cookie is worth nothing, and whoever listens is told", async () => {
    const { cookie } = await signedIn();
    const { session } = await auth.readSession(withCookie(cookie));
    let told = 0;
    const stop = auth.onChange(() => {
      told += 1;
    });
    expect((await auth.findSessions([session?.sessionId ?? ""])).size).toBe(1);
    await auth.signOut(withCookie(cookie));
    stop();
    expect(told).toBe(1);
    expect((await auth.readSession(withCookie(cookie))).session).toBeNull();
    expect((await auth.findSessions([session?.sessionId ?? ""])).size).toBe(0);
  });

  test("takes up a changed role at the next look", async () => {
    const { cookie } = await signedIn();
    await prisma.user.updateMany({ data: { role: "viewer" } });
    expect((await auth.readSession(withCookie(cookie))).session?.operator.role).toBe("viewer");
  });
});

describe("the throttle", () => {
  let now = 1_000_000;
  const throttle = () => new SignInThrottle(prisma, SECRET, () => now);
  const attempt = { email: "a@example.com", address: "10.0.0.1", device: undefined };

  test("lets five mistakes pass, then slows down, and never by more than half a minute", async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(await throttle().waitMs(attempt)).toBe(0);
      await throttle().failed(attempt);
    }
    expect(await throttle().waitMs(attempt)).toBe(2_000);
    for (let n = 0; n < 20; n += 1) await throttle().failed(attempt);
    expect(await throttle().waitMs(attempt)).toBe(30_000);
    now += 30_000;
    expect(await throttle().waitMs(attempt)).toBe(0);
  });

  test("one who guesses elsewhere delays neither another address nor a browser that was here before", async () => {
    const known = await throttle().succeeded({ ...attempt, address: "10.0.0.7" });
    for (let n = 0; n < 40; n += 1) await throttle().failed(attempt);
    expect(await throttle().waitMs(attempt)).toBeGreaterThan(0);
    expect(await throttle().waitMs({ ...attempt, address: "10.0.0.2" })).toBe(0);
    expect(await throttle().waitMs({ ...attempt, device: known.value })).toBe(0);
    expect(await throttle().waitMs({ ...attempt, device: `${known.value}x` })).toBeGreaterThan(0);
    expect(await throttle().waitMs({ ...attempt, email: "b@example.com", device: known.value })).toBeGreaterThan(0);
  });

  test("a network of IPv6 is one address, however many it has; another network is not", async () => {
    const from = (address: string) => ({ ...attempt, address });
    for (let n = 0; n < 7; n += 1) await throttle().failed(from(`2001:db8:7:1::${n.toString(16)}`));
    expect(await throttle().waitMs(from("2001:DB8:7:1:ffff:1:2:3"))).toBeGreaterThan(0);
    expect(await throttle().waitMs(from("2001:db8:7:2::1"))).toBe(0);
    expect(await throttle().waitMs(from("2001:db8::7:1:0:1"))).toBe(0);
    for (let n = 0; n < 7; n += 1) await throttle().failed(from("::ffff:10.0.0.1"));
    expect(await throttle().waitMs(from("::ffff:10.0.0.2"))).toBe(0);
  });

  test("one address that tries many people is slowed down for all of them", async () => {
    for (let n = 0; n < 31; n += 1) await throttle().failed({ ...attempt, email: `p${n}@example.com` });
    expect(await throttle().waitMs({ ...attempt, email: "fresh@example.com" })).toBeGreaterThan(0);
  });

  test("a success forgets the mistakes before it, and a quarter of an hour does too", async () => {
    for (let n = 0; n < 5; n += 1) await throttle().failed(attempt);
    await throttle().succeeded(attempt);
    expect(await throttle().waitMs(attempt)).toBe(0);
    for (let n = 0; n < 5; n += 1) await throttle().failed(attempt);
    now += 16 * 60_000;
    await throttle().failed(attempt);
    expect(await throttle().waitMs(attempt)).toBe(0);
  });
});
