// Paints memory: growth events shaded, curves, the counterfactual dashed.

import type uPlot from 'uplot'
import { happenings } from '../words'
import type { View } from '../view.svelte'
import { dashes, font, type Ink } from './ink'
import { inside, xOf } from './plot'
import { extent, indexAt, memoryAt, type Scene, type Unit } from './scene'
import type { Curve } from '../types'

export function memoryRange(scene: Scene, view: View): [number, number] {
  const shown = scene.units.filter((u) => view.shows(u.index))
  const [low, high] = extent(shown, view.from, view.to)
  const room = (high - low || high || 1) * 0.12
  return low < high * 0.6 ? [0, high + room] : [Math.max(low - room, 0), high + room]
}

// paintBands shades growth events. Events of several units at the same time are
// shaded once: a darker shade would look like more growth. A slope is the whole
// picture, and shaded only where its unit is seen alone.
export function paintBands(u: uPlot, scene: Scene, view: View, ink: Ink): void {
  const shades = new Map<number, Path2D>()
  for (const unit of scene.units) {
    if (!view.shows(unit.index)) continue
    for (const e of unit.events) {
      if (e.growth.shape === 'slope' && view.picked.length !== 1) continue
      const slot = scene.looks.get(e.suspect)?.slot ?? -1
      const shade = shades.get(slot) ?? new Path2D()
      const x0 = xOf(u, e.from)
      shade.rect(x0, u.bbox.top, Math.max(xOf(u, e.to) - x0, 3 * devicePixelRatio), u.bbox.height)
      shades.set(slot, shade)
    }
  }
  inside(u, (ctx) => {
    for (const [slot, shade] of shades) {
      ctx.globalAlpha = slot < 0 ? 0.2 : 0.16
      ctx.fillStyle = slot < 0 ? ink.band : ink.suspects[slot]!
      ctx.fill(shade)
    }
    ctx.globalAlpha = 1
  })
}

export function paintMemory(u: uPlot, scene: Scene, view: View, ink: Ink): void {
  inside(u, (ctx, px) => {
    ctx.lineJoin = 'round'
    const order = [...scene.units].reverse()
    for (const unit of order) if (!view.shows(unit.index)) paintUnit(u, ctx, unit, view, ink, px, 'faded')
    for (const unit of order) if (view.shows(unit.index) && view.focus !== unit.index) paintUnit(u, ctx, unit, view, ink, px, 'normal')
    const focus = view.focus === null ? undefined : scene.units[view.focus]
    if (focus) paintUnit(u, ctx, focus, view, ink, px, 'focus')
  })
  eventNumbers(u, scene, view, ink)
  flags(u, scene, ink)
}

type Weight = 'faded' | 'normal' | 'focus'

function paintUnit(u: uPlot, ctx: CanvasRenderingContext2D, unit: Unit, view: View, ink: Ink, px: number, weight: Weight): void {
  const colour = unit.colour >= 0 ? ink.series[unit.colour]! : ink.crowd
  ctx.strokeStyle = colour
  ctx.globalAlpha = weight === 'faded' ? 0.13 : 1
  for (const curve of unit.curves) {
    const path = trace(u, curve, curve.mem)
    ctx.lineWidth = (weight === 'focus' ? 2.2 : unit.colour < 0 ? 1 : 1.4) * px
    ctx.setLineDash(unit.colour < 0 ? [] : dashes[unit.colour]!.map((d) => d * px))
    ctx.stroke(path)
    ctx.setLineDash([])
    if (weight !== 'faded') thicken(u, ctx, unit, path, px)
    const told = unit.colour >= 0 || weight === 'focus' || view.picked.length > 0
    if (view.counterfactual && told && weight !== 'faded' && unit.grew && curve.without.length > 0) {
      if (weight === 'focus' || view.picked.length === 1) excess(u, ctx, curve, ink)
      ctx.lineWidth = 1.5 * px
      ctx.setLineDash([2 * px, 4 * px])
      ctx.stroke(trace(u, curve, curve.without))
      ctx.setLineDash([])
    }
  }
  ctx.globalAlpha = 1
}

// thicken draws the parts of a curve inside of its growth events once more.
function thicken(u: uPlot, ctx: CanvasRenderingContext2D, unit: Unit, path: Path2D, px: number): void {
  for (const e of unit.events) {
    if (e.growth.shape === 'slope') continue
    ctx.save()
    ctx.beginPath()
    const x0 = xOf(u, e.from) - px
    ctx.rect(x0, u.bbox.top, Math.max(xOf(u, e.to) + 2 * px - x0, 4 * px), u.bbox.height)
    ctx.clip()
    ctx.lineWidth = 4 * px
    ctx.stroke(path)
    ctx.restore()
  }
}

