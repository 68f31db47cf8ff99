/**
 * The Notifier tells people outside of what waits for a person: review tickets, refunds, payments whose order does not come,
 * participants that do not come back.
 * Once a cause: what is to be told is a row in Postgres, gathered and sent under leases, so that of several instances one does it.
 * A message whose answer was lost is sent again: better twice than never. Without a URL nothing is gathered.
 */
import type { Clock } from "../engine/kernel/clock.ts";
import type { Random } from "../engine/kernel/random.ts";
import { Rounds } from "../engine/kernel/rounds.ts";
import type { ParticipantState } from "../engine/tiers/tcc/participants.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { Message, NotificationKind } from "./formats.ts";

/** How often it asks itself whether somebody said that there is something to tell. */
const BEAT_MS = 500;

/** How often it looks at the participants, in memory. */
const PARTICIPANTS_MS = 5_000;

/** How often it looks without being told: payments that wait become old by themselves. */
const LOOK_MS = 60_000;

/** What else comes until then is told with it. */
const GATHER_MS = 500;

/** A cause that was not seen for so long is a new one when it comes back. */
export const QUIET_MS = 30 * 60 * 1_000;

/** Refunds are told one by one, but not more often than this: robots take 20 messages a minute. */
export const REFUND_GAP_MS = 60 * 1_000;

/** A breaker opens and closes within seconds when a participant stumbles; this one is down. */
export const DEAD_AFTER_MS = 60 * 1_000;

/** A payment comes seconds before its order at the worst; this one's order does not come, or bears another name. */
export const WAITING_MS = 10 * 60 * 1_000;

/** Tickets of one look, payments, and messages. */
const TICKETS_MAX = 500;
const MESSAGES_MAX = 5;
const SAMPLE_MAX = 5;

/** Longer than a message takes. */
const LEASE_MS = 20_000;

const RETRY_MS = 5_000;
const RETRY_MS_MAX = 10 * 60 * 1_000;

const KINDS = { REVIEW: 0, REFUND: 0, PARTICIPANT: 0, PAYMENT: 0 } as const satisfies Record<NotificationKind, 0>;

export interface NotifierPorts {
  prisma: Pick<PrismaClient, "$queryRaw" | "$executeRaw">;
  clock: Clock;
  random: Random;
  /** Rejects with a message fit for a log. */
  send(message: Message): Promise<void>;
  participants(): ParticipantState[];
  onError(error: unknown): void;
}

interface ClaimedRow {
  cause: string;
  kind: Message["kind"];
  pending: number;
  sample: string[];
  first_at: Date;
  attempt: number;
  failures: number;
}

