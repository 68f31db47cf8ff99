"use client";
/** What the parts of the page of locks share: the store, what was chosen in the address, and how a duration is written. */
import { useFormatter, useTranslations } from "next-intl";
import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import { CONTENTION_WINDOWS, mergeLocks, SEGMENTS } from "@/server/contracts/contention";
import type { ContentionSeconds, MergedLocks } from "@/server/contracts/contention";
import type { DishCard } from "@/server/contracts/socket-events";
import { useNames } from "../overview/names";
import { useAddress } from "../ui/use-address";
import type { LocksStore, LocksView } from "./locks-store";

export const LocksContext = createContext<LocksStore | null>(null);

export function useLocksView(): LocksView {
  const store = useContext(LocksContext);
  if (store === null) throw new Error("useLocksView is used outside LocksContext.");
  return useSyncExternalStore(store.subscribe, store.view, store.view);
}

export const MEASURES = ["blame", "pain"] as const;
export type Measure = (typeof MEASURES)[number];

/** What is looked at; it lives in the address, so that a link shows a colleague the same. */
export interface Choice {
  /** Null: all of them, added up. */
  instance: string | null;
  seconds: ContentionSeconds;
  measure: Measure;
  segment: number | null;
}

export const WINDOW_DEFAULT: ContentionSeconds = 60;

export function readChoice(params: { get(name: string): string | null }): Choice {
  const seconds = Number(params.get("window"));
  const segment = Number(params.get("segment") ?? "-1");
  return {
    instance: params.get("instance"),
    seconds: CONTENTION_WINDOWS.find((each) => each === seconds) ?? WINDOW_DEFAULT,
    measure: MEASURES.find((each) => each === params.get("measure")) ?? "blame",
    segment: Number.isInteger(segment) && segment >= 0 && segment < SEGMENTS ? segment : null,
  };
}

function addressOf({ instance, seconds, measure, segment }: Choice): string {
  const params = new URLSearchParams();
  if (instance !== null) params.set("instance", instance);
  if (seconds !== WINDOW_DEFAULT) params.set("window", String(seconds));
  if (measure !== "blame") params.set("measure", measure);
  if (segment !== null) params.set("segment", String(segment));
  return params.size === 0 ? "/locks" : `/locks?${params}`;
}

export function useChoice(): [Choice, (change: Partial<Choice>) => void] {
  const [choice, setAddress] = useAddress(readChoice, addressOf);
  return [choice, useCallback((change) => setAddress(change, "replace"), [setAddress])];
}

/** The chosen instances as one. An instance that is chosen and no longer known is nothing. */
export function useMerged({ instance, seconds }: Choice): MergedLocks {
  const { instances } = useLocksView();
  return useMemo(
    () => mergeLocks(seconds, instance === null ? instances : instances.filter((each) => each.instance === instance)),
    [instances, instance, seconds],
  );
}

/** Milliseconds as a glance takes them: 0.4 is under 1 ms, 12, 340, 1.25 s, 83 s. */
export function useDuration(): (ms: number) => string {
  const t = useTranslations("locks.durations");
  const format = useFormatter();
  return useCallback(
    (ms) => {
      if (ms === 0) return t("none");
      if (ms < 1) return t("under");
      if (ms < 1_000) return t("ms", { value: format.number(ms, { maximumFractionDigits: ms < 10 ? 1 : 0 }) });
      const seconds = ms / 1_000;
      return t("s", { value: format.number(seconds, { maximumFractionDigits: seconds < 10 ? 2 : seconds < 100 ? 1 : 0 }) });
    },
    [t, format],
  );
}

/** A dish's name, or its id while it has none here. */
export function useDishName(): (dishId: string) => string {
  const { cards } = useLocksView();
  const names = useNames();
  return useCallback(
    (dishId) => {
      const card: DishCard | undefined = cards.get(dishId);
      return card === undefined ? dishId : names.own(card.names);
    },
    [cards, names],
  );
}

/** The instance's name as one reads it: its first letters tell it apart. */
export function shortName(instance: string): string {
  return instance.length <= 12 ? instance : `${instance.slice(0, 8)}…`;
}
