"use client";
/** What the palette's key is called on this keyboard. */
import { useSyncExternalStore } from "react";

const never = () => () => undefined;
const here = () => (/Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K");

export function usePaletteKey(): string {
  return useSyncExternalStore(never, here, () => "Ctrl K");
}
