// Builds ipdesk/static from assets/ and the packages that package.json pins: `make assets`.
//
// Everything written is listed with its digest in ipdesk/static/build.json, together with one digest of all inputs, so that
// tests/architecture/test_assets.py can tell without Node whether what is committed is current.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import rtlcss from 'rtlcss'
import * as sass from 'sass'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, 'ipdesk/static')
const modules = join(root, 'node_modules')
const tokens = JSON.parse(readFileSync(join(root, 'assets/tokens.json'), 'utf8'))
const written = []

function write (path, content) {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
  written.push(path)
}

function copy (from, path) {
  write(path, readFileSync(join(modules, from)))
}

// The token file as Sass variables: nothing else turns a token into a style.
function tokensAsSass () {
  const map = (name, object) => `$${name}: (${Object.entries(object).map(([k, v]) => `"${k}": ${v}`).join(', ')});\n`
  const states = Object.entries(tokens.states).map(([name, s]) => [name.replace('_', '-'), `("colour": ${s.colour}, "tint": ${s.tint})`])
  return map('colours', tokens.colours) + map('states', Object.fromEntries(states)) + map('space', tokens.space) +
    `$radius: ${tokens.radius};\n` +
    Object.entries(tokens.fonts).map(([name, stack]) => `$font-${name.replace('_', '-')}: ${stack};\n`).join('')
}

function buildStyles () {
  const { css } = sass.compile(join(root, 'assets/sass/ipdesk.scss'), {
    loadPaths: [root],
    style: 'compressed',
    quietDeps: true,
    importers: [{
      canonicalize: (url) => url === 'tokens:' ? new URL(url) : null,
      load: () => ({ contents: tokensAsSass(), syntax: 'scss' })
    }]
  })
  write('ipdesk/static/ipdesk.css', css + '\n')
  write('ipdesk/static/ipdesk.rtl.css', rtlcss.process(css) + '\n')
}

function buildScript () {
  const result = esbuild.buildSync({
    entryPoints: [join(root, 'assets/js/ipdesk.js')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2019',
    legalComments: 'none',
    write: false,
    absWorkingDir: root
  })
  write('ipdesk/static/ipdesk.js', result.outputFiles[0].text)
  copy('htmx.org/dist/htmx.min.js', 'ipdesk/static/htmx.min.js')
}

function copyFonts () {
  for (const script of ['latin', 'latin-ext', 'cyrillic', 'greek', 'vietnamese']) {
    const file = `noto-sans-${script}-wght-normal.woff2`
    copy(`@fontsource-variable/noto-sans/files/${file}`, `ipdesk/static/fonts/${file}`)
  }
}

// The pictures that the style names, wherever they come from.
function copyImages () {
  const css = readFileSync(join(out, 'ipdesk.css'), 'utf8')
  for (const name of new Set(css.match(/(?<=url\(images\/)[\w.-]+/g))) {
    copy(`@ministryofjustice/frontend/moj/assets/images/${name}`, `ipdesk/static/images/${name}`)
  }
  copyTree('images')
}

function copyTree (folder) {
  for (const path of files(`assets/${folder}`)) write(path.replace('assets/', 'ipdesk/static/'), readFileSync(join(root, path)))
}

function copyLicences () {
  copy('@fontsource-variable/noto-sans/LICENSE', 'ipdesk/static/licences/noto-sans-OFL.txt')
  copy('htmx.org/LICENSE', 'ipdesk/static/licences/htmx-0BSD.txt')
  copyTree('licences') // the npm packages of GOV.UK and MoJ Frontend name their licence but do not carry its text
}

// The five shapes for the macro that draws them: inline, so that a list row needs no second request and prints in its colour.
function writeShapes () {
  const rows = Object.entries(tokens.states).map(([name, s]) => `  '${name}': '${s.path}',`)
  write('templates/components/shapes.html',
    '{# Built by `make assets` from assets/tokens.json. #}\n{% set state_paths = {\n' + rows.join('\n') + '\n} %}\n')
}

function sha256 (...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function files (folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
}

function writeManifest () {
  const inputs = [...files('assets'), 'package.json', 'package-lock.json'].sort()
  const manifest = {
    inputs: sha256(...inputs.flatMap((path) => [path, '\0', sha256(readFileSync(join(root, path))), '\n'])),
    files: Object.fromEntries(written.sort().map((path) => [path, sha256(readFileSync(join(root, path)))]))
  }
  writeFileSync(join(out, 'build.json'), JSON.stringify(manifest, null, 1) + '\n')
}

rmSync(out, { recursive: true, force: true })
buildStyles()
buildScript()
copyFonts()
copyLicences()
copyImages()
write('ipdesk/static/tokens.json', readFileSync(join(root, 'assets/tokens.json')))
writeShapes()
writeManifest()
