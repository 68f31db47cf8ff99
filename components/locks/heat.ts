/** How hot a segment is. The scale is fixed, so that a picture of today can be laid beside one of yesterday. */
export const HEAT_LEVELS = 6;

/**
 * By the milliseconds waited per second of the window: 1 000 means that one order stood in line all the time.
 * Each level is ten times the one before: under 0.1, under 1, under 10, under 100, under 1 000, more.
 */
export function heatLevel(waitedMs: number, seconds: number): number {
  const perSecond = waitedMs / seconds;
  if (perSecond <= 0) return 0;
  return Math.min(HEAT_LEVELS - 1, Math.max(1, Math.floor(Math.log10(perSecond)) + 2));
}

/** At most four characters, for a cell. */
export function heatLabel(waitedMs: number, seconds: number): string {
  const perSecond = waitedMs / seconds;
  if (perSecond <= 0) return "·";
  if (perSecond < 0.95) return "<1";
  if (perSecond < 999.5) return String(Math.round(perSecond));
  const thousands = perSecond / 1_000;
  return thousands < 9.95 ? `${thousands.toFixed(1)}k` : `${Math.round(thousands)}k`;
}
