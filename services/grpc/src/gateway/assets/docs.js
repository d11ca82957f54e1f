// Its own dark colours, where the reader's screen is dark.
const dark = matchMedia('(prefers-color-scheme: dark)');
const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', show);
show();

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  validatorUrl: null, // nothing leaves this page for elsewhere
});

// An operation's name is a link within a button, which nobody reaches but by a mouse: the button
// alone leads there. Headings skip levels; a screen reader hears them as if they did not.
const place = document.getElementById('swagger-ui');
const LEVELS = { 'h3.opblock-tag': '2', 'section.models h4': '2', '.opblock-body h4': '3', '.opblock-body h5': '4' };
const mend = () => {
  for (const link of place.querySelectorAll('button a[href^="#"]')) link.removeAttribute('href');
  for (const [headings, level] of Object.entries(LEVELS)) {
    for (const heading of place.querySelectorAll(`${headings}:not([aria-level])`)) heading.setAttribute('aria-level', level);
  }
  for (const table of place.querySelectorAll('.responses-table:not([aria-label])')) table.setAttribute('aria-label', table.id);
  place.querySelector('.information-container:not([role])')?.setAttribute('role', 'banner');
};
new MutationObserver(mend).observe(place, { childList: true, subtree: true, attributes: true, attributeFilter: ['href'] });
