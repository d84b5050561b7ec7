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

function send (form, bar, note, button) {
  const request = new XMLHttpRequest()
  const failed = () => {
    bar.hidden = true
    button.disabled = false
    note.className = 'ipd-upload__note ipd-upload__note--error'
    note.textContent = form.dataset.ipdFailed
    button.focus()
  }
  bar.hidden = false
  bar.value = 0
  note.className = 'ipd-upload__note'
  note.textContent = form.dataset.ipdSending
  button.disabled = true
  request.upload.addEventListener('progress', (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total
  })
  request.addEventListener('error', failed)
  request.addEventListener('load', () => {
    if (request.status >= 500) return failed()
    // The answer is the page that the server would have shown: after a redirect its address, else the page itself with its errors.
    if (request.responseURL && request.status < 400) return window.location.assign(request.responseURL)
    const page = new DOMParser().parseFromString(request.responseText, 'text/html')
    const errors = page.querySelector('.govuk-error-summary')
    const old = document.querySelector('.govuk-error-summary')
    bar.hidden = true
    button.disabled = false
    if (!errors) return failed()
    note.textContent = ''
    if (old) old.replaceWith(errors)
    else document.getElementById('main-content').prepend(errors)
    errors.setAttribute('tabindex', '-1')
    errors.focus()
  })
  request.open('POST', form.action)
  request.send(new FormData(form))
}

export function uploads () {
  for (const form of document.querySelectorAll('form[data-ipd-upload]')) {
    const field = form.querySelector('input[type=file]')
    const button = form.querySelector('button[type=submit], button:not([type])')
    if (!field || !button) continue
    const list = element('ul', 'ipd-upload__list')
    const note = element('p', 'ipd-upload__note')
    const bar = document.createElement('progress')
    bar.max = 1
    bar.hidden = true
    bar.setAttribute('aria-label', form.dataset.ipdSending)
    note.setAttribute('role', 'status')
    field.closest('.govuk-form-group').after(list, bar, note)
    field.addEventListener('change', () => show(form, field, list))
    form.addEventListener('submit', (event) => {
      if (!field.files.length) return
      event.preventDefault()
      send(form, bar, note, button)
    })
  }
}
