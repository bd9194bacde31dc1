// A campaign's questions, and what the agent answered to them for whom he talks to.

/** A campaign's questions, one a line; choices stand behind bars: `Interested? | yes | no`. */
export function questionsOf(form) {
  return form
    .split("\n")
    .map((line) => line.split("|").map((part) => part.trim()))
    .filter(([question]) => question)
    .map(([question, ...choices]) => ({ question, choices: choices.filter(Boolean) }));
}

/** The answers as they go into the note: the note is what the interaction keeps. */
export function withAnswers({ answers = {}, note }) {
  const lines = Object.entries(answers).filter(([, answer]) => answer).map(([question, answer]) => `${question}: ${answer}`);
  return [...lines, ...(note ? [note] : [])].join("\n");
}
