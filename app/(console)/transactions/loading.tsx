/** The table's outline while its first rows are read. */
export default function Loading() {
  return (
    <div aria-busy className="flex h-dvh flex-col">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="flex min-h-0 flex-1 flex-col gap-3 p-3">
        <div className="h-8 w-72 max-w-full shrink-0 rounded-md border bg-surface animate-breathe" />
        <div className="min-h-0 flex-1 rounded-panel border bg-surface animate-breathe" />
      </div>
    </div>
  );
}
