// <select data-ipd-groups="kind">: each group belongs to one answer of the question "kind"; only the chosen answer's group can be
// chosen from. Until one is chosen, and without script, all groups stand there under their names.
export function followGroups () {
  for (const list of document.querySelectorAll('select[data-ipd-groups]')) {
    const answers = list.form.elements[list.dataset.ipdGroups]
    const follow = () => {
      for (const group of list.querySelectorAll('optgroup')) {
        group.hidden = group.disabled = Boolean(answers.value) && group.dataset.ipdGroup !== answers.value
      }
      if (list.selectedOptions[0]?.parentElement.disabled) list.value = ''
    }
    list.form.addEventListener('change', follow)
    follow()
  }
}
