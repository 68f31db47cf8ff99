"use client";
/** What each verb would do to stock, coupon, order and every remote branch: side by side, before anything is done. */
import { Ban } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ActionPreview, ManualVerb } from "@/server/contracts/console";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { useNames } from "../../overview/names";
import { StockChanges } from "../../overview/stock-changes";
import { Button } from "../../ui/button";
import { cn } from "../../ui/cn";
import { Panel } from "../../ui/panel";

const SHOWN = ["confirm", "cancel", "reverse"] as const satisfies readonly ManualVerb[];

export function EffectsPanel({ sheet, ask }: { sheet: DecisionSheet; ask(verb: ManualVerb): void }) {
  const t = useTranslations("sheet");
  const previews = SHOWN.flatMap((verb) => sheet.previews.filter((preview) => preview.verb === verb));
  if (previews.every(({ transaction }) => transaction === null)) return null;
  return (
    <Panel id="effects" title={t("effects")} note={t("effectsNote")}>
      <div className="grid divide-y md:grid-cols-3 md:divide-x md:divide-y-0">
        {previews.map((preview) => (
          <Effect key={preview.verb} preview={preview} ask={ask} />
        ))}
      </div>
    </Panel>
  );
}

function Effect({ preview, ask }: { preview: ActionPreview; ask(verb: ManualVerb): void }) {
  const t = useTranslations("sheet");
  const action = useTranslations("action");
  const states = useTranslations("pending.states");
  const names = useNames();
  const { verb, legal, because, becomes, lines, coupon, branches, transaction } = preview;
  const possible = legal || because === "ROLE";
  return (
    <section className="flex min-w-0 flex-col gap-2 px-4 py-3" aria-labelledby={`effect-${verb}`} data-testid={`effects-${verb}`}>
      <h3 id={`effect-${verb}`} className={cn("text-sm font-semibold", !possible && "text-text-3")}>{t(`verb.${verb}`)}</h3>
      {because !== null && (
        <p className="flex items-start gap-1.5 text-xs text-text-3">
          <Ban aria-hidden className="mt-px size-3.5 shrink-0" />
          {action(`because.${because}`, { state: transaction === null ? "" : states(transaction.state) })}
        </p>
      )}
      {possible && (
        <ul className="flex flex-col gap-1.5 text-xs">
          {lines.map(({ dishId, names: dish, quantity, before, after }) => (
            <li key={dishId}>
              <div className="truncate text-text-2" title={names.own(dish)}>
                <span className="text-text-3">{quantity}&thinsp;×&thinsp;</span>
                {names.own(dish)}
              </div>
              {before !== null && after !== null && <StockChanges before={before} after={after} />}
            </li>
          ))}
          {coupon !== null && <Part name={t("local.coupon")} what={action(`couponBecomes.${coupon.becomes}`)} />}
          {becomes !== null && <Part name={t("local.order")} what={states(becomes)} />}
          {branches
            .filter(({ kind }) => kind === "remote")
            .map((branch) => (
              <Part key={branch.branchId} name={branch.participant} what={branch.call === null ? states(branch.from) : action(`remoteCall.${branch.call}`)} />
            ))}
        </ul>
      )}
      {legal && (
        <Button size="sm" className="mt-auto self-start" onClick={() => ask(verb)}>
          {t(`verb.${verb}`)}
        </Button>
      )}
    </section>
  );
}

function Part({ name, what }: { name: string; what: string }) {
  return (
    <li className="flex items-baseline gap-2">
      <span className="min-w-0 truncate text-text-2">{name}</span>
      <span className="ml-auto shrink-0 text-right text-text-3">{what}</span>
    </li>
  );
}
