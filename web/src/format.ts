// Values into words, the same as the terminal says them: sizes are SI (1 MB is
// 1,000,000 bytes), instants are UTC.

import type { Interval, Suspect } from './types'

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

function scale(value: number): [string, string] {
  const sign = value < 0 ? '-' : ''
  let b = Math.abs(value)
  let i = 0
  while (i < units.length - 1 && Math.round(b) >= 1000) {
    b /= 1000
    i++
  }
  if (Math.round(b * 10) === 0) return ['0', units[i]!]
  if (i > 0 && Math.round(b * 10) < 100) return [sign + b.toFixed(1).replace(/\.0$/, ''), units[i]!]
  return [sign + Math.round(b), units[i]!]
}

export function bytes(value: number): string {
  return scale(value).join('\u00a0')
}

export function bytesRange(low: number, high: number): string {
  const [a, ua] = scale(low)
  const [b, ub] = scale(high)
  return ua === ub || a === '0' ? `${a} to ${b}\u00a0${ub}` : `${a}\u00a0${ua} to ${b}\u00a0${ub}`
}

export function count(n: number): string {
  return n === -1 ? '?' : n.toLocaleString('en-US')
}

export function plural(n: number, one: string, many: string): string {
  return n === 1 ? `1 ${one}` : `${count(n)} ${many}`
}

export function share(f: number): string {
  if (f < 0) return '?\u00a0%'
  if (f > 0 && f < 0.01) return '<1\u00a0%'
  if (f > 0.99 && f < 1) return '>99\u00a0%'
  return `${Math.round(f * 100)}\u00a0%`
}

export function seconds(s: number): string {
  if (s < 0) return '?'
  if (s < 0.9995) return `${Math.round(s * 1000)}\u00a0ms`
  if (s < 99.95) return `${s.toFixed(1).replace(/\.0$/, '')}\u00a0s`
  const n = Math.round(s)
  if (n < 3600) return pair(Math.floor(n / 60), 'min', n % 60, 's')
  if (n < 86400) return pair(Math.floor(n / 3600), 'h', Math.floor((n % 3600) / 60), 'min')
  return pair(Math.floor(n / 86400), 'd', Math.floor((n % 86400) / 3600), 'h')
}

function pair(a: number, ua: string, b: number, ub: string): string {
  return b === 0 ? `${a}\u00a0${ua}` : `${a}\u00a0${ua} ${b}\u00a0${ub}`
}

export function chance(p: number | null): string {
  if (p === null || p < 0) return 'not known'
  if (p < 0.0001) return 'less than 1 in 10,000'
  if (p < 0.001) return 'less than 1 in 1,000'
  if (p < 0.01) return 'less than 1 in 100'
  if (p < 0.05) return 'less than 1 in 20'
  if (p < 0.2) return `about ${Math.round(p * 100)} in 100`
  return 'explains it as well'
}

// interval says what one call costs, in words, estimate and bounds.
export function interval(i: Interval): { estimate: string; bounds: string } {
  const { estimate: e, low, high } = i
  const bounds =
    low !== null && high !== null ? bytesRange(low, high)
    : low !== null ? `at least ${bytes(low)}`
    : high !== null ? `at most ${bytes(high)}`
    : ''
  return { estimate: e === null ? '' : `~${bytes(e)}`, bounds }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

export function day(sec: number): string {
  const d = new Date(sec * 1000)
  return `${d.getUTCDate()} ${months[d.getUTCMonth()]}`
}

export function clock(sec: number, withSeconds = true): string {
  const d = new Date(sec * 1000)
  const hm = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`
  return withSeconds ? `${hm}:${two(d.getUTCSeconds())}` : hm
}

export function stamp(sec: number): string {
  return `${day(sec)} ${clock(sec)}`
}

// unix reads an instant of the report; NaN when it has none.
export function unix(text: string | undefined): number {
  return text ? Date.parse(text) / 1000 : NaN
}

export function when(text: string | undefined): string {
  const sec = unix(text)
  return Number.isNaN(sec) ? '?' : stamp(sec)
}

export function span(from: string | undefined, to: string | undefined): string {
  const a = unix(from)
  const b = unix(to)
  if (Number.isNaN(a) || Number.isNaN(b)) return ''
  const end = day(a) === day(b) ? `\u2013${clock(b, false)}` : ` \u2013 ${day(b)} ${clock(b, false)}`
  return `${day(a)} ${clock(a, false)}${end} UTC`
}

export function unit(host: string | undefined, pid: number | undefined): string {
  if (!pid) return host ?? ''
  return host ? `${host}/${pid}` : `pid ${pid}`
}

export function dimension(s: Suspect): string {
  return Object.keys(s.dimension).sort().map((k) => `${k.replace(/^param:/, '')}=${s.dimension[k]}`).join(', ')
}

export function title(s: Suspect): string {
  const d = dimension(s)
  return d ? `${s.name} (${d})` : s.name
}

// once says what one execution of a suspect is called.
export function once(kind: string): string {
  if (kind === 'job' || kind === 'task') return 'run'
  return kind === 'process' || kind === 'event' ? 'time' : 'call'
}
