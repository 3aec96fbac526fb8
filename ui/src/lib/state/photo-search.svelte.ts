import { toAppError, type Backend } from "../backend/backend";
import type { AppError, LibraryHit, LibraryQuery, Photo, PhotoSource } from "../backend/types";
import { itemAt, PAGE, pagesFrom, pagesOf, withPage, type Pages } from "../photos/pages";
import type { Understood } from "../photos/query";

/** Typing that pauses for so long is searched for. */
export const DEBOUNCE_MS = 150;

/** A picture that results should look like: one of the library, or one that was brought along. */
export type LikePicture = { kind: "library"; photo: LibraryHit } | { kind: "open"; photo: Photo };

/** Where somebody goes through the photos. */
export type Holder = "grid" | "details";

type Wanted = Pick<LibraryQuery, "text" | "likePhoto" | "likeOpen">;

const NOTHING: Understood = { words: "", without: [], when: null };

/** What is searched for and what was found, page by page. An answer to an older question is dropped. */
export class PhotoSearch {
  text = $state("");
  like = $state.raw<LikePicture | null>(null);
  /** Null until the first answer. */
  total = $state<number | null>(null);
  understood = $state.raw<Understood>(NOTHING);
  /** The text that the answer is for. */
  answered = $state("");
  /** Counts answers to new questions, so that the grid knows when to start at its top. */
  turn = $state(0);
  pages = $state.raw<Pages<LibraryHit>>(pagesFrom());
  searching = $state(false);
  error = $state.raw<AppError | null>(null);
  /** Why the picture to compare with cannot be used. */
  pictureError = $state.raw<AppError | null>(null);
  #asked = 0;
  #pictureTurn = 0;
  #query = $state.raw<Wanted>({ text: "", likePhoto: null, likeOpen: null });
  #inView: [number, number] = [0, 0];
  #loading: number[] = [];
  #holders: readonly Holder[] = [];
  #stale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Whether the answer is one to a question, not simply every photo. */
  get asked(): boolean {
    return this.answered.trim() !== "" || this.#query.likePhoto !== null || this.#query.likeOpen !== null;
  }

  hit(index: number): LibraryHit | undefined {
    return itemAt(this.pages, index);
  }

