/**
 * API keys: made, verified, replaced, revoked. The database keeps a SHA-256 of each: a key has 256 random bits, so a fast
 * hash is enough. Verifying looks into a list of all live keys: no query for a request. Whoever changes a key sends a notice
 * through the database; a process that hears them reads the list when it changes, one that does not reads it every second.
 */
import { hash, randomBytes } from "node:crypto";
import { SCOPES, type Scope } from "../contracts/scopes.ts";
import type { Clock, Timer } from "../engine/kernel/clock.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { ApiKeyIdentity, ApiKeyVerifier } from "./ports.ts";

/** So that a key found in a log or a repository is recognised for what it is. */
const KEY_PATTERN = /^e86_[A-Za-z0-9_-]{43}$/;

/** The channel of the notices. */
export const KEYS_CHANGED = "api_keys_changed";

/** Without notices the list is never older when it decides, so a key revoked elsewhere works no longer than this. */
const LIST_AGE_MS_MAX = 1_000;
/** With notices it is read again this often, whoever asks: a line may be cut without a word, and people write SQL by hand. */
const LIST_EVERY_MS = 10_000;
/** Then the list may be as old as one reading that failed lets it get. */
const LIST_AGE_MS_MAX_HEARING = 2 * LIST_EVERY_MS;
/** A key that is not on the list may be newer than it. Ten reads a second are what a flood of invented keys can cause. */
const LIST_AGE_MS_MISSING = 100;
/** From this age on it is read again in the background, so that hardly a request waits for it. */
const LIST_AGE_MS_REFRESH = 500;
/** Part of the 300 ms that a request may spend in front of the engine. */
const LIST_READ_MS_MAX = 250;
/** A database that does not answer is not asked again at once; the last list goes on. */
const RETRY_MS = 1_000;
/** Newest first; far more than an installation has. */
const KEYS_MAX = 10_000;
/** `last_used_at` is as coarse as this. */
const USED_MS = 60_000;

export interface NewApiKey {
  keyId: string;
  /** Shown once, kept nowhere. */
  secret: string;
}

export class ApiKeys implements ApiKeyVerifier {
  private readonly prisma: PrismaClient;
  private readonly clock: Clock;
  private list: Map<string, ApiKeyIdentity> | null = null;
  private listAtMs = Number.NEGATIVE_INFINITY;
  private failedAtMs = Number.NEGATIVE_INFINITY;
  private flight: Promise<void> | null = null;
  private used = new Set<string>();
  private usedWrittenAtMs: number;
  private isHearing = false;
  /** Notices heard: a list that was asked for before the last of them is not believed. */
  private changes = 0;
  private reading: Timer | null = null;

  constructor(prisma: PrismaClient, clock: Clock) {
    this.prisma = prisma;
    this.clock = clock;
    this.usedWrittenAtMs = clock.monotonicMs();
  }

  /** Looks the key up by its hash, so that no comparison takes longer for a better guess. */
  verify(secret: string): ApiKeyIdentity | null | Promise<ApiKeyIdentity | null> {
    if (!KEY_PATTERN.test(secret)) return null;
    const nowMs = this.clock.monotonicMs();
    const ageMs = nowMs - this.listAtMs;
    const resting = nowMs - this.failedAtMs < RETRY_MS;
    if (this.list && (ageMs < (this.isHearing ? LIST_AGE_MS_MAX_HEARING : LIST_AGE_MS_MAX) || resting)) {
      const identity = this.find(secret);
      const isFresh = identity ? this.isHearing || ageMs < LIST_AGE_MS_REFRESH : ageMs < LIST_AGE_MS_MISSING;
      if (resting || isFresh) return identity;
      const reading = this.refreshInTime();
      if (identity) {
        reading.catch(() => {});
        return identity;
      }
      return reading.then(
        () => this.find(secret),
        () => null,
      );
    }
    if (resting) return Promise.reject(new Error("The key list could not be read."));
    const fresh = this.refreshInTime().then(() => (this.listAtMs === Number.NEGATIVE_INFINITY ? this.refreshInTime() : undefined));
    return fresh.then(
      () => this.find(secret),
      (error: unknown) => {
        if (this.list) return this.find(secret);
        throw error;
      },
    );
  }

  /** Notices are heard from now on: the list is read now, when one comes, and every few seconds. See `Notices`. */
  hearing(): void {
    this.isHearing = true;
    this.heard();
    this.readAgainLater();
  }

  /** Something changed: what the list says is not believed until it was read again. */
  heard(): void {
    this.changes++;
    this.listAtMs = Number.NEGATIVE_INFINITY;
    this.reread().catch(() => {});
  }

  deaf(): void {
    this.isHearing = false;
    this.reading?.cancel();
  }

  private readAgainLater(): void {
    this.reading?.cancel();
    this.reading = this.clock.schedule(LIST_EVERY_MS, () => {
      this.readAgainLater();
      this.refresh().catch(() => {});
    });
  }

