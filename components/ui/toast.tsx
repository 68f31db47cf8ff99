"use client";
/** Short news about what the person at the screen just did. Read out by screen readers, gone by itself. */
import { Toast as Radix } from "radix-ui";
import { Check, X } from "lucide-react";
import { createContext, useContext, useState } from "react";
import type { ReactNode } from "react";

interface News {
  id: number;
  title: string;
  detail: string;
}

const ToastContext = createContext<(title: string, detail: string) => void>(() => undefined);

export const useToast = () => useContext(ToastContext);

const SHOWN_MS = 6_000;
let lastId = 0;

export function ToastProvider({ children, label, closeLabel }: { children: ReactNode; label: string; closeLabel: string }) {
  const [news, setNews] = useState<News[]>([]);
  const [show] = useState(() => (title: string, detail: string) => {
    lastId += 1;
    const id = lastId;
    setNews((before) => [...before.slice(-2), { id, title, detail }]);
  });
  return (
    <ToastContext value={show}>
      <Radix.Provider label={label} duration={SHOWN_MS}>
        {children}
        {news.map(({ id, title, detail }) => (
          <Radix.Root
            key={id}
            onOpenChange={(open) => open || setNews((before) => before.filter((each) => each.id !== id))}
            className="flex items-start gap-3 rounded-lg bg-raised py-3 pr-2 pl-4 shadow-high animate-appear data-[swipe=move]:translate-x-(--radix-toast-swipe-move-x)"
          >
            <Check aria-hidden className="mt-0.5 size-4 shrink-0 text-ok" strokeWidth={2.5} />
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-sm font-medium">
                {title}
                <span className="sr-only">: </span>
              </Radix.Title>
              <Radix.Description className="truncate text-xs text-text-3">{detail}</Radix.Description>
            </div>
            <Radix.Close
              aria-label={closeLabel}
              className="grid size-7 place-items-center rounded-md text-text-3 hover:bg-sunken hover:text-text"
            >
              <X aria-hidden className="size-3.5" />
            </Radix.Close>
          </Radix.Root>
        ))}
        <Radix.Viewport className="fixed right-4 bottom-4 z-60 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2 outline-none" />
      </Radix.Provider>
    </ToastContext>
  );
}
