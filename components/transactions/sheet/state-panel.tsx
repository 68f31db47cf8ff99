"use client";
/** The diagram of states with the current place. The way that was taken is drawn; what is still possible is outlined. */
import { useTranslations } from "next-intl";
import type { TransactionState } from "@/server/contracts/console";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { cn } from "../../ui/cn";
import { Panel } from "../../ui/panel";

const WIDTH = 88;
const HEIGHT = 26;

/** Middles of the boxes, in a drawing of 720 × 190. */
const PLACES: Record<TransactionState, [x: number, y: number]> = {
  TRYING: [52, 60],
  RESERVED: [176, 60],
  CONFIRMING: [300, 28],
  CONFIRMED: [424, 28],
  REVERSING: [548, 28],
  REVERSED: [668, 28],
  EXPIRED: [300, 92],
  CANCELLING: [300, 156],
  CANCELLED: [424, 156],
};

/** From, to, and a bend where a straight line would cross a box. */
const MOVES: [TransactionState, TransactionState, string?][] = [
  ["TRYING", "RESERVED"],
  ["TRYING", "CANCELLING", "M52,73 V156 H256"],
  ["RESERVED", "CONFIRMING", "M220,54 C238,44 238,28 256,28"],
  ["CONFIRMING", "CONFIRMED"],
  ["CONFIRMED", "REVERSING"],
  ["REVERSING", "REVERSED"],
  ["RESERVED", "EXPIRED", "M220,66 C238,76 238,92 256,92"],
  ["RESERVED", "CANCELLING", "M176,73 V142 C176,148 182,150 190,150 H256"],
  ["CANCELLING", "CANCELLED"],
  ["EXPIRED", "CONFIRMED", "M344,92 C392,92 424,84 424,41"],
  ["EXPIRED", "CANCELLED", "M344,98 C392,98 424,106 424,143"],
];

/** The states that a transaction in one has passed, as far as its kind tells. */
function passed(sheet: DecisionSheet): Set<TransactionState> {
  const { state, cause } = sheet.transaction;
  const remote = sheet.branches.some(({ kind }) => kind === "remote");
  const way = new Set<TransactionState>([state]);
  const before = (...states: TransactionState[]) => states.forEach((each) => way.add(each));
  if (remote) before("TRYING");
  if (state !== "TRYING" && !(cause === "FAILED" && remote)) before("RESERVED");
  if (["CONFIRMED", "REVERSING", "REVERSED"].includes(state) && remote) before("CONFIRMING");
  if (["REVERSING", "REVERSED"].includes(state)) before("CONFIRMED");
  if (state === "REVERSED" && remote) before("REVERSING");
  if (state === "CANCELLED" && remote) before("CANCELLING");
  if (state === "CANCELLED" && cause === "EXPIRED" && !remote) before("EXPIRED");
  if (sheet.transaction.storeId === null) return new Set([state]);
  return way;
}

export function StatePanel({ sheet }: { sheet: DecisionSheet }) {
  const t = useTranslations("sheet");
  const states = useTranslations("pending.states");
  const { state } = sheet.transaction;
  const way = passed(sheet);
  return (
    <Panel id="state" title={t("state")} note={t(`meaning.${state}`)}>
      <div className="overflow-x-auto px-3 py-3">
        <svg viewBox="0 0 720 184" role="img" aria-label={t("diagram", { state: states(state) })} className="h-auto w-full min-w-140">
          <defs>
            {(["line-strong", "accent"] as const).map((colour) => (
              <marker key={colour} id={`arrow-${colour}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
                <path d="M0,0.8 L7,4 L0,7.2 z" fill={`var(--${colour})`} />
              </marker>
            ))}
          </defs>
          {MOVES.map(([from, to, path]) => {
            const taken = way.has(from) && way.has(to) && from !== state;
            const [x1, y1] = PLACES[from];
            const [x2, y2] = PLACES[to];
            return (
              <path
                key={`${from}>${to}`}
                d={path ?? `M${x1 + WIDTH / 2},${y1} L${x2 - WIDTH / 2},${y2}`}
                fill="none"
                stroke={taken ? "var(--accent)" : "var(--line-strong)"}
                strokeWidth={taken ? 1.75 : 1}
                markerEnd={`url(#arrow-${taken ? "accent" : "line-strong"})`}
              />
            );
          })}
          {(Object.entries(PLACES) as [TransactionState, [number, number]][]).map(([each, [x, y]]) => {
            const here = each === state;
            const was = way.has(each);
            return (
              <g key={each} data-state={each} data-here={here || undefined}>
                <rect
                  x={x - WIDTH / 2}
                  y={y - HEIGHT / 2}
                  width={WIDTH}
                  height={HEIGHT}
                  rx="6"
                  className={cn(here ? "fill-accent stroke-accent" : was ? "fill-accent-soft stroke-accent" : "fill-surface stroke-line-strong")}
                />
                <text x={x} y={y} textAnchor="middle" dominantBaseline="central" className={cn("text-[11.5px]", here ? "fill-on-accent font-semibold" : was ? "fill-accent font-medium" : "fill-text-3")}>
                  {states(each)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
    </Panel>
  );
}
