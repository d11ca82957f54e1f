// Dark colours where the reader's screen is dark: ReDoc has none of its own.
const DARK = {
  colors: {
    primary: { main: '#8ab4f8' },
    success: { main: '#6bd68f' },
    warning: { main: '#f0b849', contrastText: '#1b1f23' },
    error: { main: '#ff9a8f' },
    gray: { 50: '#23282d', 100: '#2a3036' },
    text: { primary: '#e4e8ec', secondary: '#b4bcc4' },
    border: { dark: 'rgba(255, 255, 255, 0.25)', light: 'rgba(255, 255, 255, 0.12)' },
    responses: {
      success: { color: '#6bd68f', backgroundColor: 'rgba(107, 214, 143, 0.1)', tabTextColor: '#6bd68f' },
      error: { color: '#ff9a8f', backgroundColor: 'rgba(255, 154, 143, 0.1)', tabTextColor: '#ff9a8f' },
      redirect: { color: '#f0b849', backgroundColor: 'rgba(240, 184, 73, 0.1)', tabTextColor: '#f0b849' },
      info: { color: '#8ab4f8', backgroundColor: 'rgba(138, 180, 248, 0.1)', tabTextColor: '#8ab4f8' },
    },
  },
  schema: { nestedBackground: '#23282d', linesColor: '#6b7580', typeNameColor: '#b4bcc4', typeTitleColor: '#b4bcc4', requireLabelColor: '#ff9a8f' },
  typography: {
    code: { color: '#ff9a8f', backgroundColor: '#2a3036' },
    links: { color: '#8ab4f8', visited: '#8ab4f8', hover: '#b3cffb' },
  },
  sidebar: { backgroundColor: '#15181b', textColor: '#e4e8ec', activeTextColor: '#8ab4f8' },
  rightPanel: { backgroundColor: '#15181b', textColor: '#ffffff' },
  codeBlock: { backgroundColor: '#0f1214' },
  fab: { backgroundColor: '#2a3036', color: '#8ab4f8' },
};

const place = document.getElementById('redoc');
const dark = matchMedia('(prefers-color-scheme: dark)');
const show = () => {
  Redoc.init('openapi.json', { hideHostname: true, theme: dark.matches ? DARK : {} }, place);
};
dark.addEventListener('change', show);
show();

// Its headings go from the second level to the fifth: a screen reader hears them as the third.
new MutationObserver(() => {
  for (const heading of place.querySelectorAll('h5:not([aria-level])')) heading.setAttribute('aria-level', '3');
}).observe(place, { childList: true, subtree: true });
