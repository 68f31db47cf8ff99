"use client";
/** Language, theme and time zone: the person's, in every browser that signs in from now on. */
import { useFormatter, useLocale, useTranslations } from "next-intl";
import { useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { LOCALES, type Preferences, THEMES } from "@/server/contracts/console";
import { savePreferences } from "../console-client";
import { useFailure } from "../console-failure";
import { useNowMs } from "../live/live-provider";
import { Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Segments } from "../ui/segments";
import { Select } from "../ui/select";

/** In their own words, whatever language the page has. */
const LANGUAGES = { en: "English", "zh-CN": "中文" } as const;

interface OwnPanelProps {
  preferences: Preferences;
  usualTimeZone: string;
  onChanged(): void;
}

export function OwnPanel({ preferences, usualTimeZone, onChanged }: OwnPanelProps) {
  const t = useTranslations("settings");
  const themes = useTranslations("shell.themes");
  const format = useFormatter();
  const locale = useLocale();
  const router = useRouter();
  const sentenceOf = useFailure();
  const { theme, setTheme } = useTheme();
  const nowMs = useNowMs();
  // The browser knows the theme and the zones; the server that rendered the page did not.
  const [zones, setZones] = useState<readonly string[]>([]);
  const [own, setOwn] = useState<string | null>(null);
  useEffect(() => {
    setZones(Intl.supportedValuesOf("timeZone"));
    setOwn(Intl.DateTimeFormat().resolvedOptions().timeZone);
  }, []);
  const [timeZone, setTimeZone] = useState(preferences.timeZone);
  /** Chosen, and the page in that language is on its way. */
  const [asked, setAsked] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  const save = async (change: Partial<Preferences>) => {
    setFailure(null);
    try {
      await savePreferences(change);
      // Rendered anew, with the cookies that came.
      if (change.theme === undefined) router.refresh();
      onChanged();
    } catch (error) {
      setAsked(null);
      setFailure(sentenceOf(error));
    }
  };
  const offered = new Set([...zones, ...(timeZone === null ? [] : [timeZone])]);
  return (
    <Panel id="own" title={t("own")} note={t("ownNote")}>
      <div className="grid gap-4 px-4 py-4">
        {failure !== null && <Notice>{failure}</Notice>}
        <Line label={t("language")}>
          <Segments legend={t("language")} value={asked ?? locale} onChange={(chosen) => {
              setAsked(chosen);
              void save({ locale: chosen as (typeof LOCALES)[number] });
            }} options={LOCALES.map((each) => ({ value: each as string, label: <span lang={each}>{LANGUAGES[each]}</span> }))} />
        </Line>
        <Line label={t("theme")}>
          <Segments
            legend={t("theme")}
            value={own === null ? null : ((theme ?? "system") as (typeof THEMES)[number])}
            onChange={(chosen) => {
              setTheme(chosen);
              void save({ theme: chosen });
            }}
            options={THEMES.map((each) => ({ value: each, label: themes(each) }))}
          />
        </Line>
        <Line label={t("timeZone")} hint={t("timeZoneNow", { time: format.dateTime(nowMs, "moment", { timeZone: timeZone ?? usualTimeZone }) })}>
          <Select
            label={t("timeZone")}
            value={timeZone ?? ""}
            onChange={(chosen) => {
              setTimeZone(chosen === "" ? null : chosen);
              void save({ timeZone: chosen === "" ? null : chosen });
            }}
          >
            <option value="">{t("usualZone", { zone: usualTimeZone })}</option>
            {own !== null && own !== usualTimeZone && <option value={own}>{t("browserZone", { zone: own })}</option>}
            {[...offered].filter((zone) => zone !== own || own === usualTimeZone).map((zone) => <option key={zone} value={zone}>{zone.replaceAll("_", " ")}</option>)}
          </Select>
        </Line>
      </div>
    </Panel>
  );
}

function Line({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5">
      <div className="min-w-0">
        <div className="font-medium">{label}</div>
        {hint !== undefined && <div className="figures text-xs text-text-3">{hint}</div>}
      </div>
      {children}
    </div>
  );
}