export class Notifier {
  /** Messages since the process started. */
  readonly counters: { sent: Record<NotificationKind, number>; failed: Record<NotificationKind, number> } = { sent: { ...KINDS }, failed: { ...KINDS } };
  private readonly openSinceMs = new Map<string, number>();
  private readonly rounds: Rounds;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private participantsAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly ports: NotifierPorts) {
    const { clock, onError } = ports;
    this.rounds = new Rounds({ clock, everyMs: BEAT_MS, wanted: () => this.isTime(), pass: () => this.pass().catch(onError) });
  }

  start(): void {
    this.rounds.start();
  }

  /** A ticket was opened: the next look comes soon, with what else comes until then. */
  heard(): void {
    this.rounds.expect(GATHER_MS);
  }

  /** Something will have to be told then: the due watch found it. */
  expect(inMs: number): void {
    this.rounds.expect(inMs);
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Gathers what is new and sends what is due: one bounded pass. @returns how many messages were sent. */
  async pass(): Promise<number> {
    this.lookedAtMs = this.ports.clock.monotonicMs();
    await this.gatherWaiting();
    await this.gatherParticipants(this.deadParticipants());
    const due = await this.claim();
    const sent = await Promise.all(due.map((row) => this.tell(row)));
    return sent.filter(Boolean).length;
  }

  private isTime(): boolean {
    const nowMs = this.ports.clock.monotonicMs();
    if (nowMs - this.lookedAtMs >= LOOK_MS) return true;
    if (nowMs - this.participantsAtMs < PARTICIPANTS_MS) return false;
    this.participantsAtMs = nowMs;
    return this.deadParticipants().length > 0;
  }

  /** Tickets and payments that nobody was told of become rows of their causes, in one commit: counted once, by one instance. */
  private async gatherWaiting(): Promise<void> {
    await this.ports.prisma.$executeRaw`
      WITH fresh AS (
        SELECT ticket_id, tx_id, kind FROM tickets WHERE closed_at IS NULL AND (told_at IS NULL OR told_at < opened_at)
         ORDER BY opened_at LIMIT ${TICKETS_MAX} FOR NO KEY UPDATE SKIP LOCKED
      ), marked AS (
        UPDATE tickets SET told_at = clock_timestamp() FROM fresh WHERE tickets.ticket_id = fresh.ticket_id
      ), waiting AS (
        SELECT payment_key, source FROM payments
         WHERE status = 'PAID' AND state = 'PENDING' AND tx_id IS NULL AND told_at IS NULL AND received_at < statement_timestamp() - ${WAITING_MS} * interval '1 millisecond'
         ORDER BY received_at LIMIT ${TICKETS_MAX} FOR NO KEY UPDATE SKIP LOCKED
      ), told AS (
        UPDATE payments SET told_at = clock_timestamp() FROM waiting WHERE payments.payment_key = waiting.payment_key
      ), grouped AS (
        SELECT cause, kind, count(*)::int AS many, (array_agg(id ORDER BY id))[1:${SAMPLE_MAX}] AS ids
          FROM (SELECT ticket_id AS id, kind::text AS kind,
                       CASE kind WHEN 'REFUND' THEN 'refund:'
                                 ELSE 'review:' || coalesce((SELECT fingerprint FROM branches WHERE branches.tx_id = fresh.tx_id AND next_attempt_at IS NOT NULL AND failures > 0 ORDER BY failures DESC, branch_no LIMIT 1),
                                                            (SELECT 'payment/' || error_class FROM payments WHERE payments.tx_id = fresh.tx_id AND state = 'MANUAL_REVIEW' ORDER BY payment_key LIMIT 1), 'other') END AS cause
                  FROM fresh
                UNION ALL
                SELECT payment_key, 'PAYMENT', 'payment:' || source FROM waiting) AS one
         GROUP BY cause, kind
      )
      INSERT INTO notifications AS known (cause, kind, pending, sample, first_at, seen_at, next_attempt_at)
      SELECT cause, kind, many, ids, clock_timestamp(), clock_timestamp(), clock_timestamp() FROM grouped ORDER BY cause
      ON CONFLICT (cause) DO UPDATE
         SET seen_at = EXCLUDED.seen_at,
             pending = CASE WHEN known.kind = 'REFUND' OR known.next_attempt_at IS NOT NULL OR known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond'
                            THEN known.pending + EXCLUDED.pending ELSE known.pending END,
             told = CASE WHEN known.kind = 'REFUND' OR known.next_attempt_at IS NOT NULL OR known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond'
                         THEN known.told ELSE known.told + EXCLUDED.pending END,
             sample = CASE WHEN known.pending = 0 THEN EXCLUDED.sample ELSE (known.sample || EXCLUDED.sample)[1:${SAMPLE_MAX}] END,
             first_at = CASE WHEN known.pending = 0 THEN EXCLUDED.first_at ELSE known.first_at END,
             next_attempt_at = CASE
               WHEN known.next_attempt_at IS NOT NULL THEN known.next_attempt_at
               WHEN known.kind = 'REFUND' THEN greatest(EXCLUDED.seen_at, known.sent_at + ${REFUND_GAP_MS} * interval '1 millisecond')
               WHEN known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond' THEN EXCLUDED.seen_at END`;
  }

  /** Causes of those whose breaker has been open here for long. */
  private deadParticipants(): string[] {
    const nowMs = this.ports.clock.monotonicMs();
    const dead: string[] = [];
    for (const { participant, circuit } of this.ports.participants()) {
      if (circuit === "closed") this.openSinceMs.delete(participant);
      else if (!this.openSinceMs.has(participant)) this.openSinceMs.set(participant, nowMs);
      else if (nowMs - (this.openSinceMs.get(participant) as number) >= DEAD_AFTER_MS) dead.push(`participant:${participant}`);
    }
    return dead;
  }

  /** Seen again while it lasts, so that it stays one cause. */
  private async gatherParticipants(dead: readonly string[]): Promise<void> {
    if (dead.length === 0) return;
    await this.ports.prisma.$executeRaw`
      INSERT INTO notifications AS known (cause, kind, pending, sample, first_at, seen_at, next_attempt_at)
      SELECT cause, 'PARTICIPANT', 1, '{}', clock_timestamp(), clock_timestamp(), clock_timestamp() FROM unnest(${[...dead]}::text[]) AS u(cause) ORDER BY cause
      ON CONFLICT (cause) DO UPDATE
         SET seen_at = EXCLUDED.seen_at,
             pending = CASE WHEN known.pending > 0 OR known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond' THEN 1 ELSE 0 END,
             first_at = CASE WHEN known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond' THEN EXCLUDED.first_at ELSE known.first_at END,
             next_attempt_at = CASE WHEN known.next_attempt_at IS NOT NULL THEN known.next_attempt_at
                                    WHEN known.seen_at < EXCLUDED.seen_at - ${QUIET_MS} * interval '1 millisecond' THEN EXCLUDED.seen_at END`;
  }

  private claim(): Promise<ClaimedRow[]> {
    return this.ports.prisma.$queryRaw<ClaimedRow[]>`
      UPDATE notifications SET attempt = notifications.attempt + 1, next_attempt_at = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
        FROM (SELECT cause FROM notifications WHERE next_attempt_at <= statement_timestamp() ORDER BY next_attempt_at LIMIT ${MESSAGES_MAX} FOR NO KEY UPDATE SKIP LOCKED) AS due
       WHERE notifications.cause = due.cause
      RETURNING notifications.cause, kind, pending, sample, first_at, attempt, failures`;
  }

  private async tell({ cause, kind, pending, sample, first_at, attempt, failures }: ClaimedRow): Promise<boolean> {
    const { prisma, send, random, onError } = this.ports;
    try {
      await send({ cause, kind, count: pending, sample, firstAtMs: first_at.getTime() });
    } catch (error) {
      this.counters.failed[kind]++;
      onError(error);
      const pauseMs = Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX) * (0.5 + random.next() / 2);
      await prisma.$executeRaw`
        UPDATE notifications SET failures = failures + 1, last_error = ${(error as Error).message}, next_attempt_at = clock_timestamp() + ${pauseMs} * interval '1 millisecond'
         WHERE cause = ${cause} AND attempt = ${attempt}`;
      return false;
    }
    this.counters.sent[kind]++;
    // What came while it was on its way is the next message's.
    await prisma.$executeRaw`
      UPDATE notifications SET messages = messages + 1, told = told + ${pending}::int, pending = pending - ${pending}::int, failures = 0, last_error = NULL, sent_at = clock_timestamp(),
             next_attempt_at = CASE WHEN pending > ${pending}::int THEN clock_timestamp() + ${REFUND_GAP_MS} * interval '1 millisecond' END
       WHERE cause = ${cause} AND attempt = ${attempt}`;
    return true;
  }
}
