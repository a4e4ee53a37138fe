import type { CodeGroup } from './group.js';

export const STOPS: CodeGroup = {
  title: 'Refusals that stop a run',
  about:
    'What a provider says of every row. The run pauses or fails with the message, no row is lost, and `swarm resume RUN` or the same command goes on once it is mended.',
  exits: [],
  codes: {
    E_BILLING: {
      means: 'Nothing is left to pay with, or a spend limit of the account is reached.',
      fix: 'Pay or raise the limit at the page that is named.',
      exits: ['refused'],
    },
    E_KEY_REFUSED: {
      means: 'The provider (or a proxy) does not take the key.',
      fix: 'Look at the key at the page that is named.',
      exits: ['refused'],
    },
    E_PERMISSION: {
      means: 'The key may not do this, or not from here.',
      fix: 'Look at what the key may do, at the page that is named.',
      exits: ['refused'],
    },
    E_MODEL_UNKNOWN: {
      means: 'The provider has no model of that name, or has none any more.',
      fix: 'Correct `worker_model`; `--changed keep` goes on with it. At Ollama: `ollama pull NAME`.',
      exits: ['badInput'],
    },
    E_MODEL_PARAM: {
      means:
        'The model does not take a field that every call has, or its value. Where rows of the run were answered, a sentence alone that names it fails its row.',
      fix: 'Change the key that is named, or take it out of the task; `--changed keep` goes on.',
      exits: ['badInput', 'failedRows'],
    },
    E_ENDPOINT: {
      means: 'What answers at the address is no such API. Once a row of the run was answered, a row that meets it fails alone.',
      fix: 'Correct `worker_api_base`.',
      exits: ['badInput', 'failedRows'],
    },
    E_REQUEST_REFUSED: {
      means:
        'The provider refuses the request for a reason of its own. Once a row of the run was answered, that row alone fails.',
      fix: 'Change what its words name.',
      exits: ['badInput', 'failedRows'],
    },
    E_TOO_MANY_FILES: {
      means: 'This process could open no connection for about a minute, for want of file descriptors.',
      fix: 'Raise `ulimit -n` where the host starts, or lower `workers`.',
      exits: ['diskWrite'],
    },
  },
};

export const ROW_FAILURES: CodeGroup = {
  title: 'Rows that fail',
  about: '`code` in failed.jsonl. The run goes on with the others and exits with 1; `swarm retry RUN` does them again.',
  exits: [],
  codes: {
    E_ROW_TOO_LONG: {
      means: "The prompt is over the model's window, or its server cut it (Ollama).",
      fix: 'Shorten the row, or take a model with a larger one; at Ollama write the `num_ctx` that is named.',
    },
    E_ROW_TOO_BIG: { means: 'The request is larger than the provider takes.', fix: 'Shorten the row.' },
    E_ROW_OVER_LIMIT: {
      means: 'Prompt and output limit together are over what the account may send in a minute.',
      fix: 'Lower `worker_max_tokens`, or raise the limit.',
    },
    E_ROW_FILTERED: {
      means: "The provider's filter took out the prompt or the answer, or the model refused.",
      fix: 'Change the row or the prompt.',
    },
    E_ROW_REFUSED: { means: 'The provider refuses this row for another reason.', fix: 'Change what its words name.' },
    E_ROW_EMPTY: { means: 'The model answered without text.', fix: 'Retry; raise `worker_max_tokens` when it thinks first.' },
    E_ROW_TRUNCATED: {
      means:
        'The answer hit `worker_max_tokens`, and `on_truncate` is `fail`, or the task wants a whole value (`output_schema`, `labels`).',
      fix: 'Raise it, or `on_truncate: continue`.',
    },
    E_ROW_SCHEMA: {
      means:
        'The answer is none of the `labels`, or does not meet `output_schema`, also after `max_repairs` turns that showed why.',
      fix: 'Look at `answer` in failed.jsonl; ask for less, say more of it in the prompt, or take another model.',
    },
    E_ROW_CAP: {
      means: 'The next call of the row could pass its cap.',
      fix: 'Raise `max_cost_per_row` or `max_cost_per_call`, then `swarm retry RUN`.',
    },
    E_FINISH_PAUSED: {
      means: 'The provider paused the answer again and again and never ended it.',
      fix: 'Retry, or raise `worker_max_tokens`.',
    },
    E_FINISH_UNKNOWN: { means: 'The answer ended with an error, or for a reason that is not known.', fix: 'Retry.' },
    E_CALL_EMPTY: {
      means: 'A success without a completion came twice.',
      fix: 'Retry; look whether the address is that of an API.',
    },
    E_CALL_BODY: {
      means: 'An answer that cannot be read (cut, no JSON, a page, over 32 MiB) came twice.',
      fix: 'Retry; look at proxies in between.',
    },
    E_CALL_TIMEOUT: { means: 'No whole answer came within `timeout`, five times.', fix: 'Raise `timeout`, or retry later.' },
    E_CALL_RESET: { means: 'The connection ended before an answer, five times.', fix: 'Retry later.' },
    E_PROVIDER_ERROR: { means: 'The provider failed (5xx and the like), five times.', fix: 'Retry later.' },
    E_CALL_UNEXPECTED: {
      means: 'A call failed in a way that nobody foresaw, five times.',
      fix: 'Look at `host.log` and report it.',
    },
  },
};

