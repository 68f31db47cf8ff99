/**
 * Who is at the console: e-mail and password, sessions in the database, nothing by default.
 * Accounts cannot be made over HTTP: the first operator comes from main.ts, later ones from an admin.
 * What a role may do is decided by the routes; this file only says who asks. better-auth stays behind this one door.
 */
import { randomBytes } from "node:crypto";
import { betterAuth } from "better-auth/minimal"; // without the query builder that Prisma stands in for: a second less at every start
import { prismaAdapter } from "better-auth/adapters/prisma";
import { PASSWORD_LENGTH_MIN, ROLES } from "../contracts/console.ts";
import type { Operator, Role } from "../contracts/console.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import { randomPassword } from "./passwords.ts";
import { SignInThrottle } from "./throttle.ts";

/** A wall stays signed in over a weekend; each visit within the last day renews it. */
const SESSION_SECONDS = 7 * 24 * 3600;
const SESSION_RENEW_SECONDS = 24 * 3600;

export interface OperatorSession {
  sessionId: string;
  operator: Operator;
  expiresAtMs: number;
}

export interface SessionReading {
  session: OperatorSession | null;
  /** Cookies that renew the session; to be passed on where a response allows it. */
  setCookies: string[];
}

export type SignInResult =
  | { ok: true; operator: Operator; setCookies: string[] }
  | { ok: false; because: "WRONG" | "DISABLED" };

export interface Auth {
  readonly throttle: SignInThrottle;
  signIn(credentials: { email: string; password: string }, headers: Headers): Promise<SignInResult>;
  signOut(headers: Headers): Promise<{ setCookies: string[] }>;
  readSession(headers: Headers): Promise<SessionReading>;
  /** Which of these sessions still stand, with the operator as he is now. */
  findSessions(sessionIds: readonly string[]): Promise<Map<string, OperatorSession>>;
  /** A session ended, or an operator was changed: `findSessions` tells which. Every process is told, as far as it hears notices. */
  onChange(listener: () => void): () => void;
  /** Tells the listeners in this process. */
  heard(): void;
  readonly passwords: Passwords;
  /**
   * Makes the first operator, an admin with a random password, when there is no operator at all.
   * @returns null when there is one already.
   */
  createFirstOperator(email?: string): Promise<{ email: string; password: string } | null>;
}

export interface Passwords {
  hash(password: string): Promise<string>;
  verify(given: { hash: string; password: string }): Promise<boolean>;
}

/** The channel of the notices that sessions or operators changed. */
export const OPERATORS_CHANGED = "operators_changed";

export interface AuthOptions {
  prisma: PrismaClient;
  /** At least 32 random characters, kept in the data directory: it signs the session cookie. */
  secret: string;
}

