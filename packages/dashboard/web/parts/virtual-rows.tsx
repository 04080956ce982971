import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond what can be seen that are there all the same: scrolling finds them without a gap. */
const MARGIN_ROWS = 8;

/**
 * A list of which only the rows in sight are in the document. All rows are as high as `--row-height` of the list says, so
 * that where each is can be told without looking.
 */
export function VirtualRows<T>({
  items,
  keyOf,
  label,
  onNearEnd,
  children,
}: {
  items: readonly T[];
  keyOf: (item: T) => string;
  label: string;
  /** The last rows are in sight, or nearly. */
  onNearEnd?: (() => void) | undefined;
  children: (item: T) => ComponentChildren;
}) {
  const ref = useRef<HTMLUListElement>(null);
  const [{ from, to }, setRange] = useState({ from: 0, to: 16 });
  const [height, setHeight] = useState(56);
  const lookRef = useRef<() => void>(() => undefined);
  lookRef.current = () => {
    const list = ref.current;
    if (list === null) return;
    const rowHeight = Number.parseFloat(getComputedStyle(list).getPropertyValue('--row-height')) || 56;
    setHeight(rowHeight);
    const top = -list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS);
    const last = Math.min(items.length, Math.ceil((top + innerHeight) / rowHeight) + MARGIN_ROWS);
    setRange((old) =>
      old.from === first && old.to === last ? old : { from: first, to: Math.max(first, last) },
    );
    if (last >= items.length) onNearEnd?.();
  };
  useLayoutEffect(() => lookRef.current(), [items.length]);
  useEffect(() => {
    let frame = 0;
    const look = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => lookRef.current());
    };
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, []);
  const shown = items.slice(from, to);
  return (
    <ul class="rows" ref={ref} aria-label={label} style={{ height: `${items.length * height}px` }}>
      {shown.map((item, nth) => (
        <li
          key={keyOf(item)}
          style={{ transform: `translateY(${(from + nth) * height}px)` }}
          aria-setsize={items.length}
          aria-posinset={from + nth + 1}
        >
          {children(item)}
        </li>
      ))}
    </ul>
  );
}
