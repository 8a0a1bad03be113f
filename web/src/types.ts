// The report as culprit writes it: schema culprit.report/1, see
// docs/format/report.md. Names here follow the JSON.

export type Outcome = 'culprit' | 'suspected' | 'not_requests' | 'traffic' | 'healthy' | 'insufficient'
export type Finding = 'convicted' | 'suspect' | 'acquitted' | 'cannot_judge'

export interface Interval {
  estimate: number | null
  low: number | null
  high: number | null
}

export interface Example {
  at: string
  seconds: number
  host: string
  pid: number
  request_id: string
  shape: string
  open: boolean
  growth: number
}

export interface Suspect {
  rank: number
  name: string
  kind: string
  dimension: Record<string, string>
  finding: Finding
  bytes_per_call: Interval
  harmful_share: number | null
  growth_bytes: number
  growth_share: number
  growth_share_high: number | null
  present_in: number
  of: number
  calls: number
  unfinished: number
  p_adjusted: number | null
  reason: string
  examples: Example[]
  requested?: boolean
}

export interface Growth {
  id: number
  host: string
  pid: number
  from: string
  to: string
  bytes: number
  shape: string
  suspects: number[]
}

export interface Input {
  path: string
  format: string
  kind: string
  host?: string
  lines: number
  understood: number
  first?: string
  last?: string
  clock: string
  bytes: number
  warnings: string[]
}

export interface Coverage {
  requests: number
  unfinished: number
  jobs: number
  processes: number
  hosts: number
  level: 'process' | 'host'
  samples: number
  matched: number
  interval_seconds: number
  families: string[]
  missing_families: string[]
  growth_bytes: number
  warmup_bytes: number
  peak_bytes: number
}

export interface Curve {
  host: string
  pid: number
  kind: string
  at: number[]
  mem: number[]
  without: number[]
  grew: boolean
}

export interface Mark {
  from: number
  to: number
  suspect: number
  calls: number
  open: boolean
  label: string
}

export interface Lane {
  host: string
  pid: number
  bin_seconds: number
  density: number[]
  marks: Mark[]
}

export interface Picture {
  from: number
  to: number
  curves: Curve[]
  lanes: Lane[]
}

export interface Happening {
  at: string
  kind: string
  host?: string
  pid?: number
  name?: string
  bytes?: number
}

export type Standing = 'not_it' | 'minor' | 'to_test' | 'cannot_tell'

export interface Evidence {
  text: string
  file?: string
  line?: number
  code?: string
  url?: string
}

export interface Circumstance {
  source: string
  id: string
  name: string
  kind: string
  standing: Standing
  bytes: Interval
  share: number | null
  text: string
  evidence: Evidence[]
  advice: string
  entered?: string
}

export interface Report {
  schema: string
  tool: string
  from?: string
  to?: string
  inputs: Input[]
  coverage: Coverage
  growth: Growth[]
  verdict: {
    outcome: Outcome
    headline: string
    category: string
    abstained_because: string
    notes?: string[]
    warnings: string[]
    method: string
  }
  suspects: Suspect[]
  counterfactual: {
    without: string[]
    host: string
    peak_bytes: number
    peak_bytes_without: number
    text: string
  } | null
  next: { do: string; settles: string; command?: string }[]
  happenings: Happening[]
  circumstances?: Circumstance[]
  picture?: Picture | null
}