// excess shades what the named suspects have added to one curve.
function excess(u: uPlot, ctx: CanvasRenderingContext2D, curve: Curve, ink: Ink): void {
  const area = new Path2D()
  const { min, max } = u.scales.x!
  const first = Math.max(indexAt(curve.at, min!), 0)
  const end = Math.min(indexAt(curve.at, max!) + 2, curve.at.length)
  for (let i = first; i < end; i++) area.lineTo(xOf(u, curve.at[i]!), u.valToPos(Math.max(curve.mem[i]!, 0), 'y', true))
  for (let i = end - 1; i >= first; i--) area.lineTo(xOf(u, curve.at[i]!), u.valToPos(Math.max(curve.without[i]!, 0), 'y', true))
  ctx.save()
  ctx.globalAlpha = 0.13
  ctx.fillStyle = ink.suspects[0]!
  ctx.fill(area)
  ctx.restore()
}

// trace makes the path of one curve in view; values below zero are gaps.
function trace(u: uPlot, curve: Curve, values: number[]): Path2D {
  const path = new Path2D()
  const { min, max } = u.scales.x!
  const end = Math.min(indexAt(curve.at, max!) + 2, curve.at.length)
  let pen = false
  for (let i = Math.max(indexAt(curve.at, min!), 0); i < end; i++) {
    const value = values[i]
    if (value === undefined || value < 0) {
      pen = false
      continue
    }
    const x = xOf(u, curve.at[i]!)
    const y = u.valToPos(value, 'y', true)
    if (pen) path.lineTo(x, y)
    else path.moveTo(x, y)
    pen = true
  }
  return path
}

// eventNumbers puts the number of each growth event over its shade, where there
// is room: the table of growth events tells the rest.
function eventNumbers(u: uPlot, scene: Scene, view: View, ink: Ink): void {
  const { ctx } = u
  const px = devicePixelRatio
  const events = scene.units.filter((unit) => view.shows(unit.index)).flatMap((unit) => unit.events)
  events.sort((a, b) => a.from - b.from)
  ctx.save()
  ctx.font = scaled(font, px)
  ctx.textAlign = 'center'
  ctx.textBaseline = 'bottom'
  ctx.fillStyle = ink.text
  let taken = -Infinity
  for (const e of events) {
    const x = (xOf(u, Math.max(e.from, view.from)) + xOf(u, Math.min(e.to, view.to))) / 2
    const half = ctx.measureText(String(e.id)).width / 2
    if (e.to < view.from || e.from > view.to || x - half < taken + 5 * px) continue
    ctx.fillText(String(e.id), x, u.bbox.top - px)
    taken = x + half
  }
  ctx.restore()
}

// flags marks what else happened: a line and a letter at the bottom.
function flags(u: uPlot, scene: Scene, ink: Ink): void {
  inside(u, (ctx, px) => {
    ctx.font = scaled(`bold ${font}`, px)
    ctx.textAlign = 'center'
    ctx.textBaseline = 'middle'
    for (const { at, happening } of scene.happenings) {
      const x = xOf(u, at)
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue
      const bottom = u.bbox.top + u.bbox.height
      ctx.strokeStyle = ink.faint
      ctx.lineWidth = px
      ctx.setLineDash([px, 3 * px])
      ctx.beginPath()
      ctx.moveTo(x, u.bbox.top)
      ctx.lineTo(x, bottom)
      ctx.stroke()
      ctx.setLineDash([])
      ctx.fillStyle = ink.surface
      ctx.strokeStyle = ink.text
      ctx.beginPath()
      ctx.arc(x, bottom - 10 * px, 8 * px, 0, 2 * Math.PI)
      ctx.fill()
      ctx.stroke()
      ctx.fillStyle = ink.text
      ctx.fillText(happenings[happening.kind]?.sign ?? '!', x, bottom - 9.5 * px)
    }
  })
}

export function scaled(text: string, px: number): string {
  return text.replace(/(\d+)px/, (_, n: string) => `${Number(n) * px}px`)
}

// nearest finds the curve under the pointer, null when none is close.
export function nearest(u: uPlot, scene: Scene, view: View): { unit: Unit; value: number } | null {
  const { left, top } = u.cursor
  if (left === undefined || left === null || left < 0 || top === undefined || top === null) return null
  const sec = u.posToVal(left, 'x')
  let best: { unit: Unit; value: number } | null = null
  let distance = 18
  for (const unit of scene.units) {
    if (!view.shows(unit.index)) continue
    const value = memoryAt(unit, sec)
    if (value === null) continue
    const d = Math.abs(u.valToPos(value, 'y') - top)
    if (d < distance) [best, distance] = [{ unit, value }, d]
  }
  return best
}
