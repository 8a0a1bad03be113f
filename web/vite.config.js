import { readFile } from 'node:fs/promises'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// While developing, /api/report answers with a fixture: open /?fixture=traffic.
const fixtures = {
  name: 'fixtures',
  configureServer(server) {
    server.middlewares.use('/api/report', async (req, res) => {
      const from = new URL(req.headers.referer ?? 'http://localhost/')
      const name = (from.searchParams.get('fixture') ?? 'culprit').replace(/[^a-z_]/g, '')
      const file = new URL(`../internal/present/testdata/${name}.json`, import.meta.url)
      res.setHeader('content-type', 'application/json')
      res.end(await readFile(file))
    })
  },
}

// Four pages, each one script and one sheet: PAGE=boot builds the boot's, PAGE=heap
// the heap's, PAGE=explore the explorer's.
const name = ['boot', 'heap', 'explore'].find((n) => n === process.env.PAGE) ?? ''
const page = { input: name ? `src/${name}/main.ts` : 'src/main.ts', name }

export default defineConfig({
  base: './',
  plugins: [svelte(), fixtures],
  build: {
    emptyOutDir: page.name === '',
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 1 << 20,
    reportCompressedSize: true,
    rollupOptions: {
      input: page.input,
      output: { format: 'iife', entryFileNames: `${page.name || 'app'}.js`, assetFileNames: `${page.name || 'index'}.[ext]` },
    },
  },
})
