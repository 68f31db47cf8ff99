"use client";
/** What can be done about one row: a menu at its end. */
import { Ellipsis } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Button } from "../ui/button";
import { Menu, MenuContent, MenuTrigger } from "../ui/menu";

interface RowActsProps {
  /** Whose row it is, to a screen reader. */
  name: string;
  testId: string;
  children: ReactNode;
}

export function RowActs({ name, testId, children }: RowActsProps) {
  const t = useTranslations("operators");
  return (
    <td className="pr-4! text-right">
      <Menu>
        <MenuTrigger asChild>
          <Button kind="ghost" size="icon" className="size-7" aria-label={t("actionsOf", { name })} data-testid={testId}>
            <Ellipsis aria-hidden className="size-4" />
          </Button>
        </MenuTrigger>
        <MenuContent>{children}</MenuContent>
      </Menu>
    </td>
  );
}
