/** `[#####-----]  50%  3 of 6 files`, in at most `width` columns; without the bar where there is no room for it. */
export function progressLine({
  done,
  total,
  label,
  width,
}: {
  done: number;
  total: number;
  label: string;
  width: number;
}): string {
  const share = total === 0 ? 1 : done / total;
  const text = `${String(Math.floor(share * 100)).padStart(3)}%  ${label}`;
  const room = Math.min(30, width - text.length - 5);
  if (room < 5) return text.slice(0, Math.max(0, width - 1));
  const filled = Math.floor(share * room);
  return `[${'#'.repeat(filled)}${'-'.repeat(room - filled)}] ${text}`;
}
