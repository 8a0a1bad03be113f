// Opens Debian's Chromium, or the one that CHROMIUM names, with a profile of its
// own and without any traffic of the browser itself.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export async function open(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'culprit-web-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions',
      '--font-render-hinting=none', '--host-resolver-rules=MAP * ~NOTFOUND',
    ],
    viewport: { width: 1440, height: 900 },
    ...options,
  })
  return {
    context,
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
