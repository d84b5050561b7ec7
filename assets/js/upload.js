// <form data-ipd-upload> with a file field: shows how far the sending is, file names and sizes, and lets a cut upload be sent again
// with everything still chosen. Without script the form is sent as any other.
function size (bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  const step = bytes ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0
  return new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit: units[step], maximumFractionDigits: step > 1 ? 1 : 0 })
    .format(bytes / 1000 ** step)
}

function element (tag, className, text) {
  const made = document.createElement(tag)
  made.className = className
  if (text) made.textContent = text
  return made
}

function show (form, field, list) {
  const most = Number(field.dataset.ipdMost) || Infinity
  list.replaceChildren(...[...field.files].map((file) => {
    const item = element('li', 'ipd-upload__item')
    item.append(element('span', '', file.name), element('span', 'ipd-upload__note', size(file.size)))
    if (file.size > most) item.append(element('span', 'ipd-upload__note ipd-upload__note--error', form.dataset.ipdTooLarge))
    if (file.size === 0) item.append(element('span', 'ipd-upload__note ipd-upload__note--error', form.dataset.ipdEmpty))
    return item
  }))
}

// The server's answer takes the place of this page, as if the form had been sent the usual way, but files once chosen stay chosen.
function become (answer, address, start) {
  const page = new DOMParser().parseFromString(answer, 'text/html')
  for (const field of document.querySelectorAll('input[type=file]')) {
    if (field.id) page.getElementById(field.id)?.replaceWith(field)
  }
  document.title = page.title
  document.body.replaceWith(page.body)
  if (address !== window.location.href) window.history.pushState(null, '', address)
  window.scrollTo(0, 0)
  start()
}

function send (form, bar, note, button, start) {
  const request = new XMLHttpRequest()
  const failed = () => {
    bar.hidden = true
    button.disabled = false
    note.classList.add('ipd-upload__note--error')
    note.textContent = form.dataset.ipdFailed
    button.focus()
  }
  bar.hidden = false
  bar.value = 0
  note.classList.remove('ipd-upload__note--error')
  note.textContent = form.dataset.ipdSending
  button.disabled = true
  request.upload.addEventListener('progress', (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total
  })
  request.addEventListener('error', failed)
  request.addEventListener('load', () => {
    const isPage = (request.getResponseHeader('Content-Type') || '').startsWith('text/html')
    if (request.status >= 500 || !isPage) failed()
    else become(request.responseText, request.responseURL, start)
  })
  request.open('POST', form.action)
  request.send(new FormData(form))
}

export function uploads (start) {
  for (const form of document.querySelectorAll('form[data-ipd-upload]')) {
    const field = form.querySelector('input[type=file]')
    const button = form.querySelector('button[type=submit], button:not([type])')
    if (!field || !button) continue
    const list = element('ul', 'ipd-upload__list')
    const note = element('p', 'ipd-upload__note ipd-upload__progress')
    const bar = document.createElement('progress')
    bar.max = 1
    bar.hidden = true
    bar.setAttribute('aria-label', form.dataset.ipdSending)
    note.setAttribute('role', 'status')
    field.closest('.govuk-form-group').after(list)
    button.parentElement.prepend(bar, note) // how far it is, and what went wrong, stand where the thumb is
    field.addEventListener('change', () => show(form, field, list))
    if (field.files.length) show(form, field, list)
    form.addEventListener('submit', (event) => {
      if (!field.files.length) return
      event.preventDefault()
      send(form, bar, note, button, start)
    })
  }
}
