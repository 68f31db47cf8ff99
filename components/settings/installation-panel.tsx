"use client";
/** What the installation allows and how it was set up. Everybody sees it; the role says who changes what. */
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import type { ReactNode } from "react";
import { roleIncludes, type Operator } from "@/server/contracts/console";
import type { SettingsPage } from "@/server/contracts/settings";
import { ActDialog } from "../operators/act-dialog";
import { Button } from "../ui/button";
import { Fact } from "../ui/fact";
import { Panel } from "../ui/panel";
import { allowSelfApproval } from "./client";

interface InstallationPanelProps {
  operator: Operator;
  settings: SettingsPage;
  stale: boolean;
  onChanged(): void;
}

export function InstallationPanel({ operator, settings, stale, onChanged }: InstallationPanelProps) {
  const t = useTranslations("settings");
  const format = useFormatter();
  const [asking, setAsking] = useState(false);
  const { selfApproval, sampleEvery, facts } = settings;
  const isAdmin = roleIncludes(operator.role, "admin");
  return (
    <Panel id="installation" title={t("installation")} stale={stale}>
      <div className="divide-y">
        <Setting
          title={t("selfApproval")}
          meaning={t("selfApprovalMeaning")}
          value={t(selfApproval.allowed ? "allowed" : "notAllowed")}
          by={selfApproval.changedBy === null ? t("neverChanged") : t("changedBy", { name: selfApproval.changedBy, time: format.dateTime(selfApproval.changedAtMs ?? 0, "moment") })}
          testId="self-approval"
        >
          <Button id="self-approval-change" size="sm" disabled={!isAdmin} title={isAdmin ? undefined : t("adminNeeded")} onClick={() => setAsking(true)} data-testid="change-self-approval">
            {t(selfApproval.allowed ? "forbid" : "allow")}
          </Button>
        </Setting>
        <Setting title={t("sampling")} meaning={t("samplingMeaning")} value={sampleEvery === 1 ? t("everyWait") : t("oneIn", { every: sampleEvery })} testId="sampling-now">
          <Link href="/locks" prefetch={false} className="inline-flex h-7 items-center rounded-md border border-line-strong bg-surface px-2.5 text-xs font-medium hover:bg-sunken">{t("toLocks")}</Link>
        </Setting>
        <div className="px-4 py-4">
          <h3 className="font-medium">{t("facts")}</h3>
          <p className="text-xs text-text-3">{t("factsMeaning")}</p>
          <dl className="mt-3 grid grid-cols-2 gap-x-4 gap-y-3">
            <Fact label={t("instances")}>{format.number(facts.instances)}</Fact>
            <Fact label={t("rate")}>{t("perSecond", { rate: format.number(facts.rateLimitPerSecond) })}</Fact>
            <Fact label={t("retention")}>{facts.retentionDays === null ? t("forEver") : t("days", { days: facts.retentionDays })}</Fact>
            <Fact label={t("participants")}>{facts.participants.length === 0 ? t("noParticipants") : facts.participants.join(", ")}</Fact>
          </dl>
        </div>
      </div>
      {asking && <SelfApprovalDialog allowed={!selfApproval.allowed} onChanged={onChanged} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

interface SettingProps {
  title: string;
  meaning: string;
  value: string;
  by?: string;
  testId: string;
  children: ReactNode;
}

function Setting({ title, meaning, value, by, testId, children }: SettingProps) {
  return (
    <div className="flex items-start justify-between gap-4 px-4 py-4" data-testid={testId}>
      <div className="min-w-0">
        <h3 className="font-medium">{title}</h3>
        <p className="text-xs text-text-3">{meaning}</p>
        <p className="mt-1.5"><span className="font-medium">{value}</span>{by !== undefined && <span className="text-xs text-text-3"> · {by}</span>}</p>
      </div>
      {children}
    </div>
  );
}

function SelfApprovalDialog({ allowed, onChanged, onClose }: { allowed: boolean; onChanged(): void; onClose(): void }) {
  const t = useTranslations("settings");
  return (
    <ActDialog
      title={t(allowed ? "allowTitle" : "forbidTitle")}
      description={t("selfApproval")}
      act={t(allowed ? "allow" : "forbid")}
      danger={allowed}
      consequences={[t(allowed ? "allowEffect" : "forbidEffect")]}
      ready
      reasonNeeded
      done={t(allowed ? "allowed" : "notAllowed")}
      returnFocusTo="self-approval-change"
      onChanged={onChanged}
      onClose={onClose}
      run={async (actionKey, reason) => {
        await allowSelfApproval(actionKey, allowed, reason);
        return null;
      }}
    />
  );
}
