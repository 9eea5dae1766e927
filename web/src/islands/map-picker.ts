import type * as MapLibre from 'maplibre-gl';
import type { BaseMap } from '../core/base-map.ts';
import { one, say, show, words, type Mount } from '../core/dom.ts';
import { type Point, POINT } from '../core/places.ts';

const DECIMALS = 6;
const CLOSE_ZOOM = 14;

/** Sets a point by map, by the device's own position, or by both; the map's code is fetched when its button is pressed. */
export const mapPicker: Mount = (root, signal) => {
  const lat = one<HTMLInputElement>(root, '[data-map-lat]');
  const lon = one<HTMLInputElement>(root, '[data-map-lon]');
  const open = one<HTMLButtonElement>(root, '[data-map-open]');
  const locate = one<HTMLButtonElement>(root, '[data-map-locate]');
  const canvas = one(root, '[data-map-canvas]');
  if (!lat || !lon) return;
  let base: BaseMap | undefined;
  let marker: MapLibre.Marker | undefined;

  /** The point that the fields hold, if they hold one. */
  const held = (): Point | undefined => {
    const point = { lat: Number.parseFloat(lat.value), lon: Number.parseFloat(lon.value) };
    return Math.abs(point.lat) <= 90 && Math.abs(point.lon) <= 180 ? point : undefined;
  };

  function set(point: Point): void {
    lat!.value = point.lat.toFixed(DECIMALS);
    lon!.value = point.lon.toFixed(DECIMALS);
    mark();
    say(root, words(root, 'chosen', { lat: lat!.value, lon: lon!.value }));
    lat!.dispatchEvent(new Event('change', { bubbles: true }));
    // The place field proposes the place nearest to it.
    root.closest('form')?.dispatchEvent(new CustomEvent<Point>(POINT, { detail: point }));
  }

  function mark(): void {
    const point = held();
    if (!base) return;
    if (!point) {
      marker?.remove();
      marker = undefined;
      return;
    }
    if (!marker) {
      marker = new base.gl.Marker({ draggable: true, color: getComputedStyle(document.documentElement).getPropertyValue('--seal').trim() });
      marker.setLngLat([point.lon, point.lat]).addTo(base.map);
      marker.getElement().removeAttribute('aria-label');
      marker.on('dragend', () => {
        const at = marker?.getLngLat();
        if (at) set({ lat: at.lat, lon: at.lng });
      });
    }
    marker.setLngLat([point.lon, point.lat]);
  }

  async function openMap(): Promise<void> {
    if (!canvas || !open) return;
    show(canvas);
    if (base) return canvas.querySelector('canvas')?.focus();
    open.disabled = true;
    canvas.setAttribute('aria-busy', 'true');
    try {
      const { openBaseMap } = await import('../core/base-map.ts');
      base = await openBaseMap(root, canvas, signal);
    } catch {
      // No connection, or no WebGL: the typed fields and the list of places still work.
      show(canvas, false);
      say(root, words(root, 'map-failed'));
      open.disabled = false;
      return;
    } finally {
      canvas.removeAttribute('aria-busy');
    }
    show(open, false);
    const { map } = base;
    const point = held();
    if (point) map.jumpTo({ center: [point.lon, point.lat], zoom: CLOSE_ZOOM });
    mark();
    map.on('click', (event) => set({ lat: event.lngLat.lat, lon: event.lngLat.lng }));
    // Arrow keys move the map under a cross in its middle; Enter or the space bar takes the middle.
    const cross = crosshair(canvas);
    const surface = map.getCanvas();
    surface.addEventListener('focus', () => show(cross, surface.matches(':focus-visible')));
    surface.addEventListener('blur', () => show(cross, false));
    surface.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      const { lat: middleLat, lng } = map.getCenter();
      set({ lat: middleLat, lon: lng });
    });
    surface.focus();
  }

  for (const input of [lat, lon]) input.addEventListener('input', mark, { signal });
  if (canvas && open) {
    show(open);
    open.addEventListener('click', () => void openMap(), { signal });
  }
  // Browsers give positions only to secure pages.
  if (locate && 'geolocation' in navigator && isSecureContext) {
    show(locate);
    locate.addEventListener(
      'click',
      () => {
        locate.disabled = true;
        navigator.geolocation.getCurrentPosition(
          ({ coords }) => {
            locate.disabled = false;
            set({ lat: coords.latitude, lon: coords.longitude });
            base?.map.jumpTo({ center: [coords.longitude, coords.latitude], zoom: CLOSE_ZOOM });
          },
          () => {
            locate.disabled = false;
            say(root, words(root, 'denied'));
          },
          { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
        );
      },
      { signal },
    );
  }
};

function crosshair(canvas: HTMLElement): HTMLElement {
  const cross = document.createElement('span');
  cross.hidden = true;
  cross.setAttribute('aria-hidden', 'true');
  Object.assign(cross.style, {
    position: 'absolute',
    inset: '0',
    margin: 'auto',
    width: '1.5rem',
    height: '1.5rem',
    border: '2px solid var(--ink)',
    borderRadius: '50%',
    pointerEvents: 'none',
    zIndex: '2',
  });
  canvas.append(cross);
  return cross;
}
