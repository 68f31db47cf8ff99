"use client";
/** One entry whole: who, when, what, to what, why, and what it was before and after. */
import { ArrowRight } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import type { AuditRow } from "@/server/contracts/audit";
import { CopyButton } from "../transactions/sheet/copy-button";
import { Fact } from "../ui/fact";
import { Panel } from "../ui/panel";
import { ScrollArea } from "../ui/scroll-area";
import { OutcomeBadge } from "./outcome-badge";
import { changesOf, pageOf, useField, useValue, useVerb } from "./words";

export function EntryPanel({ entry, onTarget, onActor }: { entry: AuditRow; onTarget(target: string): void; onActor(actorId: string): void }) {
  const t = useTranslations("audit");
  const errors = useTranslations("errors");
  const format = useFormatter();
  const verb = useVerb();
  const field = useField();
  const value = useValue();
  const changes = changesOf(entry);
  const page = pageOf(entry);
  // What the change says already is not said twice.
  const more = Object.entries(entry.more).filter(([name]) => entry.after === null || !(name in entry.after));
  return (
    <Panel id="entry" className="min-h-0" title={verb(entry.verb)} note={<OutcomeBadge outcome={entry.outcome} />}>
      <ScrollArea labelledBy="entry-title" className="flex flex-col gap-4 px-4 py-3" data-testid="entry">
        <dl className="grid grid-cols-2 gap-x-4 gap-y-3">
          <Fact label={t("who")}>
            <button type="button" onClick={() => onActor(entry.actorId)} className="rounded text-left hover:text-accent hover:underline">{entry.actor}</button>
          </Fact>
          <Fact label={t("when")}>
            <time dateTime={new Date(entry.atMs).toISOString()} className="figures">{format.dateTime(entry.atMs, "instant")}</time>
          </Fact>
          <div className="col-span-2 min-w-0">
            <dt className="text-2xs text-text-3">{t("target")}</dt>
            <dd className="flex min-w-0 flex-wrap items-center gap-x-1.5">
              {entry.targetName !== null && <span className="font-medium">{entry.targetName}</span>}
              {page === null ? <span className="font-mono break-all">{entry.target}</span> : <Link href={page} prefetch={false} className="rounded font-mono break-all text-accent hover:underline">{entry.target}</Link>}
              <CopyButton what={t("target")} text={entry.target} />
            </dd>
          </div>
        </dl>
        <div>
          <h3 className="text-2xs text-text-3">{t("reason")}</h3>
          <p className="break-words">{entry.reason ?? <span className="text-text-3">{t("noReason")}</span>}</p>
        </div>
        {entry.outcome === "REFUSED" && entry.code !== null && (
          <div>
            <h3 className="text-2xs text-text-3">{t("refusedBecause")}</h3>
            <p>{errors.has(entry.code) ? errors(entry.code, { ticketId: "–" }) : entry.code}</p>
          </div>
        )}
        {entry.outcome === "ASKED" && <p className="text-xs text-text-3">{t("askedMeaning")}</p>}
        {changes !== null && (
          <table className="w-full border-separate border-spacing-0 rounded-lg border text-xs" data-testid="changes">
            <thead>
              <tr className="text-2xs text-text-3 [&>th]:px-3 [&>th]:py-1.5 [&>th]:text-left [&>th]:font-medium">
                <th scope="col">{t("field")}</th>
                <th scope="col">{t("before")}</th>
                <th scope="col"><span className="sr-only">{t("becomes")}</span></th>
                <th scope="col">{t("after")}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ name, before, after }) => (
                <tr key={name} className="[&>*]:border-t [&>*]:px-3 [&>*]:py-1.5 [&>*]:text-left [&>*]:align-top">
                  <th scope="row" className="font-normal text-text-2">{field(name)}</th>
                  <td className="figures break-words text-text-3">{entry.before === null ? t("unknown") : value(name, before)}</td>
                  <td><ArrowRight aria-hidden className="size-3.5 text-text-3" /></td>
                  <td className="figures font-medium break-words">{entry.after === null ? t("unknown") : value(name, after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {more.length > 0 && (
          <dl className="grid gap-2.5">
            {more.map(([name, one]) => (
              <div key={name} className="min-w-0">
                <dt className="text-2xs text-text-3">{field(name)}</dt>
                <dd className="break-words">{value(name, one)}</dd>
              </div>
            ))}
          </dl>
        )}
        <button type="button" onClick={() => onTarget(entry.target)} className="self-start rounded text-xs text-accent hover:underline">{t("allOfTarget")}</button>
      </ScrollArea>
    </Panel>
  );
}
