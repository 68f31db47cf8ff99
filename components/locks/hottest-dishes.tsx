"use client";
/**
 * The hottest dishes, holder blame against waiter pain: on the left how long orders for the dish waited, on the right how long
 * its batches made others wait. Rows change places every few seconds, and never under the pointer or the focus.
 */
import { useFormatter, useTranslations } from "next-intl";
import { memo, useState } from "react";
import type { DishContention } from "@/server/contracts/contention";
import type { DishCard } from "@/server/contracts/socket-events";
import { useNames } from "../overview/names";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useHold } from "../ui/use-hold";
import { RANK_EVERY_MS, Ranking } from "./row-order";
import { useDuration, useLocksView } from "./use-locks";
import type { Choice } from "./use-locks";

const ROWS_MAX = 20;
/** What the engine adds up beyond the dishes that it tells apart. */
const OTHER_DISHES = "(other dishes)";

export function HottestDishes({ dishes, choice }: { dishes: readonly DishContention[]; choice: Choice }) {
  const t = useTranslations("locks.hottest");
  const { cards, atMs } = useLocksView();
  const { held, handlers } = useHold();
  const { segment, instance, seconds } = choice;
  const shown = segment === null ? dishes : dishes.filter((dish) => dish.segment === segment && dish.dishId !== OTHER_DISHES);
  // Another choice is another list: it begins in its own order.
  const asked = `${instance ?? ""} ${seconds} ${segment ?? ""}`;
  const [ranking, setRanking] = useState(() => ({ asked, rows: new Ranking(ROWS_MAX) }));
  if (ranking.asked !== asked) setRanking({ asked, rows: new Ranking(ROWS_MAX) });
  const order = ranking.rows.rank(shown.map(({ dishId }) => dishId), atMs, held);
  const byId = new Map(shown.map((dish) => [dish.dishId, dish]));
  const top = Math.max(1, ...shown.map(({ blameMs, painMs }) => Math.max(blameMs, painMs)));
  return (
    <Panel id="hottest" className="@container" title={t("title")} note={held ? t("held") : t("note", { seconds: RANK_EVERY_MS / 1_000 })}>
      {order.length === 0 ? (
        <Empty title={segment === null ? t("empty") : t("emptySegment", { segment })} meaning={t("emptyMeaning")} />
      ) : (
        <Table
          labelledBy="hottest-title"
          {...handlers}
          head={
            <>
              <th scope="col" className="pl-4! text-left">{t("dish")}</th>
              <th scope="col" className="hidden w-11 text-right @3xl:table-cell">{t("segment")}</th>
              <th scope="col" className="w-[22%] text-right" title={t("painMeaning")}>{t("pain")}</th>
              <th scope="col" className="w-[22%] text-left" title={t("blameMeaning")}>{t("blame")}</th>
              <th scope="col" className="hidden w-18 text-right @xl:table-cell">{t("longest")}</th>
              <th scope="col" className="hidden w-16 text-right @3xl:table-cell">{t("waits")}</th>
              <th scope="col" className="hidden w-18 pr-4! text-right @2xl:table-cell" title={t("holdMeaning")}>{t("hold")}</th>
            </>
          }
        >
          {order.map((dishId, place) => {
            const dish = byId.get(dishId);
            return dish && <Row key={dishId} dish={dish} card={cards.get(dishId)} rank={place + 1} top={top} />;
          })}
        </Table>
      )}
    </Panel>
  );
}

const Row = memo(function Row({ dish, card, rank, top }: { dish: DishContention; card: DishCard | undefined; rank: number; top: number }) {
  const t = useTranslations("locks.hottest");
  const format = useFormatter();
  const names = useNames();
  const duration = useDuration();
  const { dishId, segment, painMs, blameMs, waitMsMax, waits, holds, holdMs } = dish;
  return (
    <tr data-testid={`contention-${dishId}`} data-rank={rank} className={ROW}>
      <td className="pl-4!">
        {dishId === OTHER_DISHES ? (
          <span className="text-text-2">{t("others")}</span>
        ) : (
          <>
            <div className="truncate leading-5 font-medium">{card === undefined ? dishId : names.own(card.names)}</div>
            <div className="truncate text-2xs text-text-3">
              {card === undefined ? "–" : names.own(card.storeNames)}
              <span className="px-1.5">·</span>
              <span className="font-mono">{dishId}</span>
            </div>
          </>
        )}
      </td>
      <Figure className="hidden text-text-3 @3xl:table-cell">{dishId === OTHER_DISHES ? "–" : String(segment)}</Figure>
      <td>
        <div className="figures flex items-center justify-end gap-2 text-right">
          <span className="w-14 shrink-0">{duration(painMs)}</span>
          <span aria-hidden className="flex h-3 min-w-0 flex-1 justify-end">
            <span className="bar-frozen h-full rounded-l-xs" style={{ width: `${(painMs / top) * 100}%` }} />
          </span>
        </div>
      </td>
      <td className="border-l">
        <div className="figures flex items-center gap-2">
          <span aria-hidden className="flex h-3 min-w-0 flex-1">
            <span className="h-full rounded-r-xs bg-warn" style={{ width: `${(blameMs / top) * 100}%` }} />
          </span>
          <span className="w-14 shrink-0 text-right font-semibold">{duration(blameMs)}</span>
        </div>
      </td>
      <Figure className="hidden @xl:table-cell">{duration(waitMsMax)}</Figure>
      <Figure className="hidden @3xl:table-cell">{format.number(waits)}</Figure>
      <Figure className="hidden pr-4! @2xl:table-cell">{holds === 0 ? "–" : duration(holdMs / holds)}</Figure>
    </tr>
  );
});

function Figure({ children, className = "" }: { children: string; className?: string }) {
  return (
    <td className={`text-right whitespace-nowrap text-text-2 ${className}`}>
      <span className="figures">{children}</span>
    </td>
  );
}
