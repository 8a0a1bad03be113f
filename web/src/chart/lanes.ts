// Paints the swim lanes: for each unit how many calls were in flight, and the
// suspects' calls over it.

import type uPlot from 'uplot'
import type { Lane, Mark } from '../types'
import type { View } from '../view.svelte'
import { font, hatch, sign, type Ink } from './ink'
import { scaled } from './memory'
import { inside, xOf } from './plot'
import type { Scene, Unit } from './scene'

export function laneHeight(units: number): number {
  if (units <= 8) return 30
  return units <= 16 ? 24 : 18
}

interface Row {
  unit: Unit
  top: number
  height: number
}

function rows(u: uPlot, units: Unit[]): Row[] {
  const height = u.bbox.height / Math.max(units.length, 1)
  return units.map((unit, i) => ({ unit, top: u.bbox.top + i * height, height }))
}

export function paintLanes(u: uPlot, scene: Scene, units: Unit[], view: View, ink: Ink): void {
  const list = rows(u, units)
  inside(u, (ctx, px) => {
    for (const [i, row] of list.entries()) {
      ctx.globalAlpha = view.shows(row.unit.index) ? 1 : 0.25
      if (i % 2 === 0) {
        ctx.fillStyle = ink.zebra
        ctx.fillRect(u.bbox.left, row.top, u.bbox.width, row.height)
      }
      for (const lane of row.unit.lanes) density(u, ctx, lane, row, scene, ink)
      brackets(u, ctx, row, scene, ink, px)
    }
    for (const row of list) {
      ctx.globalAlpha = view.shows(row.unit.index) ? 1 : 0.25
      for (const lane of row.unit.lanes) marks(u, ctx, lane, row, scene, ink, px)
    }
    ctx.globalAlpha = 1
  })
  labels(u, list, view, ink)
}

// density is the silhouette of calls in flight, standing on the lane's floor.
function density(u: uPlot, ctx: CanvasRenderingContext2D, lane: Lane, row: Row, scene: Scene, ink: Ink): void {
  const bin = lane.bin_seconds
  const first = Math.max(Math.floor((u.scales.x!.min! - scene.first) / bin), 0)
  const last = Math.min(Math.ceil((u.scales.x!.max! - scene.first) / bin), lane.density.length)
  const floor = row.top + row.height - 1
  ctx.fillStyle = ink.density
  ctx.beginPath()
  ctx.moveTo(xOf(u, scene.first + first * bin), floor)
  for (let i = first; i < last; i++) {
    const top = floor - (row.height - 4) * Math.min((lane.density[i] ?? 0) / (scene.densest || 1), 1)
    ctx.lineTo(xOf(u, scene.first + i * bin), top)
    ctx.lineTo(xOf(u, scene.first + (i + 1) * bin), top)
  }
  ctx.lineTo(xOf(u, scene.first + last * bin), floor)
  ctx.closePath()
  ctx.fill()
}

// brackets frame the growth events of the lane's unit.
function brackets(u: uPlot, ctx: CanvasRenderingContext2D, row: Row, scene: Scene, ink: Ink, px: number): void {
  for (const e of row.unit.events) {
    if (e.growth.shape === 'slope') continue
    const look = scene.looks.get(e.suspect)
    const x0 = xOf(u, e.from)
    const width = Math.max(xOf(u, e.to) - x0, 2 * px)
    ctx.fillStyle = look ? ink.suspects[look.slot]! : ink.band
    const alpha = ctx.globalAlpha
    ctx.globalAlpha = alpha * (look ? 0.16 : 0.4)
    ctx.fillRect(x0, row.top, width, row.height)
    ctx.globalAlpha = alpha
  }
}

// narrow is the width below which a mark gets a sign on top: it would be missed.
const narrow = 7

function marks(u: uPlot, ctx: CanvasRenderingContext2D, lane: Lane, row: Row, scene: Scene, ink: Ink, px: number): void {
  const fills = new Map<number, CanvasPattern | string>()
  const pad = Math.max(row.height * 0.16, 2 * px)
  for (const mark of inView(u, lane.marks)) {
    const look = scene.looks.get(mark.suspect)
    const slot = look?.slot ?? 3
    const colour = ink.suspects[slot]!
    if (!fills.has(slot)) fills.set(slot, hatch(ctx, colour, slot))
    const x0 = xOf(u, mark.from)
    const width = Math.max(xOf(u, mark.to) - x0, 2 * px)
    const bar = { x: x0, y: row.top + pad, width, height: row.height - 2 * pad }
    ctx.fillStyle = fills.get(slot)!
    ctx.fillRect(bar.x, bar.y, bar.width, bar.height)
    ctx.strokeStyle = colour
    ctx.lineWidth = px
    ctx.setLineDash(mark.open ? [2 * px, 2 * px] : [])
    ctx.strokeRect(bar.x, bar.y, bar.width, bar.height)
    ctx.fillStyle = colour
    if (width < narrow * px) sign(ctx, slot, x0 + width / 2, row.top + pad, Math.min(row.height * 0.16, 4.5 * px))
    if (mark.open) openEnd(ctx, bar, px)
  }
  ctx.setLineDash([])
}

// openEnd is the arrow of a call that was never seen to end.
function openEnd(ctx: CanvasRenderingContext2D, bar: { x: number; y: number; width: number; height: number }, px: number): void {
  const x = bar.x + bar.width
  ctx.beginPath()
  ctx.moveTo(x, bar.y)
  ctx.lineTo(x + 6 * px, bar.y + bar.height / 2)
  ctx.lineTo(x, bar.y + bar.height)
  ctx.fill()
}

function inView(u: uPlot, list: Mark[]): Mark[] {
  const { min, max } = u.scales.x!
  return list.filter((m) => m.to >= min! && m.from <= max!)
}

function labels(u: uPlot, list: Row[], view: View, ink: Ink): void {
  const { ctx } = u
  const px = devicePixelRatio
  ctx.save()
  ctx.font = scaled(font, px)
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  const x = u.bbox.left - 8 * px
  for (const row of list) {
    const unit = row.unit
    ctx.globalAlpha = view.shows(unit.index) ? 1 : 0.45
    ctx.fillStyle = ink.text
    ctx.fillText(unit.name, x, row.top + row.height / 2, u.bbox.left - 10 * px)
    ctx.fillStyle = unit.colour >= 0 ? ink.series[unit.colour]! : ink.crowd
    ctx.fillRect(u.bbox.left - 4 * px, row.top + 3 * px, 3 * px, row.height - 6 * px)
  }
  ctx.restore()
}

// markUnder finds the suspect's call and the unit under the pointer.
export function markUnder(u: uPlot, units: Unit[]): { unit: Unit; mark: Mark | null } | null {
  const { left, top } = u.cursor
  if (left === undefined || left === null || left < 0 || top === undefined || top === null || top < 0) return null
  const height = u.over.clientHeight / Math.max(units.length, 1)
  const unit = units[Math.floor(top / height)]
  if (!unit) return null
  const from = u.posToVal(left - 4, 'x')
  const to = u.posToVal(left + 4, 'x')
  let found: Mark | null = null
  for (const lane of unit.lanes) {
    for (const mark of lane.marks) {
      if (mark.to >= from && mark.from <= to && (!found || mark.suspect <= found.suspect)) found = mark
    }
  }
  return { unit, mark: found }
}
