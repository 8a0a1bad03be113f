import '../style/tokens.css'
import '../style/base.css'
import '../style/table.css'
import '../style/print.css'
import './heap.css'
import { mount } from 'svelte'
import { inline } from '../data'
import Failed from '../part/Failed.svelte'
import DiffApp from './Diff.svelte'
import HeapApp from './Heap.svelte'
import type { Diff, Heap } from './types'

const target = document.getElementById('app') ?? document.body

try {
  const report = inline<Heap | Diff>('culprit-heap', 'culprit.heap/1', 'culprit.heapdiff/1')
  if (report.schema === 'culprit.heap/1') mount(HeapApp, { target, props: { heap: report } })
  else mount(DiffApp, { target, props: { diff: report } })
  document.documentElement.dataset.drawn = '1'
} catch (error) {
  mount(Failed, { target, props: { reason: error instanceof Error ? error.message : String(error) } })
}
