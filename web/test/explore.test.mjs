// culprit heap serve in a real browser, on dumps that are written here: 300,000 strings,
// a cache that grows, a hash that holds it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from '../browser.mjs'
import { violations } from './page.mjs'

const dir = process.env.CULPRIT_SAMPLES
const many = 300_000
let server, url, browser

function dump(name, cached) {
  const out = createWriteStream(join(dir, name))
  const hex = (n) => `0x${(0x7f0000000000 + n * 40).toString(16)}`
  const strings = Array.from({ length: many }, (_, i) => hex(100 + i))
  const cache = Array.from({ length: cached }, (_, i) => hex(1_000_000 + i))
  out.write(`{"type":"ROOT", "root":"vm", "references":["${hex(1)}", "${hex(2)}", "${hex(3)}", "${hex(5)}"]}\n`)
  out.write(`{"address":"${hex(1)}", "type":"CLASS", "class":"${hex(9)}", "name":"SettingsCache", "references":["${hex(4)}"], "memsize":700}\n`)
  out.write(`{"address":"${hex(2)}", "type":"CLASS", "class":"${hex(9)}", "name":"String", "memsize":700}\n`)
  out.write(`{"address":"${hex(3)}", "type":"CLASS", "class":"${hex(9)}", "name":"Hash", "memsize":700}\n`)
  out.write(`{"address":"${hex(4)}", "type":"HASH", "class":"${hex(3)}", "size":${cached}, "references":["${cache.join('", "')}"], "file":"app/models/cache.rb", "line":3, "generation":4, "memsize":4000}\n`)
  out.write(`{"address":"${hex(5)}", "type":"ARRAY", "length":${many}, "references":["${strings.join('", "')}"], "file":"app/all.rb", "line":1, "generation":5, "memsize":2400000}\n`)
  for (let i = 0; i < many; i++) {
    out.write(`{"address":"${strings[i]}", "type":"STRING", "class":"${hex(2)}", "value":"secret ${i}", "file":"app/all.rb", "line":${1 + (i % 50)}, "generation":${5 + (i % 90)}, "memsize":${40 + (i % 7)}}\n`)
  }
  for (const a of cache) out.write(`{"address":"${a}", "type":"STRING", "class":"${hex(2)}", "value":"secret", "file":"app/models/cache.rb", "line":14, "generation":50, "memsize":3000}\n`)
  return new Promise((done) => out.end(done))
}

before(async () => {
  if (!dir) throw new Error('CULPRIT_SAMPLES names no folder: run bash web/test.sh')
  const names = ['a.json', 'b.json', 'c.json']
  for (const [i, name] of names.entries()) await dump(name, 4000 * (i + 1))
  server = spawn(join(dir, 'culprit'), ['heap', 'serve', '--no-index', ...names.map((n) => join(dir, n))], { stdio: ['ignore', 'pipe', 'inherit'] })
  url = await new Promise((found, failed) => {
    server.stdout.once('data', (b) => found(String(b).trim()))
    server.once('exit', (code) => failed(new Error(`culprit heap serve ended with ${code}`)))
  })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  if (!server) return
  const ended = new Promise((done) => server.once('exit', done))
  server.kill('SIGINT')
  assert.equal(await ended, 0, 'Ctrl-C ends it in order')
})

async function visit(view, use, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options })
  try {
    const page = await context.newPage()
    const requests = []
    const complaints = []
    page.on('request', (r) => requests.push(r.url()))
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(m.text()))
    page.on('pageerror', (e) => complaints.push(e.message))
    await page.goto(`${url}#${view}`)
    await page.waitForSelector('h1')
    await use({ page, requests, complaints })
    assert.deepEqual(requests.filter((r) => !r.startsWith(url) && !r.startsWith('data:')), [], 'nothing from elsewhere')
    return complaints
  } finally {
    await context.close()
  }
}

