"use client";
/** The transaction as the API answers it, to be copied into a ticket of somebody else's. */
import { useTranslations } from "next-intl";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { Panel } from "../../ui/panel";
import { CopyButton } from "./copy-button";

export function RawPanel({ sheet }: { sheet: DecisionSheet }) {
  const t = useTranslations("sheet");
  const text = JSON.stringify(sheet.transaction, null, 2);
  return (
    <Panel id="raw" title={t("raw")} tools={<CopyButton text={text} what={t("raw")} />}>
      <details className="px-4 py-2.5">
        <summary className="cursor-pointer rounded text-xs text-text-2">{t("showRaw")}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <pre tabIndex={0} className="scroll-quiet mt-2 max-h-96 overflow-auto rounded-md bg-sunken p-3 font-mono text-2xs">{text}</pre>
      </details>
    </Panel>
  );
}
