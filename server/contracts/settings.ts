/**
 * What the page /settings and its routes say to each other: a person's own choices, and what the installation allows. Plain data.
 */
import { z } from "zod";
import { LOCALES, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, THEMES, type Preferences } from "./console.ts";

/** Known to this machine's tables; a browser's may know others, and such a choice is refused. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return /^[A-Za-z0-9_+/-]{1,64}$/.test(zone);
  } catch {
    return false;
  }
}

/** What is not named stays as it is. */
export const preferencesSchema = z.strictObject({
  locale: z.enum(LOCALES).nullish(),
  theme: z.enum(THEMES).nullish(),
  timeZone: z.string().max(64).refine(isTimeZone, "UNKNOWN").nullish(),
});

export const passwordSchema = z.strictObject({
  current: z.string().min(1).max(PASSWORD_LENGTH_MAX),
  next: z.string().min(PASSWORD_LENGTH_MIN).max(PASSWORD_LENGTH_MAX),
});

export interface SettingsPage {
  preferences: Preferences;
  /** The installation's own time zone. */
  usualTimeZone: string;
  selfApproval: { allowed: boolean; changedBy: string | null; changedAtMs: number | null };
  sampleEvery: number;
  /** What was set where the installation runs; here it can only be read. */
  facts: { rateLimitPerSecond: number; retentionDays: number | null; participants: string[]; instances: number };
}