export function createAuth({ prisma, secret }: AuthOptions): Auth {
  if (secret.length < 32) throw new Error("The secret that signs sessions must have at least 32 characters.");
  const listeners = new Set<() => void>();
  const heard = () => {
    for (const listener of listeners) listener();
  };

  const library = betterAuth({
    appName: "Eightysix",
    secret,
    // Only used to build links in e-mails, of which there are none; cookies and origins are decided per request.
    baseURL: "http://localhost",
    basePath: "/api/auth",
    telemetry: { enabled: false },
    database: prismaAdapter(prisma, { provider: "postgresql" }),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: PASSWORD_LENGTH_MIN },
    session: { expiresIn: SESSION_SECONDS, updateAge: SESSION_RENEW_SECONDS, cookieCache: { enabled: false } },
    user: {
      additionalFields: {
        role: { type: "string", input: false, defaultValue: "viewer" },
        disabledAt: { type: "date", input: false, required: false },
      },
    },
    advanced: {
      cookiePrefix: "eightysix",
      useSecureCookies: false, // added per request, when the browser says it came by https
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", path: "/" },
      ipAddress: { ipAddressHeaders: ["x-eightysix-client"] },
    },
    // The routes throttle attempts themselves (throttle.ts) and check the origin.
    rateLimit: { enabled: false },
    logger: { disabled: true },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => {
            const user = await prisma.user.findUnique({ where: { id: session.userId }, select: { disabledAt: true } });
            return user !== null && user.disabledAt === null;
          },
        },
        delete: {
          after: async () => {
            heard();
            await prisma.$executeRaw`SELECT pg_notify(${OPERATORS_CHANGED}, '')`;
          },
        },
      },
    },
  });

  return {
    throttle: new SignInThrottle(prisma, secret),

    async signIn({ email, password }, headers) {
      try {
        const { headers: answer, response } = await library.api.signInEmail({
          body: { email, password, rememberMe: true },
          headers: withoutOrigin(headers),
          returnHeaders: true,
        });
        return {
          ok: true,
          operator: toOperator(response.user as UserFields),
          setCookies: cookiesOf(answer, headers),
        };
      } catch (error) {
        const status = (error as { statusCode?: number }).statusCode;
        if (status === 401 || status === 400) return { ok: false, because: "WRONG" };
        // The hook above refused the session; the password was right.
        if (status === 500 && /session/i.test((error as Error).message)) return { ok: false, because: "DISABLED" };
        throw error;
      }
    },

    async signOut(headers) {
      const { headers: answer } = await library.api.signOut({ headers: withoutOrigin(headers), returnHeaders: true });
      return { setCookies: cookiesOf(answer, headers) };
    },

    async readSession(headers) {
      if (!headers.get("cookie")?.includes("eightysix.session_token=")) return { session: null, setCookies: [] };
      const { headers: answer, response } = await library.api.getSession({
        headers: withoutOrigin(headers),
        returnHeaders: true,
      });
      const setCookies = cookiesOf(answer, headers);
      if (response === null) return { session: null, setCookies };
      const user = response.user as UserFields;
      if (user.disabledAt) return { session: null, setCookies: [] };
      return {
        session: {
          sessionId: response.session.id,
          operator: toOperator(user),
          expiresAtMs: new Date(response.session.expiresAt).getTime(),
        },
        setCookies,
      };
    },

    async findSessions(sessionIds) {
      const rows = await prisma.session.findMany({
        where: { id: { in: [...sessionIds] }, expiresAt: { gt: new Date() }, user: { disabledAt: null } },
        include: { user: true },
      });
      return new Map(
        rows.map((row) => [
          row.id,
          { sessionId: row.id, operator: toOperator(row.user), expiresAtMs: row.expiresAt.getTime() },
        ]),
      );
    },

    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    heard,
    passwords: {
      hash: async (password) => (await library.$context).password.hash(password),
      verify: async (given) => (await library.$context).password.verify(given),
    },

    async createFirstOperator(email = "admin@eightysix.local") {
      if ((await prisma.user.count()) > 0) return null;
      const password = randomPassword();
      const hashed = await (await library.$context).password.hash(password);
      const userId = randomBytes(16).toString("hex");
      const user = { id: userId, email, name: "Admin", role: "admin", emailVerified: true };
      const account = { id: userId, providerId: "credential", accountId: userId, password: hashed };
      try {
        // Together: a user without a password would keep everybody out.
        await prisma.user.create({ data: { ...user, accounts: { create: account } } });
      } catch (error) {
        if ((error as { code?: string }).code === "P2002") return null; // another instance was faster
        throw error;
      }
      return { email, password };
    },
  };
}

interface UserFields {
  id: string;
  name: string;
  email: string;
  role?: string | null;
  disabledAt?: Date | null;
}

function toOperator(user: UserFields): Operator {
  const role = (ROLES as readonly string[]).includes(user.role ?? "") ? (user.role as Role) : "viewer";
  return { operatorId: user.id, name: user.name, email: user.email, role };
}

/** The library compares Origin with a fixed address; the routes have compared it with the request's own Host already. */
function withoutOrigin(headers: Headers): Headers {
  const copy = new Headers(headers);
  for (const name of ["origin", "referer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]) copy.delete(name);
  return copy;
}

/** A browser that came by https, also through a proxy that ends TLS, gets cookies that travel by https only. */
function cookiesOf(answer: Headers, request: Headers): string[] {
  const cookies = answer.getSetCookie();
  if (!request.get("origin")?.startsWith("https://")) return cookies;
  return cookies.map((cookie) => (/;\s*secure/i.test(cookie) ? cookie : `${cookie}; Secure`));
}
