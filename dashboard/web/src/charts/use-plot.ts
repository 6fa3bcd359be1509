import { type RefObject, useEffect, useRef } from 'react';
import type uPlot from 'uplot';

/**
 * Keeps a chart in an element: `draw` makes it, and makes it again when the theme changes or `draw` is
 * another function; its width follows the element.
 */
export function usePlot(
  height: number,
  draw: (element: HTMLElement, width: number) => uPlot,
): { place: RefObject<HTMLDivElement | null>; plot: RefObject<uPlot | null> } {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const width = () => Math.max(120, element.clientWidth);
    const redraw = () => {
      plot.current?.destroy();
      plot.current = draw(element, width());
    };
    redraw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: width(), height }));
    resized.observe(element);
    addEventListener('themechange', redraw);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      removeEventListener('themechange', redraw);
      dark.removeEventListener('change', redraw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [height, draw]);
  return { place, plot };
}
