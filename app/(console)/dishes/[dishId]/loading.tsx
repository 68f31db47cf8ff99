/** The page's outline while its dish is read. */
export default function Loading() {
  const block = "rounded-panel border bg-surface animate-breathe";
  return (
    <div aria-busy className="flex min-h-dvh flex-col xl:h-dvh">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="flex min-h-0 flex-1 flex-col gap-3 p-3">
        <div className={`h-24 shrink-0 ${block}`} />
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-2">
          <div className={`min-h-64 ${block}`} />
          <div className={`min-h-64 ${block}`} />
          <div className={`min-h-48 ${block}`} />
          <div className={`min-h-48 ${block}`} />
        </div>
      </div>
    </div>
  );
}
