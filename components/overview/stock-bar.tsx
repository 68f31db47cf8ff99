/**
 * What was supplied, as a bar: left (solid), promised to open orders (hatched), sold (grey). The figures stand beside it.
 * It does not glide: twenty bars that move four times a second would keep the browser laying out the page.
 */
interface StockBarProps {
  supplied: number;
  available: number;
  frozen: number;
  label: string;
}

export function StockBar({ supplied, available, frozen, label }: StockBarProps) {
  const share = (portions: number) => `${supplied > 0 ? (portions / supplied) * 100 : 0}%`;
  return (
    <div role="img" aria-label={label} className="relative h-2 w-full overflow-hidden rounded-xs bg-bar-sold">
      {/* Both begin at the left, one above the other: a part that begins elsewhere at each change is a layout shift. */}
      <div className="bar-frozen absolute inset-y-0 left-0" style={{ width: share(available + frozen) }} />
      <div
        className="absolute inset-y-0 left-0 border-bg bg-accent"
        style={{ width: share(available), borderRightWidth: available > 0 && frozen > 0 ? 1 : 0 }}
      />
    </div>
  );
}

export function StockBarLegend({ left, frozen, sold }: { left: string; frozen: string; sold: string }) {
  return (
    <span className="flex items-center gap-3 text-2xs text-text-3">
      <span className="flex items-center gap-1">
        <i className="h-2 w-3 rounded-xs bg-accent" />
        {left}
      </span>
      <span className="flex items-center gap-1">
        <i className="bar-frozen h-2 w-3 rounded-xs" />
        {frozen}
      </span>
      <span className="flex items-center gap-1">
        <i className="h-2 w-3 rounded-xs bg-bar-sold" />
        {sold}
      </span>
    </span>
  );
}
