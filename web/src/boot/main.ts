import '../style/tokens.css'
import '../style/base.css'
import '../style/table.css'
import '../style/print.css'
import { mount } from 'svelte'
import { inline } from '../data'
import Failed from '../part/Failed.svelte'
import App from './App.svelte'
import type { Boot } from './types'

const target = document.getElementById('app') ?? document.body

try {
  mount(App, { target, props: { boot: inline<Boot>('culprit-boot', 'culprit.boot/1') } })
  document.documentElement.dataset.drawn = '1'
} catch (error) {
  mount(Failed, { target, props: { reason: error instanceof Error ? error.message : String(error) } })
}
