"use client";
/** API keys: what each may, how fast, when it was last used; revoked ones last. The keys themselves are nowhere. */
import { Ban, KeyRound } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useRef, useState } from "react";
import type { KeyRow, KeyVerb } from "@/server/contracts/operators";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { MenuItem } from "../ui/menu";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useListKeys } from "../ui/use-list-keys";
import { AddKeyDialog, KeyVerbDialog } from "./key-dialogs";
import { RowActs } from "./row-acts";

type Open = { what: "add" } | { what: KeyVerb; apiKey: KeyRow };

interface KeysPanelProps {
  keys: readonly KeyRow[];
  usualRatePerSecond: number;
  stale: boolean;
  onChanged(): void;
}

export function KeysPanel({ keys, usualRatePerSecond, stale, onChanged }: KeysPanelProps) {
  const t = useTranslations("operators");
  const [open, setOpen] = useState<Open | null>(null);
  const body = useRef<HTMLDivElement>(null);
  useListKeys({ body, length: keys.length });
  // As with operators: what is said of a key is of now.
  const show = (next: Open) => {
    setOpen(next);
    onChanged();
  };
  const close = { returnFocusTo: "add-key", onChanged, onClose: () => setOpen(null) };
  return (
    <Panel
      id="keys"
      className="@container min-h-64"
      stale={stale}
      title={t("keys")}
      note={t("keysNote")}
      tools={
        <Button id="add-key" size="sm" onClick={() => show({ what: "add" })}>
          <KeyRound aria-hidden className="size-3.5" />
          {t("addKey.open")}
        </Button>
      }
    >
      {keys.length === 0 ? (
        <Empty icon={KeyRound} title={t("noKeys")} meaning={t("noKeysMeaning")} />
      ) : (
        <Table
          ref={body}
          labelledBy="keys-title"
          headClassName="[&>th]:text-left"
          head={
            <>
              <th scope="col" className="pl-4!">{t("keyName")}</th>
              <th scope="col" className="hidden w-44 @3xl:table-cell">{t("keyId")}</th>
              <th scope="col" className="w-[26%]">{t("scope")}</th>
              <th scope="col" className="hidden w-32 text-right! @lg:table-cell">{t("rate")}</th>
              <th scope="col" className="w-28 text-right!">{t("lastUsed")}</th>
              <th scope="col" className="w-14 pr-4!"><span className="sr-only">{t("actions")}</span></th>
            </>
          }
        >
          {keys.map((apiKey, index) => (
            <Key key={apiKey.keyId} apiKey={apiKey} index={index} usual={usualRatePerSecond} onOpen={(what) => show({ what, apiKey })} />
          ))}
        </Table>
      )}
      {open?.what === "add" && <AddKeyDialog {...close} usualRatePerSecond={usualRatePerSecond} />}
      {open !== null && open.what !== "add" && <KeyVerbDialog {...close} apiKey={keys.find(({ keyId }) => keyId === open.apiKey.keyId) ?? open.apiKey} verb={open.what} />}
    </Panel>
  );
}

function Key({ apiKey, index, usual, onOpen }: { apiKey: KeyRow; index: number; usual: number; onOpen(what: KeyVerb): void }) {
  const t = useTranslations("operators");
  const format = useFormatter();
  const nowMs = useNowMs();
  const age = useAge();
  const { keyId, name, scopes, ratePerSecond, revokedAtMs, lastUsedAtMs } = apiKey;
  return (
    <tr data-index={index} data-testid={`key-${name}`} className={cn(ROW, revokedAtMs !== null && "text-text-3")}>
      <td className="truncate py-1.5! pl-4! font-medium" title={name}>{name}</td>
      <td className="hidden truncate font-mono text-xs text-text-3 @3xl:table-cell">{keyId}</td>
      <td className="truncate text-xs">{revokedAtMs === null ? scopes.map((scope) => t(`scopes.${scope}`)).join(" · ") : <Badge tone="danger" icon={Ban}>{t("revoked")}</Badge>}</td>
      <td className="figures hidden text-right text-xs @lg:table-cell">{ratePerSecond === null ? <span className="text-text-3">{t("usualRate", { rate: format.number(usual) })}</span> : t("ownRate", { rate: format.number(ratePerSecond) })}</td>
      <td className="figures truncate text-right text-xs">{lastUsedAtMs === null ? <span className="text-text-3">{t("never")}</span> : <time dateTime={new Date(lastUsedAtMs).toISOString()} title={format.dateTime(lastUsedAtMs, "moment")}>{t("ago", { age: age(Math.max(0, nowMs - lastUsedAtMs)) })}</time>}</td>
      <RowActs name={name} testId={`acts-${name}`}>
        {revokedAtMs === null && (["rotate", "revoke"] as const).map((verb) => <MenuItem key={verb} onSelect={() => onOpen(verb)}>{t(`${verb}.open`)}</MenuItem>)}
        <MenuItem asChild><Link href={`/audit?target=${encodeURIComponent(keyId)}`} prefetch={false}>{t("itsHistory")}</Link></MenuItem>
      </RowActs>
    </tr>
  );
}
