/** Days as people mean them: from midnight to midnight where they are. */

/** The instant at which a day begins in a time zone, in milliseconds since the epoch. `days`: so many days later. */
export function dayStartMs(day: string, timeZone: string, days = 0): number {
  const wanted = Date.parse(`${day}T00:00:00Z`) + days * 86_400_000;
  // Twice: where clocks change that night, the first guess may stand on the other side of the change.
  const first = wanted - offsetMs(wanted, timeZone);
  return wanted - offsetMs(first, timeZone);
}

/** How far the clocks on the wall are ahead of UTC then. */
function offsetMs(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(atMs);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(atMs / 1_000) * 1_000;
}
