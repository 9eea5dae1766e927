import type { FeatureCollection as GeoJsonFeatures } from 'geojson';
import type * as MapLibre from 'maplibre-gl';
import { asking, words } from './dom.ts';
import { anchorOf, boxOf, type Feature, type FeatureCollection, parseCenter } from './geo.ts';

export { boxOf };

/** From this zoom on, places under the township carry their names as well. */
const ALL_NAMES_ZOOM = 11;
const START_ZOOM = 10;

/** A map on the page, and the library that drew it. */
export interface BaseMap {
  gl: typeof MapLibre;
  map: MapLibre.Map;
}

/** The library with its worker and style sheet; fetched once, and only when somebody asks for a map. */
let library: Promise<typeof MapLibre> | undefined;

function loadLibrary(): Promise<typeof MapLibre> {
  library ??= (async () => {
    const at = (file: string) => new URL(file, import.meta.url).href;
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = at(MAPLIBRE_CSS);
    const styled = new Promise((done) => {
      style.onload = done;
      style.onerror = done;
    });
    document.head.append(style);
    const gl = (await import(at(MAPLIBRE_JS))) as typeof MapLibre;
    // The library looks for its worker beside itself under another name: without this the map stays blank.
    gl.setWorkerUrl(at(MAPLIBRE_WORKER));
    await styled;
    return gl;
  })();
  library.catch(() => {
    library = undefined;
  });
  return library;
}

/**
 * Draws the base map of `root` into `canvas`: the county's places from `data-outline` as shapes, circles and names, over the tiles of
 * `data-tiles` where there is a tile server. Colours come from the style sheet, so it is dark when the page is.
 */
export async function openBaseMap(root: HTMLElement, canvas: HTMLElement, signal: AbortSignal): Promise<BaseMap> {
  const [gl, outline] = await Promise.all([loadLibrary(), fetchFeatures(root.dataset['outline'], signal)]);
  const box = boxOf(outline.features);
  const center = parseCenter(root.dataset['center']);
  const tiles = root.dataset['tiles'] ?? '';
  const map = new gl.Map({
    container: canvas,
    style: style(tiles, outline),
    ...(box ? { bounds: box } : center ? { center, zoom: START_ZOOM } : {}),
    fitBoundsOptions: { padding: 24 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    // The library's own words are English: the page brings its own, or none.
    locale: {
      'Map.Title': words(root, 'map'),
      'NavigationControl.ZoomIn': words(root, 'zoom-in'),
      'NavigationControl.ZoomOut': words(root, 'zoom-out'),
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  if (words(root, 'zoom-in')) map.addControl(new gl.NavigationControl({ showCompass: false }), 'top-right');
  const credit = root.dataset['attribution'];
  if (tiles && credit) map.addControl(new gl.AttributionControl({ customAttribution: credit, compact: false }));
  const labels = outline.features.flatMap((feature) => label(gl, map, feature));
  const thin = () => {
    for (const { element, major } of labels) element.hidden = !major && map.getZoom() < ALL_NAMES_ZOOM;
  };
  map.on('zoom', thin);
  thin();
  const recolour = () => paint(map, tiles !== '');
  map.on('load', recolour);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', recolour, { signal });
  const watch = new MutationObserver(recolour);
  watch.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  signal.addEventListener('abort', () => {
    watch.disconnect();
    map.remove();
  });
  await new Promise<void>((done) => map.once('load', () => done()));
  return { gl, map };
}

/** The features at an address; none when it cannot be read, so that the map still opens. */
export async function fetchFeatures(url: string | undefined, signal: AbortSignal): Promise<FeatureCollection> {
  const none: FeatureCollection = { type: 'FeatureCollection', features: [] };
  if (!url) return none;
  try {
    const response = await fetch(url, { signal, headers: asking('application/geo+json, application/json') });
    const answer = (await response.json()) as FeatureCollection;
    return response.ok && Array.isArray(answer.features) ? answer : none;
  } catch {
    return none;
  }
}

/** A colour of the style sheet as the page shows it now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';
}

function style(tiles: string, outline: FeatureCollection): MapLibre.StyleSpecification {
  const polygons: MapLibre.FilterSpecification = ['==', ['geometry-type'], 'Polygon'];
  const points: MapLibre.FilterSpecification = ['==', ['geometry-type'], 'Point'];
  return {
    version: 8,
    // A change of theme takes the map along at once, as it does the page.
    transition: { duration: 0, delay: 0 },
    sources: {
      outline: { type: 'geojson', data: outline as unknown as GeoJsonFeatures },
      ...(tiles ? { tiles: { type: 'raster', tiles: [tiles], tileSize: 256 } as const } : {}),
    },
    layers: [
      { id: 'ground', type: 'background' },
      ...(tiles ? [{ id: 'tiles', type: 'raster', source: 'tiles' } as const] : []),
      { id: 'areas', type: 'fill', source: 'outline', filter: polygons, paint: { 'fill-opacity': tiles ? 0.1 : 0.6 } },
      { id: 'borders', type: 'line', source: 'outline', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-width': 1 } },
      {
        id: 'places',
        type: 'circle',
        source: 'outline',
        filter: points,
        paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 2.5, 14, 6], 'circle-stroke-width': 1 },
      },
    ],
  };
}

function paint(map: MapLibre.Map, tiles: boolean): void {
  map.setPaintProperty('ground', 'background-color', colour('--ground'));
  map.setPaintProperty('areas', 'fill-color', colour('--tint'));
  map.setPaintProperty('borders', 'line-color', colour('--edge'));
  map.setPaintProperty('places', 'circle-color', colour('--accent'));
  map.setPaintProperty('places', 'circle-stroke-color', colour('--paper'));
  if (tiles) map.setPaintProperty('tiles', 'raster-brightness-max', colour('color-scheme') === 'dark' ? 0.6 : 1);
}

/** A name as an element of the page: no glyph server is needed, and every font of the device will do. */
function label(gl: typeof MapLibre, map: MapLibre.Map, feature: Feature): { element: HTMLElement; major: boolean }[] {
  const name = feature.properties?.['name'];
  const anchor = anchorOf(feature);
  if (typeof name !== 'string' || !anchor) return [];
  const element = document.createElement('span');
  const text = document.createElement('span');
  text.textContent = name;
  element.append(text);
  const level = String(feature.properties?.['level'] ?? '');
  const major = level === '' || level === 'township' || level === 'county';
  Object.assign(text.style, {
    display: 'block',
    font: `${major ? 600 : 400} ${major ? '.8125rem' : '.75rem'}/1.2 var(--sans)`,
    color: 'var(--ink)',
    textShadow: '0 0 3px var(--ground), 0 0 3px var(--ground), 0 0 2px var(--ground)',
    whiteSpace: 'nowrap',
  });
  element.style.pointerEvents = 'none';
  element.setAttribute('aria-hidden', 'true');
  new gl.Marker({ element, anchor: 'top', offset: [0, 4] }).setLngLat(anchor).addTo(map);
  // The library labels each marker in English; a name needs no label.
  for (const attribute of ['aria-label', 'role', 'tabindex']) element.removeAttribute(attribute);
  return [{ element, major }];
}
