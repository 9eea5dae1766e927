/** Tabs that do not fit scroll sideways: the chosen one is brought into sight, and the page stays where it is. */
export function showChosenTabs(): void {
  for (const tab of document.querySelectorAll('.tabs [aria-current]')) {
    const bar = tab.closest('.tabs');
    if (!bar) continue;
    const [seen, own] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
    bar.scrollLeft += own.left + own.width / 2 - seen.left - seen.width / 2;
  }
}
