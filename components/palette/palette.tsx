"use client";
/**
 * Everywhere in one field: pages, dishes by their names, and whatever a pasted id belongs to. The arrow keys choose, Enter goes.
 * It goes to places only: what changes something has a dialog of its own there.
 */
import { ArrowRight, ArrowRightLeft, LoaderCircle, Search, TicketCheck, UtensilsCrossed } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import { useRouter } from "next/navigation";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useEffectEvent, useId, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { FIND_LENGTH_MAX } from "@/server/contracts/find";
import type { Found } from "@/server/contracts/find";
import { useFailure } from "../console-failure";
import { useNames } from "../overview/names";
import { PAGES } from "../shell/nav";
import { cn } from "../ui/cn";
import { useFind } from "./use-find";

type Group = "transactions" | "tickets" | "pages" | "dishes" | "search";

interface Place {
  group: Group;
  href: string;
  icon: LucideIcon;
  name: string;
  detail: string;
  mono?: boolean;
}

export function Palette({ onClose }: { onClose(): void }) {
  const t = useTranslations("palette");
  const router = useRouter();
  const sentenceOf = useFailure();
  const [opener] = useState(() => document.activeElement);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const went = useRef(false);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const q = typed.trim();
  const { found, searching, failure } = useFind(q);
  const places = usePlaces(q, found);
  const at = Math.min(chosen, places.length - 1);
  const active = places[at];
  useEffect(() => {
    list.current?.querySelector(`[data-place="${at}"]`)?.scrollIntoView({ block: "nearest" }); // newer browsers answer with a promise: no way to end an effect
  }, [at]);

  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    went.current = true;
    onClose();
    router.push(place.href);
  };
  // Who pastes an id and presses Enter at once means that id: its answer is a moment away, and what is listed is of older words.
  const [hurried, setHurried] = useState(false);
  const goFirst = useEffectEvent(() => go(places[0]));
  useEffect(() => {
    if (!hurried || searching) return;
    setHurried(false);
    goFirst();
  }, [hurried, searching]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return; // Enter ends a Chinese word, it does not go anywhere
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((at + step + places.length) % Math.max(1, places.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (searching && active?.group !== "pages") setHurried(true);
      else go(active);
    }
  };
  return (
    <Radix.Root open onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-black/35 dark:bg-black/60" />
        <Radix.Content
          aria-describedby={undefined}
          data-palette
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!went.current && opener instanceof HTMLElement && opener.isConnected) opener.focus();
          }}
          className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[min(30rem,76dvh)] w-[min(38rem,calc(100vw-2rem))] -translate-x-1/2 flex-col overflow-hidden rounded-xl bg-raised shadow-high focus:outline-none"
        >
          <Radix.Title className="sr-only">{t("title")}</Radix.Title>
          <div className="relative flex shrink-0 items-center border-b">
            {searching ? (
              <LoaderCircle aria-hidden className="absolute left-4 size-4 animate-spin text-text-3" />
            ) : (
              <Search aria-hidden className="absolute left-4 size-4 text-text-3" />
            )}
            <input
              role="combobox"
              aria-expanded
              aria-controls={`${id}-list`}
              aria-activedescendant={active === undefined ? undefined : `${id}-${at}`}
              aria-autocomplete="list"
              aria-label={t("label")}
              autoFocus
              autoComplete="off"
              spellCheck={false}
              maxLength={FIND_LENGTH_MAX}
              value={typed}
              placeholder={t("hint")}
              onChange={(event) => {
                setTyped(event.target.value);
                setChosen(0);
                setHurried(false);
              }}
              onKeyDown={onKeyDown}
              className="h-12 w-full bg-transparent pr-4 pl-11 text-base outline-none placeholder:text-text-3"
            />
          </div>
          <div ref={list} id={`${id}-list`} role="listbox" aria-label={t("title")} className="scroll-quiet min-h-0 flex-1 overflow-y-auto p-1.5">
            {places.map((place, index) => (
              <Option key={`${place.group} ${place.href}`} id={`${id}-${index}`} index={index} place={place} first={places[index - 1]?.group !== place.group} active={index === at} onPoint={setChosen} onGo={go} />
            ))}
          </div>
          <p role="status" className={cn("shrink-0 border-t px-4 py-2 text-2xs text-text-3", failure !== null && "text-danger")}>
            {failure !== null ? sentenceOf(failure) : q !== "" && found !== null && !searching && !places.some(({ group }) => group !== "search") ? t("nothing") : t("keys")}
          </p>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** An id that was pasted comes first, then pages, then dishes; and there is always a search. */
