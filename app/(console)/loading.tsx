/** The wall's outline while its first numbers are read. */
export default function Loading() {
  const block = "rounded-panel border bg-surface animate-breathe";
  return (
    <div aria-busy className="flex min-h-dvh flex-col xl:h-dvh">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="flex min-h-0 flex-1 flex-col gap-3 p-3">
        <div className="grid shrink-0 gap-3 md:grid-cols-3 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(20rem,26rem)]">
          <div className={`h-23 ${block}`} />
          <div className={`h-23 ${block}`} />
          <div className={`h-23 ${block}`} />
        </div>
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)] xl:grid-rows-[minmax(0,11fr)_minmax(0,9fr)]">
          <div className={`min-h-64 ${block}`} />
          <div className={`min-h-64 xl:row-span-2 ${block}`} />
          <div className={`min-h-64 ${block}`} />
        </div>
      </div>
    </div>
  );
}
