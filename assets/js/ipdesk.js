// Everything here only adds comfort: each page works without it.
import { createAll, Button, CharacterCount, ErrorSummary, NotificationBanner, PasswordInput, ServiceNavigation, SkipLink, Tabs } from 'govuk-frontend'
import { exhibits } from './exhibits.js'
import { confirmLeave } from './leave.js'
import { filterTables } from './filter.js'
import { keyboard } from './keyboard.js'
import { uploads } from './upload.js'

// Times are shown in the reader's own zone: only the browser knows it.
function rememberZone () {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`
}

function start () {
  document.body.classList.add('js-enabled', 'govuk-frontend-supported')
  createAll(Button, { preventDoubleClick: true })
  for (const component of [CharacterCount, ErrorSummary, NotificationBanner, PasswordInput, ServiceNavigation, SkipLink, Tabs]) {
    createAll(component)
  }
  for (const control of document.querySelectorAll('[data-ipd-submit]')) {
    control.addEventListener('change', () => control.form.requestSubmit())
  }
  for (const button of document.querySelectorAll('[data-ipd-print]')) {
    button.addEventListener('click', () => window.print())
  }
  exhibits() // before uploads: it empties the file fields that it takes over
  uploads(start)
  confirmLeave()
  filterTables()
}

keyboard()
rememberZone()
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
else start()
