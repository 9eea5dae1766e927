/** One remembered value: the control's name, which of the controls of that name, and its value or its mark. */
export interface Kept {
  name: string;
  /** Position among the controls of the same name. */
  nth: number;
  value: string;
}

/** What is remembered of a form that was not sent yet. */
export interface Draft {
  at: number;
  fields: Kept[];
  /** The command id of a sending whose answer never came: sending again under it cannot double anything. */
  pending?: string;
}

/** The part of `localStorage` that is used here. */
export interface KeyValue {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const PREFIX = 'draft:';
/** A draft that nobody came back for is dropped: the phone may have other users. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Drafts in this browser only. Storage may be full or forbidden: then saving answers `false` and nothing is promised to the person. */
export class DraftStore {
  constructor(
    private readonly storage: KeyValue | undefined,
    private readonly now: () => number,
  ) {}

  /** The draft of a form, unless there is none, it is too old or it cannot be read. */
  load(key: string): Draft | undefined {
    try {
      const draft = parse(this.storage?.getItem(PREFIX + key) ?? null);
      if (draft === undefined) return undefined;
      if (this.now() - draft.at <= KEEP_MS) return draft;
      this.clear(key);
    } catch {
      // Forbidden storage reads like an empty one.
    }
    return undefined;
  }

  /** Remembers the fields; an empty form is forgotten rather than remembered. Answers whether something is now kept. */
  save(key: string, fields: Kept[]): boolean {
    const pending = this.load(key)?.pending;
    if (fields.length === 0 && pending === undefined) {
      this.clear(key);
      return false;
    }
    return this.write(key, { at: this.now(), fields, ...(pending === undefined ? {} : { pending }) });
  }

  /** Notes under which command id the form is on its way. */
  markPending(key: string, commandId: string): void {
    this.write(key, { at: this.now(), fields: this.load(key)?.fields ?? [], pending: commandId });
  }

  /** The answer came: the next sending is a new command. */
  clearPending(key: string): void {
    const draft = this.load(key);
    if (draft?.pending !== undefined) this.write(key, { at: draft.at, fields: draft.fields });
  }

  /** Forgets one draft. */
  clear(key: string): void {
    try {
      this.storage?.removeItem(PREFIX + key);
    } catch {
      // Nothing was kept, so nothing is left.
    }
  }

  /** Forgets every draft that is too old or damaged. */
  sweep(): void {
    try {
      const keys: string[] = [];
      for (let i = 0; i < (this.storage?.length ?? 0); i += 1) {
        const key = this.storage?.key(i);
        if (key?.startsWith(PREFIX)) keys.push(key.slice(PREFIX.length));
      }
      for (const key of keys) if (this.load(key) === undefined) this.clear(key);
    } catch {
      // Forbidden storage holds no drafts.
    }
  }

  private write(key: string, draft: Draft): boolean {
    if (this.storage === undefined) return false;
    try {
      this.storage.setItem(PREFIX + key, JSON.stringify(draft));
      return true;
    } catch {
      return false;
    }
  }
}

function parse(stored: string | null): Draft | undefined {
  if (stored === null) return undefined;
  try {
    const draft = JSON.parse(stored) as Partial<Draft> | null;
    if (typeof draft?.at !== 'number' || !Array.isArray(draft.fields) || !draft.fields.every(isKept)) return undefined;
    return { at: draft.at, fields: draft.fields, ...(typeof draft.pending === 'string' ? { pending: draft.pending } : {}) };
  } catch {
    return undefined;
  }
}

function isKept(value: unknown): value is Kept {
  const kept = value as Partial<Kept> | null;
  return typeof kept?.name === 'string' && typeof kept.nth === 'number' && typeof kept.value === 'string';
}
