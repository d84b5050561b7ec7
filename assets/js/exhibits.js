// [data-ipd-exhibits] (templates/components/upload.html): files of a form, sent as soon as they are chosen, in pieces, shown as they go
// and taken up again after a cut. Without script the same form sends them itself.
const waits = [1, 2, 5, 10, 20] // seconds between tries; the last one repeats
const tries = 60
const together = 2 // files sent at a time: more would only share the same line
const piece = 1024 * 1024 // small, so that a cut on a slow line costs little

// The desk says no, in the person's words; trying again helps only where it has no room at the moment.
class Refused extends Error {
  constructor (told, later) {
    super(told)
    this.later = later
  }
}
class Cut extends Error {} // the line broke or the desk is busy: try again

function element (tag, className, text) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text) made.textContent = text
  return made
}

function pause (seconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000)
    function done () {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      resolve()
    }
    window.addEventListener('online', done)
  })
}

// XMLHttpRequest, because fetch does not tell how much has been sent.
function send (method, url, headers, body, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    request.timeout = 120000
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    if (onProgress) request.upload.addEventListener('progress', (event) => onProgress(event.loaded))
    request.addEventListener('error', () => reject(new Cut()))
    request.addEventListener('timeout', () => reject(new Cut()))
    request.addEventListener('load', () => resolve(request))
    request.send(body)
  })
}

async function ask (method, url, headers, body, onProgress) {
  const answer = await send(method, url, headers, body, onProgress)
  if (answer.status < 300) return answer
  if (answer.status === 429 || (answer.status >= 500 && answer.status !== 507)) throw new Cut()
  if (answer.status === 409 && answer.getResponseHeader('Upload-Offset') !== null) return answer
  let told = ''
  try { told = JSON.parse(answer.responseText).error || '' } catch (error) { /* an answer without words */ }
  throw new Refused(told, answer.status === 507)
}

class Transfer {
  constructor (field, file) {
    this.field = field
    this.file = file
    this.item = element('li', 'ipd-upload__item')
    this.note = element('span', 'ipd-upload__note')
    this.bar = element('progress')
    this.bar.max = file.size || 1
    this.bar.setAttribute('aria-label', file.name)
    this.item.append(element('bdi', '', file.name), this.note, this.bar)
    field.list.append(this.item)
  }

  async run () {
    const words = this.field.words
    for (let attempt = 0; ; attempt++) {
      try {
        return this.arrived(await this.once())
      } catch (error) {
        if (!(error instanceof Cut) || attempt >= tries) return this.failed(error.message || words.textFailed, !(error instanceof Refused) || error.later)
        this.say(words.textWaiting)
        await pause(waits[Math.min(attempt, waits.length - 1)])
      }
    }
  }

  // One try: it goes on where the last one was cut.
  async once () {
    const words = this.field.words
    const csrf = { 'X-CSRFToken': words.token }
    this.note.textContent = words.textSending
    if (!this.begun) {
      const answer = await ask('POST', words.begin, { ...csrf, 'Content-Type': 'application/json' },
        JSON.stringify({ name: this.file.name, size: this.file.size }))
      this.begun = JSON.parse(answer.responseText)
      this.offset = 0
    } else {
      const answer = await ask('HEAD', this.begun.href, { 'Upload-Token': this.begun.token })
      this.offset = Number(answer.getResponseHeader('Upload-Offset'))
    }
    const headers = { ...csrf, 'Upload-Token': this.begun.token }
    while (this.offset < this.file.size) {
      const from = this.offset
      const answer = await ask('PUT', this.begun.href,
        { ...headers, 'Content-Type': 'application/octet-stream', 'Upload-Offset': String(from) },
        this.file.slice(from, from + Math.min(this.begun.part, piece)), (sent) => { this.bar.value = from + sent })
      this.offset = Number(answer.getResponseHeader('Upload-Offset'))
      this.bar.value = this.offset
    }
    this.say(words.textChecking)
    this.bar.removeAttribute('value')
    return JSON.parse((await ask('POST', `${this.begun.href}/finish`, headers)).responseText)
  }

