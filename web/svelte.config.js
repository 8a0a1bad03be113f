// Tables say their roles although HTML implies them: on a phone their rows are
// laid out as blocks, and a browser then forgets that they are a table.
const compilerOptions = {
  runes: true,
  warningFilter: (warning) => warning.code !== 'a11y_no_redundant_roles',
}

export default { compilerOptions }
