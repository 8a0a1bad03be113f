// What the reader is looking at: theme, stretch of time, picked units. The
// charts, the legend and the tables read and change only this.

export type Theme = 'system' | 'light' | 'dark'

export interface Tip {
  x: number
  y: number
  lines: string[]
}

const key = 'culprit-theme'

export class View {
  readonly first: number
  readonly last: number
  readonly shortest: number
  theme = $state<Theme>('system')
  systemDark = $state(false)
  printing = $state(false)
  from = $state(0)
  to = $state(1)
  picked = $state<number[]>([])
  cursor = $state<number | null>(null)
  // focus is the unit under the pointer in the legend or the chart.
  focus = $state<number | null>(null)
  counterfactual = $state(true)

  readonly dark = $derived(!this.printing && (this.theme === 'dark' || (this.theme === 'system' && this.systemDark)))
  readonly zoomed = $derived.by(() => this.from > this.first || this.to < this.last)

  constructor(first: number, last: number, shortest: number) {
    this.first = first
    this.last = last
    this.shortest = shortest
    this.from = first
    this.to = last
    const query = window.matchMedia('(prefers-color-scheme: dark)')
    this.systemDark = query.matches
    query.addEventListener('change', (e) => (this.systemDark = e.matches))
    this.theme = remembered()
    this.readHash()
  }

  setTheme(theme: Theme): void {
    this.theme = theme
    try {
      localStorage.setItem(key, theme)
    } catch {
      // A page opened from a file may have no storage: the choice lasts as long as the page.
    }
  }

  // show moves to a stretch of time, kept inside of the recording.
  show(from: number, to: number): void {
    const width = Math.min(Math.max(to - from, this.shortest), this.last - this.first)
    const start = Math.min(Math.max(from - (width - (to - from)) / 2, this.first), this.last - width)
    if (start === this.from && start + width === this.to) return
    this.from = start
    this.to = start + width
    this.writeHash()
  }

  zoom(factor: number): void {
    const middle = this.cursor !== null && this.cursor > this.from && this.cursor < this.to ? this.cursor : (this.from + this.to) / 2
    const left = (middle - this.from) * factor
    const right = (this.to - middle) * factor
    this.show(middle - left, middle + right)
  }

  pan(part: number): void {
    const by = (this.to - this.from) * part
    this.show(this.from + by, this.to + by)
  }

  reset(): void {
    this.show(this.first, this.last)
  }

  // pick isolates one unit, or adds it to and takes it from those shown.
  pick(unit: number, add: boolean): void {
    const has = this.picked.includes(unit)
    if (add) this.picked = has ? this.picked.filter((u) => u !== unit) : [...this.picked, unit]
    else this.picked = has && this.picked.length === 1 ? [] : [unit]
  }

  shows(unit: number): boolean {
    return this.picked.length === 0 || this.picked.includes(unit)
  }

  private writeHash(): void {
    const hash = this.zoomed ? `#from=${Math.round(this.from)}&to=${Math.round(this.to)}` : '#'
    try {
      history.replaceState(null, '', hash)
    } catch {
      // Some viewers of attachments refuse: the address then does not follow.
    }
  }

  private readHash(): void {
    const values = new URLSearchParams(location.hash.slice(1))
    const from = Number(values.get('from'))
    const to = Number(values.get('to'))
    if (from > 0 && to > from && to > this.first && from < this.last) this.show(from, to)
  }
}

function remembered(): Theme {
  try {
    const theme = localStorage.getItem(key)
    return theme === 'light' || theme === 'dark' ? theme : 'system'
  } catch {
    return 'system'
  }
}
