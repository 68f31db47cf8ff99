// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot leave out the rows that are not on screen
// biome-ignore-all lint/a11y/useFocusableInteractive: the links in the rows have the focus
"use client";
/** The rows that are on screen, out of thousands. Nothing comes in by itself: what is new waits behind a button. */
import { ArrowUp, Download, ListChecks, Pause, Play, SearchX } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useRouter } from "next/navigation";
import { MANUAL_VERBS, type ManualVerb } from "@/server/contracts/console";
import { NEW_COUNT_MAX } from "@/server/contracts/transaction-page";
import { freeze } from "../causes/client";
import { codeOf } from "../console-client";
import { useFailure } from "../console-failure";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "../ui/menu";
import { Panel } from "../ui/panel";
import { useVirtualRows } from "../ui/use-virtual-rows";
import { exportUrl } from "./client";
import { EVERYTHING, isFiltered, searchOf, type TransactionFilters } from "./query";
import { CELL, GRID, ROW_REM, Row } from "./row";
import type { RowsStore } from "./rows-store";
import type { SetFilters } from "./transactions-screen";

/** The next page is asked for when so few rows are left below. */
const LOAD_AHEAD = 20;

interface TableProps {
  store: RowsStore;
  filters: TransactionFilters;
  setFilters: SetFilters;
  mayAct: boolean;
}

export function TransactionTable({ store, filters, setFilters, mayAct }: TableProps) {
  const t = useTranslations("txList");
  const { rows, more, loading, failed, newer, paused, stale } = useSyncExternalStore(store.subscribe, store.current, store.current);
  const { body, items, toTop } = useVirtualRows(rows.length, ROW_REM);
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => store.look(rows.slice(from, to + 1).map(({ txId }) => txId)), [store, rows, from, to]);
  useEffect(() => {
    if (more && loading === null && !failed && to >= rows.length - LOAD_AHEAD) void store.loadMore();
  }, [store, more, loading, failed, to, rows.length]);
  const fromTop = useCallback(() => {
    void store.reload();
    toTop();
  }, [store, toTop]);
  return (
    <Panel
      id="transactions"
      className="@container min-h-0 flex-1"
      stale={stale}
      title={<span data-testid="listed">{t(more ? "listedMore" : "listed", { rows: rows.length })}</span>}
      note={<NewRows newer={newer} paused={paused} onLoad={fromTop} />}
      tools={<Tools store={store} paused={paused} filters={filters} mayAct={mayAct && rows.length > 0} />}
    >
      {rows.length === 0 ? (
        <Nothing failed={failed} loading={loading !== null} filters={filters} setFilters={setFilters} onAgain={() => void store.reload()} />
      ) : (
        <div role="table" aria-labelledby="transactions-title" aria-rowcount={more ? -1 : rows.length + 1} className={cn("flex min-h-0 flex-1 flex-col transition-opacity", loading === "first" && "opacity-60")}>
          <Head />
          <div ref={body} role="rowgroup" data-testid="transaction-rows" className="scroll-quiet min-h-0 flex-1 overflow-y-scroll [overflow-anchor:none]">
            <div role="presentation" className="relative w-full" style={{ height: `${rows.length * ROW_REM}rem` }}>
              {items.map(({ index }) => {
                const row = rows[index];
                return row === undefined ? null : <Row key={row.txId} row={row} index={index} />;
              })}
            </div>
            {(loading === "more" || failed) && (
              <p className="flex h-11 items-center justify-center gap-2 text-xs text-text-3">
                {t(failed ? "loadFailed" : "loading")}
                {failed && <Button size="sm" onClick={() => void store.loadMore()}>{t("again")}</Button>}
              </p>
            )}
          </div>
        </div>
      )}
    </Panel>
  );
}

function NewRows({ newer, paused, onLoad }: { newer: number; paused: boolean; onLoad(): void }) {
  const t = useTranslations("txList");
  const format = useFormatter();
  if (paused) return <span className="rounded bg-warn-soft px-1.5 py-0.5 font-medium text-warn" data-testid="paused">{t("paused")}</span>;
  if (newer === 0) return null;
  return (
    <button type="button" onClick={onLoad} data-testid="new-rows" className="inline-flex h-6 items-center gap-1 rounded bg-accent-soft px-2 text-xs font-medium text-accent hover:underline">
      <ArrowUp aria-hidden className="size-3" strokeWidth={2.25} />
      <span aria-live="polite">{t("newRows", { count: newer, shown: newer >= NEW_COUNT_MAX ? `${format.number(newer)}+` : format.number(newer) })}</span>
    </button>
  );
}

