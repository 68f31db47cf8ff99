/**
 * Next answers 500 to a path that cannot be decoded (`/dishes/%E0%A4%A`). Where one percent sign means nothing, each means itself:
 * the page then says that nothing is there.
 */
export function wellFormed(address: string): string {
  const [path = "", ...query] = address.split("?");
  try {
    decodeURIComponent(path);
    return address;
  } catch {
    return [path.replaceAll("%", "%25"), ...query].join("?");
  }
}
