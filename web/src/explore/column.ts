/** Column is one of a table's. */
export interface Column {
  key: string
  label: string
  number?: boolean
  wide?: boolean
  sortable?: boolean
}
