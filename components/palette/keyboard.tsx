"use client";
/**
 * The keys that work on every page: the palette, the sheet of keys, `/` to the page's own search, g and a letter to a page.
 * What lists do with j and k is ui/use-list-keys.ts.
 */
import { useRouter } from "next/navigation";
import { createContext, useContext, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { pagesIn } from "../shell/nav";
import { isForThePage } from "../ui/keys";
import { GO_KEYS, GO_WITHIN_MS } from "./keys";
import { Palette } from "./palette";
import { ShortcutSheet } from "./shortcut-sheet";

interface Keyboard {
  openPalette(): void;
  openSheet(): void;
}

const KeyboardContext = createContext<Keyboard>({ openPalette: () => undefined, openSheet: () => undefined });

export const useKeyboard = () => useContext(KeyboardContext);

type Shown = "palette" | "sheet" | null;

export function KeyboardProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown>(null);
  const router = useRouter();
  const [keyboard] = useState<Keyboard>(() => ({ openPalette: () => setShown("palette"), openSheet: () => setShown("sheet") }));
  useEffect(() => {
    let goSinceMs = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault(); // the browser would search the web
        // Over another dialog it would hide what somebody decides about.
        setShown((before) => (before === "palette" ? null : before === "sheet" || document.querySelector("[role=dialog]:not([data-palette])") === null ? "palette" : before));
        return;
      }
      if (!isForThePage(event)) return;
      const goes = event.timeStamp - goSinceMs < GO_WITHIN_MS;
      goSinceMs = Number.NEGATIVE_INFINITY;
      const page = goes ? [...pagesIn("header"), ...pagesIn("menu")].find(({ name }) => GO_KEYS[name] === event.key) : undefined;
      if (page !== undefined) {
        event.preventDefault();
        router.push(page.href);
      } else if (event.key === "g") {
        goSinceMs = event.timeStamp;
      } else if (event.key === "?") {
        event.preventDefault();
        setShown("sheet");
      } else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>("[data-page-search]");
        if (search === null) setShown("palette");
        search?.focus();
        search?.select();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [router]);
  const close = () => setShown(null);
  return (
    <KeyboardContext value={keyboard}>
      {children}
      {shown === "palette" && <Palette onClose={close} />}
      {shown === "sheet" && <ShortcutSheet onClose={close} />}
    </KeyboardContext>
  );
}
