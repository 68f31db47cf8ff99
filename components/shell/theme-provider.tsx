"use client";
import { ThemeProvider as NextThemes } from "next-themes";
import type { ReactNode } from "react";

declare global {
  interface Window {
    /** Read by the library behind Radix' scroll lock, which writes a <style>. */
    __webpack_nonce__?: string;
  }
}

export function ThemeProvider({ nonce, children }: { nonce: string | undefined; children: ReactNode }) {
  // The first one stays: a later response has another, but the policy in force is the document's.
  if (typeof window !== "undefined" && nonce !== undefined) window.__webpack_nonce__ ??= nonce;
  return (
    <NextThemes attribute="class" defaultTheme="system" enableSystem storageKey="eightysix.theme" nonce={nonce}>
      {children}
    </NextThemes>
  );
}
