import type { FeatureCollection as GeoJsonFeatures } from 'geojson';
import { one, say, show, words, type Mount } from '../core/dom.ts';

/**
 * Shows records on the county's map once asked to. `data-src` names GeoJSON points with `label`, `href` and `tone` (`good`, `soon`,
 * `late`) in their properties; each leads to its record. The list beside it says the same without script.
 */
export const map: Mount = (root, signal) => {
  const open = one<HTMLButtonElement>(root, '[data-map-open]');
  const canvas = one(root, '[data-map-canvas]');
  if (!open || !canvas) return;
  show(open);
  open.addEventListener(
    'click',
    () => {
      open.disabled = true;
      show(canvas);
      draw(root, canvas, signal).then(
        () => show(open, false),
        () => {
          show(canvas, false);
          open.disabled = false;
          say(root, words(root, 'map-failed'));
        },
      );
    },
    { signal },
  );
};

async function draw(root: HTMLElement, canvas: HTMLElement, signal: AbortSignal): Promise<void> {
  const { boxOf, colour, fetchFeatures, openBaseMap } = await import('../core/base-map.ts');
  const [{ gl, map: base }, records] = await Promise.all([openBaseMap(root, canvas, signal), fetchFeatures(root.dataset['src'], signal)]);
  base.addSource('records', { type: 'geojson', data: records as unknown as GeoJsonFeatures });
  const tone = (name: string) => colour(`--${name}`);
  // The county's own places stand back behind the records.
  base.setPaintProperty('places', 'circle-color', tone('edge'));
  base.setPaintProperty('places', 'circle-opacity', 0.5);
  base.addLayer({
    id: 'records',
    type: 'circle',
    source: 'records',
    paint: {
      'circle-radius': 7,
      'circle-stroke-width': 1.5,
      'circle-stroke-color': tone('paper'),
      'circle-color': ['match', ['get', 'tone'], 'late', tone('late'), 'soon', tone('soon'), 'good', tone('good'), tone('accent')],
    },
  });
  const box = boxOf(records.features);
  if (box) base.fitBounds(box, { padding: 40, maxZoom: 13, animate: false });
  say(root, words(root, 'found', { n: records.features.length }));
  base.on('mouseenter', 'records', () => {
    base.getCanvas().style.cursor = 'pointer';
  });
  base.on('mouseleave', 'records', () => {
    base.getCanvas().style.cursor = '';
  });
  base.on('click', 'records', (event) => {
    const list = document.createElement('ul');
    // Several records may stand on one spot.
    for (const { properties } of event.features?.slice(0, 8) ?? []) {
      const link = document.createElement('a');
      link.href = String(properties['href'] ?? '');
      link.textContent = String(properties['label'] ?? '');
      const item = document.createElement('li');
      item.append(link);
      list.append(item);
    }
    const popup = new gl.Popup({ closeButton: false, maxWidth: '18rem' }).setLngLat(event.lngLat).setDOMContent(list).addTo(base);
    popup.getElement().style.color = 'CanvasText';
    one(list, 'a')?.focus();
  });
}
