// Opens a sample report the way a reader would: from a file, with every request
// and every complaint of the page written down.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { after } from 'node:test'
import { launch } from '../browser.mjs'

export const outcomes = ['culprit', 'suspected', 'not_requests', 'traffic', 'healthy', 'insufficient']

export function sample(name) {
  const dir = process.env.CULPRIT_SAMPLES
  if (!dir) throw new Error('CULPRIT_SAMPLES names no folder: run bash web/test.sh')
  return pathToFileURL(join(dir, `${name}.html`)).href
}

let browser
after(() => browser?.close())

export async function visit(name, use, options = {}) {
  browser ??= await launch()
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  try {
    const page = await context.newPage()
    const requests = []
    const complaints = []
    page.on('request', (r) => requests.push(r.url()))
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(m.text()))
    page.on('pageerror', (e) => complaints.push(e.message))
    await page.goto(sample(name))
    await page.waitForSelector('#verdict')
    await page.waitForTimeout(100)
    await use({ page, requests, complaints })
  } finally {
    await context.close()
  }
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// violations lists what axe finds wrong.
export async function violations(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
}

// pixels hashes what a chart shows.
export function pixels(page, plot) {
  return page.$eval(`[data-plot="${plot}"] canvas`, (c) => {
    const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
    let sum = 0
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] * 7 + data[i + 1] * 3 + data[i + 2] + data[i + 3]) | 0
    return sum
  })
}
