// The pages of heap dumps open from a file, alone, in silence; tables sort; axe finds
// nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { violations, visit } from './page.mjs'

const heads = {
  heap: /412\sMB on Ruby's heap: 44\s% is held by Hash made at app\/models\/settings_cache.rb:3, in SettingsCache/,
  heap_none: /0\sB on Ruby's heap: no single object/,
  heap_diff: /6\sMB stayed: 83\s% is String made at app/,
  heap_two: /6\sMB came: 83\s%/,
}

for (const [name, head] of Object.entries(heads)) {
  test(`${name} opens from a file, asks for nothing, complains of nothing, and axe finds nothing`, () =>
    visit(name, async ({ page, requests, complaints }) => {
      assert.match(await page.textContent('h1'), head)
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
        await page.waitForTimeout(200)
        assert.deepEqual(await violations(page), [], colorScheme)
      }
      assert.equal(requests.filter((u) => !u.startsWith('data:')).length, 1)
      assert.deepEqual(complaints, [])
    }))

  test(`${name} on a phone: nothing is wider than the screen`, () =>
    visit(name, async ({ page }) => {
      assert.deepEqual(await violations(page), [])
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`)
    }, { viewport: { width: 390, height: 844 } }))
}

test('tables sort by a column, and turn round', () =>
  visit('heap', async ({ page }) => {
    const first = () => page.textContent('#classes tbody tr:first-child td:first-child')
    assert.equal(await first(), 'Hash')
    await page.click('#classes button:has-text("Objects")')
    assert.equal(await first(), 'String')
    await page.click('#classes button:has-text("Objects")')
    assert.equal(await first(), '(class without a name)')
    await page.click('#classes button:has-text("Class")')
    assert.match(await first(), /^\(class|^<\/script>/)
  }))

test('places are found by a part of their name, and those left out are told', () =>
  visit('heap', async ({ page }) => {
    await page.fill('#places input', 'SETTINGS')
    assert.equal(await page.locator('#places tbody tr').count(), 1)
    assert.match(await page.textContent('#places'), /502 smaller ones are in the JSON report only/)
  }))

test('a long way shows both ends, and its middle when asked', () =>
  visit('heap', async ({ page }) => {
    const steps = page.locator('.suspects > li:nth-child(2) .wayto li')
    assert.equal(await steps.count(), 14)
    await page.click('.suspects > li:nth-child(2) button')
    assert.equal(await steps.count(), 41)
  }))

test('bars are as long as what they stand for', () =>
  visit('heap', async ({ page }) => {
    const [bar, track] = await page.$eval('#classes tbody tr:first-child .share', (s) => [s.firstElementChild.getBoundingClientRect().width, s.getBoundingClientRect().width])
    assert.ok(Math.abs(bar / track - 260 / 409) < 0.02, `${bar} of ${track}`)
  }))
