// The report arranged for drawing: units in the order they are drawn, their
// curves, lanes and growth events, and a look for every suspect.

import { title, unit as unitName, unix } from '../format'
import type { Curve, Growth, Happening, Lane, Picture, Report } from '../types'

export interface Event {
  id: number
  from: number
  to: number
  suspect: number
  growth: Growth
}

export interface Unit {
  index: number
  name: string
  host: string
  // whole: a whole host, not one process.
  whole: boolean
  grew: boolean
  curves: Curve[]
  lanes: Lane[]
  events: Event[]
  // colour is a place in the palette, -1 for one of the crowd.
  colour: number
}

export interface Look {
  rank: number
  slot: number
  title: string
}

export interface Scene {
  first: number
  last: number
  units: Unit[]
  looks: Map<number, Look>
  happenings: { at: number; happening: Happening }[]
  densest: number
  hasWithout: boolean
}

// colours is the number of curves that get a colour of their own.
export const colours = 8

export function arrange(report: Report, picture: Picture): Scene {
  const units = gather(picture)
  for (const growth of report.growth) {
    const unit = units.get(keyOf(growth))
    if (!unit || growth.shape === 'warmup') continue
    unit.events.push({ id: growth.id, from: unix(growth.from), to: unix(growth.to), suspect: growth.suspects[0] ?? 0, growth })
  }
  const list = [...units.values()].sort((a, b) => Number(b.grew) - Number(a.grew))
  list.forEach((unit, index) => {
    unit.index = index
    unit.colour = index < colours ? index : -1
  })
  const lanes = picture.lanes.flatMap((l) => l.density)
  return {
    first: picture.from,
    last: picture.to,
    units: list,
    looks: looks(report, picture),
    happenings: report.happenings.map((h) => ({ at: unix(h.at), happening: h })),
    densest: lanes.reduce((a, b) => Math.max(a, b), 0),
    hasWithout: picture.curves.some((c) => c.without.length > 0),
  }
}

function gather(picture: Picture): Map<string, Unit> {
  const units = new Map<string, Unit>()
  const get = (of: { host: string; pid: number }): Unit => {
    const key = keyOf(of)
    let unit = units.get(key)
    if (!unit) {
      unit = { index: 0, name: unitName(of.host, of.pid), host: of.host, whole: !of.pid, grew: false, curves: [], lanes: [], events: [], colour: -1 }
      units.set(key, unit)
    }
    return unit
  }
  for (const curve of picture.curves) {
    const unit = get(curve)
    unit.curves.push(curve)
    unit.grew ||= curve.grew
  }
  for (const lane of picture.lanes) get(lane).lanes.push(lane)
  return units
}

function keyOf(of: { host: string; pid: number }): string {
  return `${of.host}\n${of.pid}`
}

// looks gives every suspect that is drawn a colour and a sign of its own.
function looks(report: Report, picture: Picture): Map<number, Look> {
  const drawn = new Set(picture.lanes.flatMap((l) => l.marks.map((m) => m.suspect)))
  const map = new Map<number, Look>()
  for (const s of report.suspects) {
    if (drawn.has(s.rank)) map.set(s.rank, { rank: s.rank, slot: Math.min(map.size, 3), title: title(s) })
  }
  return map
}

// indexAt finds the last point at or before an instant, -1 when there is none.
export function indexAt(at: number[], sec: number): number {
  let low = 0
  let high = at.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at[middle]! <= sec) low = middle + 1
    else high = middle
  }
  return low - 1
}

// memoryAt reads a unit's memory at an instant, null where it has none.
export function memoryAt(unit: Unit, sec: number, what: 'mem' | 'without' = 'mem'): number | null {
  for (const curve of unit.curves) {
    const i = indexAt(curve.at, sec)
    if (i < 0 || (i === curve.at.length - 1 && sec > curve.at[i]! + gap(curve))) continue
    const value = curve[what][i]
    if (value !== undefined && value >= 0) return value
  }
  return null
}

function gap(curve: Curve): number {
  const n = curve.at.length
  return n < 2 ? Infinity : (4 * (curve.at[n - 1]! - curve.at[0]!)) / n
}

// extent finds the lowest and highest memory drawn in a stretch of time.
export function extent(units: Unit[], from: number, to: number): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const curve of units.flatMap((u) => u.curves)) {
    const end = Math.min(indexAt(curve.at, to) + 2, curve.at.length)
    for (let i = Math.max(indexAt(curve.at, from), 0); i < end; i++) {
      const value = curve.mem[i]!
      if (value < 0) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  }
  return low > high ? [0, 1] : [low, high]
}
