/**
 * Everything the console's pages are rendered from, as plain data. Pages are rendered in a thread of their own (renderer.ts) and ask
 * through a door (door.ts); these answer, where the engine lives. They change nothing, but for what a program asks of the API.
 */
import type { Auth } from "../auth/auth.ts";
import type { AuditFilters } from "../contracts/audit.ts";
import type { Operator } from "../contracts/console.ts";
import { readActors, readAudit } from "../console/audit/reads.ts";
import { readCauses } from "../console/bulk/causes.ts";
import { readBulks } from "../console/bulk/lists.ts";
import { readInbox, readRefunds } from "../console/inbox/reads.ts";
import { readOperators } from "../console/operators/reads.ts";
import { readStores } from "../console/reads/stores.ts";
import { readQueue } from "../console/review/tickets.ts";
import { readSettings, type SettingsRoutesDeps } from "../console/settings/routes.ts";
import { type Filters, readRows } from "../console/transactions/rows.ts";
import { readSheet } from "../console/transactions/sheet.ts";
import type { Api } from "../api/app.ts";
import type { LiveBoard } from "../gateway/board.ts";
import { answering } from "./plain-http.ts";

export interface PageReadsDeps extends Pick<SettingsRoutesDeps, "prisma" | "engine" | "facts"> {
  auth: Auth;
  board: LiveBoard;
  api: Api;
}

export type PageReads = ReturnType<typeof createPageReads>;

type AuditAsked = AuditFilters & { limit: number; cursor?: string | undefined };

export function createPageReads({ auth, board, prisma, engine, facts, api }: PageReadsDeps) {
  const overview = () => board.overview.snapshot();
  return {
    /** @param headers of the page's request. @returns who is signed in, null: nobody. */
    async operator(headers: [string, string][]): Promise<Operator | null> {
      const { session } = await auth.readSession(new Headers(headers));
      return session?.operator ?? null;
    },
    async wall() {
      await board.freshPending();
      return { overview: overview(), transactions: board.transactions.snapshot() };
    },
    async dishes() {
      await board.freshPending(); // dishes of this moment among them
      return { overview: overview(), dishes: board.dishes.snapshot() };
    },
    /** @returns null for a dish that does not exist. */
    async dish(dishId: string) {
      const page = await board.dishPages.open(dishId);
      return page === null ? null : { overview: overview(), page: await page.fresh() };
    },
    async transactions(filters: Filters) {
      const [first, stores] = await Promise.all([readRows(prisma, filters), readStores(prisma)]);
      return { overview: overview(), first, stores };
    },
    /** @returns null for a transaction that does not exist. */
    async sheet(txId: string, { role }: Operator) {
      const first = await readSheet(prisma, txId, role);
      return first === null ? null : { overview: overview(), first };
    },
    async causes() {
      const [causes, bulks] = await Promise.all([readCauses(prisma), readBulks(prisma)]);
      return { overview: overview(), causes, bulks };
    },
    async locks() {
      await board.freshPending(); // it sets the database's clock, too
      return { overview: overview(), locks: board.locks.snapshot() };
    },
    async review() {
      return { overview: overview(), first: await readQueue(prisma) };
    },
    async inbox(askedPayments: Parameters<typeof readInbox>[1], askedRefunds: Parameters<typeof readRefunds>[1]) {
      const [payments, refunds] = await Promise.all([readInbox(prisma, askedPayments), readRefunds(prisma, askedRefunds)]);
      return { overview: overview(), payments, refunds };
    },
    async audit(asked: AuditAsked) {
      const [first, actors] = await Promise.all([readAudit(prisma, asked), readActors(prisma)]);
      return { overview: overview(), first, actors };
    },
    /** @param may whether the lists may be seen; everybody may see the page. */
    async operators(may: boolean) {
      return { overview: overview(), first: may ? await readOperators(prisma, facts.rateLimitPerSecond) : null };
    },
    async settings({ operatorId }: Operator) {
      return { overview: overview(), first: await readSettings({ prisma, engine, board, facts }, operatorId) };
    },
    /** What under /api reached Next: the one application answers it. */
    api: answering((request) => api.fetch(request)),
  };
}
