/**
 * Was a request made by a page of this very site? Compares Origin with the Host the request came to.
 * It cannot say who asks: that is the session's part.
 */

/** @param requireOrigin true for methods that change something: browsers always send Origin with those. */
export function isSameOrigin(headers: { get(name: string): string | null }, requireOrigin: boolean): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return !requireOrigin;
  const host = headers.get("host");
  if (host === null) return false;
  try {
    return new URL(origin).host === new URL(`http://${host}`).host || new URL(origin).host === host;
  } catch {
    return false;
  }
}
