import '../style/tokens.css'
import '../style/base.css'
import '../style/table.css'
import '../heap/heap.css'
import './explore.css'
import { mount } from 'svelte'
import Failed from '../part/Failed.svelte'
import App from './App.svelte'
import { ask, type Site } from './api'

const target = document.getElementById('app') ?? document.body

ask<Site>('site')
  .then((site) => {
    mount(App, { target, props: { site } })
    document.documentElement.dataset.drawn = '1'
  })
  .catch((error: unknown) => {
    mount(Failed, { target, props: { reason: error instanceof Error ? error.message : String(error) } })
  })
