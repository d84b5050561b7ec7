// Elements name their own key, or two keys pressed one after the other: <a data-ipd-key="n">, <a data-ipd-key="g q">.
// j and k walk the rows of a list marked data-ipd-rows.
// Off while typing, with any modifier held, and for whoever switched shortcuts off (WCAG 2.1.4: <body data-ipd-keys="off">).
function typing (target) {
  return target.closest('input, textarea, select, [contenteditable]') !== null
}

function step (by) {
  const links = [...document.querySelectorAll('[data-ipd-rows] tbody tr:not([hidden]) a[data-ipd-row]')]
  if (!links.length) return false
  const here = links.findIndex((link) => link.closest('tr').contains(document.activeElement))
  const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, here + by))
  links[next].focus()
  return true
}

const TOGETHER = 1200 // milliseconds in which the second key of two must follow
let first = { key: '', at: 0 }

// What was pressed: the key, or both keys of a pair.
function pressed (event) {
  const pair = event.timeStamp - first.at < TOGETHER && first.key ? `${first.key} ${event.key}` : ''
  first = { key: event.key, at: event.timeStamp }
  return pair && named(pair) ? pair : event.key
}

function named (keys) {
  return [...document.querySelectorAll('[data-ipd-key]')].find((one) => one.dataset.ipdKey === keys && one.offsetParent !== null)
}

export function keyboard () {
  document.addEventListener('keydown', (event) => {
    if (document.body.dataset.ipdKeys === 'off') return
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return
    if (event.key === 'j' || event.key === 'k') {
      if (step(event.key === 'j' ? 1 : -1)) event.preventDefault()
      return
    }
    const target = named(pressed(event))
    if (!target) return
    event.preventDefault()
    if (target.matches('input, textarea, select')) target.focus()
    else target.click()
  })
}
