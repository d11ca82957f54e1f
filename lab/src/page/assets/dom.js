// Building the page without ever reading text as markup.

/** An element with a class, and children that are elements or texts. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The same with attributes. */
export function makeWith(tag, attributes, ...children) {
  const element = make(tag, "", ...children);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  return element;
}

/** An element of a drawing. */
export function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A button that does something. */
export function button(text, does, className = "button") {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", does);
  return element;
}

/** A link to somewhere. */
export function link(text, href, className = "") {
  const element = make("a", className, text);
  element.href = href;
  return element;
}

/** The head of a table's column. */
export function column(...children) {
  return makeWith("th", { scope: "col" }, ...children);
}

/** A list of terms and what they are. */
export function terms(className, pairs) {
  const list = make("dl", className);
  for (const [term, value] of pairs) {
    list.append(make("div", "", make("dt", "", term), make("dd", "", value)));
  }
  return list;
}

/** What can be opened to see more. */
export function fold(title, ...children) {
  return make("details", "fold", make("summary", "", title), ...children);
}

/** A field with its name. */
export function field(name, input, className = "field") {
  return make("label", className, make("span", "", name), input);
}
