// Sorting of a table by one column.

export type Value = string | number | null

export class Sort<Row> {
  column = $state('')
  down = $state(false)

  constructor(readonly values: Record<string, (row: Row) => Value>, column: string, down = false) {
    this.column = column
    this.down = down
  }

  // by sorts by a column; the same column again turns the order round. Text
  // begins at a, numbers begin at the largest.
  by(column: string, down: boolean): void {
    this.down = this.column === column ? !this.down : down
    this.column = column
  }

  aria(column: string): 'ascending' | 'descending' | 'none' {
    if (this.column !== column) return 'none'
    return this.down ? 'descending' : 'ascending'
  }

  apply(rows: Row[]): Row[] {
    const value = this.values[this.column]
    if (!value) return rows
    const sign = this.down ? -1 : 1
    return [...rows].sort((a, b) => compare(value(a), value(b), sign))
  }
}

// compare orders two values; what is unknown always comes last.
function compare(a: Value, b: Value, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b)
  return sign * String(a).localeCompare(String(b), 'en')
}
