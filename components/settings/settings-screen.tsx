"use client";
/** Settings: a person's own, and what the installation allows. Each is in force as soon as it is chosen. */
import { useTranslations } from "next-intl";
import type { Operator } from "@/server/contracts/console";
import type { SettingsPage } from "@/server/contracts/settings";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { usePoll } from "../live/use-poll";
import { ConsolePage } from "../shell/console-page";
import { readSettings } from "./client";
import { InstallationPanel } from "./installation-panel";
import { OwnPanel } from "./own-panel";
import { PasswordPanel } from "./password-panel";

const READ_EVERY_MS = 10_000;

interface SettingsScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: SettingsPage;
}

export function SettingsScreen({ operator, overview, first }: SettingsScreenProps) {
  const t = useTranslations("settings");
  const { value, stale, again } = usePoll(first, readSettings, READ_EVERY_MS);
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview} scrolls>
      <div className="mx-auto grid w-full max-w-5xl items-start gap-3 lg:grid-cols-2">
        <div className="grid gap-3">
          <OwnPanel preferences={value.preferences} usualTimeZone={value.usualTimeZone} onChanged={again} />
          <PasswordPanel operator={operator} />
        </div>
        <InstallationPanel operator={operator} settings={value} stale={stale} onChanged={again} />
      </div>
    </ConsolePage>
  );
}
