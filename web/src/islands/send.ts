import { backoff } from '../core/backoff.ts';
import { all, one, say, show, storage, words } from '../core/dom.ts';
import { DraftStore } from '../core/draft-store.ts';
import { swapPage } from '../core/page.ts';

const MAX_ATTEMPTS = 8;
const WAIT = { base: 1000, cap: 30_000, random: Math.random };
/** No byte moved for so long: the connection is dead although nobody has said so. */
const STALL_MS = 30_000;
const STATUS = '[data-send-status]';

/** What became of one attempt. */
type Outcome = { kind: 'cut' } | { kind: 'answer'; status: number; url: string; html: string };

/** Sends a form again and again until an answer comes. The root is a `<form>`; see `draft`, which uses the same. */
export function send(root: HTMLElement, signal: AbortSignal): void {
  // `draft` on the same form already sends.
  if ((root.getAttribute('data-island') ?? '').split(/\s+/).includes('draft')) return;
  startSending(root as HTMLFormElement, signal, root.dataset['draftKey'] ?? '', new DraftStore(storage(), Date.now));
}

/**
 * Takes over the sending of `form`: progress of the upload, retries under the same command id when the connection is
 * cut, faults shown in place with the chosen files still there. Words: `data-text-sending`, `-waiting` (`{n}` seconds), `-failed`.
 */
export function startSending(form: HTMLFormElement, signal: AbortSignal, key: string, store: DraftStore): void {
  let busy = false;
  const say_ = (message: string) => say(form, message, one(form, STATUS) ? STATUS : '[data-draft-status]');

  form.addEventListener(
    'submit',
    (event) => {
      const submitter = event.submitter as HTMLButtonElement | HTMLInputElement | null;
      const method = submitter?.getAttribute('formmethod') ?? form.method;
      if (event.defaultPrevented || method.toLowerCase() !== 'post' || !('upload' in XMLHttpRequest.prototype)) return;
      event.preventDefault();
      if (busy) return;
      busy = true;
      void run(submitter).finally(() => {
        busy = false;
      });
    },
    { signal },
  );

  async function run(submitter: HTMLButtonElement | HTMLInputElement | null): Promise<void> {
    const buttons = all<HTMLButtonElement>(form, 'button:not([type=button]),input[type=submit]');
    const progress = one<HTMLProgressElement>(form, 'progress[data-send-progress]');
    say_(words(form, 'sending'));
    await photosReady(form, signal);
    const body = payload(form, submitter);
    const action = submitter?.hasAttribute('formaction') ? submitter.formAction : form.action;
    const id = one<HTMLInputElement>(form, 'input[name=command_id]')?.value;
    // Without a command id a repetition could double something, so there is one attempt only.
    const attempts = id ? MAX_ATTEMPTS : 1;
    if (key && id) store.markPending(key, id);
    for (const button of buttons) button.disabled = true;
    show(progress);
    try {
      for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
        say_(words(form, 'sending'));
        const outcome = await post(action, body, progress);
        if (outcome.kind === 'answer') {
          if (key) store.clearPending(key);
          if (settle(form, action, outcome)) return;
          break;
        }
        if (attempt + 1 < attempts) await pause(backoff(attempt, WAIT));
      }
      say_(words(form, 'failed'));
    } finally {
      show(progress, false);
      for (const button of buttons) button.disabled = false;
    }
  }

  /** Waits, telling how long; ends early when the network comes back. */
  async function pause(ms: number): Promise<void> {
    const end = Date.now() + ms;
    let online = false;
    const wake = () => {
      online = true;
    };
    addEventListener('online', wake, { once: true });
    while (!online && !signal.aborted && Date.now() < end) {
      say_(words(form, 'waiting', { n: Math.ceil((end - Date.now()) / 1000) }));
      await new Promise((next) => setTimeout(next, Math.min(1000, end - Date.now())));
    }
    removeEventListener('online', wake);
  }
}

function payload(form: HTMLFormElement, submitter: HTMLButtonElement | HTMLInputElement | null): FormData | URLSearchParams {
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  if (form.enctype === 'multipart/form-data') return data;
  const flat = new URLSearchParams();
  for (const [name, value] of data) if (typeof value === 'string') flat.append(name, value);
  return flat;
}

/** `XMLHttpRequest` and not `fetch`, which cannot tell the progress of an upload. */
function post(action: string, body: FormData | URLSearchParams, progress: HTMLProgressElement | null): Promise<Outcome> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let stall = 0;
    const cut = () => {
      clearTimeout(stall);
      resolve({ kind: 'cut' });
    };
    const alive = () => {
      clearTimeout(stall);
      stall = window.setTimeout(() => request.abort(), STALL_MS);
    };
    request.upload.onprogress = (event) => {
      alive();
      if (!progress || !event.lengthComputable) return;
      progress.max = event.total;
      progress.value = event.loaded;
    };
    request.onprogress = alive;
    request.onerror = cut;
    request.onabort = cut;
    request.onload = () => {
      clearTimeout(stall);
      const html = (request.getResponseHeader('content-type') ?? '').includes('text/html') ? request.responseText : '';
      // A gateway that cannot reach the server answers in its own words; ours has a page with `main`.
      if ([502, 503, 504].includes(request.status) && !/<main[\s>]/.test(html)) cut();
      else resolve({ kind: 'answer', status: request.status, url: request.responseURL, html });
    };
    request.open('POST', action);
    request.setRequestHeader('Accept', 'text/html');
    alive();
    request.send(body);
  });
}

/** Shows the answer; `false` when there is nothing that a person could read. */
function settle(form: HTMLFormElement, action: string, answer: { status: number; url: string; html: string }): boolean {
  const moved = answer.url !== '' && answer.url !== new URL(action, location.href).href;
  if (answer.status < 400 && moved) {
    location.assign(answer.url);
    return true;
  }
  const files = new Map(all<HTMLInputElement>(form, 'input[type=file]').map((input) => [input.name, input.files]));
  if (!swapPage(answer.html, location.href)) return false;
  // Where the server has not kept the chosen files they are still in this page; where it has, they would be sent twice.
  for (const input of all<HTMLInputElement>(document, 'input[type=file]')) {
    if (one(document, `input[name="${CSS.escape(input.name)}.kept"]`)) continue;
    const chosen = files.get(input.name);
    if (chosen && chosen.length > 0) {
      input.files = chosen;
      input.dispatchEvent(new Event('gz:files'));
    }
  }
  scrollTo(0, 0);
  one(document, '[role=alert],[aria-invalid=true],main')?.focus();
  return true;
}

/** Photos that are still being shrunk are worth a moment: they arrive in a tenth of the time. */
async function photosReady(form: HTMLFormElement, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < 100 && !signal.aborted && one(form, '[data-island~="photo"][aria-busy=true]'); i += 1) {
    await new Promise((next) => setTimeout(next, 100));
  }
}
