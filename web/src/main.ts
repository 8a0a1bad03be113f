import 'uplot/dist/uPlot.min.css'
import './style/tokens.css'
import './style/base.css'
import './style/table.css'
import './style/print.css'
import { mount } from 'svelte'
import App from './App.svelte'
import Failed from './part/Failed.svelte'
import { loadReport } from './data'

const target = document.getElementById('app') ?? document.body

loadReport()
  .then((report) => {
    const begun = performance.now()
    mount(App, { target, props: { report } })
    requestAnimationFrame(() => {
      document.documentElement.dataset.drawn = String(Math.round(performance.now() - begun))
    })
  })
  .catch((error: unknown) => mount(Failed, { target, props: { reason: error instanceof Error ? error.message : String(error) } }))