  arrived (exhibit) {
    const words = this.field.words
    const reference = element('input')
    reference.type = 'hidden'
    reference.name = words.field
    reference.value = exhibit.reference
    this.bar.remove()
    this.say(words.textArrived)
    if (exhibit.trouble) this.item.append(element('span', 'ipd-upload__note ipd-upload__note--error', exhibit.trouble))
    if (exhibit.thumbnail) {
      const image = element('img', 'ipd-thumb')
      image.src = exhibit.thumbnail
      image.alt = ''
      this.item.append(image)
    }
    this.field.attach(exhibit.reference)
    this.item.append(reference, this.button(words.textRemove, () => {
      send('POST', exhibit.remove, { 'X-CSRFToken': words.token }).catch(() => {}) // without its reference it is not filed anyway
      this.leave()
    }))
    this.done = true
  }

  failed (message, again) {
    this.bar.remove()
    this.say(message, true)
    if (again) this.item.append(this.button(this.field.words.textAgain, () => { this.leave(); this.field.add([this.file]) }))
    this.item.append(this.button(this.field.words.textRemove, () => this.leave()))
    this.done = this.refused = true
  }

  leave () {
    this.item.remove()
    this.refused = false
    this.field.stop.textContent = ''
    this.field.input.focus()
  }

  button (text, act) {
    const made = element('button', 'govuk-button govuk-button--secondary', text)
    made.type = 'button'
    made.append(element('span', 'govuk-visually-hidden', ` ${this.file.name}`))
    made.addEventListener('click', act)
    return made
  }

  // What changes is also read out; the progress itself would be noise.
  say (text, isError) {
    this.note.classList.toggle('ipd-upload__note--error', Boolean(isError))
    this.note.textContent = text
    this.field.status.textContent = `${this.file.name}: ${text}`
  }
}

class Field {
  constructor (root) {
    this.words = root.dataset
    this.input = root.querySelector('input[type=file]')
    this.list = root.querySelector('[data-list]')
    this.status = root.querySelector('[data-status]')
    this.stop = root.querySelector('[data-stop]')
    this.transfers = []
    this.attached = Promise.resolve()
    this.waiting = []
    this.running = 0
    this.input.addEventListener('change', () => {
      this.add([...this.input.files])
      this.input.value = '' // they are sent here, so the form must not send them again
    })
    this.input.form.addEventListener('submit', (event) => {
      const refused = this.transfers.find((transfer) => transfer.refused)
      const open = refused || this.transfers.find((transfer) => !transfer.done)
      this.stop.textContent = ''
      if (!open) return
      event.preventDefault()
      event.stopImmediatePropagation() // nothing was sent, so nothing else may act as if it were
      this.stop.textContent = refused ? this.words.textTrouble : this.words.textOpen
      this.stop.focus({ preventScroll: true })
      open.item.scrollIntoView({ block: 'center' })
    })
  }

  add (files) {
    const made = files.map((file) => new Transfer(this, file))
    this.transfers.push(...made)
    this.waiting.push(...made)
    this.next()
  }

  // What has arrived belongs to a draft at once, whether or not the form is sent. One after the other: each changes the same draft.
  attach (reference) {
    const words = this.words
    if (!words.attach) return
    this.attached = this.attached.then(() => ask('POST', words.attach,
      { 'X-CSRFToken': words.token, 'Content-Type': 'application/x-www-form-urlencoded' },
      new URLSearchParams({ field: words.field, exhibit: reference }).toString()))
      .catch(() => {}) // the form carries it still
  }

  next () {
    while (this.running < together && this.waiting.length) {
      this.running++
      this.waiting.shift().run().finally(() => { this.running--; this.next() })
    }
  }
}

export function exhibits () {
  for (const root of document.querySelectorAll('[data-ipd-exhibits]:not([data-ipd-ready])')) {
    root.dataset.ipdReady = ''
    new Field(root) // eslint-disable-line no-new
  }
}