export const WAITS: CodeGroup = {
  title: 'Waits',
  about:
    'A call is refused or not made, and is made again by itself; no row fails. In the log, and in what `swarm status` says that a run waits for. Without an ' +
    'answer of any kind for long the run [pauses](operations.md#rows-that-fail-alike-and-outages).',
  exits: [],
  codes: {
    E_RATE_LIMITED: { means: 'Too many requests or tokens in a moment.', fix: 'Nothing: the pace is lowered.' },
    E_CONCURRENCY_LIMITED: { means: 'Too many calls in flight.', fix: 'Nothing: fewer are sent at once.' },
    E_OVERLOADED: { means: 'The provider has no room for anybody.', fix: 'Nothing: it is asked again, slower.' },
    E_QUOTA_DAILY: {
      means: "A day's quota is used up.",
      fix: 'Nothing: the run waits for the reset. A wait of more than a day pauses it.',
      exits: ['refused'],
    },
    E_CALL_CONNECT: {
      means: 'No connection. Where nothing ever answered, five of them pause the run as unreachable.',
      fix: 'Check `worker_api_base` and the network.',
      exits: ['unreachable'],
    },
    E_CANCELLED: { means: 'The call was cut off, since its run or process ends.', fix: 'Nothing.' },
  },
};

export const DOUBTS: CodeGroup = {
  title: 'Calls in the receipt',
  about:
    '`code` of a doubtful call, which may have been billed without an answer, or of one that was settled later; a call whose answer got lost has that of ' +
    'the loss (E_CALL_TIMEOUT, E_CALL_RESET, E_CALL_BODY). See [calls in doubt](operations.md#calls-in-doubt).',
  exits: [],
  codes: {
    E_CALL_CRASHED: {
      means: 'Its process died while it was in flight.',
      fix: '`swarm receipt RUN --reconcile FILE` settles it.',
    },
    E_CALL_LATE: { means: 'Its answer came when the turn had another one.', fix: 'Nothing: it is paid and not used.' },
    E_CALL_OUTDATED: { means: 'Its row is asked something else now.', fix: 'Nothing: it is paid and not used.' },
    E_CALL_UNSTORED: { means: 'Its answer could not be stored.', fix: 'Mend the disk; `--reconcile` settles it.' },
    E_CALL_UNSENT: { means: 'It was written down and not sent: nothing was billed.', fix: 'Nothing.' },
    E_CALL_RECONCILED: { means: "It was billed, by the provider's export.", fix: 'Nothing.' },
    E_CALL_UNBILLED: { means: "It was not billed, by the provider's export.", fix: 'Nothing.' },
  },
};
