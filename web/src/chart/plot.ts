// What both charts share: time axis, zoom by dragging, crosshair. uPlot gives
// axes, scales and gestures; the curves and lanes are painted in its hooks,
// since every unit has instants of its own.

import uPlot from 'uplot'
import { clock, day } from '../format'
import type { View } from '../view.svelte'
import { font, type Ink } from './ink'

export interface Painter {
  ink: () => Ink
  height: number
  left: number
  // label of a height, or none for a chart without one.
  label: ((value: number) => string) | null
  below(u: uPlot): void
  above(u: uPlot): void
  moved(u: uPlot): void
}

export const sync = uPlot.sync('culprit')

export function makePlot(element: HTMLElement, view: View, painter: Painter): uPlot {
  const ink = painter.ink
  const options: uPlot.Options = {
    width: Math.max(element.clientWidth, 200),
    height: painter.height,
    legend: { show: false },
    padding: [16, 22, 0, 0],
    tzDate: (sec) => uPlot.tzDate(new Date(sec * 1000), 'Etc/UTC'),
    scales: { x: { time: true, range: (_, min, max) => [min, max] }, y: { auto: false, range: [0, 1] } },
    series: [{}, { show: true, stroke: 'transparent', points: { show: false } }],
    axes: [timeAxis(ink), heightAxis(ink, painter)],
    cursor: {
      sync: { key: sync.key, scales: ['x', null] },
      drag: { x: true, y: false, dist: 6 },
      points: { show: false },
      y: false,
    },
    hooks: {
      drawClear: [painter.below],
      draw: [painter.above],
      setCursor: [painter.moved],
      setScale: [(u, key) => key === 'x' && followed(u, view)],
    },
  }
  const u = new uPlot(options, [[view.first, view.last], [null, null]], element)
  sync.sub(u)
  return u
}

// followed tells the view where a gesture has moved the chart.
function followed(u: uPlot, view: View): void {
  const { min, max } = u.scales.x!
  if (min === undefined || max === undefined || min === null || max === null) return
  if (Math.abs(min - view.from) < 1e-6 && Math.abs(max - view.to) < 1e-6) return
  queueMicrotask(() => view.show(min, max))
}

function timeAxis(ink: () => Ink): uPlot.Axis {
  return {
    font,
    stroke: () => ink().text,
    grid: { stroke: () => ink().grid, width: 1 },
    ticks: { stroke: () => ink().grid, width: 1, size: 5 },
    gap: 3,
    size: 40,
    space: 64,
    values: (_, splits, __, ___, incr) => splits.map((sec, i) => tick(sec, incr, i === 0 || day(sec) !== day(splits[i - 1]!))),
  }
}

function tick(sec: number, incr: number, newDay: boolean): string {
  if (incr >= 86400) return day(sec)
  const text = clock(sec, incr < 60)
  return newDay ? `${text}\n${day(sec)}` : text
}

function heightAxis(ink: () => Ink, painter: Painter): uPlot.Axis {
  return {
    font,
    stroke: () => ink().text,
    grid: { show: painter.label !== null, stroke: () => ink().grid, width: 1 },
    ticks: { show: false },
    gap: 6,
    size: painter.left,
    space: 34,
    splits: painter.label ? undefined : () => [],
    values: painter.label ? (_, splits) => splits.map((v) => painter.label!(v)) : () => [],
  }
}

// inside clips painting to the plotting area.
export function inside(u: uPlot, paint: (ctx: CanvasRenderingContext2D, scale: number) => void): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  paint(ctx, uPlot.pxRatio)
  ctx.restore()
}

export function xOf(u: uPlot, sec: number): number {
  return u.valToPos(sec, 'x', true)
}
