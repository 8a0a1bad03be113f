// Lays the tree of requires out as rectangles: an icicle (rows are depth) or a
// treemap (areas only). Amounts below zero, pages given back, have no area.

import { hierarchy, partition, treemap, treemapSquarify, type HierarchyRectangularNode } from 'd3-hierarchy'
import type { Boot, Node } from './types'

export type Form = 'icicle' | 'treemap'

export interface Box {
  node: Node
  path: string
  depth: number
  x: number
  y: number
  width: number
  height: number
  hue: number
  own: boolean // a treemap's share of a node without its children
}

interface Item {
  node: Node
  path: string
  own: boolean
  children: Item[]
}

/** The amount a page is about: resident bytes, or retained bytes of objects. */
export function amount(mode: string): (n: Node) => number {
  return mode === 'objects' ? (n) => n.retained_bytes : (n) => n.total_bytes
}

/** One node that holds the whole boot. */
export function whole(b: Boot): Node {
  return {
    name: 'boot', file: '', gem: '', own_bytes: 0, total_bytes: b.total_bytes, retained_bytes: b.retained_bytes,
    time_ms: b.time_ms, also_by: [], children: b.tree,
  }
}

/** Gems in the order in which they get their colours: the heaviest first. */
export function hues(b: Boot): Map<string, number> {
  return new Map(b.gems.slice(0, 8).map((g, i) => [g.name, i + 1]))
}

/** lay fills width x height with the boxes of root that are at least two pixels wide. */
export function lay(root: Node, path: string, mode: string, form: Form, width: number, height: number, hue: Map<string, number>): Box[] {
  const value = amount(mode)
  const wrap = (node: Node, at: string): Item => {
    const children = node.children.map((c) => wrap(c, `${at}/${c.name.replaceAll('/', '\u2215')}`))
    // A treemap has no room for a node beside its children: its own part is a box.
    if (form === 'treemap' && children.length > 0) children.push({ node, path: at, own: true, children: [] })
    return { node, path: at, own: false, children }
  }
  const top = hierarchy(wrap(root, path), (i) => i.children)
  // Each node weighs what it holds: own parts by difference, so that sums hold.
  top.sum((i) => (i.children.length > 0 ? (form === 'icicle' ? rest(i, value) : 0) : Math.max(i.own ? rest(i, value) : value(i.node), 0)))
  top.sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  const placed: HierarchyRectangularNode<Item> =
    form === 'icicle'
      ? partition<Item>().size([width, height])(top)
      : treemap<Item>().tile(treemapSquarify).size([width, height]).paddingInner(1).round(false)(top)
  const rows = Math.min(placed.height + 1, 14)
  const row = height / rows
  const boxes: Box[] = []
  placed.each((n) => {
    const w = n.x1 - n.x0
    const icicle = form === 'icicle'
    if (w < 2 || (icicle && n.depth >= rows) || (!icicle && n.children)) return
    if (!icicle && n.y1 - n.y0 < 2) return
    boxes.push({
      node: n.data.node, path: n.data.path, depth: n.depth, own: n.data.own, x: n.x0, width: w,
      y: icicle ? n.depth * row : n.y0, height: icicle ? row : n.y1 - n.y0, hue: hue.get(n.data.node.gem) ?? 0,
    })
  })
  return boxes
}

function rest(i: Item, value: (n: Node) => number): number {
  return Math.max(value(i.node) - i.node.children.reduce((s, c) => s + Math.max(value(c), 0), 0), 0)
}

/** find follows a path of names from root, as far as it goes. */
export function find(root: Node, path: string): Node[] {
  const way = [root]
  for (const name of path.split('/').slice(1)) {
    const next = way[way.length - 1]!.children.find((c) => c.name.replaceAll('/', '\u2215') === name)
    if (!next) break
    way.push(next)
  }
  return way
}
