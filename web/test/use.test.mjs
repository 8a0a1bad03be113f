// What a reader does with a report: zoom, look at one unit, sort, change theme.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pixels, visit } from './page.mjs'

const hint = (page) => page.textContent('.hint span')

async function drag(page, plot, from, to) {
  await page.locator(`[data-plot="${plot}"]`).scrollIntoViewIfNeeded()
  const box = await page.locator(`[data-plot="${plot}"] .u-over`).boundingBox()
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * from, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 })
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 })
  await page.mouse.up()
  await page.waitForTimeout(100)
}

for (const plot of ['memory', 'lanes']) {
  test(`dragging over the ${plot} zooms both charts, and the button undoes it`, () =>
    visit('culprit', async ({ page }) => {
      const whole = [await hint(page), await pixels(page, 'memory'), await pixels(page, 'lanes')]
      await drag(page, plot, 0.25, 0.5)
      assert.match(await hint(page), /02:0\d.*04:0\d/)
      assert.notEqual(await pixels(page, 'memory'), whole[1])
      assert.notEqual(await pixels(page, 'lanes'), whole[2])
      assert.match(page.url(), /#from=\d+&to=\d+/)
      await page.getByRole('button', { name: 'All', exact: true }).click()
      assert.equal(await hint(page), whole[0])
    }))
}

test('the keyboard zooms, moves, walks the growth events and goes back', () =>
  visit('culprit', async ({ page }) => {
    const whole = await hint(page)
    await page.focus('#plots')
    await page.keyboard.press('+')
    assert.match(await hint(page), /02:00 . 06:00/)
    await page.keyboard.press('ArrowRight')
    assert.match(await hint(page), /02:48 . 06:48/)
    await page.keyboard.press('0')
    assert.equal(await hint(page), whole)
    await page.keyboard.press('n')
    const one = await hint(page)
    assert.notEqual(one, whole)
    await page.keyboard.press('p')
    assert.notEqual(await hint(page), one)
    await page.keyboard.press('Escape')
    assert.equal(await hint(page), whole)
  }))

test('the address keeps the zoom', () =>
  visit('culprit', async ({ page }) => {
    await page.focus('#plots')
    await page.keyboard.press('+')
    const zoomed = await hint(page)
    await page.reload()
    await page.waitForSelector('#verdict')
    assert.equal(await hint(page), zoomed)
  }))

test('the crosshair is shared, and the legend reads values under it', () =>
  visit('culprit', async ({ page }) => {
    await page.locator('[data-plot="memory"] .u-over').hover({ position: { x: 500, y: 60 } })
    await page.waitForTimeout(100)
    const left = (plot) => page.$eval(`[data-plot="${plot}"] .u-cursor-x`, (e) => e.style.transform)
    assert.equal(await left('lanes'), await left('memory'))
    assert.match(await page.textContent('.units .value'), /[MG]B/)
  }))

test('a suspect\u2019s call tells about itself under the pointer', () =>
  visit('culprit', async ({ page }) => {
    const at = await page.evaluate(() => {
      const { picture } = JSON.parse(document.getElementById('culprit-report').textContent)
      const mark = picture.lanes[0].marks.find((m) => m.suspect === 1)
      const over = document.querySelector('[data-plot="lanes"] .u-over')
      return { x: (over.clientWidth * (mark.from - picture.from)) / (picture.to - picture.from) + 1, y: 12 }
    })
    await page.locator('[data-plot="lanes"] .u-over').hover({ position: at })
    await page.locator('.tip').waitFor()
    assert.match(await page.textContent('.tip'), /ReportsController#export.*web3\/4117/s)
  }))

test('a name in the legend is seen alone, and again all', () =>
  visit('culprit', async ({ page }) => {
    const before = await pixels(page, 'memory')
    const first = page.locator('.units button').first()
    await first.click()
    assert.equal(await first.getAttribute('aria-pressed'), 'true')
    assert.equal(await page.locator('.units button.off').count(), 7)
    assert.notEqual(await pixels(page, 'memory'), before)
    await page.locator('.units button').nth(2).click({ modifiers: ['Control'] })
    assert.equal(await page.locator('.units button[aria-pressed="true"]').count(), 2)
    await page.getByRole('button', { name: 'show all' }).click()
    assert.equal(await page.locator('.units button.off').count(), 0)
  }))

test('tables sort, both ways, and say so', () =>
  visit('culprit', async ({ page }) => {
    const names = () => page.locator('#acquitted tbody .name code').allTextContents()
    const head = page.locator('#acquitted th', { hasText: 'Who, and why' })
    await head.getByRole('button').click()
    assert.equal(await head.getAttribute('aria-sort'), 'ascending')
    const up = await names()
    assert.deepEqual(up, [...up].sort((a, b) => a.localeCompare(b, 'en')))
    await head.getByRole('button').click()
    assert.equal(await head.getAttribute('aria-sort'), 'descending')
    assert.deepEqual(await names(), up.reverse())
    const calls = page.locator('#suspects th', { hasText: 'Calls' })
    await calls.getByRole('button').click()
    assert.equal(await calls.getAttribute('aria-sort'), 'descending')
    assert.match(await page.locator('#suspects tbody tr').first().textContent(), /SearchController/)
  }))

test('a growth event shows itself in the picture', () =>
  visit('culprit', async ({ page }) => {
    await page.getByRole('button', { name: 'show growth event 9 in the picture' }).click()
    assert.match(await hint(page), /05:/)
    assert.equal(await page.evaluate(() => document.activeElement.id), 'plots')
  }))

test('dark mode follows the system, and the button overrules it', () =>
  visit('culprit', async ({ page }) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const theme = (name) => page.waitForFunction((n) => document.documentElement.dataset.theme === n, name)
    await theme('dark')
    const dark = await paper()
    await page.emulateMedia({ colorScheme: 'light' })
    await theme('light')
    assert.notEqual(await paper(), dark)
    await page.getByRole('button', { name: /theme/ }).click()
    await page.getByRole('button', { name: /theme/ }).click()
    await theme('dark')
    assert.equal(await paper(), dark)
    await page.reload()
    await page.waitForSelector('#verdict')
    await theme('dark')
  }, { colorScheme: 'dark' }))

test('every chart has a table behind it', () =>
  visit('culprit', async ({ page }) => {
    for (const table of ['memory', 'calls']) {
      await page.locator(`details[data-table="${table}"] > summary`).click()
      await page.locator(`details[data-table="${table}"] tbody tr`).nth(10).waitFor()
    }
  }))

test('without a script the verdict is still there', () =>
  visit('culprit', async ({ page, complaints }) => {
    complaints.length = 0
    const text = await page.$eval('noscript', (e) => e.textContent)
    assert.match(text, /culprit named/)
    assert.match(text, /ReportsController#export/)
  }))
