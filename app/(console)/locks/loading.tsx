/** The page's outline while its first figures are read. */
export default function Loading() {
  const block = "rounded-panel border bg-surface animate-breathe";
  return (
    <div aria-busy className="flex min-h-dvh flex-col xl:h-dvh">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-hidden p-3">
        <div className="h-8 w-96 max-w-full rounded-md border bg-surface animate-breathe" />
        <div className={`h-17 shrink-0 ${block}`} />
        <div className="grid min-h-92 flex-[3] shrink-0 gap-3 md:grid-cols-2 xl:grid-cols-[22rem_minmax(0,1fr)_20rem]">
          <div className={block} />
          <div className={block} />
          <div className={block} />
        </div>
        <div className="grid min-h-64 flex-[2] shrink-0 gap-3 xl:grid-cols-[minmax(0,1fr)_28rem]">
          <div className={block} />
          <div className={block} />
        </div>
        <div className={`h-24 shrink-0 ${block}`} />
      </div>
    </div>
  );
}
