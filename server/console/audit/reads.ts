/** The audit, read newest first. It cannot be written here, nor anywhere but with the action it tells of. */
import { AUDIT_EXPORT_MAX, AUDIT_OUTCOMES, type AuditActor, type AuditFilters, type AuditPage, type AuditRow } from "../../contracts/audit.ts";
import { Prisma, type PrismaClient } from "../../generated/prisma/client.ts";
import { containing } from "../reads/pages.ts";
import { peopleOf } from "../reads/people.ts";
import { csvField } from "../transactions/export.ts";
import { databaseNowMs } from "../transactions/rows.ts";

const ACTORS_MAX = 200;
const EXPORT_PAGE = 500;

interface EntrySqlRow {
  id: bigint;
  at: Date;
  actor: string;
  verb: string;
  target: string;
  reason: string | null;
  detail: Record<string, unknown>;
}

export async function readAudit(prisma: PrismaClient, { limit, cursor, ...filters }: AuditFilters & { limit: number; cursor?: string | undefined }): Promise<AuditPage> {
  const [atMs, rows] = await Promise.all([databaseNowMs(prisma), readEntries(prisma, filters, cursor, limit + 1)]);
  const entries = await shown(prisma, rows.slice(0, limit));
  return { atMs, entries, nextCursor: rows.length > limit ? (entries.at(-1)?.id ?? null) : null };
}

/** Everybody who ever did something, operators first by name. */
export async function readActors(prisma: PrismaClient): Promise<AuditActor[]> {
  const users = await prisma.user.findMany({ select: { id: true, name: true }, orderBy: { name: "asc" }, take: ACTORS_MAX });
  return users.map(({ id, name }) => ({ actorId: id, name }));
}

function readEntries(prisma: PrismaClient, filters: AuditFilters, cursor: string | undefined, limit: number): Promise<EntrySqlRow[]> {
  const { actor, kind, verb, outcome, target, q, from, to } = filters;
  const where = [Prisma.sql`true`];
  if (cursor !== undefined) where.push(Prisma.sql`id < ${BigInt(cursor)}`);
  if (actor !== undefined) where.push(Prisma.sql`actor = ${actor}`);
  if (verb !== undefined) where.push(Prisma.sql`verb = ${verb}`);
  if (kind !== undefined) where.push(Prisma.sql`verb LIKE ${`${kind}.%`}`);
  if (outcome !== undefined) where.push(Prisma.sql`detail ->> 'outcome' = ${outcome}`);
  if (target !== undefined) where.push(Prisma.sql`target = ${target}`);
  if (q !== undefined) where.push(Prisma.sql`(target ILIKE ${containing(q)} OR reason ILIKE ${containing(q)})`);
  if (from !== undefined) where.push(Prisma.sql`at >= ${new Date(from)}`);
  if (to !== undefined) where.push(Prisma.sql`at < ${new Date(to)}`);
  return prisma.$queryRaw<EntrySqlRow[]>`
    SELECT id, at, actor, verb, target, reason, detail FROM audit_entries WHERE ${Prisma.join(where, " AND ")} ORDER BY id DESC LIMIT ${limit}`;
}

async function shown(prisma: PrismaClient, rows: readonly EntrySqlRow[]): Promise<AuditRow[]> {
  const { nameOf, keyNameOf } = await namesIn(prisma, rows);
  const named = (value: Record<string, unknown> | null) => value && Object.fromEntries(Object.entries(value).map(([field, one]) => [field, PERSON_FIELDS.has(field) && typeof one === "string" ? nameOf(one) : one]));
  return rows.map(({ id, at, actor, verb, target, reason, detail }): AuditRow => {
    const { outcome, code, before, after, answer, actionKey, ...more } = detail;
    return {
      id: String(id),
      atMs: at.getTime(),
      actor: nameOf(actor),
      actorId: actor,
      verb,
      target,
      targetName: verb.startsWith("operator.") ? nameOf(target) : verb.startsWith("key.") ? keyNameOf(target) : null,
      reason,
      outcome: AUDIT_OUTCOMES.find((each) => each === outcome) ?? null,
      code: typeof code === "string" ? code : null,
      before: named(plain(before)),
      // Entries from before changes were written down have the answer.
      after: named(plain(after) ?? plain(answer)),
      more: named(more) ?? {},
    };
  });
}

/** Fields that hold the id of a person. */
const PERSON_FIELDS: ReadonlySet<string> = new Set(["claimedBy", "to", "askedBy"]);

async function namesIn(prisma: PrismaClient, rows: readonly EntrySqlRow[]): Promise<{ nameOf: (id: string) => string; keyNameOf: (id: string) => string | null }> {
  const people = new Set<string>();
  const keys = new Set<string>();
  for (const { actor, verb, target, detail } of rows) {
    people.add(actor);
    if (verb.startsWith("operator.")) people.add(target);
    if (verb.startsWith("key.")) keys.add(target);
    for (const part of [detail, detail.before, detail.after]) {
      for (const [field, value] of Object.entries(plain(part) ?? {})) if (PERSON_FIELDS.has(field) && typeof value === "string") people.add(value);
    }
  }
  const [nameOf, found] = await Promise.all([
    peopleOf(prisma, [...people]),
    keys.size === 0 ? [] : prisma.apiKey.findMany({ where: { keyId: { in: [...keys] } }, select: { keyId: true, name: true } }),
  ]);
  const keyNames = new Map(found.map(({ keyId, name }) => [keyId, name]));
  return { nameOf, keyNameOf: (id) => keyNames.get(id) ?? null };
}

function plain(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 ? (value as Record<string, unknown>) : null;
}

const COLUMNS: [name: string, of: (row: AuditRow) => string | null][] = [
  ["id", ({ id }) => id],
  ["at", ({ atMs }) => new Date(atMs).toISOString()],
  ["actor", ({ actor }) => actor],
  ["actorId", ({ actorId }) => actorId],
  ["verb", ({ verb }) => verb],
  ["target", ({ target }) => target],
  ["targetName", ({ targetName }) => targetName],
  ["outcome", ({ outcome }) => outcome],
  ["code", ({ code }) => code],
  ["reason", ({ reason }) => reason],
  ["before", ({ before }) => (before === null ? null : JSON.stringify(before))],
  ["after", ({ after }) => (after === null ? null : JSON.stringify(after))],
  ["more", ({ more }) => (Object.keys(more).length === 0 ? null : JSON.stringify(more))],
];

/** A CSV file, page after page while it is read. One that was cut says so in its last line. */
export async function* exportAudit(prisma: PrismaClient, filters: AuditFilters): AsyncGenerator<string> {
  yield `\uFEFF${COLUMNS.map(([name]) => name).join(",")}\r\n`;
  let cursor: string | undefined;
  let written = 0;
  for (;;) {
    const { entries, nextCursor } = await readAudit(prisma, { ...filters, cursor, limit: Math.min(EXPORT_PAGE, AUDIT_EXPORT_MAX - written) });
    written += entries.length;
    if (entries.length > 0) yield entries.map((row) => `${COLUMNS.map(([, of]) => csvField(of(row))).join(",")}\r\n`).join("");
    if (nextCursor === null) return;
    if (written >= AUDIT_EXPORT_MAX) return yield `"only the newest ${AUDIT_EXPORT_MAX} are listed"\r\n`;
    cursor = nextCursor;
  }
}