  /** @param key `keyId`: for whoever may ask twice; a second one with the same id is refused by the database (P2002). */
  async create(key: { keyId?: string; name: string; scopes: readonly Scope[]; ratePerSecond?: number | null }): Promise<NewApiKey> {
    const { keyId = `k_${randomBytes(9).toString("base64url")}`, name, scopes, ratePerSecond = null } = key;
    const secret = newSecret();
    const data = { keyId, name, keyHash: hashOf(secret), scopes: [...scopes], ratePerSecond };
    await this.prisma.$transaction([this.prisma.apiKey.create({ data }), this.tell()]);
    await this.reread();
    return { keyId, secret };
  }

  /**
   * Gives a key another secret; the old one is dead at once here, within a second elsewhere. The id stays, and with it
   * what was done under it: a restock sent again with the new secret is still a replay.
   * @returns null when there is no such live key.
   */
  async rotate(keyId: string): Promise<NewApiKey | null> {
    const secret = newSecret();
    const count = await this.change(keyId, { keyHash: hashOf(secret) });
    await this.forget(keyId);
    return count === 0 ? null : { keyId, secret };
  }

  /** Dead at once here, within a second elsewhere. @returns false when there is no such live key. */
  async revoke(keyId: string): Promise<boolean> {
    const count = await this.change(keyId, { revokedAt: new Date(this.clock.nowMs()) });
    await this.forget(keyId);
    return count > 0;
  }

  private async change(keyId: string, data: { keyHash: string } | { revokedAt: Date }): Promise<number> {
    const change = this.prisma.apiKey.updateMany({ where: { keyId, revokedAt: null }, data });
    const [{ count }] = await this.prisma.$transaction([change, this.tell()]);
    return count;
  }

  /** The notice: sent when the change commits, and only then. */
  private tell() {
    return this.prisma.$executeRaw`SELECT pg_notify(${KEYS_CHANGED}, '')`;
  }

  private find(secret: string): ApiKeyIdentity | null {
    const identity = this.list?.get(hashOf(secret)) ?? null;
    if (identity) this.used.add(identity.keyId);
    return identity;
  }

  private async forget(keyId: string): Promise<void> {
    await this.flight?.catch(() => {});
    for (const [keyHash, identity] of this.list ?? []) if (identity.keyId === keyId) this.list?.delete(keyHash);
    await this.reread();
  }

  /** A read that began before a change may not know it: wait it out, then read again. The change itself is done already. */
  private async reread(): Promise<void> {
    await this.flight?.catch(() => {});
    await this.refreshInTime().catch(() => {});
  }

  /** A read that hangs fails for those who wait; it may still bring a list later. */
  private refreshInTime(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.schedule(LIST_READ_MS_MAX, () => {
        this.failedAtMs = this.clock.monotonicMs();
        reject(new Error("The key list was not read in time."));
      });
      this.refresh()
        .finally(() => timer.cancel())
        .then(resolve, reject);
    });
  }

  private refresh(): Promise<void> {
    this.flight ??= this.read().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  private async read(): Promise<void> {
    const askedAtMs = this.clock.monotonicMs();
    const { changes } = this;
    try {
      const rows = await this.prisma.apiKey.findMany({
        where: { revokedAt: null },
        select: { keyId: true, keyHash: true, scopes: true, ratePerSecond: true },
        orderBy: { createdAt: "desc" },
        take: KEYS_MAX,
      });
      this.list = new Map(rows.map(({ keyId, keyHash, scopes, ratePerSecond }) => [keyHash, { keyId, scopes: scopes.filter(isScope), ratePerSecond: ratePerSecond ?? undefined }]));
      this.listAtMs = changes === this.changes ? askedAtMs : Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.failedAtMs = this.clock.monotonicMs();
      throw error;
    }
    if (this.used.size > 0 && askedAtMs - this.usedWrittenAtMs >= USED_MS) await this.writeUsed(askedAtMs);
  }

  /** For people who tidy up; losing one write loses nothing. */
  private async writeUsed(nowMs: number): Promise<void> {
    const keyIds = [...this.used];
    this.used = new Set();
    this.usedWrittenAtMs = nowMs;
    const lastUsedAt = new Date(this.clock.nowMs());
    await this.prisma.apiKey.updateMany({ where: { keyId: { in: keyIds } }, data: { lastUsedAt } }).catch(() => {});
  }
}

/**
 * The key of a new installation, with every scope, for `.data/first-run.json`. Call it at the first start, after the
 * migrations and before the server listens; the secret cannot be had again.
 */
export function createFirstKey(prisma: PrismaClient, clock: Clock): Promise<NewApiKey> {
  return new ApiKeys(prisma, clock).create({ name: "first run", scopes: SCOPES });
}

function newSecret(): string {
  return `e86_${randomBytes(32).toString("base64url")}`;
}

function hashOf(secret: string): string {
  return hash("sha256", secret, "hex");
}

function isScope(value: string): value is Scope {
  return (SCOPES as readonly string[]).includes(value);
}
