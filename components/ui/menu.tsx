"use client";
/** Menus stay where they are written, not in a portal at the page's end: a screen reader finds them inside their landmark. */
import { DropdownMenu } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

/** Not modal: the page behind a small menu stays readable and live. */
export function Menu(props: ComponentProps<typeof DropdownMenu.Root>) {
  return <DropdownMenu.Root modal={false} {...props} />;
}

export const MenuTrigger = DropdownMenu.Trigger;
export const MenuRadioGroup = DropdownMenu.RadioGroup;

export function MenuContent({ className, ...rest }: ComponentProps<typeof DropdownMenu.Content>) {
  return (
    <DropdownMenu.Content
      align="end"
      sideOffset={6}
      {...rest}
      className={cn("z-50 min-w-44 rounded-lg bg-raised p-1 shadow-high animate-appear", className)}
    />
  );
}

const ITEM =
  "flex h-8 items-center gap-2 rounded-md px-2 text-sm outline-none select-none cursor-pointer " +
  "data-[highlighted]:bg-sunken data-[disabled]:opacity-50";

export function MenuItem({ className, ...rest }: ComponentProps<typeof DropdownMenu.Item>) {
  return <DropdownMenu.Item {...rest} className={cn(ITEM, className)} />;
}

export function MenuRadioItem({ className, ...rest }: ComponentProps<typeof DropdownMenu.RadioItem>) {
  return <DropdownMenu.RadioItem {...rest} className={cn(ITEM, className)} />;
}

export const MenuItemIndicator = DropdownMenu.ItemIndicator;

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />;
}
