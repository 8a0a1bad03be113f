// Where the reader is: the part behind # of the address, so that back and forward work
// and an address can be kept.

export const views = ['sum', 'map', 'objects', 'object', 'classes', 'places', 'gems', 'ages', 'types', 'texts', 'stayed'] as const
export type Name = (typeof views)[number]

export class Route {
  dump = $state(0)
  view = $state<Name>('sum')
  values = $state<Record<string, string>>({})

  constructor(readonly dumps: number) {
    this.read()
    window.addEventListener('hashchange', () => this.read())
  }

  private read(): void {
    const [dump, view, query] = location.hash.slice(1).split(/[/?]/)
    this.dump = Math.min(Math.max(0, Number(dump) || 0), this.dumps - 1)
    this.view = views.find((v) => v === view) ?? 'sum'
    this.values = Object.fromEntries(new URLSearchParams(query ?? ''))
  }

  /** to is the address of a view. */
  to(view: Name, values: Record<string, string | number> = {}, dump = this.dump): string {
    const query = new URLSearchParams(Object.entries(values).map(([k, v]) => [k, String(v)])).toString()
    return `#${dump}/${view}${query ? `?${query}` : ''}`
  }

  go(view: Name, values: Record<string, string | number> = {}): void {
    location.hash = this.to(view, values)
  }

  /** change changes the values of this view without a step in the history. */
  change(values: Record<string, string>): void {
    const next = Object.fromEntries(Object.entries({ ...this.values, ...values }).filter(([, v]) => v !== ''))
    history.replaceState(null, '', this.to(this.view, next))
    this.values = next
  }
}
