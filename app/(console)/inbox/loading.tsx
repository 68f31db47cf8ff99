/** The page's outline while its lists are read. */
export default function Loading() {
  const block = "min-h-64 rounded-panel border bg-surface animate-breathe";
  return (
    <div aria-busy className="flex min-h-dvh flex-col xl:h-dvh">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="grid min-h-0 flex-1 gap-3 p-3 xl:grid-cols-[minmax(0,1fr)_minmax(24rem,32rem)]">
        <div className={block} />
        <div className={block} />
      </div>
    </div>
  );
}
