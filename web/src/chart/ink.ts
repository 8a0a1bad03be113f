// Colours and patterns of the charts, read from the style sheet so that themes
// have one source. A suspect is never told by colour alone: each has a hatch and
// a sign.

export interface Ink {
  text: string
  faint: string
  grid: string
  surface: string
  zebra: string
  density: string
  crowd: string
  series: string[]
  suspects: string[]
  band: string
}

export function readInk(element: HTMLElement): Ink {
  const style = getComputedStyle(element)
  const get = (name: string) => style.getPropertyValue(name).trim()
  return {
    text: get('--text-2'),
    faint: get('--text-3'),
    grid: get('--grid'),
    surface: get('--surface'),
    zebra: get('--zebra'),
    density: get('--density'),
    crowd: get('--crowd'),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => get(`--series-${n}`)),
    suspects: [1, 2, 3, 4].map((n) => get(`--suspect-${n}`)),
    band: get('--band'),
  }
}

export const font = '11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'

// dashes tells coloured curves apart without colour.
export const dashes: number[][] = [[], [], [], [], [9, 2], [9, 2], [9, 2], [9, 2]]

// hatch makes the fill of a suspect's marks: one pattern for each.
export function hatch(ctx: CanvasRenderingContext2D, colour: string, slot: number): CanvasPattern | string {
  if (slot === 3) return colour
  const size = 6
  const tile = new OffscreenCanvas(size, size)
  const t = tile.getContext('2d')
  if (!t) return colour
  t.fillStyle = colour
  t.globalAlpha = 0.45
  t.fillRect(0, 0, size, size)
  t.globalAlpha = 1
  t.strokeStyle = colour
  t.lineWidth = 2
  t.beginPath()
  if (slot === 0) lines(t, [[-1, size + 1, size + 1, -1], [-1, 1, 1, -1], [size - 1, size + 1, size + 1, size - 1]])
  if (slot === 1) lines(t, [[0, 1, size, 1], [0, 4, size, 4]])
  if (slot === 2) lines(t, [[2, 0, 2, size]])
  t.stroke()
  return ctx.createPattern(tile, 'repeat') ?? colour
}

function lines(ctx: OffscreenCanvasRenderingContext2D, list: number[][]): void {
  for (const [x0, y0, x1, y1] of list) {
    ctx.moveTo(x0!, y0!)
    ctx.lineTo(x1!, y1!)
  }
}

// sign draws a suspect's sign: triangle, diamond, circle, square.
export function sign(ctx: CanvasRenderingContext2D, slot: number, x: number, y: number, r: number): void {
  ctx.beginPath()
  if (slot === 0) polygon(ctx, [[x - r, y - r], [x + r, y - r], [x, y + r]])
  else if (slot === 1) polygon(ctx, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]])
  else if (slot === 2) ctx.arc(x, y, r * 0.9, 0, 2 * Math.PI)
  else ctx.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6)
  ctx.fill()
}

function polygon(ctx: CanvasRenderingContext2D, points: number[][]): void {
  points.forEach(([x, y], i) => (i === 0 ? ctx.moveTo(x!, y!) : ctx.lineTo(x!, y!)))
  ctx.closePath()
}
