// The boot report as culprit writes it: schema culprit.boot/1, see
// docs/format/boot.md. Only what the page shows. -1 is "not measured".

export interface Node {
  name: string
  file: string
  gem: string
  own_bytes: number
  total_bytes: number
  retained_bytes: number
  time_ms: number
  also_by: string[]
  children: Node[]
}

export interface Gem {
  name: string
  version: string
  bytes: number
  retained_bytes: number
  retained_objects: number
  time_ms: number
  files: number
}

export interface Group {
  key: string
  gem: string
  bytes: number
  objects: number
}

export interface Boot {
  schema: string
  tool: string
  mode: string
  app: string
  ruby: string
  env: string
  entry: string
  total_bytes: number
  base_bytes: number
  retained_bytes: number
  retained_objects: number
  time_ms: number
  plain_time_ms: number
  coverage: number
  runs: { total_bytes: number; time_ms: number }[]
  tree: Node[]
  gems: Gem[]
  files: Group[]
  locations: Group[]
  classes: Group[]
  fork: { master_bytes: number; shared_bytes: number; unshared_bytes: number; preload_saves_bytes: number } | null
  budget: { baseline: string; grew_bytes: number; budget_bytes: number; exceeded: boolean; changes: Group[] } | null
  circumstances: { name: string; standing: string; text: string }[]
  warnings: string[]
}
