// From messages to rows: a tool's result stands in the row of its call, and calls are read from what agents write.

/** The tool calls in a message's blocks: a list of {id, name, input}. Agents' formats differ in where these stand. */
export function callsOf(message) {
  return blocksOf(message)
    .filter((block) => block.type === "tool_use" || block.type === "function" || block.type === "tool_call")
    .map((block) => ({
      id: block.id ?? null,
      name: block.name ?? block.function?.name ?? "tool",
      input: parsed(block.input ?? block.arguments ?? block.function?.arguments),
    }));
}

/** The results in a message's blocks: a list of {id, text, isError}; one without an id where there are no blocks. */
export function resultsOf(message) {
  const results = blocksOf(message)
    .filter((block) => block.type === "tool_result")
    .map((block) => ({ id: block.tool_use_id ?? null, text: textOf(block.content), isError: block.is_error === true }));
  return results.length > 0 ? results : [{ id: null, text: message.text, isError: false }];
}

function blocksOf({ blocks }) {
  return Array.isArray(blocks) ? blocks.filter((block) => block !== null && typeof block === "object") : [];
}

// The input of some formats is JSON in a text; text that is none is the input itself. Gives an object or a text.
function parsed(input) {
  let value = input;
  if (typeof input === "string") {
    try {
      value = JSON.parse(input);
    } catch {
      return input;
    }
  }
  if (value === null || value === undefined) {
    return {};
  }
  return typeof value === "object" || typeof value === "string" ? value : String(value);
}

function textOf(content) {
  if (typeof content === "string") {
    return content;
  }
  if (Array.isArray(content)) {
    return content.map((part) => (typeof part?.text === "string" ? part.text : JSON.stringify(part, null, 2))).join("\n");
  }
  return content === null || content === undefined ? "" : JSON.stringify(content, null, 2);
}

/**
 * The rows for a stretch of messages: a list of {message, calls, seqs}. A call has its `result` ({text, isError, seq})
 * when that is in the stretch, and the session that it has `started`; a message all of whose results went to their calls has no row. `seqs` are the
 * messages that a row shows.
 */
export function rowsOf(messages) {
  const rows = [];
  const waiting = new Map();
  let last = null;
  for (const message of messages) {
    if (message.kind === "TOOL_RESULT") {
      const left = resultsOf(message).filter((result) => !settle(result, message, waiting, last));
      if (left.length === 0) {
        continue;
      }
    }
    const row = { message, calls: message.kind === "TOOL_CALL" ? callsOf(message) : [], seqs: [message.seq] };
    if (message.startedSession && row.calls.length > 0) {
      row.calls[0].started = message.startedSession;
    }
    row.calls.forEach((call) => waiting.set(call.id, { call, row }));
    rows.push(row);
    last = row;
  }
  return rows;
}

// A result names its call; where a format knows no ids, it follows its call.
function settle(result, message, waiting, last) {
  const known = result.id === null ? lastCall(last) : waiting.get(result.id);
  if (known === undefined) {
    return false;
  }
  known.call.result = { ...result, seq: message.seq };
  known.call.started ??= message.startedSession;
  known.row.seqs.push(message.seq);
  waiting.delete(result.id);
  return true;
}

function lastCall(row) {
  const call = row?.calls.find((one) => one.result === undefined);
  return call && { call, row };
}
