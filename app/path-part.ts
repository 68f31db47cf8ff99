/** A part of an address as it was meant. @returns null when it is no such thing (`%E0%A4%A`). */
export function pathPart(sent: string): string | null {
  try {
    return decodeURIComponent(sent);
  } catch {
    return null;
  }
}
