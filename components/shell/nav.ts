/**
 * The console's pages, in the order of the header. Only what is ready is shown: a link must lead somewhere.
 * `name` is the page's name in messages/, under `nav`.
 */
export const PAGES = [
  { href: "/", name: "overview", ready: true },
  { href: "/dishes", name: "dishes", ready: true },
  { href: "/transactions", name: "transactions", ready: true },
  { href: "/causes", name: "causes", ready: true },
  { href: "/locks", name: "locks", ready: true },
  { href: "/review", name: "review", ready: true },
  { href: "/inbox", name: "inbox", ready: false },
  { href: "/audit", name: "audit", ready: false },
  { href: "/settings", name: "settings", ready: false },
  { href: "/operators", name: "operators", ready: false },
] as const;

export type PageName = (typeof PAGES)[number]["name"];

/** A page's own address and everything below it. */
export function isOnPage(href: string, pathname: string): boolean {
  return href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);
}
