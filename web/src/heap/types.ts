// The reports on heap dumps as culprit writes them: schemas culprit.heap/1 and
// culprit.heapdiff/1, see docs/format/heap.md. Only what the page shows. Long lists are
// cut; cut tells how many more there are.

export interface Group {
  key: string
  objects: number
  bytes: number
  retained: number
}

export interface Node {
  describe: string
  address: string
  class: string
}

export interface Suspect {
  describe: string
  address: string
  retained: number
  share: number
  path: Node[]
}

export interface Text {
  address: string
  copies: number
  bytes: number
  wasted: number
  location: string
  value: string
}

export interface Shapes {
  class: string
  shapes: number
  objects: number
}

export interface Heap {
  schema: 'culprit.heap/1'
  tool: string
  dump: string
  totals: { objects: number; bytes: number; unreachable_objects: number; unreachable_bytes: number; lines: number; understood: number }
  by_class: Group[]
  by_type: Group[]
  by_location: Group[]
  by_gem: Group[]
  by_generation: Group[]
  by_kind: Group[]
  unreachable: Group[]
  suspects: Suspect[]
  duplicates: Text[]
  big_strings: Text[]
  shapes: Shapes[]
  warnings: string[]
  cut: Record<string, number>
}

export interface Stayed {
  location: string
  class: string
  gem: string
  objects: number
  bytes: number
  holder: { describe: string; address: string; class: string; path: Node[] } | null
}

export interface Diff {
  schema: 'culprit.heapdiff/1'
  tool: string
  dumps: string[]
  retained: { objects: number; bytes: number }
  gone: { objects: number; bytes: number }
  groups: Stayed[]
  warnings: string[]
  cut: Record<string, number>
}
