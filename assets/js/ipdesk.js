// Everything here only adds comfort: each page works without it.
import { createAll, Button, CharacterCount, ErrorSummary, NotificationBanner, PasswordInput, ServiceNavigation, SkipLink, Tabs } from 'govuk-frontend'
import { exhibits } from './exhibits.js'
import { confirmLeave } from './leave.js'
import { filterTables } from './filter.js'
import { followGroups } from './groups.js'
import { keyboard } from './keyboard.js'
import { uploads } from './upload.js'

// A message in the error summary says which field it is about, in that field's own words.
function nameFields () {
  const list = document.querySelector('.govuk-error-summary__list')
  if (!list) return
  const colon = document.documentElement.lang.startsWith('zh') ? '：' : ': '
  for (const link of list.querySelectorAll('a[href^="#"]')) {
    const field = document.getElementById(link.hash.slice(1))
    if (!field) continue
    const group = field.matches('fieldset') ? field : field.closest('fieldset')
    const isChoice = field.matches('fieldset, [type=radio], [type=checkbox]')
    const title = (isChoice && group?.querySelector('legend')) || field.labels?.[0]
    const statement = field.closest('.govuk-form-group:has(> .ipd-statement)')?.querySelector('.ipd-statement p')?.textContent.trim()
    const name = (statement && firstWords(statement)) || title?.textContent.replace(/\s+/g, ' ').trim().replace(/[:：?？.。]$/, '')
    if (name && name.length < 80 && !link.textContent.trim().startsWith(name)) link.textContent = name + colon + link.textContent.trim()
  }
}

// The messages stand in the order of their fields, those about the whole form first.
function orderSummary () {
  const list = document.querySelector('.govuk-error-summary__list')
  const place = (item) => document.getElementById(item.querySelector('a')?.hash.slice(1))
  const sorted = [...list?.children || []].sort((a, b) => {
    const [one, other] = [place(a), place(b)]
    if (!one || !other) return Boolean(one) - Boolean(other)
    return one === other ? 0 : one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1
  })
  list?.append(...sorted)
}

function firstWords (text) {
  return text.length > 50 ? text.slice(0, 50).replace(/\s+\S*$/, '') + '…' : text
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
  nameFields()
  orderSummary()
  exhibits() // before uploads: it empties the file fields that it takes over
  uploads(start)
  confirmLeave()
  filterTables()
  followGroups()
}

keyboard()
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
else start()
