"use client";
/** The palette for those who do not know its key yet; it tells them. */
import { Search } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "../ui/button";
import { useKeyboard } from "./keyboard";
import { usePaletteKey } from "./use-palette-key";

export function PaletteButton() {
  const t = useTranslations("palette");
  const { openPalette } = useKeyboard();
  const key = usePaletteKey();
  return (
    <Button kind="ghost" size="sm" className="h-8 px-2" aria-label={t("title")} aria-keyshortcuts="Meta+K Control+K" onClick={openPalette} data-testid="palette">
      <Search aria-hidden className="size-4" />
      <kbd aria-hidden className="hidden min-w-11 rounded border bg-sunken px-1 text-center font-mono text-2xs text-text-3 2xl:inline-block">{key}</kbd>
    </Button>
  );
}
