"use client";
/** People who sign in and programs that call: an admin's page. Everybody else is told whose it is. */
import { Lock } from "lucide-react";
import { useTranslations } from "next-intl";
import type { Operator } from "@/server/contracts/console";
import type { OperatorsPage } from "@/server/contracts/operators";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { usePoll } from "../live/use-poll";
import { ConsolePage } from "../shell/console-page";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { readOperators } from "./client";
import { KeysPanel } from "./keys-panel";
import { PeoplePanel } from "./people-panel";

const READ_EVERY_MS = 5_000;

interface OperatorsScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  /** Null: not this person's to see. */
  first: OperatorsPage | null;
}

export function OperatorsScreen({ operator, overview, first }: OperatorsScreenProps) {
  const t = useTranslations("operators");
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview}>
      {first === null ? (
        <Panel id="people" className="min-h-80 flex-1" title={t("title")}>
          <Empty icon={Lock} testId="admins-only" title={t("adminsOnly")} meaning={t("adminsOnlyMeaning")} />
        </Panel>
      ) : (
        <Lists operator={operator} first={first} />
      )}
    </ConsolePage>
  );
}

function Lists({ operator, first }: { operator: Operator; first: OperatorsPage }) {
  const { value, stale, again } = usePoll(first, readOperators, READ_EVERY_MS);
  return (
    <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-2">
      <PeoplePanel operators={value.operators} own={operator.operatorId} stale={stale} onChanged={again} />
      <KeysPanel keys={value.keys} usualRatePerSecond={value.usualRatePerSecond} stale={stale} onChanged={again} />
    </div>
  );
}
