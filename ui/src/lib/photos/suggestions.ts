/** Where a caption goes on to say where: what comes before is a thing to look for. */
const PLACE = /\s(?:in|on|at|near|by|under|behind|beside|against|with|of|over|next|parked|sitting|standing)\s/u;
const ARTICLE = /^(?:an?|the|two|three|some|several)\s/u;

/** What a picture is, not what it shows. */
const VAGUE = /\b(?:photo|photograph|picture|image|view|group|close up)$/u;

/** A thing of at least this many letters is worth looking for. */
const LEAST_LETTERS = 3;

interface Seen {
  caption: string;
  taken: string | null;
}

/** The thing a caption is about: "red stop sign" of "A red stop sign in front of a brick wall". */
export function subject(caption: string): string {
  const [head = ""] = caption.trim().toLowerCase().replace(/\.$/u, "").replace(ARTICLE, "").split(PLACE);
  return head.trim();
}

/** Up to `limit` queries that find something, because they come from photos of this library. */
export function suggestQueries(photos: readonly Seen[], limit = 5): string[] {
  const counts = new Map<string, number>();
  for (const { caption } of photos) {
    const thing = subject(caption);
    if (thing.length >= LEAST_LETTERS && !VAGUE.test(thing) && thing.split(" ").length <= 5) {
      counts.set(thing, (counts.get(thing) ?? 0) + 1);
    }
  }
  const things = [...counts.entries()].sort(([, a], [, b]) => b - a).map(([thing]) => thing);
  const years = photos.flatMap(({ taken }) => (taken === null ? [] : [taken.slice(0, 4)]));
  const year = [...new Set(years)].sort().at(-1);
  const first = things.slice(0, limit - 2);
  const [common] = first;
  return [
    ...first,
    // How to ask for a time and how to leave something out is learned best from an example.
    ...(year === undefined || common === undefined ? [] : [`${lastWord(common)} ${year}`]),
    ...(things.length < 2 || common === undefined ? [] : [`${lastWord(things[1] ?? "")} -${lastWord(common)}`]),
  ].filter((query, index, all) => all.indexOf(query) === index && !/^(\S+) -\1$/u.test(query));
}

function lastWord(text: string): string {
  return text.split(" ").at(-1) ?? text;
}
