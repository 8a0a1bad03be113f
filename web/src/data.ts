// Where the report comes from. Nothing else in the client knows: a saved report
// carries it inline, a live page answers at api/report.

import type { Report } from './types'

const schema = 'culprit.report/1'

// Marks that turn the reading direction could make a logged name read as another.
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

export async function loadReport(): Promise<Report> {
  const inline = document.getElementById('culprit-report')?.textContent?.trim()
  return parse(inline ? inline : await fetched())
}

async function fetched(): Promise<string> {
  const answer = await fetch(new URL('api/report', document.baseURI), { headers: { accept: 'application/json' } })
  if (!answer.ok) throw new Error(`the report could not be loaded: ${answer.status} ${answer.statusText}`)
  return answer.text()
}

function parse(text: string): Report {
  return checked<Report>(text, schema)
}

/** inline reads the document, of one of some schemas, that the page carries. */
export function inline<T extends { schema: string }>(id: string, ...wanted: string[]): T {
  return checked<T>(document.getElementById(id)?.textContent?.trim() ?? '', ...wanted)
}

function checked<T extends { schema: string }>(text: string, ...wanted: string[]): T {
  const found = JSON.parse(text.replace(turning, '\ufffd')) as T
  if (!wanted.includes(found.schema)) {
    throw new Error(`this page reads ${wanted.join(' and ')}, and the report is ${found.schema || 'of no known schema'}`)
  }
  return found
}
