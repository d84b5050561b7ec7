// <form data-ipd-leave>: asks before what was typed is lost. The question itself is the browser's own.
export function confirmLeave () {
  for (const form of document.querySelectorAll('form[data-ipd-leave]')) {
    let changed = form.dataset.ipdLeave === 'changed'
    form.addEventListener('input', () => { changed = true })
    form.addEventListener('submit', () => { changed = false })
    window.addEventListener('beforeunload', (event) => { if (changed) event.preventDefault() })
  }
}
