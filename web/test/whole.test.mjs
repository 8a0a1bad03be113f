// Every outcome opens from a file, alone, in silence, and reads well to a
// screen reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes, violations, visit } from './page.mjs'

for (const outcome of outcomes) {
  test(`${outcome} opens from a file, asks for nothing, complains of nothing, and axe finds nothing`, () =>
    visit(outcome, async ({ page, requests, complaints }) => {
      assert.equal(await page.locator('[data-plot] canvas').count(), 2)
      assert.ok((await page.textContent('h1')).length > 10)
      for (const d of await page.locator('details').all()) await d.evaluate((e) => (e.open = true))
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.waitForFunction((name) => document.documentElement.dataset.theme === name, colorScheme)
        await page.waitForTimeout(200)
        assert.deepEqual(await violations(page), [], colorScheme)
      }
      assert.deepEqual(requests.filter((u) => !u.startsWith('file:') && !u.startsWith('data:')), [])
      assert.equal(requests.filter((u) => u.startsWith('file:')).length, 1)
      assert.deepEqual(complaints, [])
    }))
}

test('on a phone axe finds nothing and nothing is wider than the screen', () =>
  visit('culprit', async ({ page }) => {
    assert.deepEqual(await violations(page), [])
    const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`)
    const role = await page.locator('#suspects tbody tr').first().getAttribute('role')
    assert.equal(role, 'row')
  }, { viewport: { width: 390, height: 844 } }))

test('the policy stops a script that is not the report\u2019s own', () =>
  visit('culprit', async ({ page }) => {
    const ran = await page.evaluate(async () => {
      const s = document.createElement('script')
      s.textContent = 'window.intruder = true'
      document.body.append(s)
      const asked = await fetch('https://example.invalid/').then(() => true, () => false)
      return [window.intruder === true, asked]
    })
    assert.deepEqual(ran, [false, false])
  }))

test('it prints, light and with its charts', () =>
  visit('culprit', async ({ page }) => {
    const pdf = await page.pdf({ format: 'A4' })
    assert.ok(pdf.length > 20_000, `a PDF of ${pdf.length} bytes`)
  }, { colorScheme: 'dark' }))

test('a report on a million requests opens (its time is only told)', (t) =>
  visit('million', async ({ page, complaints }) => {
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const begun = Date.now()
    await page.reload()
    await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined)
    const wall = Date.now() - begun
    const { metrics } = await session.send('Performance.getMetrics')
    const ms = (name) => Math.round(1000 * (metrics.find((m) => m.name === name)?.value ?? 0))
    t.diagnostic(`opened in ${wall} ms; of the page's own thread ${ms('TaskDuration')} ms, ${ms('ScriptDuration')} ms of it script`)
    assert.deepEqual(complaints, [])
  }))
