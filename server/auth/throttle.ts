/**
 * Slows down guessing at sign-in without locking anybody out.
 * Failures are counted per browser that has signed in before (a signed device cookie), else per address and e-mail, and
 * per address over all e-mails. Each bucket past its free attempts waits 2, 4, 8 … seconds, never more than WAIT_MS_MAX;
 * attempts made while waiting are refused unseen and do not lengthen the wait. Nobody's failures elsewhere
 * delay a known browser. (OWASP: slow down online guessing attacks with device cookies.)
 * It cannot help a new browser at the very address that somebody guesses from: the two take turns by luck.
 * Counts live in the database, so that several instances share them.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { PrismaClient } from "../generated/prisma/client.ts";

const DEVICE_COOKIE = "eightysix.device";
const DEVICE_SECONDS = 180 * 24 * 3600;
const FREE_ATTEMPTS = 5;
/** One office behind one address mistypes more often than one person. */
const FREE_ATTEMPTS_PER_ADDRESS = 30;
const WAIT_MS_MAX = 30_000;
const FORGET_AFTER_MS = 15 * 60_000;

export interface Attempt {
  email: string;
  address: string;
  /** The value of the cookie that `deviceCookieOf` names, as it came. */
  device: string | undefined;
}

interface Bucket {
  key: string;
  free: number;
}

/** One for each person: those who share a computer do not make each other strangers. */
export function deviceCookieOf(email: string): string {
  return `${DEVICE_COOKIE}-${hash(email).slice(0, 10)}`;
}

export class SignInThrottle {
  private readonly prisma: PrismaClient;
  private readonly secret: string;
  private readonly nowMs: () => number;

  constructor(prisma: PrismaClient, secret: string, nowMs: () => number = Date.now) {
    this.prisma = prisma;
    this.secret = secret;
    this.nowMs = nowMs;
  }

  /** @returns milliseconds to wait before an attempt is looked at; 0: go ahead. */
  async waitMs(attempt: Attempt): Promise<number> {
    const buckets = this.buckets(attempt);
    const rows = await this.prisma.rateLimit.findMany({ where: { key: { in: buckets.map((bucket) => bucket.key) } } });
    const now = this.nowMs();
    let longest = 0;
    for (const row of rows) {
      const free = buckets.find((bucket) => bucket.key === row.key)?.free ?? FREE_ATTEMPTS;
      longest = Math.max(longest, Number(row.lastRequest) + waitAfter(row.count - free) - now);
    }
    return longest;
  }

  async failed(attempt: Attempt): Promise<void> {
    const now = BigInt(this.nowMs());
    const forgetBefore = now - BigInt(FORGET_AFTER_MS);
    for (const { key } of this.buckets(attempt)) {
      await this.prisma.$executeRaw`
        INSERT INTO rate_limits (id, key, count, last_request) VALUES (${key}, ${key}, 1, ${now})
        ON CONFLICT (key) DO UPDATE SET
          count = CASE WHEN rate_limits.last_request < ${forgetBefore} THEN 1 ELSE rate_limits.count + 1 END,
          last_request = EXCLUDED.last_request`;
    }
    await this.prisma.rateLimit.deleteMany({ where: { lastRequest: { lt: forgetBefore } } });
  }

  /** Forgets the failures of this person here; the address keeps its count. @returns the cookie that makes the browser known. */
  async succeeded(attempt: Attempt): Promise<{ name: string; value: string; maxAgeSeconds: number }> {
    const own = this.buckets(attempt)[0] as Bucket;
    await this.prisma.rateLimit.deleteMany({ where: { key: own.key } });
    const nonce = randomBytes(12).toString("base64url");
    return {
      name: deviceCookieOf(attempt.email),
      value: `${nonce}.${this.sign(nonce, attempt.email)}`,
      maxAgeSeconds: DEVICE_SECONDS,
    };
  }

  private buckets({ email, address, device }: Attempt): Bucket[] {
    if (device !== undefined && this.isKnown({ email, device })) return [{ key: hash("device", device), free: FREE_ATTEMPTS }];
    const network = networkOf(address);
    return [
      { key: hash("person", network, email), free: FREE_ATTEMPTS },
      { key: hash("address", network), free: FREE_ATTEMPTS_PER_ADDRESS },
    ];
  }

  /** Whether this person has signed in with this browser before. */
  isKnown({ email, device }: Pick<Attempt, "email" | "device">): boolean {
    if (device === undefined) return false;
    const [nonce, signature] = device.split(".");
    if (nonce === undefined || signature === undefined) return false;
    const expected = Buffer.from(this.sign(nonce, email));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private sign(nonce: string, email: string): string {
    return createHmac("sha256", this.secret).update(`device\n${nonce}\n${email}`).digest("base64url");
  }
}

/** Whoever has one address of IPv6 has 2⁶⁴ of them: the first half names the network. */
function networkOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return [...groups, ...after].slice(0, 4).join(":");
}

function waitAfter(failuresOverFree: number): number {
  if (failuresOverFree < 0) return 0;
  return Math.min(WAIT_MS_MAX, 1000 * 2 ** Math.min(failuresOverFree + 1, 6));
}

function hash(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("base64url");
}
