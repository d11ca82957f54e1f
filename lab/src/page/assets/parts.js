// A guide's parts: its sections with their minutes, its experiments, its questions.

const MINUTES = /^(\d+) min$/;

/** The parts of a guide's elements, which are marked on the way. */
export function partsOf(elements) {
  const sections = [];
  let experiment = null;
  const experiments = [];
  for (const element of elements) {
    if (element.tagName === "H2") {
      sections.push({ heading: element, minutes: 0, body: [] });
      experiment = null;
      continue;
    }
    const section = sections.at(-1);
    if (!section) continue;
    const [, minutes] = (section.body.length === 0 && element.textContent.match(MINUTES)) || [];
    if (minutes) {
      section.minutes = Number(minutes);
      element.className = "minutes";
      continue;
    }
    section.body.push(element);
    experiment = begun(element) ?? experiment;
    if (experiment?.elements.length === 0) experiments.push({ ...experiment, section });
    experiment?.elements.push(element);
  }
  return {
    title: elements.find(({ tagName }) => tagName === "H1").textContent,
    sections,
    minutes: sections.reduce((sum, section) => sum + section.minutes, 0),
    experiments,
    questions: sections.at(-1).body.find(({ tagName }) => tagName === "OL"),
  };
}

/** The experiment that begins here, as in `**3. A frozen server.** …`. */
function begun(element) {
  const first = element.firstChild;
  const [, number, title] = (element.tagName === "P" && first?.nodeName === "B" && first.textContent.match(/^(\d+)\. (.*?)\.?$/)) || [];
  if (!number) return null;
  element.id = `experiment-${number}`;
  return { number, title, elements: [] };
}
