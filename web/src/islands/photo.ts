import { one, say, words, type Mount } from '../core/dom.ts';

const QUALITY = 0.82;
const EDGE = 1600;
const MAX_BYTES = 20 * 1024 * 1024;

/**
 * Shrinks photos before they are sent (which also drops where and by which phone they were taken), shows them, and
 * lets the person take one out again. Other files go as they are, where not only photos are asked for.
 */
export const photo: Mount = (root, signal) => {
  const input = one<HTMLInputElement>(root, 'input[type=file]');
  const list = one(root, '[data-photo-list]');
  // Old browsers cannot fill a file input from script: there the plain input does the work.
  if (!input || !list || typeof DataTransfer === 'undefined' || !('items' in DataTransfer.prototype)) return;
  const number = (name: string, otherwise: number) => Number(root.dataset[name]) || otherwise;
  const maxBytes = number('maxBytes', MAX_BYTES);
  const maxFiles = number('maxFiles', Infinity);
  const edge = number('maxEdge', EDGE);
  const onlyPhotos = root.dataset.photos !== undefined;
  let chosen: File[] = [];

  async function add(files: File[]): Promise<void> {
    root.setAttribute('aria-busy', 'true');
    let complaint = '';
    for (const file of files) {
      if (chosen.length >= maxFiles) {
        complaint = words(root, 'too-many', { n: maxFiles });
        break;
      }
      if (file.size > maxBytes) {
        complaint = words(root, 'too-big', { name: file.name });
        continue;
      }
      if (!onlyPhotos && !file.type.startsWith('image/')) {
        chosen.push(file);
        continue;
      }
      say(root, words(root, 'shrinking', { name: file.name }));
      const small = await shrink(file, edge);
      if (small) chosen.push(small);
      else complaint = words(root, 'not-image', { name: file.name });
    }
    root.removeAttribute('aria-busy');
    if (signal.aborted) return;
    commit();
    say(root, complaint);
  }

  /** Puts the list into the input, so that any way of sending the form sends it. */
  function commit(): void {
    const transfer = new DataTransfer();
    for (const file of chosen) transfer.items.add(file);
    input!.files = transfer.files;
    draw();
  }

  function draw(): void {
    for (const image of list!.querySelectorAll('img')) URL.revokeObjectURL(image.src);
    list!.replaceChildren(...chosen.map(thumb));
    (list as HTMLElement).hidden = chosen.length === 0;
  }

  function thumb(file: File, index: number): HTMLLIElement {
    const item = document.createElement('li');
    const remove = document.createElement('button');
    remove.type = 'button';
    remove.className = 'link';
    remove.textContent = words(root, 'remove', { name: file.name });
    remove.addEventListener('click', () => {
      chosen.splice(index, 1);
      commit();
      say(root, '');
      (one(list!, 'button') ?? input!).focus();
    });
    const name = document.createElement('span');
    name.textContent = file.name;
    if (file.type.startsWith('image/')) {
      const image = document.createElement('img');
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      item.append(image);
    }
    item.append(name, remove);
    return item;
  }

  input.addEventListener('change', () => void add([...(input.files ?? [])]), { signal });
  // Files that the page before had already shrunk (see `send`).
  input.addEventListener(
    'gz:files',
    () => {
      chosen = [...(input.files ?? [])];
      draw();
    },
    { signal },
  );
  if (input.files?.length) void add([...input.files]);

  root.addEventListener(
    'dragover',
    (event) => {
      event.preventDefault();
      root.classList.add('is-dragging');
    },
    { signal },
  );
  root.addEventListener('dragleave', () => root.classList.remove('is-dragging'), { signal });
  root.addEventListener(
    'drop',
    (event) => {
      event.preventDefault();
      root.classList.remove('is-dragging');
      void add([...(event.dataTransfer?.files ?? [])]);
    },
    { signal },
  );
};

/** A JPEG of at most `edge` pixels on its longer side; `undefined` when the file is no picture that the browser can read. */
async function shrink(file: File, edge: number): Promise<File | undefined> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    // An <img> turns the picture as the camera was held, in every browser.
    await image.decode();
    const scale = Math.min(1, edge / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext('2d');
    if (!context) return file;
    // JPEG knows no transparency: without this a drawing's background turns black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
    if (!blob) return file;
    return new File([blob], file.name.replace(/(\.\w+)?$/, '.jpg'), { type: 'image/jpeg', lastModified: file.lastModified });
  } catch {
    return undefined;
  } finally {
    URL.revokeObjectURL(url);
  }
}
