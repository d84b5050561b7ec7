// <input data-ipd-filter="TABLE-ID">: hides the rows of a table already on the page that do not hold every word typed.
export function filterTables () {
  for (const input of document.querySelectorAll('input[data-ipd-filter]')) {
    const rows = [...document.querySelectorAll(`#${CSS.escape(input.dataset.ipdFilter)} tbody tr`)]
    const texts = rows.map((row) => row.textContent.toLocaleLowerCase())
    const status = document.getElementById(`${input.id}-status`)
    const apply = () => {
      const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean)
      let shown = 0
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word))
        if (!row.hidden) shown += 1
      })
      if (status) status.textContent = words.length ? `${shown} / ${rows.length}` : ''
    }
    input.addEventListener('input', apply)
    // Enter in this field means "show me", never "send the form".
    input.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault() })
    apply()
  }
}
