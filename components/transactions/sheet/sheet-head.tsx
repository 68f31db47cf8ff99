"use client";
/** Who it is, where it stands, and the verbs: those that are not possible say why. */
import { ChevronLeft } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import type { ReactNode } from "react";
import type { ManualVerb } from "@/server/contracts/console";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { useNowMs } from "../../live/live-provider";
import { useAge } from "../../overview/ages";
import { useMoney } from "../../overview/money";
import { useNames } from "../../overview/names";
import { Button } from "../../ui/button";
import { Fact } from "../../ui/fact";
import { Tooltip } from "../../ui/tooltip";
import { StateBadge } from "../state-badge";
import { CopyButton } from "./copy-button";

interface SheetHeadProps {
  id: string;
  sheet: DecisionSheet;
  ask(verb: ManualVerb | "force-end"): void;
}

export function SheetHead({ id, sheet, ask }: SheetHeadProps) {
  const t = useTranslations("sheet");
  const money = useMoney();
  const names = useNames();
  const { transaction, storeNames, amountCents, tickets } = sheet;
  const { txId, orderId, state, couponId, cause } = transaction;
  const open = tickets.filter(({ closedAtMs }) => closedAtMs === null);
  return (
    <header className="flex flex-wrap items-start gap-x-6 gap-y-3 rounded-panel border bg-surface px-4 py-3 shadow-panel">
      <div className="min-w-0 flex-1 basis-80">
        <Link href="/transactions" prefetch={false} className="-ml-1 inline-flex items-center gap-0.5 rounded text-xs text-text-3 hover:text-text">
          <ChevronLeft aria-hidden className="size-3.5" />
          {t("back")}
        </Link>
        <div className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1">
          <h2 id={id} tabIndex={-1} className="min-w-0 font-mono text-base font-semibold break-all outline-none">{txId}</h2>
          <CopyButton text={txId} what={t("txId")} />
          <span data-testid="state" data-state={state}><StateBadge state={state} /></span>
          {cause !== null && <span className="text-xs text-text-3">{t(`causes.${cause}`)}</span>}
        </div>
        <dl className="mt-2 flex flex-wrap gap-x-6 gap-y-1.5">
          {orderId !== null && (
            <Fact label={t("order")}>
              <span className="inline-flex items-center gap-0.5">
                <span className="font-mono text-xs">{orderId}</span>
                <CopyButton text={orderId} what={t("order")} className="-my-1" />
              </span>
            </Fact>
          )}
          {storeNames !== null && <Fact label={t("store")}>{names.own(storeNames)}</Fact>}
          {amountCents > 0 && <Fact label={t("amount")}>{money(amountCents)}</Fact>}
          {couponId !== null && <Fact label={t("coupon")}>{couponId}</Fact>}
          <Age createdAtMs={Date.parse(transaction.createdAt)} expiresAtMs={state === "RESERVED" ? Date.parse(transaction.expiresAt) : null} />
          {open.map(({ ticketId, kind, claimedBy }) => (
            <Fact key={ticketId} label={t(`ticketKinds.${kind}`)}>{claimedBy === null ? ticketId : t("claimedBy", { ticketId, name: claimedBy })}</Fact>
          ))}
        </dl>
      </div>
      <Verbs sheet={sheet} ask={ask} />
    </header>
  );
}

function Age({ createdAtMs, expiresAtMs }: { createdAtMs: number; expiresAtMs: number | null }) {
  const t = useTranslations("sheet");
  const pending = useTranslations("pending");
  const nowMs = useNowMs();
  const age = useAge();
  return (
    <>
      <Fact label={t("age")}><span className="figures">{age(nowMs - createdAtMs)}</span></Fact>
      {expiresAtMs !== null && <Fact label={pending("expiresIn")}><span className="figures">{expiresAtMs <= nowMs ? pending("due") : age(expiresAtMs - nowMs)}</span></Fact>}
    </>
  );
}

const KINDS = { retry: "primary", confirm: "primary", cancel: "plain", reverse: "plain" } as const;

function Verbs({ sheet, ask }: Omit<SheetHeadProps, "id">) {
  const t = useTranslations("sheet");
  const action = useTranslations("action");
  const { forceEnd } = sheet;
  const states = useTranslations("pending.states");
  const state = states(sheet.transaction.state);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div role="group" aria-label={t("verbs")} className="flex flex-wrap items-center gap-2">
      {sheet.previews.map(({ verb, legal, because }) => (
        <Reasoned key={verb} why={because === null ? null : action(`because.${because}`, { state })}>
          <Button kind={legal ? KINDS[verb] : "plain"} size="sm" className="h-8" disabled={!legal} data-testid={`verb-${verb}`} onClick={() => ask(verb)}>
            {t(`verb.${verb}`)}
          </Button>
        </Reasoned>
      ))}
      <Reasoned why={forceEnd.because === null ? null : action(`because.${forceEnd.because}`, { state })}>
        <Button kind="plain" size="sm" className="h-8" disabled={!forceEnd.legal} data-testid="verb-force-end" onClick={() => ask("force-end")}>
          {t(forceEnd.request === null ? "verb.force-end" : "verb.force-end-decide")}
        </Button>
      </Reasoned>
    </div>
  );
}

/** A disabled button takes no pointer and no focus: what holds it says why. */
function Reasoned({ why, children }: { why: string | null; children: ReactNode }) {
  if (why === null) return children;
  return (
    <Tooltip text={why}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the reason must be reachable by keyboard */}
      <span role="note" tabIndex={0} aria-label={why} className="inline-flex rounded-md">
        {children}
      </span>
    </Tooltip>
  );
}
