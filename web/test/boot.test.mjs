// The page of a boot opens from a file, alone, in silence; boxes lead inside and
// back; axe finds nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { violations, visit } from './page.mjs'

for (const mode of ['mem', 'objects']) {
  test(`boot ${mode} opens from a file, asks for nothing, complains of nothing, and axe finds nothing`, () =>
    visit(`boot_${mode}`, async ({ page, requests, complaints }) => {
      assert.match(await page.textContent('h1'), mode === 'mem' ? /takes 117\sMB: heavy 31\sMB/ : /keeps 39\sMB/)
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.waitForFunction((name) => document.documentElement.dataset.theme === name, colorScheme)
        await page.waitForTimeout(200)
        for (const form of ['Treemap', 'Icicle']) {
          await page.click(`button:has-text("${form}")`)
          assert.deepEqual(await violations(page), [], `${colorScheme}, ${form}`)
        }
      }
      assert.equal(requests.filter((u) => !u.startsWith('data:')).length, 1)
      assert.deepEqual(complaints, [])
    }))
}

test('a box leads inside, by pointer and by keyboard, and Escape and the path lead back', () =>
  visit('boot_mem', async ({ page }) => {
    const where = () => page.textContent('.way strong')
    assert.equal(await where(), 'boot')
    await page.click('[aria-label^="rails/all"]')
    assert.equal(await where(), 'rails/all')
    await page.focus('[aria-label^="active_record/railtie"]')
    assert.match(await page.textContent('.told'), /active_record\/railtie \(activerecord\): 20\sMB, 17\s% of the boot/)
    await page.keyboard.press('Enter')
    assert.equal(await where(), 'active_record/railtie')
    await page.focus('[aria-label^="active_record (activerecord)"]')
    await page.keyboard.press('Escape')
    assert.equal(await where(), 'rails/all')
    await page.click('.way button:has-text("boot")')
    assert.equal(await where(), 'boot')
  }))

test('boxes are as wide as what they hold', () =>
  visit('boot_mem', async ({ page }) => {
    const width = (name) => page.$eval(`[aria-label^="${name}"] rect`, (r) => Number(r.getAttribute('width')))
    const share = (await width('rails/all')) / (await width('boot'))
    assert.ok(Math.abs(share - 36 / 117) < 0.01, `rails/all has ${share} of the width`)
  }))

test('on a phone nothing is wider than the screen', () =>
  visit('boot_mem', async ({ page }) => {
    assert.deepEqual(await violations(page), [])
    const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`)
  }, { viewport: { width: 390, height: 844 } }))
