// Commands as a shell reads them: as far as the guides write them, and no further.

/**
 * The commands of a block: as they are shown, as they are pasted (not every shell takes a comment
 * there), and what the block shows below each. In a `console` block a command begins with `$ `.
 */
export function commandsOf(text, isConsole) {
  const commands = [];
  let goesOn = false;
  for (const line of text.split("\n")) {
    const begins = !goesOn && (!isConsole || line.startsWith("$ "));
    if (!begins && !goesOn) {
      if (commands.length > 0) commands.at(-1).output.push(line);
      continue;
    }
    const shown = begins && isConsole ? line.slice(2) : line;
    const pasted = withoutComment(shown);
    if (begins) commands.push({ shown, pasted, output: [] });
    else {
      const last = commands.at(-1);
      last.shown += `\n${shown}`;
      last.pasted += `\n${pasted}`;
    }
    goesOn = pasted.endsWith("\\");
  }
  return commands.filter(({ pasted }) => pasted !== "");
}

function withoutComment(line) {
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at];
    if (quote) quote = letter === quote ? "" : quote;
    else if (letter === "'" || letter === '"') quote = letter;
    else if (letter === "#" && (at === 0 || /\s/.test(line[at - 1]))) return line.slice(0, at).trimEnd();
  }
  return line.trimEnd();
}

/**
 * The words of each of the commands that `;` parts; null where a shell would do more than to run
 * them one after the other.
 */
export function wordsOf(text) {
  const commands = [[]];
  let word = null;
  let quote = "";
  const ends = () => {
    if (word !== null) commands.at(-1).push(word);
    word = null;
  };
  for (const letter of text.replaceAll("\\\n", "")) {
    if (quote) {
      if (letter === quote) quote = "";
      else if (quote === '"' && /[$`\\]/.test(letter)) return null;
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === ";" || letter === "\n") {
      ends();
      commands.push([]);
    } else if (/\s/.test(letter)) ends();
    else if (/[|&<>$`\\*?()[\]{}~!#]/.test(letter)) return null;
    else word = (word ?? "") + letter;
  }
  ends();
  return quote ? null : commands.filter((words) => words.length > 0);
}

const PROGRAMS = /^(cargo|malha|curl|grpcurl|kubectl|helm|kind|docker|skaffold|tilt|nc|printf|sudo|time) \S/;

/** Whether a block in this language is made of commands. */
export function isShell(language) {
  return ["sh", "console"].includes(language);
}

/** Whether a block in this language is pasted as a whole. */
export function isPasted(language) {
  return ["python", "js"].includes(language);
}

/** Whether what stands in a sentence as code is a command to type. */
export function isCommand(text) {
  return PROGRAMS.test(text.replace(/^([A-Z_][A-Z0-9_]*=\S+ )+/, ""));
}
