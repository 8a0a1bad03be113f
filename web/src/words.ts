// The phrases of a report, the same as the other windows say them.

import { bytes, count, plural, seconds, share } from './format'
import type { Coverage, Evidence, Finding, Growth, Input, Outcome, Report, Standing } from './types'

export const outcomes: Record<Outcome, { word: string; sign: string; tone: string }> = {
  culprit: { word: 'Culprit named', sign: '\u25b2', tone: 'guilty' },
  suspected: { word: 'Suspected', sign: '?', tone: 'doubt' },
  not_requests: { word: 'Not the requests', sign: '\u25b2', tone: 'doubt' },
  traffic: { word: 'Traffic as a whole', sign: '\u2248', tone: 'doubt' },
  healthy: { word: 'Healthy', sign: '\u2713', tone: 'clear' },
  insufficient: { word: 'Not enough evidence', sign: '\u2026', tone: 'mute' },
}

export const findings: Record<Finding, { word: string; sign: string; tone: string; order: number }> = {
  convicted: { word: 'convicted', sign: '\u25b2', tone: 'guilty', order: 0 },
  suspect: { word: 'suspect', sign: '?', tone: 'doubt', order: 1 },
  cannot_judge: { word: 'cannot be judged', sign: '\u2026', tone: 'mute', order: 2 },
  acquitted: { word: 'acquitted', sign: '\u2713', tone: 'clear', order: 3 },
}

export const standings: Record<Standing, { word: string; sign: string; tone: string }> = {
  to_test: { word: 'to be tested', sign: '?', tone: 'doubt' },
  cannot_tell: { word: 'cannot tell', sign: '\u2026', tone: 'mute' },
  minor: { word: 'a small part', sign: '\u2248', tone: 'mute' },
  not_it: { word: 'not it', sign: '\u2713', tone: 'clear' },
}

export const finders: Record<string, string> = { gems: 'culprit gems', boot: 'culprit boot', doctor: 'culprit doctor' }

/** Where a piece of evidence can be looked up. */
export function lookup(e: Evidence): string {
  if (e.file) return e.line ? `${e.file}:${e.line}` : e.file
  return e.url ?? ''
}

export const categories: Record<string, string> = {
  bloat: 'Bloat: single calls need very much at once',
  retention: 'Retention: objects are kept and never let go',
  native: 'Native: grown outside of Ruby\u2019s heap',
  fragmentation: 'Fragmentation: freed memory that the allocator cannot give back',
  configuration: 'Configuration: more threads, workers or cache than memory',
  page_cache: 'Page cache: files kept by the kernel, given back on demand',
}

const methods: Record<string, string> = {
  'line-up': 'Line-up: who was in flight when memory grew, against look-alike moments',
  ledger: 'Ledger: slow growth of each process set against the calls it served',
  direct: 'Direct: the log itself says what each call allocated',
  recorded: 'Recorded: stacks of the live process, read while memory grew',
}

const families: Record<string, string> = {
  time: 'other times of the same process',
  hour: 'the same hour on other days',
  unit: 'other processes at the same time',
}

export const shapes: Record<string, string> = {
  step: 'step',
  ramp: 'ramp',
  slope: 'slow slope',
  warmup: 'warm-up',
}

export const happenings: Record<string, { word: string; sign: string }> = {
  deploy: { word: 'deploy', sign: 'D' },
  boot: { word: 'boot', sign: 'B' },
  restart: { word: 'restart', sign: 'R' },
  kill: { word: 'kill', sign: 'K' },
  oom: { word: 'out of memory', sign: 'X' },
  timeout: { word: 'timeout', sign: 'T' },
  memory: { word: 'memory warning', sign: 'M' },
}

const curveKinds: Record<string, string> = {
  rss: 'Resident memory',
  pss: 'Proportional memory',
  uss: 'Private memory',
  host_used: 'Memory in use',
  cgroup_usage: 'Container memory, page cache included',
  cgroup_working_set: 'Container working set',
  cgroup_rss: 'Container memory',
}

export function curveKind(kind: string): string {
  return curveKinds[kind] ?? `Memory (${kind})`
}

export function basis(r: Report): string {
  const c = r.coverage
  const parts: string[] = []
  if (c.requests > 0 || c.jobs <= 0) parts.push(plural(Math.max(c.requests, 0), 'request', 'requests'))
  if (c.jobs > 0) parts.push(plural(c.jobs, 'job', 'jobs'))
  if (c.level === 'host') parts.push(`${plural(c.hosts, 'host', 'hosts')} (no pids: host by host)`)
  else parts.push(plural(c.processes, 'process', 'processes'), plural(c.hosts, 'host', 'hosts'))
  return parts.join(' \u00b7 ')
}

export function realGrowth(list: Growth[]): Growth[] {
  return list.filter((g) => g.shape !== 'warmup')
}

export function grown(r: Report): string {
  const n = realGrowth(r.growth).length
  return n === 0 ? 'No growth beyond warm-up' : `${bytes(r.coverage.growth_bytes)} grown in ${plural(n, 'event', 'events')}`
}

export function coverage(r: Report): [string, string][] {
  const c = r.coverage
  const rows: [string, string][] = [
    ['Calls', calls(c)],
    ['Memory', memory(c)],
    ['Matched', `${share(c.matched)} of the calls, ${c.level === 'host' ? 'host by host: nothing says which process ran them' : 'process by process'}`],
    ['Growth', `${bytes(c.growth_bytes)} beyond ${bytes(c.warmup_bytes)} of warm-up; peak ${bytes(c.peak_bytes)}`],
  ]
  const compared = names(c.families)
  if (compared) rows.push(['Compared with', compared])
  const missing = names(c.missing_families)
  if (missing) rows.push(['Not possible', `${missing}: the data has no such look-alikes`])
  if (r.verdict.method) rows.push(['Method', methods[r.verdict.method] ?? r.verdict.method])
  return rows
}

function names(list: string[]): string {
  return list.map((f) => families[f] ?? f).join(', ')
}

function calls(c: Coverage): string {
  const parts = [plural(Math.max(c.requests, 0), 'request', 'requests')]
  if (c.jobs > 0) parts.push(plural(c.jobs, 'job', 'jobs'))
  if (c.unfinished > 0) parts.push(`${count(c.unfinished)} never finished`)
  return parts.join(', ')
}

function memory(c: Coverage): string {
  const of = `${plural(c.processes, 'process', 'processes')} on ${plural(c.hosts, 'host', 'hosts')}`
  const every = c.interval_seconds > 0 ? `, one every ${seconds(c.interval_seconds)}` : ''
  return `${plural(Math.max(c.samples, 0), 'sample', 'samples')} of ${of}${every}`
}

export function understood(i: Input): string {
  if (!i.format) return 'not recognised'
  if (i.lines < 0 || i.understood < 0) return `${count(Math.max(i.lines, i.understood))} lines`
  return `${count(i.understood)} of ${count(i.lines)} lines`
}

export function doubts(r: Report): { where: string; text: string }[] {
  return [
    ...r.verdict.warnings.map((text) => ({ where: '', text })),
    ...r.inputs.flatMap((i) => i.warnings.map((text) => ({ where: i.path, text }))),
  ]
}
