"use client";
/** Who holds portions of this dish now, those first whose time is up first. */
import { Clock3 } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import type { OpenReservation } from "@/server/contracts/dish-page";
import { EXPIRING_MS } from "@/server/contracts/socket-events";
import { useNowMs, useReadsStale } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useDishPage } from "./dish-screen";

export function OpenReservationsPanel({ className }: { className?: string }) {
  const t = useTranslations("dishPage.open");
  const format = useFormatter();
  const open = useDishPage((view) => view.open);
  const note = open === undefined || open.count === 0 ? undefined : t("note", { shown: open.rows.length, count: format.number(open.count), portions: format.number(open.portions) });
  return (
    <Panel id="open-reservations" stale={useReadsStale()} className={cn("@container min-h-56", className)} title={t("title")} note={note}>
      {open === undefined || open.count === 0 ? (
        <p className="grid flex-1 place-items-center px-4 py-8 text-center text-text-3">{t(open === undefined ? "unread" : "none")}</p>
      ) : (
        <Table
          labelledBy="open-reservations-title"
          head={
            <>
              <th scope="col" className="pl-4! text-left">{t("transaction")}</th>
              <th scope="col" className="hidden text-left @md:table-cell">{t("order")}</th>
              <th scope="col" className="w-16 text-right">{t("portions")}</th>
              <th scope="col" className="w-24 text-right">{t("age")}</th>
              <th scope="col" className="w-24 pr-4! text-right">{t("expires")}</th>
            </>
          }
        >
          {open.rows.map((reservation) => (
            <Row key={reservation.txId} reservation={reservation} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Row({ reservation }: { reservation: OpenReservation }) {
  const t = useTranslations("dishPage.open");
  const format = useFormatter();
  const nowMs = useNowMs();
  const age = useAge();
  const { txId, orderId, quantity, createdAtMs, expiresAtMs } = reservation;
  const leftMs = expiresAtMs - nowMs;
  const soon = leftMs < EXPIRING_MS;
  return (
    <tr className={ROW}>
      <td className="pl-4!">
        <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="block truncate font-mono text-xs text-accent underline-offset-2 hover:underline" title={txId}>
          {txId}
        </Link>
      </td>
      <td className="hidden @md:table-cell">
        <div className="truncate font-mono text-xs text-text-3" title={orderId}>{orderId}</div>
      </td>
      <td className="text-right font-medium"><span className="figures">{format.number(quantity)}</span></td>
      <td className="text-right whitespace-nowrap text-text-2"><span className="figures">{age(nowMs - createdAtMs)}</span></td>
      <td className="pr-4! text-right whitespace-nowrap">
        <span className={cn("figures text-text-2", soon && "inline-flex items-center gap-1 font-medium text-warn")}>
          {soon && <Clock3 aria-hidden className="size-3" strokeWidth={2.25} />}
          {leftMs <= 0 ? t("due") : age(leftMs)}
        </span>
      </td>
    </tr>
  );
}
