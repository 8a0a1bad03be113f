// Takes a picture of a report, or prints it:
//   node screenshot.mjs REPORT.html OUT.png|OUT.pdf [--dark] [--width N] [--height N] [--full]
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { launch } from './browser.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: 'boolean' }, full: { type: 'boolean' },
    width: { type: 'string', default: '1440' }, height: { type: 'string', default: '900' },
  },
})
const [report, out] = positionals
if (!report || !out) {
  console.error('usage: node screenshot.mjs REPORT.html OUT.png|OUT.pdf [--dark] [--width N] [--height N] [--full]')
  process.exit(2)
}
const browser = await launch()
try {
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: Number(values.height) },
    colorScheme: values.dark ? 'dark' : 'light',
  })
  page.on('pageerror', (e) => console.error(`page error: ${e.message}`))
  page.on('console', (m) => m.type() === 'error' && console.error(`console: ${m.text()}`))
  await page.goto(pathToFileURL(resolve(report)).href)
  await page.waitForSelector('#verdict')
  await page.waitForTimeout(300)
  if (out.endsWith('.pdf')) await page.pdf({ path: out, format: 'A4' })
  else await page.screenshot({ path: out, fullPage: Boolean(values.full) })
} finally {
  await browser.close()
}