function Tools({ store, paused, filters, mayAct }: { store: RowsStore; paused: boolean; filters: TransactionFilters; mayAct: boolean }) {
  const t = useTranslations("txList");
  const Icon = paused ? Play : Pause;
  const search = searchOf(filters);
  return (
    <>
      <ActOnThese search={search} mayAct={mayAct} />
      <Button kind="ghost" size="sm" aria-pressed={paused} onClick={() => store.pause(!paused)}>
        <Icon aria-hidden className="size-3.5" />
        {t(paused ? "resume" : "pause")}
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <Button kind="ghost" size="sm">
            <Download aria-hidden className="size-3.5" />
            {t("export")}
          </Button>
        </MenuTrigger>
        <MenuContent>
          {(["csv", "json"] as const).map((format) => (
            <MenuItem key={format} asChild>
              <a href={exportUrl(search, format)} download>
                {t(`exports.${format}`)}
              </a>
            </MenuItem>
          ))}
        </MenuContent>
      </Menu>
    </>
  );
}

/** All that match, not only those on screen: the list is frozen on the server and looked at before anything is done. */
function ActOnThese({ search, mayAct }: { search: string; mayAct: boolean }) {
  const t = useTranslations("bulk");
  const sentenceOf = useFailure();
  const [failure, setFailure] = useState<string | null>(null);
  const router = useRouter();
  const begin = async (verb: ManualVerb) => {
    try {
      const { bulkId } = await freeze(verb, { filters: Object.fromEntries(new URLSearchParams(search)) });
      router.push(`/causes?bulk=${encodeURIComponent(bulkId)}`);
    } catch (error) {
      setFailure(codeOf(error) === "UNKNOWN_TRANSACTION" ? t("nothing") : sentenceOf(error));
    }
  };
  return (
    <>
    {failure !== null && <span role="alert" className="text-xs text-danger">{failure}</span>}
    <Menu onOpenChange={() => setFailure(null)}>
      <MenuTrigger asChild>
        <Button kind="ghost" size="sm" disabled={!mayAct} data-testid="act-on-these">
          <ListChecks aria-hidden className="size-3.5" />
          {t("act")}
        </Button>
      </MenuTrigger>
      <MenuContent>
        {MANUAL_VERBS.map((verb) => (
          <MenuItem key={verb} onSelect={() => void begin(verb)}>{t(`acts.${verb}`)}</MenuItem>
        ))}
      </MenuContent>
    </Menu>
    </>
  );
}

function Head() {
  const t = useTranslations("txList.columns");
  return (
    <div role="rowgroup" className="scroll-quiet shrink-0 overflow-y-scroll border-b [scrollbar-color:transparent_transparent]">
      <div role="row" aria-rowindex={1} className={cn(GRID, "h-8 text-2xs font-medium text-text-3")}>
        {(["transaction", "lines", "state", "trouble", "age", "next"] as const).map((name) => (
          <div key={name} role="columnheader" className={cn(CELL[name], "whitespace-nowrap", (name === "age" || name === "next") && "text-right")}>
            {t(name)}
          </div>
        ))}
      </div>
    </div>
  );
}

interface NothingProps {
  failed: boolean;
  loading: boolean;
  filters: TransactionFilters;
  setFilters: SetFilters;
  onAgain(): void;
}

function Nothing({ failed, loading, filters, setFilters, onAgain }: NothingProps) {
  const t = useTranslations("txList");
  const filtered = isFiltered(filters);
  const which = failed ? "failed" : loading ? "loading" : filtered ? "noMatch" : "none";
  return (
    <Empty
      testId="no-transactions"
      icon={SearchX}
      tone={failed ? "danger" : "quiet"}
      title={t(`nothing.${which}`)}
      meaning={t(`nothing.${which}Meaning`)}
      action={failed ? <Button size="sm" onClick={onAgain}>{t("again")}</Button> : filtered && <Button size="sm" onClick={() => setFilters(EVERYTHING)}>{t("clearFilters")}</Button>}
    />
  );
}
