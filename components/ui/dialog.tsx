"use client";
/**
 * A modal that is open for as long as it is rendered: traps focus, closes on Esc and on the backdrop, and gives focus back to
 * what had it before, or to `returnFocusTo` when that is gone.
 */
import { Dialog as Radix } from "radix-ui";
import { X } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { Button } from "./button";

interface DialogProps {
  onClose(): void;
  /** An element's id. */
  returnFocusTo: string;
  title: ReactNode;
  description: ReactNode;
  closeLabel: string;
  /** Absent: there is nothing to decide. */
  footer?: ReactNode;
  children: ReactNode;
}

export function Dialog({ onClose, returnFocusTo, title, description, closeLabel, footer, children }: DialogProps) {
  const [opener] = useState(() => document.activeElement);
  return (
    <Radix.Root open onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/35 animate-fade dark:bg-black/60" />
        <Radix.Content
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            const target = opener?.isConnected ? opener : document.getElementById(returnFocusTo);
            if (target instanceof HTMLElement) target.focus();
          }}
          className="fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[min(34rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 flex-col rounded-xl bg-raised shadow-high focus:outline-none"
        >
          <header className="flex items-start gap-4 border-b px-5 pt-4 pb-3.5">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              <Radix.Description asChild>
                <div className="mt-0.5 text-xs text-text-3">{description}</div>
              </Radix.Description>
            </div>
            <Radix.Close asChild>
              <Button kind="ghost" size="icon" aria-label={closeLabel} className="-mt-1 -mr-2">
                <X aria-hidden className="size-4" />
              </Button>
            </Radix.Close>
          </header>
          <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {footer !== undefined && <footer className="flex flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
