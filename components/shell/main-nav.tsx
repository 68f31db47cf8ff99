"use client";
/** Where one goes all day. The list is nav.ts; where there is too little room it scrolls by itself. */
import { useTranslations } from "next-intl";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { cn } from "../ui/cn";
import { isOnPage, pagesIn } from "./nav";

export function MainNav() {
  const t = useTranslations("nav");
  const pathname = usePathname();
  return (
    // On a phone it has a row of its own, below who and whether: three rows become two.
    <nav aria-label={t("label")} className="scroll-quiet order-last w-full min-w-0 overflow-x-auto sm:order-none sm:w-auto">
      <ul className="flex items-center gap-0.5 py-0.5">
        {pagesIn("header").map(({ href, name }) => {
          const here = isOnPage(href, pathname);
          return (
            <li key={href}>
              <Link
                href={href}
                prefetch={false}
                aria-current={here ? "page" : undefined}
                className={cn(
                  "flex h-8 items-center rounded-md px-2.5 text-sm font-medium whitespace-nowrap transition-colors duration-100 -outline-offset-2",
                  here ? "bg-sunken text-text" : "text-text-3 hover:bg-sunken hover:text-text",
                )}
              >
                {t(name)}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
