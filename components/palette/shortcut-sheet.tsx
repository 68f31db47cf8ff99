"use client";
/** Every key that means something, by where it does. */
import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import { Fragment } from "react";
import { pagesIn } from "../shell/nav";
import { Dialog } from "../ui/dialog";
import { usePaletteKey } from "./use-palette-key";
import { GO_KEYS } from "./keys";

const ARROWS: Record<string, LucideIcon> = { left: ArrowLeft, right: ArrowRight, up: ArrowUp, down: ArrowDown };

export function ShortcutSheet({ onClose }: { onClose(): void }) {
  const t = useTranslations("shortcuts");
  const nav = useTranslations("nav");
  const action = useTranslations("action");
  const paletteKey = usePaletteKey();
  const groups = [
    { name: "everywhere", keys: [[[paletteKey], t("palette")], [["/"], t("search")], [["?"], t("sheet")], [["Esc"], t("escape")]] },
    { name: "lists", keys: [[["j", "k"], t("rows")], [["Enter"], t("open")], [["Tab"], t("controls")]] },
    { name: "charts", keys: [[["left", "right", "up", "down"], t("cells")]] },
    { name: "pages", keys: [...pagesIn("header"), ...pagesIn("menu")].map(({ name }) => [["g", GO_KEYS[name]], nav(name)]) },
  ] as { name: "everywhere" | "lists" | "charts" | "pages"; keys: [string[], string][] }[];
  return (
    <Dialog onClose={onClose} returnFocusTo="main" title={t("title")} description={t("description")} closeLabel={action("close")}>
      <div className="columns-1 gap-8 sm:columns-2">
        {groups.map(({ name, keys }) => (
          <section key={name} aria-labelledby={`keys-${name}`} className="mb-4 break-inside-avoid">
            <h3 id={`keys-${name}`} className="mb-1 text-xs font-medium text-text-2">{t(`groups.${name}`)}</h3>
            <dl>
              {keys.map(([pressed, what]) => (
                <div key={what} className="flex h-8 items-center justify-between gap-4 border-b last:border-b-0">
                  <dt className="truncate">{what}</dt>
                  <dd className="flex shrink-0 items-center gap-1">
                    {pressed.map((key, index) => (
                      <Fragment key={key}>
                        {index > 0 && name === "pages" && <span className="text-2xs text-text-3">{t("then")}</span>}
                        <Key name={key} />
                      </Fragment>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** Arrows are drawn: not every font has them. */
function Key({ name }: { name: string }) {
  const t = useTranslations("shortcuts.arrows");
  const Arrow = ARROWS[name];
  return (
    <kbd className="grid h-5.5 min-w-6 place-items-center rounded border bg-sunken px-1.5 font-mono text-2xs text-text-2">
      {Arrow === undefined ? name : <Arrow role="img" aria-hidden={false} aria-label={t(name as "left")} className="size-3" />}
    </kbd>
  );
}
