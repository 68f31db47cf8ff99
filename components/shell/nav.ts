/**
 * The console's pages. Those of every hour stand in the header, the others in the account's menu; the palette knows them all.
 * Only what is ready is shown: a link must lead somewhere. `name` is the page's name in messages/, under `nav`.
 */
export const PAGES = [
  { href: "/", name: "overview", place: "header", ready: true },
  { href: "/dishes", name: "dishes", place: "header", ready: true },
  { href: "/transactions", name: "transactions", place: "header", ready: true },
  { href: "/causes", name: "causes", place: "header", ready: true },
  { href: "/locks", name: "locks", place: "header", ready: true },
  { href: "/review", name: "review", place: "header", ready: true },
  { href: "/inbox", name: "inbox", place: "header", ready: true },
  { href: "/audit", name: "audit", place: "menu", ready: true },
  { href: "/settings", name: "settings", place: "menu", ready: true },
  { href: "/operators", name: "operators", place: "menu", ready: true },
] as const;

export type PageName = (typeof PAGES)[number]["name"];
type Place = (typeof PAGES)[number]["place"];

export function pagesIn(place: Place) {
  return PAGES.filter((page) => page.ready && page.place === place);
}

/** A page's own address and everything below it. */
export function isOnPage(href: string, pathname: string): boolean {
  return href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);
}
