"use client";
import { Check, Monitor, Moon, Sun } from "lucide-react";
import { useTranslations } from "next-intl";
import { useTheme } from "next-themes";
import { Button } from "../ui/button";
import { Menu, MenuContent, MenuItemIndicator, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "../ui/menu";

const THEMES = [
  { theme: "light", icon: Sun },
  { theme: "dark", icon: Moon },
  { theme: "system", icon: Monitor },
] as const;

export function ThemeSwitch() {
  const t = useTranslations("shell");
  const { theme, setTheme } = useTheme();
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button kind="ghost" size="icon" aria-label={t("theme")}>
          <Sun aria-hidden className="size-4 dark:hidden" />
          <Moon aria-hidden className="hidden size-4 dark:block" />
        </Button>
      </MenuTrigger>
      <MenuContent>
        <MenuRadioGroup value={theme ?? "system"} onValueChange={setTheme}>
          {THEMES.map(({ theme: value, icon: Icon }) => (
            <MenuRadioItem key={value} value={value}>
              <Icon aria-hidden className="size-4 text-text-3" />
              <span className="flex-1">{t(`themes.${value}`)}</span>
              <MenuItemIndicator>
                <Check aria-hidden className="size-4 text-accent" />
              </MenuItemIndicator>
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