for (const view of ['0/sum', '0/map', '0/map?form=icicle', '0/objects', '0/classes', '0/texts', '0/stayed', '0/object?address=0x7f00000000a0']) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${view} ${colorScheme}: axe finds nothing, the page complains of nothing`, async () => {
      const complaints = await visit(view, async ({ page }) => {
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
        await page.waitForTimeout(500)
        assert.deepEqual(await violations(page), [])
        assert.doesNotMatch(await page.textContent('body'), /secret/)
      }, { colorScheme })
      assert.deepEqual(complaints, [])
    })
  }
}

test('on a phone nothing is wider than the screen', async () => {
  for (const view of ['0/sum', '0/map', '0/objects', '0/object?address=0x7f00000000a0', '0/stayed']) {
    await visit(view, async ({ page }) => {
      await page.waitForTimeout(400)
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      assert.ok(wide <= screen, `${view} is ${wide} wide on a screen of ${screen}`)
    }, { viewport: { width: 390, height: 844 } })
  }
})

const firstRow = (page) => page.textContent('.vrow >> nth=0')

test('all objects: sorted by the server, a row far down is there, few rows are in the page', () =>
  visit('2/objects', async ({ page }) => {
    await page.waitForSelector('.vrow a')
    assert.match(await page.textContent('.lead'), /312,005 objects/)
    await page.click('.vhead button:has-text("Bytes")')
    await page.waitForFunction(() => /2\.4\sMB/.test(document.querySelector('.vrow')?.textContent ?? ''))
    await page.focus('.vbody')
    await page.keyboard.press('End')
    await page.waitForFunction(() => /to 312,005 of/.test(document.querySelector('p.where').textContent) && document.querySelectorAll('.vrow a').length > 5)
    assert.match(await page.textContent('p.where'), /to 312,005 of 312,005/)
    await page.keyboard.press('Home')
    await page.$eval('.vbody', (b) => (b.scrollTop = b.scrollHeight / 2))
    await page.waitForFunction(() => /^15[0-9],/.test(document.querySelector('p.where').textContent) && document.querySelectorAll('.vrow a').length > 5)
    assert.ok((await page.locator('.vrow').count()) < 40)
    await page.keyboard.press('Home')
    await page.click('.vhead button:has-text("Bytes")')
    await page.waitForFunction(() => /40\sB/.test(document.querySelector('.vrow')?.textContent ?? ''))
  }))

test('a search finds by part of a name and by query, and says what it does not understand', () =>
  visit('0/sum', async ({ page }) => {
    await page.keyboard.press('/')
    await page.keyboard.type('cache.rb')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => /4,001 objects/.test(document.querySelector('.lead')?.textContent ?? ''))
    await page.fill('.search input', 'type=HASH and retained>1MB')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => /^1 objects/.test(document.querySelector('.lead')?.textContent ?? ''))
    await page.fill('.search input', 'colour=red')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.wrong')
    assert.match(await page.textContent('.wrong'), /no field "colour"/)
    await page.goBack()
    await page.waitForFunction(() => /^1 objects/.test(document.querySelector('.lead')?.textContent ?? ''))
  }))

test('an object: its fields without its text, who holds it, and on to its neighbours', () =>
  visit('0/objects?q=location%3D%22app%2Fmodels%2Fcache.rb%3A14%22', async ({ page }) => {
    await page.click('.vrow a >> nth=0')
    await page.waitForSelector('.fields')
    const text = await page.textContent('main')
    assert.match(text, /6 characters, --show-values/)
    assert.match(text, /class SettingsCache/)
    await page.click('section:has(h2:has-text("Referred to by")) a')
    await page.waitForFunction(() => /Hash made at app\/models\/cache.rb:3, in SettingsCache/.test(document.querySelector('h1')?.textContent ?? ''))
  }))

test('the map: keys go in and out, icicle and treemap show the same', () =>
  visit('0/map', async ({ page }) => {
    await page.waitForSelector('svg g')
    await page.focus('.drawing')
    assert.match(await page.textContent('.told'), /\(ARRAY\) made at app\/all.rb:1/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.crumbs a')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => !document.querySelector('.crumbs a'))
    await page.click('a:has-text("Icicle")')
    await page.waitForFunction(() => [...document.querySelectorAll('svg text')].some((t) => /all that is reachable/.test(t.textContent)))
  }))

test('what stayed leads to who holds it, in the last dump', () =>
  visit('0/stayed', async ({ page }) => {
    assert.match(await firstRow(page), /String.*app\/models\/cache.rb:14.*4,000/s)
    await page.click('.vrow a')
    await page.waitForFunction(() => /in SettingsCache/.test(document.querySelector('h1')?.textContent ?? ''))
    assert.match(await page.evaluate(() => location.hash), /^#2\/object/)
  }))

function status(path, headers = {}) {
  return new Promise((done) => {
    const to = new URL(url)
    request({ host: '127.0.0.1', port: to.port, path, headers }, (r) => {
      r.resume()
      done(r.statusCode)
    }).end()
  })
}

test('who does not know the secret, or asks under another name, gets nothing', async () => {
  const path = new URL(url).pathname
  assert.equal(await status(`${path}api/site`), 200)
  assert.equal(await status('/api/site'), 403)
  assert.equal(await status('/WRONG/api/site'), 403)
  assert.equal(await status(`${path}api/site`, { host: 'evil.example' }), 403)
  assert.equal(await status(`${path}api/7/tree`), 400)
  assert.equal(await status(`${path}api/0/objects?n=x`), 400)
})
