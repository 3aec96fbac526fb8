/** The parts of a long answer that are at hand. Pages are asked for when they come into view; few are kept. */

/** Photos per page. */
export const PAGE = 60;

/** Pages kept: 2,400 photos, a few hundred kilobytes. */
export const MOST_PAGES = 40;

export type Pages<T> = ReadonlyMap<number, readonly T[]>;

/** The pages of an answer, by number; none to begin with. */
export function pagesFrom<T>(entries: readonly (readonly [number, readonly T[]])[] = []): Pages<T> {
  return new Map(entries);
}

export function itemAt<T>(pages: Pages<T>, index: number): T | undefined {
  return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}

/** The pages that hold the items from `first` up to before `end`. */
export function pagesOf(first: number, end: number, total: number): number[] {
  const last = Math.min(end, total) - 1;
  const pages: number[] = [];
  for (let page = Math.floor(Math.max(0, first) / PAGE); page * PAGE <= last; page += 1) {
    pages.push(page);
  }
  return pages;
}

/** With one page more; those farthest from it are forgotten when there are too many. */
export function withPage<T>(pages: Pages<T>, page: number, items: readonly T[]): Pages<T> {
  const all = [...pages.entries()].filter(([other]) => other !== page);
  all.sort(([a], [b]) => Math.abs(a - page) - Math.abs(b - page));
  return pagesFrom([[page, items], ...all.slice(0, MOST_PAGES - 1)]);
}
