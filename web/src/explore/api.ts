// What the server of culprit heap serve answers (internal/present/explorer).

import type { Diff, Group, Node as Step } from '../heap/types'

export interface Text {
  address: string
  copies: number
  bytes: number
  wasted: number
  location: string
  value: string
}

export interface Report {
  dump: string
  totals: { objects: number; bytes: number; unreachable_objects: number; unreachable_bytes: number; lines: number; understood: number }
  by_class: Group[]
  by_type: Group[]
  by_location: Group[]
  by_gem: Group[]
  by_generation: Group[]
  by_kind: Group[]
  unreachable: Group[]
  suspects: { describe: string; address: string; retained: number; share: number; path: Step[] }[]
  duplicates: Text[]
  big_strings: Text[]
  shapes: { class: string; shapes: number; objects: number }[]
  warnings: string[]
}

export interface Site {
  tool: string
  dumps: { name: string; report: Report }[]
  diff: Omit<Diff, 'cut'> | null
}

export interface TreeNode {
  id: number
  label: string
  address: string
  bytes: number
  retained: number
  count: number
  children: TreeNode[]
  above?: TreeNode[]
}

export interface Obj {
  id?: number
  address: string
  type: string
  class: string
  describe: string
  bytes: number
  retained: number
  generation: number | null
  location: string
  method: string
  gem: string
  reachable: boolean
  value: string
}

export interface Rows {
  total: number
  bytes: number
  retained: number
  rows: Obj[]
}

export interface Show {
  id: number
  object: Obj
  fields: { name: string; value: string }[]
  reference_count: number
  references: Obj[]
  referrer_count: number
  referrers: Obj[]
  dominated_count: number
  dominated: Obj[]
  retained_by_class: Group[]
  path: Step[]
  warnings: string[]
}

/** ask asks the server; what it refuses is an error with its words. */
export async function ask<T>(path: string, values: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> {
  const url = new URL(`api/${path}`, document.baseURI.split('#')[0])
  for (const [k, v] of Object.entries(values)) url.searchParams.set(k, String(v))
  let answer: Response
  try {
    answer = await fetch(url, { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Error('culprit does not answer: it was ended, perhaps', { cause: error })
  }
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return (await answer.json()) as T
}