  /** What stands in the search box changed: searches when the typing pauses. */
  type(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.run(), DEBOUNCE_MS);
  }

  ask(text: string): Promise<void> {
    this.text = text;
    return this.run();
  }

  /** Searches now for what is wanted. */
  async run(): Promise<void> {
    clearTimeout(this.#timer);
    const { like, text } = this;
    const query: Wanted = {
      text,
      likePhoto: like?.kind === "library" ? like.photo.id : null,
      likeOpen: like?.kind === "open" ? like.photo.id : null,
    };
    this.searching = true;
    await this.#answer(query, [0], true);
  }

  /**
   * The same question once more: photos came or went. What is in view stays in view. While somebody goes through the
   * photos it waits, unless it is `due`, so that they do not change places under the finger.
   */
  async refresh(due = false): Promise<void> {
    this.#stale = this.#holders.length > 0 && !due;
    if (this.total !== null && !this.searching && !this.#stale) {
      const [first, end] = this.#inView;
      await this.#answer(this.#query, pagesOf(first, Math.max(1, end), Infinity), false);
    }
  }

  /** Somebody goes through the photos, or is done with that. */
  hold(holder: Holder, held: boolean): void {
    const others = this.#holders.filter((other) => other !== holder);
    this.#holders = held ? [...others, holder] : others;
    if (this.#holders.length === 0 && this.#stale) {
      void this.refresh();
    }
  }

  /** Where a photo is in the answer now; null if it is not among the pages at hand. */
  placeOf(id: number): number | null {
    for (const [page, hits] of this.pages) {
      const place = hits.findIndex((hit) => hit.id === id);
      if (place >= 0) {
        return page * PAGE + place;
      }
    }
    return null;
  }

  /** Says which photos are in view; pages that are not at hand are fetched. */
  need(first: number, end: number): void {
    this.#inView = [first, end];
    for (const page of pagesOf(first, end, this.total ?? 0)) {
      if (!this.pages.has(page) && !this.#loading.includes(page)) {
        void this.#load(page);
      }
    }
  }

  /** A photo by its place in the answer, fetched if need be; null if there is none. */
  async fetch(index: number): Promise<LibraryHit | null> {
    // Once more where a refresh came in between and made the first answer worthless.
    for (let attempt = 0; attempt < 2 && this.hit(index) === undefined; attempt += 1) {
      await this.#load(Math.floor(index / PAGE));
    }
    return this.hit(index) ?? null;
  }

  /** Photos that look like one of the library. */
  async similarTo(photo: LibraryHit): Promise<void> {
    this.#release();
    this.like = { kind: "library", photo };
    this.text = "";
    await this.run();
  }

  /** Photos that look like a picture from the system's dialog or a file. */
  likeSource(source: PhotoSource): Promise<void> {
    return this.#likePicture(() => this.#backend.openPhoto(source));
  }

  likeFile(file: File): Promise<void> {
    return this.#likePicture(async () => this.#backend.openPhotoBytes(file.name, await file.arrayBuffer()));
  }

  async removePicture(): Promise<void> {
    this.#release();
    await this.run();
  }

  /** Back to every photo. */
  async clear(): Promise<void> {
    this.#release();
    this.text = "";
    await this.run();
  }

  async #likePicture(open: () => Promise<Photo | null>): Promise<void> {
    this.#pictureTurn += 1;
    const turn = this.#pictureTurn;
    this.pictureError = null;
    try {
      const photo = await open();
      if (photo === null) {
        return;
      }
      if (turn !== this.#pictureTurn) {
        this.#close(photo);
        return;
      }
      this.#release();
      this.like = { kind: "open", photo };
      await this.run();
    } catch (thrown) {
      if (turn === this.#pictureTurn) {
        this.pictureError = toAppError(thrown);
      }
    }
  }

  #release(): void {
    this.#pictureTurn += 1;
    this.pictureError = null;
    if (this.like?.kind === "open") {
      this.#close(this.like.photo);
    }
    this.like = null;
  }

  #close(photo: Photo): void {
    this.#backend.closePhoto(photo.id).catch(() => undefined);
  }

  async #answer(query: Wanted, pages: number[], fresh: boolean): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.#loading = [];
    try {
      const answers = await Promise.all(
        pages.map((page) => this.#backend.searchLibrary({ ...query, offset: page * PAGE, limit: PAGE })),
      );
      const [first] = answers;
      if (asked !== this.#asked || first === undefined) {
        return;
      }
      this.#query = query;
      this.pages = pagesFrom(pages.map((page, index) => [page, answers[index]?.hits ?? []]));
      this.total = first.total;
      this.understood = { words: first.words, without: first.without, when: first.when };
      this.error = null;
      this.answered = query.text;
      if (fresh) {
        this.turn += 1;
      }
    } catch (thrown) {
      if (asked === this.#asked) {
        this.error = toAppError(thrown);
      }
    } finally {
      if (asked === this.#asked) {
        this.searching = false;
      }
    }
  }

  async #load(page: number): Promise<void> {
    const asked = this.#asked;
    this.#loading.push(page);
    try {
      const answer = await this.#backend.searchLibrary({ ...this.#query, offset: page * PAGE, limit: PAGE });
      if (asked === this.#asked) {
        this.pages = withPage(this.pages, page, answer.hits);
        this.total = answer.total;
        this.error = null;
      }
    } catch (thrown) {
      if (asked === this.#asked) {
        this.error = toAppError(thrown);
      }
    } finally {
      if (asked === this.#asked) {
        this.#loading = this.#loading.filter((other) => other !== page);
      }
    }
  }
}
