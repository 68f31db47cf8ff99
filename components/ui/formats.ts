/**
 * How moments are written, by name: `format.dateTime(atMs, "moment")`. Twenty-four hours everywhere, in both languages. Every page has
 * these from the request's configuration (app/locale.ts).
 */
import type { DateTimeFormatOptions } from "next-intl";

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const satisfies DateTimeFormatOptions;
const DAY = { month: "short", day: "numeric" } as const satisfies DateTimeFormatOptions;

export const FORMATS = {
  dateTime: {
    /** 14:05, 14:05:09 */
    clock: CLOCK,
    time: { ...CLOCK, second: "2-digit" },
    /** Of this year: 23 Nov, 14:05 */
    dayClock: { ...DAY, ...CLOCK },
    dayTime: { ...DAY, ...CLOCK, second: "2-digit" },
    /** Of any year: 23 Nov 2026, 14:05 */
    moment: { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" },
    instant: { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" },
  },
} as const satisfies { dateTime: Record<string, DateTimeFormatOptions> };

declare module "use-intl" {
  interface AppConfig {
    Formats: typeof FORMATS;
  }
}
