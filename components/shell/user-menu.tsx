"use client";
import { ChevronDown, Keyboard, LogOut, MonitorUp } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import type { Operator } from "@/server/contracts/console";
import { signOut } from "../console-client";
import { useKeyboard } from "../palette/keyboard";
import { Button } from "../ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "../ui/menu";
import { pagesIn } from "./nav";

export function UserMenu({ operator }: { operator: Operator }) {
  const t = useTranslations("shell");
  const nav = useTranslations("nav");
  const kiosk = useTranslations("kiosk");
  const pages = pagesIn("menu");
  const { openSheet } = useKeyboard();
  const [failed, setFailed] = useState(false);
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button kind="ghost" size="sm" className="h-8 pl-1.5" aria-label={t("account", { name: operator.name })}>
          <span
            aria-hidden
            className="grid size-5 place-items-center rounded-full bg-accent-soft text-2xs font-semibold text-accent uppercase"
          >
            {operator.name.slice(0, 1)}
          </span>
          <span className="hidden max-w-28 truncate lg:inline">{operator.name}</span>
          <ChevronDown aria-hidden className="size-3.5" />
        </Button>
      </MenuTrigger>
      <MenuContent className="min-w-56">
        <div className="px-2 py-1.5">
          <div className="truncate text-sm font-medium">{operator.name}</div>
          <div className="truncate text-xs text-text-3">{operator.email}</div>
          <div className="mt-1 text-xs text-text-3">{t("role", { role: t(`roles.${operator.role}`) })}</div>
        </div>
        {pages.length > 0 && <MenuSeparator />}
        {pages.map(({ href, name }) => (
          <MenuItem key={href} asChild>
            <Link href={href} prefetch={false}>{nav(name)}</Link>
          </MenuItem>
        ))}
        <MenuSeparator />
        <MenuItem asChild>
          <Link href="/?kiosk=1" prefetch={false}>
            <MonitorUp aria-hidden className="size-4 text-text-3" />
            {kiosk("enter")}
          </Link>
        </MenuItem>
        <MenuItem onSelect={openSheet}>
          <Keyboard aria-hidden className="size-4 text-text-3" />
          <span className="flex-1">{t("shortcuts")}</span>
          <kbd aria-hidden className="rounded border bg-sunken px-1.5 font-mono text-2xs text-text-3">?</kbd>
        </MenuItem>
        <MenuItem
          onSelect={(event) => {
            event.preventDefault();
            signOut().then(
              () => window.location.assign("/sign-in"),
              () => setFailed(true),
            );
          }}
        >
          <LogOut aria-hidden className="size-4 text-text-3" />
          {failed ? t("signOutFailed") : t("signOut")}
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
