"use client";
/**
 * Gives the live store to a page and keeps its socket open while the page is. The hooks subscribe to one part each.
 */
import { useRouter } from "next/navigation";
import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import type { OverviewSnapshot, TransactionsSnapshot } from "@/server/contracts/socket-events";
import { isLeaving } from "../console-client";
import type { DishView } from "./dish-views";
import { follow, LiveSocket } from "./live-socket";
import type { Following } from "./live-socket";
import { LiveStore } from "./live-store";
import type { PendingView } from "./pending-views";

/** Quiet for so long means that the numbers may be old: three times the server's pulse. */
export const STALE_AFTER_MS = 3_500;

interface Live {
  store: LiveStore;
  retry(): void;
}

const LiveContext = createContext<Live | null>(null);

interface LiveProviderProps {
  /** Every page has it: the header shows what it says of the stores and the connection. */
  overview: OverviewSnapshot;
  /** Absent: the page does not show pending transactions. */
  transactions?: TransactionsSnapshot;
  /** What else the page follows, for as long as it is open: see `follow`. */
  also?: readonly Following[];
  children: ReactNode;
}

const NOTHING_ELSE: readonly Following[] = [];

export function LiveProvider({ overview, transactions, also = NOTHING_ELSE, children }: LiveProviderProps) {
  const [store] = useState(() => new LiveStore(overview, transactions ?? null));
  const [following] = useState(() => [...followingOf(store, transactions !== undefined), ...also]);
  const socket = useRef<LiveSocket | null>(null);
  const router = useRouter();
  useEffect(() => {
    const listener = {
      signedOut() {
        // A full load: nothing of the old session stays in memory.
        if (!isLeaving()) window.location.assign("/sign-in?ended=1");
      },
      // The page is rendered anew for the role that holds now; what is live stays.
      operatorChanged: () => router.refresh(),
    };
    const opened = new LiveSocket(store, listener, following);
    socket.current = opened;
    opened.open();
    const timer = window.setInterval(() => store.everySecond(), 1_000);
    return () => {
      window.clearInterval(timer);
      opened.close();
    };
  }, [store, following, router]);
  const [live] = useState<Live>(() => ({ store, retry: () => socket.current?.retry() }));
  return <LiveContext value={live}>{children}</LiveContext>;
}

function followingOf(store: LiveStore, pending: boolean): Following[] {
  const overview = follow<"overview">({
    room: "overview",
    reset: (snapshot) => store.resetOverview(snapshot),
    apply: (delta) => store.applyOverview(delta),
  });
  if (!pending) return [overview];
  const transactions = follow<"transactions">({
    room: "transactions",
    reset: (snapshot) => store.resetTransactions(snapshot),
    apply: (delta) => store.applyTransactions(delta),
  });
  return [overview, transactions];
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error("useLive is used outside LiveProvider.");
  return live;
}

type Topic = Parameters<LiveStore["subscribe"]>[0];

function useTopic<T>(topic: Topic, read: (store: LiveStore) => T): T {
  const { store } = useLive();
  const subscribe = useCallback((listener: () => void) => store.subscribe(topic, listener), [store, topic]);
  const snapshot = () => read(store);
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

export function useDish(dishId: string): DishView | undefined {
  return useTopic(`dish:${dishId}`, (store) => store.dish(dishId));
}
export const useOrder = () => useTopic("order", (store) => store.order);
export const useOrderWaits = () => useTopic("order", (store) => store.orderWaits);
export const useNextOrderAtMs = () => useTopic("order", (store) => store.nextOrderAtMs);
export const useUrgent = () => useTopic("urgent", (store) => store.urgent);
export const useTiers = () => useTopic("tiers", (store) => store.tiers);
export const useGauges = () => useTopic("tiers", (store) => store.gauges);
export const useTotals = () => useTopic("totals", (store) => store.totals);
export const useDependencies = () => useTopic("dependencies", (store) => store.dependencies);
/** Whether what is read from Postgres may be old: it is away. What the feed tells goes on meanwhile. */
export const useReadsStale = () => useTopic("dependencies", (store) => store.dependencies.postgres === "down");
export const useEvents = () => useTopic("events", (store) => store.events);
export const useConnection = () => useTopic("connection", (store) => store.connection);
export const usePendingTotals = () => useTopic("pending", (store) => store.pendingTotals);
export function usePending(): PendingView[] {
  return useTopic("pending", (store) => store.pending());
}

// One timer for all ages on screen, stopped while nobody shows one.
const tickers = new Set<() => void>();
let ticking = 0;
function subscribeToSeconds(listener: () => void): () => void {
  tickers.add(listener);
  if (tickers.size === 1) ticking = window.setInterval(() => tickers.forEach((tick) => tick()), 1_000);
  return () => {
    tickers.delete(listener);
    if (tickers.size === 0) window.clearInterval(ticking);
  };
}

/** Now by the server's clock, in whole seconds: renders once a second. */
export function useNowMs(): number {
  const { store } = useLive();
  const [first] = useState(() => store.heardAtMs);
  return useSyncExternalStore(
    subscribeToSeconds,
    () => Math.floor(store.clock.nowMs() / 1_000) * 1_000,
    () => Math.floor(first / 1_000) * 1_000,
  );
}

/** Whether what is on screen may be old: no connection, or nothing heard for a while. */
export function useStale(): boolean {
  const { store } = useLive();
  const { status } = useConnection();
  const quiet = useSyncExternalStore(
    subscribeToSeconds,
    () => store.clock.nowMs() - store.heardAtMs > STALE_AFTER_MS,
    () => false,
  );
  return quiet || (status !== "live" && status !== "connecting");
}