function usePlaces(q: string, found: Found | null): Place[] {
  const t = useTranslations("palette");
  const nav = useTranslations("nav");
  const states = useTranslations("pending.states");
  const names = useNames();
  const words = q.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const pages = PAGES.filter(({ ready, name, href }) => ready && words.every((word) => `${nav(name)} ${name} ${href}`.toLowerCase().includes(word)));
  const { transactions = [], tickets = [], dishes = [] } = q === "" ? {} : (found ?? {});
  return [
    ...transactions.map(({ txId, orderId, state }): Place => ({ group: "transactions", href: `/transactions/${encodeURIComponent(txId)}`, icon: ArrowRightLeft, name: txId, detail: [states(state), orderId].filter((part) => part !== null && part !== txId).join(" · "), mono: true })),
    ...tickets.map(({ ticketId, kind, txId, open }): Place => ({
      group: "tickets",
      href: !open ? `/transactions/${encodeURIComponent(txId)}` : kind === "REFUND" ? `/inbox?ticket=${encodeURIComponent(ticketId)}` : `/review?ticket=${encodeURIComponent(ticketId)}`,
      icon: TicketCheck,
      name: ticketId,
      detail: t(`tickets.${open ? kind : "closed"}`, { txId }),
      mono: true,
    })),
    ...pages.map(({ href, name }): Place => ({ group: "pages", href, icon: ArrowRight, name: nav(name), detail: "" })),
    ...dishes.map(({ dishId, names: own, storeNames }): Place => ({ group: "dishes", href: `/dishes/${encodeURIComponent(dishId)}`, icon: UtensilsCrossed, name: names.own(own), detail: `${names.other(own)} · ${names.own(storeNames)}` })),
    ...(q === ""
      ? []
      : (["transactions", "dishes"] as const).map((where): Place => ({ group: "search", href: `/${where}?q=${encodeURIComponent(q)}`, icon: Search, name: t(`search.${where}`, { q }), detail: "" }))),
  ];
}

interface OptionProps {
  id: string;
  index: number;
  place: Place;
  /** Of its group. */
  first: boolean;
  active: boolean;
  onPoint(index: number): void;
  onGo(place: Place): void;
}

function Option({ id, index, place, first, active, onPoint, onGo }: OptionProps) {
  const t = useTranslations("palette");
  const { group, icon: Icon, name, detail, mono = false } = place;
  return (
    <>
      {first && <div role="presentation" className="px-2.5 pt-2 pb-1 text-2xs font-medium text-text-3">{t(`groups.${group}`)}</div>}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the field has the focus, and says which one is active */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys */}
      <div
        id={id}
        role="option"
        aria-selected={active}
        data-place={index}
        data-group={group}
        onPointerMove={() => active || onPoint(index)}
        onClick={() => onGo(place)}
        className={cn("flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5", active && "bg-accent-soft")}
      >
        <Icon aria-hidden className={cn("size-4 shrink-0 text-text-3", active && "text-accent")} />
        <span className={cn("min-w-0 truncate", mono && "font-mono text-xs")}>{name}</span>
        {detail !== "" && <span className="ml-auto min-w-0 shrink-[2] truncate text-xs text-text-3">{detail}</span>}
      </div>
    </>
  );
}
